
-- ivf: lists of RaBitQ codes

CREATE FUNCTION ivf_handler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME', 'mv_ivf_handler' LANGUAGE C;
COMMENT ON FUNCTION ivf_handler(internal) IS 'handler of access method ivf';

CREATE ACCESS METHOD ivf TYPE INDEX HANDLER ivf_handler;
COMMENT ON ACCESS METHOD ivf IS 'nearest neighbours through lists of one-bit codes, re-ranked';

CREATE FUNCTION milvus_vector_l2_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_vector_l2_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_vector_l2_metric(internal) IS 'metric of operator classes: Euclidean distance of vector';
CREATE FUNCTION milvus_vector_ip_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_vector_ip_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_vector_ip_metric(internal) IS 'metric of operator classes: negative inner product of vector';
CREATE FUNCTION milvus_vector_cosine_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_vector_cosine_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_vector_cosine_metric(internal) IS 'metric of operator classes: cosine distance of vector';
CREATE FUNCTION milvus_halfvec_l2_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_halfvec_l2_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_halfvec_l2_metric(internal) IS 'metric of operator classes: Euclidean distance of halfvec';
CREATE FUNCTION milvus_halfvec_ip_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_halfvec_ip_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_halfvec_ip_metric(internal) IS 'metric of operator classes: negative inner product of halfvec';
CREATE FUNCTION milvus_halfvec_cosine_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_halfvec_cosine_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_halfvec_cosine_metric(internal) IS 'metric of operator classes: cosine distance of halfvec';
CREATE FUNCTION milvus_int8vec_l2_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_int8vec_l2_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_int8vec_l2_metric(internal) IS 'metric of operator classes: Euclidean distance of int8vec';
CREATE FUNCTION milvus_int8vec_ip_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_int8vec_ip_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_int8vec_ip_metric(internal) IS 'metric of operator classes: negative inner product of int8vec';
CREATE FUNCTION milvus_int8vec_cosine_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_int8vec_cosine_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_int8vec_cosine_metric(internal) IS 'metric of operator classes: cosine distance of int8vec';
CREATE FUNCTION milvus_bf16vec_l2_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bf16vec_l2_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_bf16vec_l2_metric(internal) IS 'metric of operator classes: Euclidean distance of bf16vec';
CREATE FUNCTION milvus_bf16vec_ip_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bf16vec_ip_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_bf16vec_ip_metric(internal) IS 'metric of operator classes: negative inner product of bf16vec';
CREATE FUNCTION milvus_bf16vec_cosine_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bf16vec_cosine_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_bf16vec_cosine_metric(internal) IS 'metric of operator classes: cosine distance of bf16vec';
CREATE FUNCTION milvus_bit_hamming_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bit_hamming_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_bit_hamming_metric(internal) IS 'metric of operator classes: Hamming distance of bit';
CREATE FUNCTION milvus_bit_jaccard_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bit_jaccard_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_bit_jaccard_metric(internal) IS 'metric of operator classes: Jaccard distance of bit';

CREATE OPERATOR CLASS vector_l2_ops
	FOR TYPE vector USING ivf AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_vector_l2_metric(internal);
COMMENT ON OPERATOR CLASS vector_l2_ops USING ivf IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY vector_l2_ops USING ivf IS 'Euclidean distance';
CREATE OPERATOR CLASS vector_ip_ops
	FOR TYPE vector USING ivf AS
	OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_vector_ip_metric(internal);
COMMENT ON OPERATOR CLASS vector_ip_ops USING ivf IS 'negative inner product';
COMMENT ON OPERATOR FAMILY vector_ip_ops USING ivf IS 'negative inner product';
CREATE OPERATOR CLASS vector_cosine_ops
	FOR TYPE vector USING ivf AS
	OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_vector_cosine_metric(internal);
COMMENT ON OPERATOR CLASS vector_cosine_ops USING ivf IS 'cosine distance';
COMMENT ON OPERATOR FAMILY vector_cosine_ops USING ivf IS 'cosine distance';
CREATE OPERATOR CLASS halfvec_l2_ops
	FOR TYPE halfvec USING ivf AS
	OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_halfvec_l2_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_l2_ops USING ivf IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY halfvec_l2_ops USING ivf IS 'Euclidean distance';
CREATE OPERATOR CLASS halfvec_ip_ops
	FOR TYPE halfvec USING ivf AS
	OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_halfvec_ip_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_ip_ops USING ivf IS 'negative inner product';
COMMENT ON OPERATOR FAMILY halfvec_ip_ops USING ivf IS 'negative inner product';
CREATE OPERATOR CLASS halfvec_cosine_ops
	FOR TYPE halfvec USING ivf AS
	OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_halfvec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING ivf IS 'cosine distance';
COMMENT ON OPERATOR FAMILY halfvec_cosine_ops USING ivf IS 'cosine distance';
CREATE OPERATOR CLASS int8vec_l2_ops
	FOR TYPE int8vec USING ivf AS
	OPERATOR 1 <-> (int8vec, int8vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_int8vec_l2_metric(internal);
COMMENT ON OPERATOR CLASS int8vec_l2_ops USING ivf IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY int8vec_l2_ops USING ivf IS 'Euclidean distance';
CREATE OPERATOR CLASS int8vec_ip_ops
	FOR TYPE int8vec USING ivf AS
	OPERATOR 1 <#> (int8vec, int8vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_int8vec_ip_metric(internal);
COMMENT ON OPERATOR CLASS int8vec_ip_ops USING ivf IS 'negative inner product';
COMMENT ON OPERATOR FAMILY int8vec_ip_ops USING ivf IS 'negative inner product';
CREATE OPERATOR CLASS int8vec_cosine_ops
	FOR TYPE int8vec USING ivf AS
	OPERATOR 1 <=> (int8vec, int8vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_int8vec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS int8vec_cosine_ops USING ivf IS 'cosine distance';
COMMENT ON OPERATOR FAMILY int8vec_cosine_ops USING ivf IS 'cosine distance';
CREATE OPERATOR CLASS bf16vec_l2_ops
	FOR TYPE bf16vec USING ivf AS
	OPERATOR 1 <-> (bf16vec, bf16vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bf16vec_l2_metric(internal);
COMMENT ON OPERATOR CLASS bf16vec_l2_ops USING ivf IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY bf16vec_l2_ops USING ivf IS 'Euclidean distance';
CREATE OPERATOR CLASS bf16vec_ip_ops
	FOR TYPE bf16vec USING ivf AS
	OPERATOR 1 <#> (bf16vec, bf16vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bf16vec_ip_metric(internal);
COMMENT ON OPERATOR CLASS bf16vec_ip_ops USING ivf IS 'negative inner product';
COMMENT ON OPERATOR FAMILY bf16vec_ip_ops USING ivf IS 'negative inner product';
CREATE OPERATOR CLASS bf16vec_cosine_ops
	FOR TYPE bf16vec USING ivf AS
	OPERATOR 1 <=> (bf16vec, bf16vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bf16vec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS bf16vec_cosine_ops USING ivf IS 'cosine distance';
COMMENT ON OPERATOR FAMILY bf16vec_cosine_ops USING ivf IS 'cosine distance';
CREATE OPERATOR CLASS bit_hamming_ops
	FOR TYPE bit USING ivf AS
	OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bit_hamming_metric(internal);
COMMENT ON OPERATOR CLASS bit_hamming_ops USING ivf IS 'Hamming distance';
COMMENT ON OPERATOR FAMILY bit_hamming_ops USING ivf IS 'Hamming distance';
CREATE OPERATOR CLASS bit_jaccard_ops
	FOR TYPE bit USING ivf AS
	OPERATOR 1 <%> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bit_jaccard_metric(internal);
COMMENT ON OPERATOR CLASS bit_jaccard_ops USING ivf IS 'Jaccard distance';
COMMENT ON OPERATOR FAMILY bit_jaccard_ops USING ivf IS 'Jaccard distance';

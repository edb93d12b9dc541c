-- cagra: a graph over the rows of an ivf index

CREATE FUNCTION cagra_handler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME', 'mv_cagra_handler' LANGUAGE C;
COMMENT ON FUNCTION cagra_handler(internal) IS 'handler of access method cagra';

CREATE ACCESS METHOD cagra TYPE INDEX HANDLER cagra_handler;
COMMENT ON ACCESS METHOD cagra IS 'nearest neighbours by walking a graph of them';

CREATE OPERATOR CLASS vector_l2_ops
	FOR TYPE vector USING cagra AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_vector_l2_metric(internal);
COMMENT ON OPERATOR CLASS vector_l2_ops USING cagra IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY vector_l2_ops USING cagra IS 'Euclidean distance';
CREATE OPERATOR CLASS vector_ip_ops
	FOR TYPE vector USING cagra AS
	OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_vector_ip_metric(internal);
COMMENT ON OPERATOR CLASS vector_ip_ops USING cagra IS 'negative inner product';
COMMENT ON OPERATOR FAMILY vector_ip_ops USING cagra IS 'negative inner product';
CREATE OPERATOR CLASS vector_cosine_ops
	FOR TYPE vector USING cagra AS
	OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_vector_cosine_metric(internal);
COMMENT ON OPERATOR CLASS vector_cosine_ops USING cagra IS 'cosine distance';
COMMENT ON OPERATOR FAMILY vector_cosine_ops USING cagra IS 'cosine distance';
CREATE OPERATOR CLASS halfvec_l2_ops
	FOR TYPE halfvec USING cagra AS
	OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_halfvec_l2_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_l2_ops USING cagra IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY halfvec_l2_ops USING cagra IS 'Euclidean distance';
CREATE OPERATOR CLASS halfvec_ip_ops
	FOR TYPE halfvec USING cagra AS
	OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_halfvec_ip_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_ip_ops USING cagra IS 'negative inner product';
COMMENT ON OPERATOR FAMILY halfvec_ip_ops USING cagra IS 'negative inner product';
CREATE OPERATOR CLASS halfvec_cosine_ops
	FOR TYPE halfvec USING cagra AS
	OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_halfvec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING cagra IS 'cosine distance';
COMMENT ON OPERATOR FAMILY halfvec_cosine_ops USING cagra IS 'cosine distance';
CREATE OPERATOR CLASS int8vec_l2_ops
	FOR TYPE int8vec USING cagra AS
	OPERATOR 1 <-> (int8vec, int8vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_int8vec_l2_metric(internal);
COMMENT ON OPERATOR CLASS int8vec_l2_ops USING cagra IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY int8vec_l2_ops USING cagra IS 'Euclidean distance';
CREATE OPERATOR CLASS int8vec_ip_ops
	FOR TYPE int8vec USING cagra AS
	OPERATOR 1 <#> (int8vec, int8vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_int8vec_ip_metric(internal);
COMMENT ON OPERATOR CLASS int8vec_ip_ops USING cagra IS 'negative inner product';
COMMENT ON OPERATOR FAMILY int8vec_ip_ops USING cagra IS 'negative inner product';
CREATE OPERATOR CLASS int8vec_cosine_ops
	FOR TYPE int8vec USING cagra AS
	OPERATOR 1 <=> (int8vec, int8vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_int8vec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS int8vec_cosine_ops USING cagra IS 'cosine distance';
COMMENT ON OPERATOR FAMILY int8vec_cosine_ops USING cagra IS 'cosine distance';
CREATE OPERATOR CLASS bf16vec_l2_ops
	FOR TYPE bf16vec USING cagra AS
	OPERATOR 1 <-> (bf16vec, bf16vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bf16vec_l2_metric(internal);
COMMENT ON OPERATOR CLASS bf16vec_l2_ops USING cagra IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY bf16vec_l2_ops USING cagra IS 'Euclidean distance';
CREATE OPERATOR CLASS bf16vec_ip_ops
	FOR TYPE bf16vec USING cagra AS
	OPERATOR 1 <#> (bf16vec, bf16vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bf16vec_ip_metric(internal);
COMMENT ON OPERATOR CLASS bf16vec_ip_ops USING cagra IS 'negative inner product';
COMMENT ON OPERATOR FAMILY bf16vec_ip_ops USING cagra IS 'negative inner product';
CREATE OPERATOR CLASS bf16vec_cosine_ops
	FOR TYPE bf16vec USING cagra AS
	OPERATOR 1 <=> (bf16vec, bf16vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bf16vec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS bf16vec_cosine_ops USING cagra IS 'cosine distance';
COMMENT ON OPERATOR FAMILY bf16vec_cosine_ops USING cagra IS 'cosine distance';

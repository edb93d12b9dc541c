-- Complain if sourced by psql instead of ALTER EXTENSION.
\echo Use "ALTER EXTENSION vector UPDATE" to load this file. \quit

-- ivfflat: pgvector's name for lists of codes; ivf is the same with more choices

CREATE FUNCTION ivfflathandler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME', 'mv_ivfflat_handler' LANGUAGE C;
COMMENT ON FUNCTION ivfflathandler(internal) IS 'handler of access method ivfflat';

CREATE ACCESS METHOD ivfflat TYPE INDEX HANDLER ivfflathandler;
COMMENT ON ACCESS METHOD ivfflat IS 'nearest neighbours through lists of one-bit codes, re-ranked';

CREATE FUNCTION vector_l2_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_vector_l2_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_l2_metric(internal) IS 'metric of operator classes: Euclidean distance of vector';
CREATE FUNCTION vector_ip_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_vector_ip_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_ip_metric(internal) IS 'metric of operator classes: negative inner product of vector';
CREATE FUNCTION vector_cosine_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_vector_cosine_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_cosine_metric(internal) IS 'metric of operator classes: cosine distance of vector';
CREATE FUNCTION halfvec_l2_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_halfvec_l2_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION halfvec_l2_metric(internal) IS 'metric of operator classes: Euclidean distance of halfvec';
CREATE FUNCTION halfvec_ip_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_halfvec_ip_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION halfvec_ip_metric(internal) IS 'metric of operator classes: negative inner product of halfvec';
CREATE FUNCTION halfvec_cosine_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_halfvec_cosine_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION halfvec_cosine_metric(internal) IS 'metric of operator classes: cosine distance of halfvec';
CREATE FUNCTION bit_hamming_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bit_hamming_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bit_hamming_metric(internal) IS 'metric of operator classes: Hamming distance of bit';

CREATE OPERATOR CLASS vector_l2_ops
	DEFAULT FOR TYPE vector USING ivfflat AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 vector_l2_metric(internal);
COMMENT ON OPERATOR CLASS vector_l2_ops USING ivfflat IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY vector_l2_ops USING ivfflat IS 'Euclidean distance';
CREATE OPERATOR CLASS vector_ip_ops
	FOR TYPE vector USING ivfflat AS
	OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 vector_ip_metric(internal);
COMMENT ON OPERATOR CLASS vector_ip_ops USING ivfflat IS 'negative inner product';
COMMENT ON OPERATOR FAMILY vector_ip_ops USING ivfflat IS 'negative inner product';
CREATE OPERATOR CLASS vector_cosine_ops
	FOR TYPE vector USING ivfflat AS
	OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 vector_cosine_metric(internal);
COMMENT ON OPERATOR CLASS vector_cosine_ops USING ivfflat IS 'cosine distance';
COMMENT ON OPERATOR FAMILY vector_cosine_ops USING ivfflat IS 'cosine distance';
CREATE OPERATOR CLASS halfvec_l2_ops
	FOR TYPE halfvec USING ivfflat AS
	OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 halfvec_l2_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_l2_ops USING ivfflat IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY halfvec_l2_ops USING ivfflat IS 'Euclidean distance';
CREATE OPERATOR CLASS halfvec_ip_ops
	FOR TYPE halfvec USING ivfflat AS
	OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 halfvec_ip_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_ip_ops USING ivfflat IS 'negative inner product';
COMMENT ON OPERATOR FAMILY halfvec_ip_ops USING ivfflat IS 'negative inner product';
CREATE OPERATOR CLASS halfvec_cosine_ops
	FOR TYPE halfvec USING ivfflat AS
	OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 halfvec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING ivfflat IS 'cosine distance';
COMMENT ON OPERATOR FAMILY halfvec_cosine_ops USING ivfflat IS 'cosine distance';
CREATE OPERATOR CLASS bit_hamming_ops
	FOR TYPE bit USING ivfflat AS
	OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 7 bit_hamming_metric(internal);
COMMENT ON OPERATOR CLASS bit_hamming_ops USING ivfflat IS 'Hamming distance';
COMMENT ON OPERATOR FAMILY bit_hamming_ops USING ivfflat IS 'Hamming distance';

-- hnsw: pgvector's name, options and operator classes

CREATE FUNCTION hnswhandler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME', 'mv_hnsw_handler' LANGUAGE C;
COMMENT ON FUNCTION hnswhandler(internal) IS 'handler of access method hnsw';

CREATE ACCESS METHOD hnsw TYPE INDEX HANDLER hnswhandler;
COMMENT ON ACCESS METHOD hnsw IS 'nearest neighbours, with the recall that hnsw.ef_search stands for';

CREATE FUNCTION vector_l1_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_vector_l1_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_l1_metric(internal) IS 'metric of operator classes: taxicab distance of vector';
CREATE FUNCTION halfvec_l1_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_halfvec_l1_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION halfvec_l1_metric(internal) IS 'metric of operator classes: taxicab distance of halfvec';
CREATE FUNCTION bit_jaccard_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bit_jaccard_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bit_jaccard_metric(internal) IS 'metric of operator classes: Jaccard distance of bit';
CREATE FUNCTION sparsevec_l2_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_sparsevec_l2_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_l2_metric(internal) IS 'metric of operator classes: Euclidean distance of sparsevec';
CREATE FUNCTION sparsevec_ip_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_sparsevec_ip_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_ip_metric(internal) IS 'metric of operator classes: negative inner product of sparsevec';
CREATE FUNCTION sparsevec_cosine_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_sparsevec_cosine_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_cosine_metric(internal) IS 'metric of operator classes: cosine distance of sparsevec';
CREATE FUNCTION sparsevec_l1_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_sparsevec_l1_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sparsevec_l1_metric(internal) IS 'metric of operator classes: taxicab distance of sparsevec';

CREATE OPERATOR CLASS vector_l2_ops
	FOR TYPE vector USING hnsw AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 vector_l2_metric(internal);
COMMENT ON OPERATOR CLASS vector_l2_ops USING hnsw IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY vector_l2_ops USING hnsw IS 'Euclidean distance';
CREATE OPERATOR CLASS vector_ip_ops
	FOR TYPE vector USING hnsw AS
	OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 vector_ip_metric(internal);
COMMENT ON OPERATOR CLASS vector_ip_ops USING hnsw IS 'negative inner product';
COMMENT ON OPERATOR FAMILY vector_ip_ops USING hnsw IS 'negative inner product';
CREATE OPERATOR CLASS vector_cosine_ops
	FOR TYPE vector USING hnsw AS
	OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 vector_cosine_metric(internal);
COMMENT ON OPERATOR CLASS vector_cosine_ops USING hnsw IS 'cosine distance';
COMMENT ON OPERATOR FAMILY vector_cosine_ops USING hnsw IS 'cosine distance';
CREATE OPERATOR CLASS vector_l1_ops
	FOR TYPE vector USING hnsw AS
	OPERATOR 1 <+> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 vector_l1_metric(internal);
COMMENT ON OPERATOR CLASS vector_l1_ops USING hnsw IS 'taxicab distance';
COMMENT ON OPERATOR FAMILY vector_l1_ops USING hnsw IS 'taxicab distance';
CREATE OPERATOR CLASS halfvec_l2_ops
	FOR TYPE halfvec USING hnsw AS
	OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 halfvec_l2_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_l2_ops USING hnsw IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY halfvec_l2_ops USING hnsw IS 'Euclidean distance';
CREATE OPERATOR CLASS halfvec_ip_ops
	FOR TYPE halfvec USING hnsw AS
	OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 halfvec_ip_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_ip_ops USING hnsw IS 'negative inner product';
COMMENT ON OPERATOR FAMILY halfvec_ip_ops USING hnsw IS 'negative inner product';
CREATE OPERATOR CLASS halfvec_cosine_ops
	FOR TYPE halfvec USING hnsw AS
	OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 halfvec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING hnsw IS 'cosine distance';
COMMENT ON OPERATOR FAMILY halfvec_cosine_ops USING hnsw IS 'cosine distance';
CREATE OPERATOR CLASS halfvec_l1_ops
	FOR TYPE halfvec USING hnsw AS
	OPERATOR 1 <+> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 halfvec_l1_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_l1_ops USING hnsw IS 'taxicab distance';
COMMENT ON OPERATOR FAMILY halfvec_l1_ops USING hnsw IS 'taxicab distance';
CREATE OPERATOR CLASS bit_hamming_ops
	FOR TYPE bit USING hnsw AS
	OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 7 bit_hamming_metric(internal);
COMMENT ON OPERATOR CLASS bit_hamming_ops USING hnsw IS 'Hamming distance';
COMMENT ON OPERATOR FAMILY bit_hamming_ops USING hnsw IS 'Hamming distance';
CREATE OPERATOR CLASS bit_jaccard_ops
	FOR TYPE bit USING hnsw AS
	OPERATOR 1 <%> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 7 bit_jaccard_metric(internal);
COMMENT ON OPERATOR CLASS bit_jaccard_ops USING hnsw IS 'Jaccard distance';
COMMENT ON OPERATOR FAMILY bit_jaccard_ops USING hnsw IS 'Jaccard distance';
CREATE OPERATOR CLASS sparsevec_l2_ops
	FOR TYPE sparsevec USING hnsw AS
	OPERATOR 1 <-> (sparsevec, sparsevec) FOR ORDER BY float_ops,
	FUNCTION 7 sparsevec_l2_metric(internal);
COMMENT ON OPERATOR CLASS sparsevec_l2_ops USING hnsw IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY sparsevec_l2_ops USING hnsw IS 'Euclidean distance';
CREATE OPERATOR CLASS sparsevec_ip_ops
	FOR TYPE sparsevec USING hnsw AS
	OPERATOR 1 <#> (sparsevec, sparsevec) FOR ORDER BY float_ops,
	FUNCTION 7 sparsevec_ip_metric(internal);
COMMENT ON OPERATOR CLASS sparsevec_ip_ops USING hnsw IS 'negative inner product';
COMMENT ON OPERATOR FAMILY sparsevec_ip_ops USING hnsw IS 'negative inner product';
CREATE OPERATOR CLASS sparsevec_cosine_ops
	FOR TYPE sparsevec USING hnsw AS
	OPERATOR 1 <=> (sparsevec, sparsevec) FOR ORDER BY float_ops,
	FUNCTION 7 sparsevec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS sparsevec_cosine_ops USING hnsw IS 'cosine distance';
COMMENT ON OPERATOR FAMILY sparsevec_cosine_ops USING hnsw IS 'cosine distance';
CREATE OPERATOR CLASS sparsevec_l1_ops
	FOR TYPE sparsevec USING hnsw AS
	OPERATOR 1 <+> (sparsevec, sparsevec) FOR ORDER BY float_ops,
	FUNCTION 7 sparsevec_l1_metric(internal);
COMMENT ON OPERATOR CLASS sparsevec_l1_ops USING hnsw IS 'taxicab distance';
COMMENT ON OPERATOR FAMILY sparsevec_l1_ops USING hnsw IS 'taxicab distance';

-- attributes: further columns of vector indexes, to filter by

CREATE OPERATOR CLASS text_ops
	DEFAULT FOR TYPE text USING hnsw AS
	OPERATOR 3 =;
COMMENT ON OPERATOR CLASS text_ops USING hnsw IS 'attribute of type text';
COMMENT ON OPERATOR FAMILY text_ops USING hnsw IS 'attribute of type text';
CREATE OPERATOR FAMILY integer_ops USING hnsw;
COMMENT ON OPERATOR FAMILY integer_ops USING hnsw IS 'attributes of integer types';
CREATE OPERATOR CLASS int2_ops
	DEFAULT FOR TYPE int2 USING hnsw FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int2_ops USING hnsw IS 'attribute of type int2';
CREATE OPERATOR CLASS int4_ops
	DEFAULT FOR TYPE int4 USING hnsw FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int4_ops USING hnsw IS 'attribute of type int4';
CREATE OPERATOR CLASS int8_ops
	DEFAULT FOR TYPE int8 USING hnsw FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int8_ops USING hnsw IS 'attribute of type int8';
ALTER OPERATOR FAMILY integer_ops USING hnsw ADD
	OPERATOR 1 < (int2, int4),
	OPERATOR 2 <= (int2, int4),
	OPERATOR 3 = (int2, int4),
	OPERATOR 4 >= (int2, int4),
	OPERATOR 5 > (int2, int4),
	OPERATOR 1 < (int2, int8),
	OPERATOR 2 <= (int2, int8),
	OPERATOR 3 = (int2, int8),
	OPERATOR 4 >= (int2, int8),
	OPERATOR 5 > (int2, int8),
	OPERATOR 1 < (int4, int2),
	OPERATOR 2 <= (int4, int2),
	OPERATOR 3 = (int4, int2),
	OPERATOR 4 >= (int4, int2),
	OPERATOR 5 > (int4, int2),
	OPERATOR 1 < (int4, int8),
	OPERATOR 2 <= (int4, int8),
	OPERATOR 3 = (int4, int8),
	OPERATOR 4 >= (int4, int8),
	OPERATOR 5 > (int4, int8),
	OPERATOR 1 < (int8, int2),
	OPERATOR 2 <= (int8, int2),
	OPERATOR 3 = (int8, int2),
	OPERATOR 4 >= (int8, int2),
	OPERATOR 5 > (int8, int2),
	OPERATOR 1 < (int8, int4),
	OPERATOR 2 <= (int8, int4),
	OPERATOR 3 = (int8, int4),
	OPERATOR 4 >= (int8, int4),
	OPERATOR 5 > (int8, int4);
CREATE OPERATOR FAMILY float_ops USING hnsw;
COMMENT ON OPERATOR FAMILY float_ops USING hnsw IS 'attributes of floating-point types';
CREATE OPERATOR CLASS float4_ops
	DEFAULT FOR TYPE float4 USING hnsw FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float4_ops USING hnsw IS 'attribute of type float4';
CREATE OPERATOR CLASS float8_ops
	DEFAULT FOR TYPE float8 USING hnsw FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float8_ops USING hnsw IS 'attribute of type float8';
ALTER OPERATOR FAMILY float_ops USING hnsw ADD
	OPERATOR 1 < (float4, float8),
	OPERATOR 2 <= (float4, float8),
	OPERATOR 3 = (float4, float8),
	OPERATOR 4 >= (float4, float8),
	OPERATOR 5 > (float4, float8),
	OPERATOR 1 < (float8, float4),
	OPERATOR 2 <= (float8, float4),
	OPERATOR 3 = (float8, float4),
	OPERATOR 4 >= (float8, float4),
	OPERATOR 5 > (float8, float4);
CREATE OPERATOR CLASS numeric_ops
	DEFAULT FOR TYPE numeric USING hnsw AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS numeric_ops USING hnsw IS 'attribute of type numeric';
COMMENT ON OPERATOR FAMILY numeric_ops USING hnsw IS 'attribute of type numeric';
CREATE OPERATOR CLASS date_ops
	DEFAULT FOR TYPE date USING hnsw AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS date_ops USING hnsw IS 'attribute of type date';
COMMENT ON OPERATOR FAMILY date_ops USING hnsw IS 'attribute of type date';
CREATE OPERATOR CLASS timestamp_ops
	DEFAULT FOR TYPE timestamp USING hnsw AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamp_ops USING hnsw IS 'attribute of type timestamp';
COMMENT ON OPERATOR FAMILY timestamp_ops USING hnsw IS 'attribute of type timestamp';
CREATE OPERATOR CLASS timestamptz_ops
	DEFAULT FOR TYPE timestamptz USING hnsw AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamptz_ops USING hnsw IS 'attribute of type timestamptz';
COMMENT ON OPERATOR FAMILY timestamptz_ops USING hnsw IS 'attribute of type timestamptz';
CREATE OPERATOR CLASS bool_ops
	DEFAULT FOR TYPE bool USING hnsw AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS bool_ops USING hnsw IS 'attribute of type bool';
COMMENT ON OPERATOR FAMILY bool_ops USING hnsw IS 'attribute of type bool';
CREATE OPERATOR CLASS uuid_ops
	DEFAULT FOR TYPE uuid USING hnsw AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS uuid_ops USING hnsw IS 'attribute of type uuid';
COMMENT ON OPERATOR FAMILY uuid_ops USING hnsw IS 'attribute of type uuid';

CREATE OPERATOR CLASS text_ops
	DEFAULT FOR TYPE text USING ivfflat AS
	OPERATOR 3 =;
COMMENT ON OPERATOR CLASS text_ops USING ivfflat IS 'attribute of type text';
COMMENT ON OPERATOR FAMILY text_ops USING ivfflat IS 'attribute of type text';
CREATE OPERATOR FAMILY integer_ops USING ivfflat;
COMMENT ON OPERATOR FAMILY integer_ops USING ivfflat IS 'attributes of integer types';
CREATE OPERATOR CLASS int2_ops
	DEFAULT FOR TYPE int2 USING ivfflat FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int2_ops USING ivfflat IS 'attribute of type int2';
CREATE OPERATOR CLASS int4_ops
	DEFAULT FOR TYPE int4 USING ivfflat FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int4_ops USING ivfflat IS 'attribute of type int4';
CREATE OPERATOR CLASS int8_ops
	DEFAULT FOR TYPE int8 USING ivfflat FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int8_ops USING ivfflat IS 'attribute of type int8';
ALTER OPERATOR FAMILY integer_ops USING ivfflat ADD
	OPERATOR 1 < (int2, int4),
	OPERATOR 2 <= (int2, int4),
	OPERATOR 3 = (int2, int4),
	OPERATOR 4 >= (int2, int4),
	OPERATOR 5 > (int2, int4),
	OPERATOR 1 < (int2, int8),
	OPERATOR 2 <= (int2, int8),
	OPERATOR 3 = (int2, int8),
	OPERATOR 4 >= (int2, int8),
	OPERATOR 5 > (int2, int8),
	OPERATOR 1 < (int4, int2),
	OPERATOR 2 <= (int4, int2),
	OPERATOR 3 = (int4, int2),
	OPERATOR 4 >= (int4, int2),
	OPERATOR 5 > (int4, int2),
	OPERATOR 1 < (int4, int8),
	OPERATOR 2 <= (int4, int8),
	OPERATOR 3 = (int4, int8),
	OPERATOR 4 >= (int4, int8),
	OPERATOR 5 > (int4, int8),
	OPERATOR 1 < (int8, int2),
	OPERATOR 2 <= (int8, int2),
	OPERATOR 3 = (int8, int2),
	OPERATOR 4 >= (int8, int2),
	OPERATOR 5 > (int8, int2),
	OPERATOR 1 < (int8, int4),
	OPERATOR 2 <= (int8, int4),
	OPERATOR 3 = (int8, int4),
	OPERATOR 4 >= (int8, int4),
	OPERATOR 5 > (int8, int4);
CREATE OPERATOR FAMILY float_ops USING ivfflat;
COMMENT ON OPERATOR FAMILY float_ops USING ivfflat IS 'attributes of floating-point types';
CREATE OPERATOR CLASS float4_ops
	DEFAULT FOR TYPE float4 USING ivfflat FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float4_ops USING ivfflat IS 'attribute of type float4';
CREATE OPERATOR CLASS float8_ops
	DEFAULT FOR TYPE float8 USING ivfflat FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float8_ops USING ivfflat IS 'attribute of type float8';
ALTER OPERATOR FAMILY float_ops USING ivfflat ADD
	OPERATOR 1 < (float4, float8),
	OPERATOR 2 <= (float4, float8),
	OPERATOR 3 = (float4, float8),
	OPERATOR 4 >= (float4, float8),
	OPERATOR 5 > (float4, float8),
	OPERATOR 1 < (float8, float4),
	OPERATOR 2 <= (float8, float4),
	OPERATOR 3 = (float8, float4),
	OPERATOR 4 >= (float8, float4),
	OPERATOR 5 > (float8, float4);
CREATE OPERATOR CLASS numeric_ops
	DEFAULT FOR TYPE numeric USING ivfflat AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS numeric_ops USING ivfflat IS 'attribute of type numeric';
COMMENT ON OPERATOR FAMILY numeric_ops USING ivfflat IS 'attribute of type numeric';
CREATE OPERATOR CLASS date_ops
	DEFAULT FOR TYPE date USING ivfflat AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS date_ops USING ivfflat IS 'attribute of type date';
COMMENT ON OPERATOR FAMILY date_ops USING ivfflat IS 'attribute of type date';
CREATE OPERATOR CLASS timestamp_ops
	DEFAULT FOR TYPE timestamp USING ivfflat AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamp_ops USING ivfflat IS 'attribute of type timestamp';
COMMENT ON OPERATOR FAMILY timestamp_ops USING ivfflat IS 'attribute of type timestamp';
CREATE OPERATOR CLASS timestamptz_ops
	DEFAULT FOR TYPE timestamptz USING ivfflat AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamptz_ops USING ivfflat IS 'attribute of type timestamptz';
COMMENT ON OPERATOR FAMILY timestamptz_ops USING ivfflat IS 'attribute of type timestamptz';
CREATE OPERATOR CLASS bool_ops
	DEFAULT FOR TYPE bool USING ivfflat AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS bool_ops USING ivfflat IS 'attribute of type bool';
COMMENT ON OPERATOR FAMILY bool_ops USING ivfflat IS 'attribute of type bool';
CREATE OPERATOR CLASS uuid_ops
	DEFAULT FOR TYPE uuid USING ivfflat AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS uuid_ops USING ivfflat IS 'attribute of type uuid';
COMMENT ON OPERATOR FAMILY uuid_ops USING ivfflat IS 'attribute of type uuid';


-- bf16vec: range of single precision at half the size

CREATE TYPE bf16vec;

CREATE FUNCTION bf16vec_in(cstring, oid, integer) RETURNS bf16vec
	AS 'MODULE_PATHNAME', 'mv_bf16vec_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_in(cstring, oid, integer) IS 'input';
CREATE FUNCTION bf16vec_out(bf16vec) RETURNS cstring
	AS 'MODULE_PATHNAME', 'mv_bf16vec_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_out(bf16vec) IS 'output';
CREATE FUNCTION bf16vec_typmod_in(cstring[]) RETURNS integer
	AS 'MODULE_PATHNAME', 'mv_bf16vec_typmod_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_typmod_in(cstring[]) IS 'typmod input';
CREATE FUNCTION bf16vec_recv(internal, oid, integer) RETURNS bf16vec
	AS 'MODULE_PATHNAME', 'mv_bf16vec_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_recv(internal, oid, integer) IS 'binary input';
CREATE FUNCTION bf16vec_send(bf16vec) RETURNS bytea
	AS 'MODULE_PATHNAME', 'mv_bf16vec_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_send(bf16vec) IS 'binary output';

CREATE TYPE bf16vec (
	INPUT = bf16vec_in, OUTPUT = bf16vec_out, TYPMOD_IN = bf16vec_typmod_in,
	RECEIVE = bf16vec_recv, SEND = bf16vec_send,
	STORAGE = external
);
COMMENT ON TYPE bf16vec IS 'vector of bfloat16 elements';

-- distances

CREATE FUNCTION l2_distance(bf16vec, bf16vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bf16vec_l2_distance'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION l2_distance(bf16vec, bf16vec) IS 'Euclidean distance';
CREATE FUNCTION inner_product(bf16vec, bf16vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bf16vec_inner_product'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION inner_product(bf16vec, bf16vec) IS 'inner product';
CREATE FUNCTION cosine_distance(bf16vec, bf16vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bf16vec_cosine_distance'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION cosine_distance(bf16vec, bf16vec) IS 'cosine distance: 1 - cosine similarity, NaN for a zero vector';
CREATE FUNCTION l1_distance(bf16vec, bf16vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bf16vec_l1_distance'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION l1_distance(bf16vec, bf16vec) IS 'taxicab distance';
CREATE FUNCTION bf16vec_negative_inner_product(bf16vec, bf16vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bf16vec_negative_inner_product'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION bf16vec_negative_inner_product(bf16vec, bf16vec) IS 'negative inner product, implementation of <#> operator';

CREATE OPERATOR <-> (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = l2_distance,
	COMMUTATOR = '<->');
COMMENT ON OPERATOR <-> (bf16vec, bf16vec) IS 'Euclidean distance';
CREATE OPERATOR <#> (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = bf16vec_negative_inner_product,
	COMMUTATOR = '<#>');
COMMENT ON OPERATOR <#> (bf16vec, bf16vec) IS 'negative inner product';
CREATE OPERATOR <=> (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = cosine_distance,
	COMMUTATOR = '<=>');
COMMENT ON OPERATOR <=> (bf16vec, bf16vec) IS 'cosine distance';
CREATE OPERATOR <+> (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = l1_distance,
	COMMUTATOR = '<+>');
COMMENT ON OPERATOR <+> (bf16vec, bf16vec) IS 'taxicab distance';

-- order: by the elements of the common prefix, then by dimensions

CREATE FUNCTION bf16vec_lt(bf16vec, bf16vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_bf16vec_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_lt(bf16vec, bf16vec) IS 'implementation of < operator';
CREATE FUNCTION bf16vec_le(bf16vec, bf16vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_bf16vec_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_le(bf16vec, bf16vec) IS 'implementation of <= operator';
CREATE FUNCTION bf16vec_eq(bf16vec, bf16vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_bf16vec_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_eq(bf16vec, bf16vec) IS 'implementation of = operator';
CREATE FUNCTION bf16vec_ne(bf16vec, bf16vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_bf16vec_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_ne(bf16vec, bf16vec) IS 'implementation of <> operator';
CREATE FUNCTION bf16vec_ge(bf16vec, bf16vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_bf16vec_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_ge(bf16vec, bf16vec) IS 'implementation of >= operator';
CREATE FUNCTION bf16vec_gt(bf16vec, bf16vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_bf16vec_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_gt(bf16vec, bf16vec) IS 'implementation of > operator';
CREATE FUNCTION bf16vec_cmp(bf16vec, bf16vec) RETURNS integer
	AS 'MODULE_PATHNAME', 'mv_bf16vec_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_cmp(bf16vec, bf16vec) IS 'less-equal-greater';

CREATE OPERATOR < (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = bf16vec_lt,
	COMMUTATOR = >, NEGATOR = >=,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR < (bf16vec, bf16vec) IS 'less than';
CREATE OPERATOR <= (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = bf16vec_le,
	COMMUTATOR = >=, NEGATOR = >,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR <= (bf16vec, bf16vec) IS 'less than or equal';
CREATE OPERATOR = (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = bf16vec_eq,
	COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR = (bf16vec, bf16vec) IS 'equal';
CREATE OPERATOR <> (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = bf16vec_ne,
	COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (bf16vec, bf16vec) IS 'not equal';
CREATE OPERATOR >= (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = bf16vec_ge,
	COMMUTATOR = <=, NEGATOR = <,
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR >= (bf16vec, bf16vec) IS 'greater than or equal';
CREATE OPERATOR > (LEFTARG = bf16vec, RIGHTARG = bf16vec, FUNCTION = bf16vec_gt,
	COMMUTATOR = <, NEGATOR = <=,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR > (bf16vec, bf16vec) IS 'greater than';

CREATE OPERATOR CLASS bf16vec_ops
	DEFAULT FOR TYPE bf16vec USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 bf16vec_cmp(bf16vec, bf16vec);
COMMENT ON OPERATOR CLASS bf16vec_ops USING btree IS 'order of bf16vec, for DISTINCT, GROUP BY and unique indexes';
COMMENT ON OPERATOR FAMILY bf16vec_ops USING btree IS 'order of bf16vec';

-- casts

CREATE FUNCTION bf16vec(bf16vec, integer, boolean) RETURNS bf16vec
	AS 'MODULE_PATHNAME', 'mv_bf16vec_coerce'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec(bf16vec, integer, boolean) IS 'adjust bf16vec to typmod';
CREATE FUNCTION bf16vec_to_vector(bf16vec, integer, boolean) RETURNS vector
	AS 'MODULE_PATHNAME', 'mv_bf16vec_to_vector'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_to_vector(bf16vec, integer, boolean) IS 'convert bf16vec to vector';
CREATE FUNCTION vector_to_bf16vec(vector, integer, boolean) RETURNS bf16vec
	AS 'MODULE_PATHNAME', 'mv_vector_to_bf16vec'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_to_bf16vec(vector, integer, boolean) IS 'convert vector to bf16vec';
CREATE FUNCTION bf16vec_to_float4(bf16vec, integer, boolean) RETURNS real[]
	AS 'MODULE_PATHNAME', 'mv_bf16vec_to_float4'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bf16vec_to_float4(bf16vec, integer, boolean) IS 'convert bf16vec to real array';
CREATE FUNCTION array_to_bf16vec(integer[], integer, boolean) RETURNS bf16vec
	AS 'MODULE_PATHNAME', 'mv_bf16vec_from_array'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_bf16vec(integer[], integer, boolean) IS 'convert integer array to bf16vec';
CREATE FUNCTION array_to_bf16vec(real[], integer, boolean) RETURNS bf16vec
	AS 'MODULE_PATHNAME', 'mv_bf16vec_from_array'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_bf16vec(real[], integer, boolean) IS 'convert real array to bf16vec';
CREATE FUNCTION array_to_bf16vec(double precision[], integer, boolean) RETURNS bf16vec
	AS 'MODULE_PATHNAME', 'mv_bf16vec_from_array'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_bf16vec(double precision[], integer, boolean) IS 'convert double precision array to bf16vec';
CREATE FUNCTION array_to_bf16vec(numeric[], integer, boolean) RETURNS bf16vec
	AS 'MODULE_PATHNAME', 'mv_bf16vec_from_array'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_bf16vec(numeric[], integer, boolean) IS 'convert numeric array to bf16vec';

CREATE CAST (bf16vec AS bf16vec) WITH FUNCTION bf16vec(bf16vec, integer, boolean) AS IMPLICIT;
COMMENT ON CAST (bf16vec AS bf16vec) IS 'adjust bf16vec to typmod';
CREATE CAST (bf16vec AS vector) WITH FUNCTION bf16vec_to_vector(bf16vec, integer, boolean) AS IMPLICIT;
COMMENT ON CAST (bf16vec AS vector) IS 'convert bf16vec to vector';
CREATE CAST (vector AS bf16vec) WITH FUNCTION vector_to_bf16vec(vector, integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (vector AS bf16vec) IS 'convert vector to bf16vec';
CREATE CAST (bf16vec AS real[]) WITH FUNCTION bf16vec_to_float4(bf16vec, integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (bf16vec AS real[]) IS 'convert bf16vec to real[]';
CREATE CAST (integer[] AS bf16vec) WITH FUNCTION array_to_bf16vec(integer[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (integer[] AS bf16vec) IS 'convert integer[] to bf16vec';
CREATE CAST (real[] AS bf16vec) WITH FUNCTION array_to_bf16vec(real[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (real[] AS bf16vec) IS 'convert real[] to bf16vec';
CREATE CAST (double precision[] AS bf16vec) WITH FUNCTION array_to_bf16vec(double precision[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (double precision[] AS bf16vec) IS 'convert double precision[] to bf16vec';
CREATE CAST (numeric[] AS bf16vec) WITH FUNCTION array_to_bf16vec(numeric[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (numeric[] AS bf16vec) IS 'convert numeric[] to bf16vec';

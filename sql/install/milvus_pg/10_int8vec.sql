
-- int8vec: elements -128 .. 127

CREATE TYPE int8vec;

CREATE FUNCTION int8vec_in(cstring, oid, integer) RETURNS int8vec
	AS 'MODULE_PATHNAME', 'mv_int8vec_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_in(cstring, oid, integer) IS 'input';
CREATE FUNCTION int8vec_out(int8vec) RETURNS cstring
	AS 'MODULE_PATHNAME', 'mv_int8vec_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_out(int8vec) IS 'output';
CREATE FUNCTION int8vec_typmod_in(cstring[]) RETURNS integer
	AS 'MODULE_PATHNAME', 'mv_int8vec_typmod_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_typmod_in(cstring[]) IS 'typmod input';
CREATE FUNCTION int8vec_recv(internal, oid, integer) RETURNS int8vec
	AS 'MODULE_PATHNAME', 'mv_int8vec_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_recv(internal, oid, integer) IS 'binary input';
CREATE FUNCTION int8vec_send(int8vec) RETURNS bytea
	AS 'MODULE_PATHNAME', 'mv_int8vec_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_send(int8vec) IS 'binary output';

CREATE TYPE int8vec (
	INPUT = int8vec_in, OUTPUT = int8vec_out, TYPMOD_IN = int8vec_typmod_in,
	RECEIVE = int8vec_recv, SEND = int8vec_send,
	STORAGE = external
);
COMMENT ON TYPE int8vec IS 'vector of 8-bit integer elements';

-- distances

CREATE FUNCTION l2_distance(int8vec, int8vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_int8vec_l2_distance'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION l2_distance(int8vec, int8vec) IS 'Euclidean distance';
CREATE FUNCTION inner_product(int8vec, int8vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_int8vec_inner_product'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION inner_product(int8vec, int8vec) IS 'inner product';
CREATE FUNCTION cosine_distance(int8vec, int8vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_int8vec_cosine_distance'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION cosine_distance(int8vec, int8vec) IS 'cosine distance: 1 - cosine similarity, NaN for a zero vector';
CREATE FUNCTION l1_distance(int8vec, int8vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_int8vec_l1_distance'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION l1_distance(int8vec, int8vec) IS 'taxicab distance';
CREATE FUNCTION int8vec_negative_inner_product(int8vec, int8vec) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_int8vec_negative_inner_product'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT milvus_distance_support;
COMMENT ON FUNCTION int8vec_negative_inner_product(int8vec, int8vec) IS 'negative inner product, implementation of <#> operator';

CREATE OPERATOR <-> (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = l2_distance,
	COMMUTATOR = '<->');
COMMENT ON OPERATOR <-> (int8vec, int8vec) IS 'Euclidean distance';
CREATE OPERATOR <#> (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = int8vec_negative_inner_product,
	COMMUTATOR = '<#>');
COMMENT ON OPERATOR <#> (int8vec, int8vec) IS 'negative inner product';
CREATE OPERATOR <=> (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = cosine_distance,
	COMMUTATOR = '<=>');
COMMENT ON OPERATOR <=> (int8vec, int8vec) IS 'cosine distance';
CREATE OPERATOR <+> (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = l1_distance,
	COMMUTATOR = '<+>');
COMMENT ON OPERATOR <+> (int8vec, int8vec) IS 'taxicab distance';

-- order: by the elements of the common prefix, then by dimensions

CREATE FUNCTION int8vec_lt(int8vec, int8vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_int8vec_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_lt(int8vec, int8vec) IS 'implementation of < operator';
CREATE FUNCTION int8vec_le(int8vec, int8vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_int8vec_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_le(int8vec, int8vec) IS 'implementation of <= operator';
CREATE FUNCTION int8vec_eq(int8vec, int8vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_int8vec_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_eq(int8vec, int8vec) IS 'implementation of = operator';
CREATE FUNCTION int8vec_ne(int8vec, int8vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_int8vec_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_ne(int8vec, int8vec) IS 'implementation of <> operator';
CREATE FUNCTION int8vec_ge(int8vec, int8vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_int8vec_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_ge(int8vec, int8vec) IS 'implementation of >= operator';
CREATE FUNCTION int8vec_gt(int8vec, int8vec) RETURNS bool
	AS 'MODULE_PATHNAME', 'mv_int8vec_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_gt(int8vec, int8vec) IS 'implementation of > operator';
CREATE FUNCTION int8vec_cmp(int8vec, int8vec) RETURNS integer
	AS 'MODULE_PATHNAME', 'mv_int8vec_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_cmp(int8vec, int8vec) IS 'less-equal-greater';

CREATE OPERATOR < (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = int8vec_lt,
	COMMUTATOR = >, NEGATOR = >=,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
COMMENT ON OPERATOR < (int8vec, int8vec) IS 'less than';
CREATE OPERATOR <= (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = int8vec_le,
	COMMUTATOR = >=, NEGATOR = >,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel);
COMMENT ON OPERATOR <= (int8vec, int8vec) IS 'less than or equal';
CREATE OPERATOR = (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = int8vec_eq,
	COMMUTATOR = =, NEGATOR = <>,
	RESTRICT = eqsel, JOIN = eqjoinsel);
COMMENT ON OPERATOR = (int8vec, int8vec) IS 'equal';
CREATE OPERATOR <> (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = int8vec_ne,
	COMMUTATOR = <>, NEGATOR = =,
	RESTRICT = neqsel, JOIN = neqjoinsel);
COMMENT ON OPERATOR <> (int8vec, int8vec) IS 'not equal';
CREATE OPERATOR >= (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = int8vec_ge,
	COMMUTATOR = <=, NEGATOR = <,
	RESTRICT = scalargesel, JOIN = scalargejoinsel);
COMMENT ON OPERATOR >= (int8vec, int8vec) IS 'greater than or equal';
CREATE OPERATOR > (LEFTARG = int8vec, RIGHTARG = int8vec, FUNCTION = int8vec_gt,
	COMMUTATOR = <, NEGATOR = <=,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel);
COMMENT ON OPERATOR > (int8vec, int8vec) IS 'greater than';

CREATE OPERATOR CLASS int8vec_ops
	DEFAULT FOR TYPE int8vec USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
	FUNCTION 1 int8vec_cmp(int8vec, int8vec);
COMMENT ON OPERATOR CLASS int8vec_ops USING btree IS 'order of int8vec, for DISTINCT, GROUP BY and unique indexes';
COMMENT ON OPERATOR FAMILY int8vec_ops USING btree IS 'order of int8vec';

-- casts

CREATE FUNCTION int8vec(int8vec, integer, boolean) RETURNS int8vec
	AS 'MODULE_PATHNAME', 'mv_int8vec_coerce'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec(int8vec, integer, boolean) IS 'adjust int8vec to typmod';
CREATE FUNCTION int8vec_to_vector(int8vec, integer, boolean) RETURNS vector
	AS 'MODULE_PATHNAME', 'mv_int8vec_to_vector'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_to_vector(int8vec, integer, boolean) IS 'convert int8vec to vector';
CREATE FUNCTION vector_to_int8vec(vector, integer, boolean) RETURNS int8vec
	AS 'MODULE_PATHNAME', 'mv_vector_to_int8vec'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_to_int8vec(vector, integer, boolean) IS 'convert vector to int8vec';
CREATE FUNCTION int8vec_to_float4(int8vec, integer, boolean) RETURNS real[]
	AS 'MODULE_PATHNAME', 'mv_int8vec_to_float4'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION int8vec_to_float4(int8vec, integer, boolean) IS 'convert int8vec to real array';
CREATE FUNCTION array_to_int8vec(integer[], integer, boolean) RETURNS int8vec
	AS 'MODULE_PATHNAME', 'mv_int8vec_from_array'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_int8vec(integer[], integer, boolean) IS 'convert integer array to int8vec';
CREATE FUNCTION array_to_int8vec(real[], integer, boolean) RETURNS int8vec
	AS 'MODULE_PATHNAME', 'mv_int8vec_from_array'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_int8vec(real[], integer, boolean) IS 'convert real array to int8vec';
CREATE FUNCTION array_to_int8vec(double precision[], integer, boolean) RETURNS int8vec
	AS 'MODULE_PATHNAME', 'mv_int8vec_from_array'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_int8vec(double precision[], integer, boolean) IS 'convert double precision array to int8vec';
CREATE FUNCTION array_to_int8vec(numeric[], integer, boolean) RETURNS int8vec
	AS 'MODULE_PATHNAME', 'mv_int8vec_from_array'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION array_to_int8vec(numeric[], integer, boolean) IS 'convert numeric array to int8vec';

CREATE CAST (int8vec AS int8vec) WITH FUNCTION int8vec(int8vec, integer, boolean) AS IMPLICIT;
COMMENT ON CAST (int8vec AS int8vec) IS 'adjust int8vec to typmod';
CREATE CAST (int8vec AS vector) WITH FUNCTION int8vec_to_vector(int8vec, integer, boolean) AS IMPLICIT;
COMMENT ON CAST (int8vec AS vector) IS 'convert int8vec to vector';
CREATE CAST (vector AS int8vec) WITH FUNCTION vector_to_int8vec(vector, integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (vector AS int8vec) IS 'convert vector to int8vec';
CREATE CAST (int8vec AS real[]) WITH FUNCTION int8vec_to_float4(int8vec, integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (int8vec AS real[]) IS 'convert int8vec to real[]';
CREATE CAST (integer[] AS int8vec) WITH FUNCTION array_to_int8vec(integer[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (integer[] AS int8vec) IS 'convert integer[] to int8vec';
CREATE CAST (real[] AS int8vec) WITH FUNCTION array_to_int8vec(real[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (real[] AS int8vec) IS 'convert real[] to int8vec';
CREATE CAST (double precision[] AS int8vec) WITH FUNCTION array_to_int8vec(double precision[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (double precision[] AS int8vec) IS 'convert double precision[] to int8vec';
CREATE CAST (numeric[] AS int8vec) WITH FUNCTION array_to_int8vec(numeric[], integer, boolean) AS ASSIGNMENT;
COMMENT ON CAST (numeric[] AS int8vec) IS 'convert numeric[] to int8vec';

-- Complain if sourced by psql instead of CREATE EXTENSION.
\echo Use "CREATE EXTENSION milvus_pg CASCADE" to load this file. \quit

-- The extension vector, ours or pgvector's, must be recent enough, and its
-- types must not be hidden by others of the same name.
DO $$
DECLARE
	found text := (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'vector');
BEGIN
	IF pg_catalog.string_to_array(pg_catalog.substring(found, '^[0-9]+\.[0-9]+'), '.')::int[] < ARRAY[0, 7] THEN
		RAISE EXCEPTION 'milvus_pg needs extension "vector" 0.7.0 or newer, this database has %', found
			USING ERRCODE = 'feature_not_supported',
				HINT = 'Install a newer one and run ALTER EXTENSION vector UPDATE.';
	END IF;
	IF EXISTS (SELECT FROM pg_catalog.pg_am WHERE amname = 'ivf') THEN
		RAISE EXCEPTION 'access method "ivf" exists already'
			USING ERRCODE = 'duplicate_object',
				HINT = 'Another extension owns it; it and milvus_pg cannot be in one database.';
	END IF;
	IF NOT EXISTS (
		SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
		WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = 'vector'::pg_catalog.regtype
			AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.deptype = 'e' AND e.extname = 'vector')
	THEN
		RAISE EXCEPTION 'another type named "vector" hides that of extension "vector"'
			USING ERRCODE = 'duplicate_object',
				HINT = 'Create milvus_pg in a schema without such a type.';
	END IF;
END
$$;

CREATE FUNCTION milvus_version() RETURNS text
	AS 'MODULE_PATHNAME', 'mv_milvus_version'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_version() IS 'version of the library and the SIMD level in use';

-- Tells the planner what a distance costs.
CREATE FUNCTION milvus_distance_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_distance_support'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_distance_support(internal) IS 'planner support of distance functions';

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

-- late interaction over arrays of vectors

CREATE FUNCTION maxsim(document vector[], query vector[]) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_maxsim'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION maxsim(vector[], vector[]) IS 'sum over the query of the best cosine similarity in the document';
CREATE FUNCTION negative_maxsim(document vector[], query vector[]) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_negative_maxsim'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION negative_maxsim(vector[], vector[]) IS 'implementation of <@@> operator';

CREATE OPERATOR <@@> (LEFTARG = vector[], RIGHTARG = vector[], FUNCTION = negative_maxsim);
COMMENT ON OPERATOR <@@> (vector[], vector[]) IS 'negative MaxSim of a document and a query';

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

-- tools

CREATE FUNCTION milvus_index_check(index regclass) RETURNS bigint
	AS 'MODULE_PATHNAME', 'mv_index_check'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION milvus_index_check(regclass) IS 'check every page of an index; the number of live rows';

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

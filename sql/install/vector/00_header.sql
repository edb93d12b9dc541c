-- Complain if sourced by psql instead of CREATE EXTENSION.
\echo Use "CREATE EXTENSION vector" to load this file. \quit

-- Tells the planner what a distance costs.
CREATE FUNCTION vector_distance_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_distance_support'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION vector_distance_support(internal) IS 'planner support of distance functions';

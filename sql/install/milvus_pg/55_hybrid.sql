
-- hybrid search

CREATE FUNCTION milvus_rrf_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_rrf_support' LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_rrf_support(internal) IS 'planner support of rrf()';
CREATE FUNCTION rrf(l1 float8, l2 float8 DEFAULT NULL, l3 float8 DEFAULT NULL, l4 float8 DEFAULT NULL, l5 float8 DEFAULT NULL,
		l6 float8 DEFAULT NULL, l7 float8 DEFAULT NULL, l8 float8 DEFAULT NULL, k int DEFAULT 60, weights float8[] DEFAULT NULL)
	RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_rrf' LANGUAGE C STABLE PARALLEL RESTRICTED SUPPORT milvus_rrf_support;
COMMENT ON FUNCTION rrf(float8, float8, float8, float8, float8, float8, float8, float8, int, float8[])
	IS 'reciprocal rank fusion of up to 8 legs, for ORDER BY: - sum of weight / (k + rank)';


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

CREATE FUNCTION weighted(legs float8[], weights float8[] DEFAULT NULL, norm text DEFAULT 'atan') RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_weighted' LANGUAGE C STABLE PARALLEL RESTRICTED SUPPORT milvus_rrf_support;
COMMENT ON FUNCTION weighted(float8[], float8[], text) IS 'weighted sum of normalised legs, for ORDER BY: - sum of weight * norm(leg)';
CREATE FUNCTION leg(distance float8, filter boolean DEFAULT true, depth int DEFAULT NULL) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_leg' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION leg(float8, boolean, int) IS 'leg of rrf() or weighted() with a condition and a depth of its own';

CREATE FUNCTION decay_gauss(x float8, origin float8, scale float8, "offset" float8 DEFAULT 0, decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_gauss' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_gauss(float8, float8, float8, float8, float8) IS 'decay ^ ((z / scale) ^ 2) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_gauss(x timestamptz, origin timestamptz, scale interval, "offset" interval DEFAULT '0', decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_gauss_time' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_gauss(timestamptz, timestamptz, interval, interval, float8) IS 'decay ^ ((z / scale) ^ 2) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_exp(x float8, origin float8, scale float8, "offset" float8 DEFAULT 0, decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_exp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_exp(float8, float8, float8, float8, float8) IS 'decay ^ (z / scale) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_exp(x timestamptz, origin timestamptz, scale interval, "offset" interval DEFAULT '0', decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_exp_time' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_exp(timestamptz, timestamptz, interval, interval, float8) IS 'decay ^ (z / scale) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_linear(x float8, origin float8, scale float8, "offset" float8 DEFAULT 0, decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_linear' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_linear(float8, float8, float8, float8, float8) IS 'max(0, 1 - (1 - decay) * z / scale) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_linear(x timestamptz, origin timestamptz, scale interval, "offset" interval DEFAULT '0', decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_linear_time' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_linear(timestamptz, timestamptz, interval, interval, float8) IS 'max(0, 1 - (1 - decay) * z / scale) of z = max(0, |x - origin| - offset)';

CREATE FUNCTION milvus_group_limit_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_group_limit_support' LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_group_limit_support(internal) IS 'planner support of group_limit()';
CREATE FUNCTION group_limit(value anyelement, rows int) RETURNS boolean
	AS 'MODULE_PATHNAME', 'mv_group_limit' LANGUAGE C STABLE PARALLEL RESTRICTED SUPPORT milvus_group_limit_support;
COMMENT ON FUNCTION group_limit(anyelement, int) IS 'condition of a query ordered by rrf() or weighted(): of rows of the same value the best ones';


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

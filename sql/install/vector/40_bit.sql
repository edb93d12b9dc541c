
-- bit: distances of core's type

CREATE FUNCTION hamming_distance(bit, bit) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bit_hamming_distance'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT vector_distance_support;
COMMENT ON FUNCTION hamming_distance(bit, bit) IS 'number of different bits';
CREATE FUNCTION jaccard_distance(bit, bit) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bit_jaccard_distance'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE SUPPORT vector_distance_support;
COMMENT ON FUNCTION jaccard_distance(bit, bit) IS '1 - common bits / all set bits';

CREATE OPERATOR <~> (LEFTARG = bit, RIGHTARG = bit, FUNCTION = hamming_distance,
	COMMUTATOR = '<~>');
COMMENT ON OPERATOR <~> (bit, bit) IS 'Hamming distance';
CREATE OPERATOR <%> (LEFTARG = bit, RIGHTARG = bit, FUNCTION = jaccard_distance,
	COMMUTATOR = '<%>');
COMMENT ON OPERATOR <%> (bit, bit) IS 'Jaccard distance';

-- sparsevec and distances of bit.
\set VERBOSITY terse
SELECT '{1:1.5,3:-2}/5'::sparsevec, ' { 3 : 2 , 1 : 1 } / 5 '::sparsevec, '{}/5'::sparsevec, '{1:0,2:-0,3:1}/3'::sparsevec;
SELECT '{1:1}/1000000000'::sparsevec, pg_column_size('{1:1,2:2}/10'::sparsevec), sparsevec_send('{2:1,5:-2}/7');
CREATE TABLE sparse (v sparsevec(5));
INSERT INTO sparse VALUES ('{1:1}/5'), ('{5:2}/5'), ('{}/5'), (NULL);
INSERT INTO sparse VALUES ('{1:1}/4');
SELECT v, v <-> '{1:1,5:1}/5', v <#> '{1:1,5:1}/5', v <=> '{1:1,5:1}/5', v <+> '{1:1,5:1}/5' FROM sparse ORDER BY v;
SELECT l2_norm('{1:3,9:4}/10'::sparsevec), l2_normalize('{1:3,9:4}/10'::sparsevec), l2_normalize('{}/3'::sparsevec),
	l2_normalize('{1:1e-40,2:3e38}/3'::sparsevec), sparsevec_l2_squared_distance('{1:1}/3', '{3:2}/3');
SELECT '{1:1}/3'::sparsevec < '{1:1}/4', '{2:1}/3'::sparsevec < '{1:1}/3', '{2:-1}/3'::sparsevec < '{}/3',
	'{1:1,3:2}/3'::sparsevec = '{3:2,1:1}/3', sparsevec_cmp('{9:1}/9', '{}/3'), sparsevec_cmp('{2:-1}/9', '{}/3');
CREATE UNIQUE INDEX ON sparse (v);
INSERT INTO sparse VALUES ('{1:1}/5');
SELECT count(DISTINCT v) FROM sparse;

-- The same order and distances as the dense vectors they stand for.
WITH s AS (SELECT format('{1:%s,2:%s,4:%s}/4', a, b, c)::sparsevec AS v
	FROM generate_series(-1, 1) a, generate_series(-1, 1) b, generate_series(-1, 1) c)
SELECT count(*), count(*) FILTER (WHERE sparsevec_cmp(x.v, y.v) <> vector_cmp(x.v::vector, y.v::vector)) AS order_differs,
	count(*) FILTER (WHERE x.v <-> y.v <> x.v::vector <-> y.v::vector OR x.v <#> y.v <> x.v::vector <#> y.v::vector
		OR x.v <+> y.v <> x.v::vector <+> y.v::vector) AS distance_differs,
	max(abs((x.v <=> y.v) - (x.v::vector <=> y.v::vector))) FILTER (WHERE l2_norm(x.v) > 0 AND l2_norm(y.v) > 0) < 1e-6 AS cosine_agrees
	FROM s x, s y;

SELECT hamming_distance(B'1010', B'0110'), B'1111' <~> B'0000', jaccard_distance(B'1100', B'1010'), B'0000' <%> B'0000', B'' <~> B'';
SELECT repeat('10', 100)::bit(200) <~> repeat('11', 100)::bit(200), repeat('10', 100)::bit(200) <%> repeat('11', 100)::bit(200);
SELECT B'101' <~> B'10';
SELECT B'101' <%> B'10';
SELECT B'101'::varbit <~> B'100'::varbit;
DROP TABLE sparse;

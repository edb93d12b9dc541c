-- Late interaction.
\set VERBOSITY terse
SELECT maxsim(ARRAY['[1,0]','[0,2]']::vector[], ARRAY['[3,0]','[0,1]','[-1,0]']::vector[]),
	ARRAY['[1,0]','[0,2]']::vector[] <@@> ARRAY['[3,0]']::vector[];
-- A zero vector is similar to none; no vectors, no score.
SELECT maxsim(ARRAY['[0,0]']::vector[], ARRAY['[3,0]']::vector[]), maxsim(ARRAY['[-1,0]','[0,0]']::vector[], ARRAY['[3,0]']::vector[]),
	maxsim('{}', ARRAY['[3,0]']::vector[]), maxsim(ARRAY['[3,0]']::vector[], '{}'), maxsim(NULL, '{}');
SELECT maxsim(ARRAY['[1,0]']::vector[], ARRAY['[1,0,0]']::vector[]);
SELECT maxsim(ARRAY['[1,0]','[1]']::vector[], ARRAY['[1,0]']::vector[]);
SELECT maxsim(ARRAY['[1,0]',NULL]::vector[], ARRAY['[1,0]']::vector[]);
SELECT maxsim(ARRAY[ARRAY['[1,0]'],ARRAY['[1,0]']]::vector[], ARRAY['[1,0]']::vector[]);
-- Against its definition, in SQL.
CREATE TABLE passages AS
	SELECT id, array_agg(ARRAY[sin(id * 7 + i), cos(id * 3 + i * i), sin(id + 2 * i)]::vector ORDER BY i) AS tokens
	FROM generate_series(1, 40) id, generate_series(1, 2 + id % 5) i GROUP BY id;
CREATE TABLE question AS SELECT ARRAY['[1,0.2,0]', '[0,1,-0.4]', '[-0.3,0.1,1]']::vector[] AS tokens;
SELECT count(*), max(abs(maxsim(p.tokens, q.tokens) - expected)) < 1e-5 AS agrees FROM question q, passages p,
	LATERAL (SELECT sum(best) FROM unnest(q.tokens) qt, LATERAL (SELECT max(1 - (qt <=> t)) FROM unnest(p.tokens) t) s (best)) e (expected);
SELECT id, round((-(p.tokens <@@> q.tokens))::numeric, 3) AS score FROM passages p, question q ORDER BY p.tokens <@@> q.tokens LIMIT 3;
DROP TABLE passages, question;

-- ORDER BY rrf(): plans, answers against ranks counted in SQL, what is refused.
CREATE TABLE docs (id int PRIMARY KEY, body text, v vector(4), price int, lang text);
INSERT INTO docs SELECT i, CASE WHEN i % 3 = 0 THEN 'red fox ' || i WHEN i % 7 = 0 THEN 'fox den ' || repeat('leaf ', i % 11) WHEN i % 50 <> 1 THEN 'meadow' END,
	CASE WHEN i % 20 <> 2 THEN ARRAY[sin(i), cos(i), sin(i * 2), cos(i * 3)]::vector END, i % 10, CASE WHEN i % 2 = 0 THEN 'en' ELSE 'de' END
	FROM generate_series(1, 1200) i;
CREATE INDEX docs_v ON docs USING hnsw (v vector_cosine_ops);
CREATE INDEX docs_body ON docs USING bm25 (body) WITH (text_config = 'english');
ANALYZE docs;
SET enable_sort = off;
SET jit = off;

EXPLAIN (COSTS OFF) SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red leaf') AS score FROM docs ORDER BY score LIMIT 3;

-- The oracle: ranks of the rows that pass the condition, of a text search those that match, up to a depth.
CREATE FUNCTION fused(condition text, words text, q vector, n int, depth int, k int DEFAULT 60, weights float8[] DEFAULT '{1,1}')
	RETURNS TABLE (id int, score float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($sql$
		WITH near AS (SELECT d.id, row_number() OVER (ORDER BY v <=> $1, ctid) AS rank FROM docs d WHERE v IS NOT NULL AND %1$s),
			matching AS (SELECT m.id, row_number() OVER (ORDER BY s, c) AS rank FROM (SELECT d.id, ctid AS c, body <@> $2 AS s FROM docs d WHERE %1$s) m WHERE s < 0)
		SELECT id, - (coalesce(($6)[1] / ($5 + n.rank), 0) + coalesce(($6)[2] / ($5 + m.rank), 0)) AS score
			FROM (SELECT * FROM near WHERE rank <= $4) n FULL JOIN (SELECT * FROM matching WHERE rank <= $4) m USING (id) JOIN docs USING (id)
			ORDER BY 2, docs.ctid LIMIT $3 $sql$, condition) USING q, words, n, depth, k, weights;
END $$;
CREATE FUNCTION compare(condition text, words text, q vector, n int, depth int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got text;
	good text;
BEGIN
	PERFORM set_config('milvus.hybrid_depth', depth::text, true);
	EXECUTE format('SELECT string_agg(id || '':'' || s::text, '' '') FROM (SELECT id, rrf(v <=> $1, body <@> $2) AS s FROM docs WHERE %s ORDER BY s LIMIT $3) x WHERE s < 0', condition)
		INTO got USING q, words, n;
	SELECT string_agg(id || ':' || score::text, ' ') INTO good FROM fused(condition, words, q, n, greatest(depth, n));
	RETURN CASE WHEN got IS DISTINCT FROM good THEN format('%s of %s: %s, not %s', n, condition, got, good) END;
END $$;
SET milvus.target_recall = 0.9999;
SELECT count(*), count(wrong), min(wrong) FROM unnest('{red,leaf,fox den 21,meadow,nowhere}'::text[]) words,
	unnest('{true,price < 3,lang = ''de'' AND price > 5,id % 97 = 0,false}'::text[]) condition,
	unnest('{1,5,40}'::int[]) n, unnest('{1,10,100}'::int[]) depth,
	unnest('{"[1,2,3,4]","[-1,0.5,2,0]"}'::vector[]) q, compare(condition, words, q, n, depth) wrong;

-- weights, k, three legs, a leg that is no index's, one that is NULL, legs alone
SELECT count(*) FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red', k => 5, weights => '{0.5,2}') AS s FROM docs ORDER BY s LIMIT 20) a
	JOIN fused('true', 'red', '[1,2,3,4]', 20, 100, 5, '{0.5,2}') b ON a.id = b.id AND a.s = b.score;
SELECT id, rrf(v <=> '[1,2,3,4]', NULL, abs(price - 2)) AS s, abs(price - 2) AS off FROM docs ORDER BY s, id LIMIT 2;
SELECT id, rrf(body <@> 'den 21') AS s, body <@> 'den 21' < 0 AS found FROM docs ORDER BY s LIMIT 2;

-- every row comes once, at last those that no leg ranks
SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE s = 0), min(n) FILTER (WHERE s = 0)
	FROM (SELECT id, s, row_number() OVER () AS n FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s) y) x;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red') OFFSET 2;
FETCH 2 FROM c;
MOVE 500 FROM c;
FETCH 1 FROM c;
COMMIT;

-- scores of the legs beside the fused one, of rows that a leg does not have as well
SELECT count(*), count(*) FILTER (WHERE d IS NOT DISTINCT FROM e AND b IS NOT DISTINCT FROM c) FROM (SELECT id, v <=> '[1,2,3,4]' AS d, body <@> 'red' AS b FROM docs
		ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red') LIMIT 150) x
	JOIN (SELECT id, v <=> '[1,2,3,4]' AS e, body <@> 'red' AS c FROM docs) y USING (id);

-- prepared, with a plan for any parameters; under LATERAL, in a view, in a CTE
PREPARE hybrid(vector, text, int) AS SELECT id FROM docs WHERE price = $3 ORDER BY rrf(v <=> $1, body <@> $2) LIMIT 3;
EXECUTE hybrid('[1,2,3,4]', 'fox', 3);
SET plan_cache_mode = force_generic_plan;
EXECUTE hybrid('[1,2,3,4]', 'fox', 3);
EXECUTE hybrid('[1,2,3,4]', NULL, 3);
EXECUTE hybrid(NULL, NULL, 3);
RESET plan_cache_mode;
SELECT q.id, x.id FROM docs q, LATERAL (SELECT d.id FROM docs d WHERE d.price = q.price ORDER BY rrf(d.v <=> q.v, d.body <@> q.body) LIMIT 2) x WHERE q.id IN (3, 6, 14) ORDER BY 1, 2;
CREATE VIEW cheap AS SELECT id AS doc, v AS embedding, body AS words FROM docs WHERE price < 2;
SELECT doc FROM cheap ORDER BY rrf(embedding <=> '[1,2,3,4]', words <@> 'red') LIMIT 2;
WITH found AS (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s LIMIT 3) SELECT d.lang, count(*) FROM found JOIN docs d USING (id) GROUP BY 1 ORDER BY 1;

-- milvus.hybrid_exact reads on until it is sure, vectors not from their index
SET milvus.hybrid_depth = 1;
SET milvus.hybrid_exact = on;
SELECT count(*) FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s LIMIT 25) a
	JOIN fused('true', 'red', '[1,2,3,4]', 25, 10000) b ON a.id = b.id AND a.s = b.score;
RESET milvus.hybrid_exact;
RESET milvus.hybrid_depth;

-- its own transaction's rows, and not those it deleted
BEGIN;
INSERT INTO docs VALUES (5000, 'unicorn', '[1,2,3,4]', 0, 'en');
SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'unicorn') LIMIT 1;
DELETE FROM docs WHERE id = 5000;
SELECT count(*) FROM (SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'unicorn') LIMIT 10) x WHERE id = 5000;
ROLLBACK;

-- row-level security: ranks are those of the rows that may be seen
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY german ON docs USING (lang = 'de');
CREATE ROLE regress_reader;
GRANT SELECT ON docs TO regress_reader;
SET ROLE regress_reader;
SELECT count(*) FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s LIMIT 20) a;
CREATE TEMP TABLE seen AS SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s LIMIT 20;
RESET ROLE;
SELECT count(*) FROM seen a JOIN fused('lang = ''de''', 'red', '[1,2,3,4]', 20, 100) b ON a.id = b.id AND a.s = b.score;
DROP TABLE seen;

-- what it cannot do, it says
SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s DESC LIMIT 1;
SELECT rrf(v <=> '[1,2,3,4]', body <@> 'red') FROM docs LIMIT 1;
SELECT id FROM docs ORDER BY price, rrf(v <=> '[1,2,3,4]', body <@> 'red') LIMIT 1;
SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red') LIMIT 1 FOR UPDATE;
SELECT count(*) FROM (SELECT id FROM docs ORDER BY rrf(NULL::vector <=> '[1,2,3,4]')) x;
SELECT id FROM docs WHERE false ORDER BY rrf(v <=> '[1,2,3,4]');
SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', weights => '{1,2,NULL}') LIMIT 1;
SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red', weights => '{1}') LIMIT 1;
SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', weights => '{-1}') LIMIT 1;
SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', k => -1) LIMIT 1;
SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', k => price) LIMIT 1;
SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', random()) LIMIT 1;
CREATE TABLE parts (id int, v vector(4)) PARTITION BY LIST (id);
SELECT id FROM parts ORDER BY rrf(v <=> '[1,2,3,4]') LIMIT 1;
CREATE TABLE part PARTITION OF parts DEFAULT;
SELECT id FROM parts ORDER BY rrf(v <=> '[1,2,3,4]') LIMIT 1;
DROP TABLE parts;
DROP VIEW cheap;
DROP TABLE docs;
DROP FUNCTION fused, compare;
DROP ROLE regress_reader;

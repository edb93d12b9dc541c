-- Full-text scores of rows that another leg of weighted() or of a sum has found come from the index, and are those of the rows' texts.
-- VACUUM comes when it is asked for: scores depend on the rows that the index has.
CREATE TABLE docs (id int, v vector(3), body text, price int, kind int) PARTITION BY LIST (kind);
CREATE TABLE docs_one PARTITION OF docs FOR VALUES IN (1) WITH (autovacuum_enabled = off, fillfactor = 60);
CREATE TABLE docs_two (kind int, body text, price int, v vector(3), id int) WITH (autovacuum_enabled = off);
ALTER TABLE docs ATTACH PARTITION docs_two FOR VALUES IN (2);
CREATE FUNCTION words(n int) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT string_agg('w' || (random() ^ 2 * 40)::int, ' ') FROM generate_series(1, 3 + n % 6) $$;
SELECT setseed(.4);
INSERT INTO docs SELECT i, ARRAY[sin(i), cos(i * 3), sin(i * 7)]::vector, CASE WHEN i % 30 <> 7 THEN words(i) END, i % 100, 1 + (i % 8 = 0)::int FROM generate_series(1, 10000) i;
CREATE INDEX docs_v ON docs USING hnsw (v vector_cosine_ops);
CREATE INDEX docs_body ON docs USING bm25 (body) WITH (text_config = 'simple');
VACUUM ANALYZE docs;
SET jit = off;
SET enable_sort = off;
SET milvus.hybrid_depth = 20;

CREATE FUNCTION explained(query text, what text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		IF line LIKE '%' || what || ': %' THEN RETURN substring(line FROM ': (\d+)'); END IF;
	END LOOP;
END $$;
-- Of the first rows: how many, whose text scores are others than the texts say, whose fused scores are; were any values from the index, were texts analysed for others.
CREATE FUNCTION compare(tab text, q text, n int, OUT "rows" bigint, OUT other_texts bigint, OUT other_scores bigint, OUT told bool, OUT analysed bool) LANGUAGE plpgsql AS $$
DECLARE
	one text := format('SELECT id, body <@> %2$L::ftsquery AS b, v <=> ''[1,2,3]'' AS d, weighted(ARRAY[v <=> ''[1,2,3]'', body <@> %2$L::ftsquery], ''{1,2}'') AS s FROM %1$s ORDER BY s LIMIT %3$s', tab, q, n);
	two text := format('SELECT id FROM %1$s ORDER BY weighted(ARRAY[body <@> %2$L::ftsquery, body <@> ''w12'']) LIMIT %3$s', tab, q, n);
BEGIN
	EXECUTE format('WITH fused AS MATERIALIZED (%3$s), own AS MATERIALIZED (SELECT id, body <@> %2$L::ftsquery AS c FROM %1$s)
		SELECT count(*), count(*) FILTER (WHERE b IS DISTINCT FROM c), count(*) FILTER (WHERE round(s::numeric, 9) <> round((d / 2 - 1 + coalesce(4 * atan(c) / pi(), 0))::numeric, 9))
		FROM fused JOIN own USING (id)', tab, q, one) INTO "rows", other_texts, other_scores;
	told := explained(one, 'Values From Indexes') > 0;
	analysed := explained(two, 'Values Computed') > 0;
END $$;
CREATE VIEW compared AS SELECT q, tab, n, c.* FROM unnest('{w1,w3 w9 w25,+w0 +w7,"\"w0 w1\"",+w0 -w1 w5,+(w3 w14) +w0,w4 -(w1 w2)}'::text[]) q, unnest('{docs_one,docs}'::text[]) tab, unnest('{10,60}'::int[]) n, compare(tab, q, n) c ORDER BY 1, 2, 3;

-- fresh: all documents are found by the order of their rows
SELECT min("rows"), sum(other_texts), sum(other_scores), bool_and(told), bool_or(analysed) FROM compared;
-- rows of others in the places of some; these, and rows with other texts, wait in the pending list
DELETE FROM docs WHERE id % 6 = 2;
VACUUM docs;
INSERT INTO docs SELECT i, ARRAY[sin(i), cos(i * 3), sin(i * 7)]::vector, CASE WHEN i % 30 <> 7 THEN words(i) END, i % 100, 1 + (i % 8 = 0)::int FROM generate_series(10001, 10800) i;
UPDATE docs SET body = words(id) WHERE id % 8 = 1;
SELECT min("rows"), sum(other_texts), sum(other_scores), bool_and(told), bool_or(analysed) FROM compared;
VACUUM docs;
SELECT min("rows"), sum(other_texts), sum(other_scores), bool_and(told), bool_or(analysed) FROM compared;
-- rows that the index knows by the TID of an older version: by the root of their HOT chain, which only the table tells
UPDATE docs SET price = price + 1;
SELECT min("rows"), sum(other_texts), sum(other_scores), bool_and(told), bool_or(analysed) FROM compared;

-- a query of its own for each row; deeper and deeper; a sum; NULL as a query
SELECT count(*), count(*) FILTER (WHERE b IS DISTINCT FROM body <@> bm25query(w, 'docs_body')) FROM unnest('{w3,w30 w4,NULL}'::text[]) w,
	LATERAL (SELECT body, body <@> w AS b FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3]', body <@> w]) LIMIT 15) x;
SET milvus.hybrid_exact = on;
SELECT count(*), count(*) FILTER (WHERE b IS DISTINCT FROM body <@> bm25query('w3 w30', 'docs_body')) FROM
	(SELECT body, body <@> 'w3 w30' AS b FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3]', body <@> 'w3 w30']) LIMIT 100) x;
RESET milvus.hybrid_exact;
-- values beside ranks: also of rows that match and are just beyond the depth
SELECT count(*), count(*) FILTER (WHERE b IS DISTINCT FROM body <@> bm25query(w, 'docs_body')), count(*) FILTER (WHERE b < 0) > 20 FROM unnest('{w39 w38,w3 w30}'::text[]) w,
	LATERAL (SELECT body, body <@> w AS b FROM docs WHERE price < 4 ORDER BY rrf(v <=> '[1,2,3]', body <@> w) LIMIT 60) x;
SET milvus.hybrid_depth = 3;
SELECT count(*), count(*) FILTER (WHERE b IS DISTINCT FROM body <@> bm25query(w, 'docs_body')), count(*) FILTER (WHERE b < 0) > 3 FROM unnest('{w39 w38,w3 w30}'::text[]) w,
	LATERAL (SELECT body, body <@> w AS b FROM docs WHERE price < 4 ORDER BY rrf(v <=> '[1,2,3]', body <@> w) LIMIT 60) x;
SELECT count(*), count(*) FILTER (WHERE b IS DISTINCT FROM body <@> bm25query('w3 w30', 'docs_one_body_idx')) FROM
	(SELECT body, body <@> 'w3 w30' AS b FROM docs_one ORDER BY (v <=> '[1,2,3]') + .2 * (body <@> 'w3 w30') LIMIT 100) x;
DROP VIEW compared;
DROP TABLE docs;
DROP FUNCTION words, explained, compare;

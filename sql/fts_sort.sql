-- ORDER BY an attribute of a bm25 index, of rows that match a text: the index sorts.
CREATE TABLE news (id int PRIMARY KEY, body text, n int, big bigint, x float8, day date, at timestamptz, yes bool, amount numeric, lang text);
CREATE FUNCTION add_news(first int, last int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO news SELECT i, CASE i % 3 WHEN 0 THEN 'red fox' WHEN 1 THEN 'lazy dog' ELSE 'a dog and a fox' END || CASE WHEN i % 1000 = 0 THEN ' rare' ELSE '' END,
		CASE WHEN i % 13 > 0 THEN hashint4(i) % 500 END, hashint8(i)::bigint << 20, CASE i % 17 WHEN 0 THEN NULL WHEN 1 THEN 'NaN' WHEN 2 THEN '-Infinity' ELSE sin(i) END,
		'2024-01-01'::date + i / 10, '2024-01-01 00:00:00+00'::timestamptz + interval '1 minute' * i, i % 5 > 1, i % 7, CASE i % 2 WHEN 0 THEN 'en' ELSE 'de' END
	FROM generate_series(first, last) i $$;
SELECT add_news(1, 10000);
CREATE INDEX news_bm25 ON news USING bm25 (body, n, big, x, day, at, yes, amount, lang keyword_ops) WITH (text_config = 'english');
VACUUM ANALYZE news;
EXPLAIN (COSTS OFF) SELECT id FROM news WHERE body @@@ 'fox' ORDER BY at DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM news WHERE body @@@ 'fox' AND id > 5 ORDER BY n NULLS FIRST, id LIMIT 10;

-- The rows beside those that core sorts: are the columns of the order the same, are all rows different, was it the node?
CREATE FUNCTION sorted(columns text, way text, conditions text DEFAULT $$body @@@ 'fox'$$, lim text DEFAULT '100', OUT rows bigint, OUT same bool, OUT node bool) LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT row(%s)::text AS r, id FROM news WHERE %s ORDER BY %s %s LIMIT %s', columns, conditions, columns, way, lim);
	line text;
	ids bigint;
	got text[];
	expected text[];
BEGIN
	node := false;
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		node := node OR line ~ 'Ranked Scan';
	END LOOP;
	EXECUTE format('SELECT array_agg(r) FROM (%s) x', query) INTO got;
	EXECUTE format('SELECT count(*), count(DISTINCT id) FROM (%s) x', query) INTO rows, ids;
	SET LOCAL milvus.enable_ranked_scan = off;
	EXECUTE format('SELECT array_agg(r) FROM (%s) x', query) INTO expected;
	SET LOCAL milvus.enable_ranked_scan = on;
	same := got IS NOT DISTINCT FROM expected AND rows = ids;
END $$;
SET enable_sort = off;
SET enable_bitmapscan = off;
SELECT c, s.* FROM unnest('{n,n DESC,n NULLS FIRST,n DESC NULLS LAST,big,big DESC,x,x DESC,x NULLS FIRST,day DESC,day,at,at DESC,yes,yes DESC}'::text[]) c,
	LATERAL sorted(split_part(c, ' ', 1), substr(c, strpos(c || ' ', ' '))) s;
-- conditions that the index has, and that it has not; further columns of the order; limits that are small, large, none
SELECT s.* FROM (VALUES ('n', 'DESC', $$body @@@ '+fox -dog' AND day > '2025-01-01'$$, '50'), ('at', 'DESC', $$body @@@ 'rare'$$, '100'), ('at', '', $$body @@@ 'nowhere'$$, '5'), ('at', '', $$body @@@ 'fox' AND id % 10 = 3$$, '200'),
	('n', '', $$body @@@ 'fox' AND n IS NULL$$, '10'), ('n', '', $$body @@@ 'fox' AND n IN (3, 5)$$, '40'), ('n, id', '', $$body @@@ 'fox'$$, '30'), ('x', 'DESC', $$body @@@ 'fox' AND amount < 3$$, '300'),
	('at', 'DESC', $$body @@@ 'dog'$$, '1 OFFSET 3000'), ('at', 'DESC', $$body @@@ 'dog'$$, 'ALL'), ('day', '', 'n BETWEEN 10 AND 20', '20')) v(c, w, f, l), LATERAL sorted(c, w, f, l) s;
-- some deleted, some in another segment, some pending
DELETE FROM news WHERE id % 4 = 1;
SELECT add_news(10001, 14500);
DELETE FROM news WHERE id % 50 = 2;
SELECT c, s.* FROM unnest('{n DESC,at DESC,at,yes}'::text[]) c, LATERAL sorted(split_part(c, ' ', 1), substr(c, strpos(c || ' ', ' ')), lim => '5000') s;
-- windows in which nothing can be among the first are passed over
VACUUM news;
SELECT bm25_optimize('news_bm25');
SELECT count(*) FROM (SELECT FROM news WHERE body @@@ 'fox' ORDER BY at DESC LIMIT 10) x;
SELECT windows, resumed FROM milvus_last_scan();
SELECT count(*) FROM (SELECT FROM news WHERE body @@@ 'fox' ORDER BY hashint4(n) LIMIT 10) x;
-- what has no exact order in the index is sorted by core
SELECT c, s.node, s.same FROM unnest('{amount,lang,id}'::text[]) c, LATERAL sorted(c, '') s;
-- a sample of the table is not in the index
SELECT count(*) < 3000 AS sampled FROM (SELECT FROM news TABLESAMPLE BERNOULLI (10) WHERE body @@@ 'fox' ORDER BY n) x;
RESET enable_sort;
RESET enable_bitmapscan;

-- cursors, parameters, scans run again
BEGIN;
DECLARE c CURSOR FOR SELECT at FROM news WHERE body @@@ 'fox' ORDER BY at DESC;
MOVE 2000 IN c;
FETCH 2 FROM c;
COMMIT;
PREPARE newest(ftsquery, int) AS SELECT array_agg(id) FROM (SELECT id FROM news WHERE body @@@ $1 ORDER BY at DESC LIMIT $2) x;
SET plan_cache_mode = force_generic_plan;
EXECUTE newest('+fox +rare', 3);
EXECUTE newest('dog', 5);
RESET plan_cache_mode;
SELECT w, array_agg(id) FROM (VALUES ('fox'), ('dog'), ('nowhere'), ('rare')) v(w), LATERAL (SELECT id FROM news WHERE body @@@ w::ftsquery ORDER BY at DESC LIMIT 3) x GROUP BY w ORDER BY w;
SELECT id FROM news WHERE body @@@ 'rare' ORDER BY at DESC LIMIT 2 FOR UPDATE;
DROP TABLE news;
DROP FUNCTION add_news, sorted;

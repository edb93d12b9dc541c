-- bm25 indexes: what can be indexed, how a query finds its index, what is refused.
CREATE TABLE docs (id int PRIMARY KEY, title text, body text, tags text[], lang varchar, meta jsonb, price numeric, published date);
INSERT INTO docs SELECT i, 'Title ' || i, CASE i % 4 WHEN 0 THEN 'The quick brown fox number ' || i WHEN 1 THEN 'lazy dogs and foxes' WHEN 2 THEN 'a fox, a fox! ' || repeat('filler ', i) END,
	ARRAY['red fox', 'number ' || i], 'en', jsonb_build_object('about', 'fox ' || i), i, date '2020-01-01' + i FROM generate_series(1, 200) i;
CREATE INDEX docs_body ON docs USING bm25 (body) WITH (text_config = 'english');
ANALYZE docs;

-- The index is found from the column; every row is returned, NULLs last.
EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY body <@> 'quick foxes' LIMIT 3;
SELECT id, round((body <@> 'quick foxes')::numeric, 3) FROM docs ORDER BY body <@> 'quick foxes', id LIMIT 3;
SELECT count(*), count(d), count(*) FILTER (WHERE d < 0) FROM (SELECT body <@> 'lazy' AS d FROM docs ORDER BY 1) x;
SELECT array_agg(d IS NULL) FROM (SELECT body <@> 'lazy' AS d FROM docs ORDER BY 1 OFFSET 149 LIMIT 3) x;
SELECT count(*) FROM docs WHERE body @@@ '+fox -quick';
SELECT count(*) FROM docs WHERE text_match(body, 'fox dog', 2);
SELECT count(*) FROM docs WHERE phrase_match(body, 'brown foxes');
SELECT count(*) FROM docs WHERE phrase_match(body, 'quick fox', 1);
SELECT id FROM docs WHERE body @@@ 'quick' ORDER BY bm25_score(body, 'quick 8') DESC LIMIT 1;

-- in views, subqueries, joins, CTEs; with an alias; from outer queries
CREATE VIEW foxes AS SELECT id AS doc, body AS words FROM docs WHERE body IS NOT NULL;
EXPLAIN (COSTS OFF) SELECT doc FROM foxes ORDER BY words <@> 'fox' LIMIT 1;
EXPLAIN (COSTS OFF) SELECT * FROM (SELECT id FROM docs AS d ORDER BY d.body <@> 'fox' LIMIT 2) x;
SELECT a.id, b.id FROM docs a JOIN docs b ON a.id = b.id - 1 WHERE a.body @@@ 'quick' AND b.body @@@ 'lazy' ORDER BY a.body <@> '20' LIMIT 1;
SELECT q, (SELECT id FROM docs ORDER BY body <@> q LIMIT 1) FROM unnest('{lazy,quick}'::text[]) q;

-- prepared, with a plan for this query and for any
PREPARE words(text) AS SELECT id FROM docs WHERE body @@@ 'quick' ORDER BY body <@> $1 LIMIT 1;
EXECUTE words('100');
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE words('100');
EXECUTE words('100');
EXECUTE words('104');
EXECUTE words(NULL);
RESET plan_cache_mode;
DO $$ DECLARE w text; n int; BEGIN
	FOREACH w IN ARRAY '{4,8,12,16,20,24,28}'::text[] LOOP
		SELECT id INTO n FROM docs ORDER BY body <@> w LIMIT 1;
		IF n <> w::int THEN RAISE 'found % for %', n, w; END IF;
	END LOOP;
END $$;

-- a cursor, back and forth in its memory; several scans of one index at once
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM docs ORDER BY body <@> 'number 40';
FETCH 1 FROM c;
SELECT count(*) FROM (SELECT id FROM docs ORDER BY body <@> 'lazy' LIMIT 5) x JOIN (SELECT id FROM docs ORDER BY body <@> 'dog' LIMIT 5) y USING (id);
MOVE 198 FROM c;
FETCH 5 FROM c;
COMMIT;

-- row locks, and the score of a row that is updated
BEGIN;
SELECT id FROM docs ORDER BY body <@> 'number 40' LIMIT 1 FOR UPDATE;
ROLLBACK;
UPDATE docs SET title = title WHERE id = (SELECT id FROM docs ORDER BY body <@> 'number 40' LIMIT 1) RETURNING id, body <@> 'number 40' < 0 AS matches;

-- a new word is found at once by its own transaction
BEGIN;
INSERT INTO docs(id, body) VALUES (1000, 'xylophone');
SELECT id FROM docs ORDER BY body <@> 'xylophones' LIMIT 1;
ROLLBACK;
SELECT count(*) FROM docs WHERE body @@@ 'xylophone';

-- several columns, with boosts, and attributes
DROP INDEX docs_body;
CREATE INDEX docs_all ON docs USING bm25 (title, body, tags, lang keyword_ops, price, published) WITH (text_config = 'english', boosts = 'title=2');
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE price < 50 AND lang = 'en' AND published BETWEEN '2020-01-10' AND '2020-01-20' ORDER BY title <@> '12' LIMIT 2;
SELECT id FROM docs WHERE price < 50 AND lang = 'en' AND published BETWEEN '2020-01-10' AND '2020-01-20' ORDER BY title <@> '12' LIMIT 2;
SELECT id FROM docs WHERE price = 12.5 ORDER BY title <@> '12' LIMIT 2;
SELECT count(*) FROM docs WHERE tags @@@ '"number 17"';
SELECT count(*) FROM docs WHERE tags @@@ '"fox number"';
SELECT id FROM docs ORDER BY body <@> bm25query('12', 'docs_all') LIMIT 1;
-- Its cost is that of the scan: no plan is worth compiling, nor a join above it.
CREATE FUNCTION total_cost(query text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan->0->'Plan'->>'Total Cost';
END $$;
SELECT total_cost($$SELECT id FROM docs ORDER BY body <@> bm25query('12', 'docs_all') LIMIT 1$$) < 2 * total_cost('SELECT id FROM docs ORDER BY body <@> $$12$$ LIMIT 1');
SELECT d.id, round((body <@> bm25query('12', 'docs_all'))::numeric, 3) FROM docs d JOIN generate_series(10, 20) n ON n = d.id ORDER BY body <@> bm25query('12', 'docs_all') LIMIT 1;
SET enable_seqscan = off;
SELECT id FROM docs WHERE body @@@ 'title:12' ORDER BY tags <@> '12' LIMIT 1;
RESET enable_seqscan;
SELECT body <@> bm25query('12', 'docs_all') FROM docs WHERE id = 12;
SELECT count(*) FROM docs WHERE body @@@ 'nofield:12';
SELECT field, documents, terms FROM bm25_stats('docs_all');
SELECT * FROM bm25_terms('docs_all', 'fo');
DROP INDEX docs_all;

-- expressions, varchar, arrays, partial indexes
CREATE INDEX docs_about ON docs USING bm25 ((meta->>'about'));
CREATE INDEX docs_lang ON docs USING bm25 (lang);
CREATE INDEX docs_tags ON docs USING bm25 (tags) WITH (positions = off);
CREATE INDEX docs_few ON docs USING bm25 (body) WITH (text_config = 'english') WHERE id < 50;
SELECT id FROM docs ORDER BY meta->>'about' <@> '77' LIMIT 1;
SELECT count(*) FROM docs WHERE lang @@@ 'en';
SELECT id FROM docs ORDER BY tags <@> '77' LIMIT 1;
SELECT count(*) FROM docs WHERE tags @@@ '"number 17"';
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE id < 50 ORDER BY body <@> 'fox' LIMIT 1;
DROP INDEX docs_about, docs_lang, docs_tags, docs_few;

-- which index?
SELECT id FROM docs ORDER BY body <@> 'fox' LIMIT 1;
SELECT body <@> title FROM docs LIMIT 1;
CREATE INDEX docs_english ON docs USING bm25 (body) WITH (text_config = 'english');
CREATE INDEX docs_simple ON docs USING bm25 (body);
SELECT id FROM docs ORDER BY body <@> 'fox' LIMIT 1;
EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY body <@> bm25query('fox', 'docs_simple') LIMIT 1;
SET milvus.enable_ranked_scan = off;
EXPLAIN (COSTS OFF) SELECT id FROM docs ORDER BY body <@> bm25query('fox', 'docs_simple') LIMIT 1;
RESET milvus.enable_ranked_scan;
SELECT count(*) FROM docs WHERE body @@@ bm25query('foxes'::ftsquery, 'docs_simple');
SELECT count(*) FROM docs WHERE body @@@ bm25query('foxes'::ftsquery, 'docs_english');
SELECT body <@> bm25query('fox', 'docs_pkey') FROM docs LIMIT 1;
DROP INDEX docs_english, docs_simple;

-- options and columns that are refused
CREATE INDEX ON docs USING bm25 (body) WITH (text_config = 'no_such');
CREATE INDEX ON docs USING bm25 (body) WITH (k1 = -1);
CREATE INDEX ON docs USING bm25 (body) WITH (b = 1.5);
CREATE INDEX ON docs USING bm25 (body) WITH (boosts = 'body');
CREATE INDEX ON docs USING bm25 (body) WITH (boosts = 'body=0');
CREATE INDEX ON docs USING bm25 (body) WITH (boosts = 'nobody=2');
CREATE INDEX ON docs USING bm25 (price);
CREATE INDEX ON docs USING bm25 (meta);
CREATE UNIQUE INDEX ON docs USING bm25 (body);

-- a configuration that is not what it was
CREATE TEXT SEARCH CONFIGURATION public.mine (COPY = english);
CREATE INDEX docs_mine ON docs USING bm25 (body) WITH (text_config = 'public.mine');
SELECT count(*) FROM docs WHERE body @@@ 'foxes';
ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR asciiword WITH simple;
SELECT id FROM docs ORDER BY body <@> 'foxes' LIMIT 1;
INSERT INTO docs(id, body) VALUES (2000, 'foxes');
REINDEX INDEX docs_mine;
SELECT count(*) FROM docs WHERE body @@@ 'foxes';
-- another one that does the same, as after pg_upgrade: nothing to build again
ALTER TEXT SEARCH CONFIGURATION public.mine RENAME TO was_mine;
SELECT id FROM docs ORDER BY body <@> 'foxes' LIMIT 1;
CREATE TEXT SEARCH CONFIGURATION public.mine (COPY = english);
SELECT id FROM docs ORDER BY body <@> 'foxes' LIMIT 1;
ALTER TEXT SEARCH CONFIGURATION mine ALTER MAPPING FOR asciiword WITH simple;
INSERT INTO docs(id, body) VALUES (2001, 'foxes');
SELECT count(*) FROM docs WHERE body @@@ 'foxes';

-- it is not dropped without the index that was built with it
\set VERBOSITY terse
DROP TEXT SEARCH CONFIGURATION was_mine;
REINDEX INDEX docs_mine;
DROP TEXT SEARCH CONFIGURATION was_mine;
REINDEX INDEX CONCURRENTLY docs_mine;
DROP TEXT SEARCH CONFIGURATION mine;
SELECT deptype, count(*) FROM pg_depend WHERE refclassid = 'pg_ts_config'::regclass AND classid = 'pg_class'::regclass GROUP BY 1;
ALTER INDEX docs_mine SET (text_config = 'english');
DROP TEXT SEARCH CONFIGURATION mine;
REINDEX TABLE docs;
BEGIN;
DROP TEXT SEARCH CONFIGURATION mine;
ROLLBACK;
-- nor without a partitioned index
CREATE TABLE parts (id int, body text) PARTITION BY RANGE (id);
CREATE INDEX parts_bm25 ON parts USING bm25 (body) WITH (text_config = 'public.mine');
DROP TEXT SEARCH CONFIGURATION mine;
CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (200);
CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (200) TO (2000);
DROP TEXT SEARCH CONFIGURATION mine;
BEGIN;
DROP TEXT SEARCH CONFIGURATION mine CASCADE;
SELECT count(*) FROM pg_index WHERE indrelid IN ('parts'::regclass, 'parts1'::regclass, 'parts2'::regclass);
ROLLBACK;
DROP TABLE parts;
\set VERBOSITY default

-- a partitioned table gives what one without partitions gives
CREATE TABLE whole AS SELECT i AS id, (CASE i % 3 WHEN 0 THEN 'fox dog' WHEN 1 THEN 'fox' ELSE 'cat cow hen' END) || repeat(' pad', i % 17)
	|| CASE WHEN i % 50 = 0 THEN ' rare' ELSE '' END AS body FROM generate_series(1, 1000) i;
CREATE TABLE parts (id int, body text) PARTITION BY RANGE (id);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (200);
CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (200) TO (2000);
INSERT INTO parts SELECT * FROM whole;
CREATE INDEX whole_bm25 ON whole USING bm25 (body);
CREATE INDEX parts_bm25 ON parts USING bm25 (body);
ANALYZE whole, parts;
EXPLAIN (COSTS OFF) SELECT id FROM parts ORDER BY body <@> 'rare dog' LIMIT 3;
SELECT array_agg(d) = (SELECT array_agg(d) FROM (SELECT body <@> 'rare dog' AS d FROM whole ORDER BY d LIMIT 700) x) AS same_scores
	FROM (SELECT body <@> 'rare dog' AS d FROM parts ORDER BY d LIMIT 700) x;
SELECT count(*) FROM parts WHERE body @@@ 'rare';
SELECT count(*) FROM bm25_stats('parts_bm25');
DROP TABLE whole, parts;

-- beyond its matches a scan with a condition looks at what satisfies that, in its lists, not at all rows:
-- windows are of 4096 documents
CREATE TABLE many AS SELECT i AS id, CASE WHEN i % 9000 = 10 THEN 'needle ' || CASE WHEN i > 15000 THEN 'thread' ELSE '' END WHEN i % 7 > 0 THEN 'hay' END AS body,
	CASE WHEN i % 9000 = 10 THEN 'needle' ELSE 'hay' END AS title FROM generate_series(1, 30000) i;
CREATE INDEX many_body ON many USING bm25 (body);
ANALYZE many;
SET enable_bitmapscan = off;
SET enable_seqscan = off;
CREATE FUNCTION scan_of(condition text, ranking text, lim text DEFAULT '10', OUT ids int[], OUT rows int, OUT windows int, OUT resumed int) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT array_agg(id) FROM (SELECT id FROM many WHERE %s ORDER BY %s LIMIT %s) x', condition, ranking, lim) INTO ids;
	ids := ids[1:5];
	SELECT s.rows, s.windows, s.resumed INTO rows, windows, resumed FROM milvus_last_scan() s;
END $$;
SELECT c, r, s.* FROM (VALUES ('needle', 'needle'), ('needle', 'needle thread'), ('+needle +thread', 'needle'), ('"needle thread"', 'thread needle'), ('-hay +needle', 'needle'),
	('(needle thread)~2', 'needle thread'), ('the', 'nothing'), ('needle', 'thread'), ('needle', '+needle -thread'), ('+needle needle', 'nothing')) v(c, r),
	LATERAL scan_of(format('body @@@ %L::ftsquery', c), format('body <@> %L::ftsquery', r)) s;
-- LIMIT and OFFSET reach the scan, with the share of rows that the conditions leave: it searches once, and may go on
SELECT l, s.rows, s.resumed FROM unnest('{100,100 OFFSET 900,"NULL",(SELECT 100),ALL OFFSET 50,5 OFFSET (SELECT 70)}'::text[]) l, scan_of('true', $$body <@> 'hay'$$, l) s;
SELECT s.rows, s.resumed FROM scan_of('id % 10 = 0', $$body <@> 'hay'$$, '100') s;
PREPARE first(int) AS SELECT count(*) FROM (SELECT FROM many ORDER BY body <@> 'hay' LIMIT $1) x;
SET plan_cache_mode = force_generic_plan;
EXECUTE first(300);
SELECT rows, resumed FROM milvus_last_scan();
RESET plan_cache_mode;
SELECT count(*) FROM (VALUES (20), (200)) v(n), LATERAL (SELECT FROM many ORDER BY body <@> 'hay' LIMIT n) x;
SELECT rows, resumed FROM milvus_last_scan();
SELECT count(x.n) FROM (VALUES ('hay'), ('needle')) v(q), LATERAL (SELECT body <@> q AS n FROM many ORDER BY 1 LIMIT 200) x;
SELECT rows, resumed FROM milvus_last_scan();
SELECT s.ids, s.rows FROM scan_of('id IN (7, 70) AND body IS NULL', $$body <@> 'needle'$$) s;
DROP INDEX many_body;
CREATE INDEX many_both ON many USING bm25 (title, body);
SELECT c, r, s.* FROM (VALUES ($$title @@@ 'needle'$$, $$title <@> 'needle'$$), ($$title @@@ 'needle'$$, $$body <@> 'thread'$$), ($$title @@@ 'needle' AND body @@@ 'thread'$$, $$body <@> 'thread'$$),
	($$title @@@ '+needle +body:thread'$$, $$body <@> 'thread'$$)) v(c, r), LATERAL scan_of(c, r) s;
RESET enable_seqscan;
RESET enable_bitmapscan;
DROP TABLE many;
DROP FUNCTION scan_of, total_cost;

-- VACUUM asks for no configuration
CREATE TEXT SEARCH CONFIGURATION public.ours (COPY = english);
CREATE TABLE notes (id int, title text, body text) WITH (autovacuum_enabled = off);
CREATE INDEX notes_fts ON notes USING bm25 (title, body) WITH (text_config = 'public.ours', positions = off);
INSERT INTO notes SELECT i, 'title', 'foxes ' || i FROM generate_series(1, 6) i;
DELETE FROM notes WHERE id = 3;
ALTER TEXT SEARCH CONFIGURATION ours ALTER MAPPING FOR asciiword WITH simple;
VACUUM (INDEX_CLEANUP on) notes;
DELETE FROM notes WHERE id = 4;
ALTER TEXT SEARCH CONFIGURATION ours RENAME TO theirs;
VACUUM (INDEX_CLEANUP on) notes;
SELECT count(*) FROM notes WHERE body @@@ 'fox';
ALTER TEXT SEARCH CONFIGURATION theirs RENAME TO ours;
SELECT count(*) FROM notes WHERE body @@@ 'fox';
ALTER TEXT SEARCH CONFIGURATION ours ALTER MAPPING FOR asciiword WITH english_stem;
SELECT count(*) FROM notes WHERE body @@@ 'fox';
-- one that changes within a statement
CREATE FUNCTION change(i int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF i = 8 THEN ALTER TEXT SEARCH CONFIGURATION ours ALTER MAPPING FOR asciiword WITH simple; END IF;
	RETURN 'foxes ' || i;
END $$;
INSERT INTO notes SELECT i, 'title', change(i) FROM generate_series(7, 9) i;

-- an option is what is wanted, an index what was built
SET enable_seqscan = off;
SELECT count(*) FROM notes WHERE body @@@ '"foxes 5"';
ALTER INDEX notes_fts SET (positions = on);
SELECT count(*) FROM notes WHERE body @@@ '"foxes 5"';
INSERT INTO notes VALUES (10, 'title', 'foxes 10');
SELECT count(*) FROM notes WHERE body @@@ '"foxes 10"';
REINDEX INDEX notes_fts;
SELECT count(*) FROM notes WHERE body @@@ '"foxes 10"';

-- in the order of two scores, of which an index scan knows one
SET enable_sort = off;
SELECT id FROM notes ORDER BY title <@> 'title', body <@> '5' LIMIT 1;
SELECT id FROM notes ORDER BY body <@> 'foxes', body <@> '6', id LIMIT 1;
RESET enable_sort;
RESET enable_seqscan;

-- where a query for several columns matches, only an index scan can tell: not a sequential one, nor a bitmap that is checked again
SELECT array_agg(id) FROM notes WHERE body @@@ bm25query('+title +5'::ftsquery, 'notes_fts');
SELECT id FROM notes WHERE body @@@ bm25query('+title -5'::ftsquery, 'notes_fts') ORDER BY body <@> '6' LIMIT 1;
SELECT count(*) FROM notes WHERE body @@@ bm25query('title'::ftsquery, 'notes_fts') AND id > 5;
BEGIN;
DELETE FROM notes WHERE body @@@ bm25query('+title +5'::ftsquery, 'notes_fts') RETURNING id;
ROLLBACK;
ALTER TABLE notes ADD pad text, ALTER pad SET STORAGE plain;
INSERT INTO notes SELECT 100 + i, 'many', 'rows', repeat('x', 1900) FROM generate_series(1, 5000) i;
SET work_mem = '64kB';
SET enable_indexscan = off;
SELECT count(*) FROM (SELECT body FROM notes WHERE body @@@ bm25query('+many +rows'::ftsquery, 'notes_fts') OFFSET 0) x;
SET enable_bitmapscan = off;
SELECT array_agg(id) FROM notes WHERE body @@@ bm25query('+title +5'::ftsquery, 'notes_fts');
SELECT array_agg(id) FROM notes WHERE body @@@ '+title:title +5';
SELECT id FROM notes WHERE title = 'title' ORDER BY body <@> '+title:title +5'::ftsquery LIMIT 1;
RESET enable_bitmapscan;
RESET enable_indexscan;
RESET work_mem;
DELETE FROM notes WHERE id > 100;

-- below an outer join
SELECT n, d.id, d.body <@> '5' < 0 AS matches FROM generate_series(4, 6) n LEFT JOIN notes d ON d.id = n ORDER BY n;
SELECT n, d.id FROM generate_series(4, 6) n LEFT JOIN notes d ON d.id = n WHERE (d.body @@@ '5') IS NOT TRUE ORDER BY n;

-- text columns by number
SELECT bm25query('foxes', 'notes_fts', -2);
SELECT bm25query('foxes', 'notes_fts', 65535);
SELECT bm25query('foxes'::ftsquery, 'notes_fts', 32);
SELECT body <@> bm25query('foxes', 'notes_fts', 2) FROM notes;
DROP TABLE notes;
DROP FUNCTION change;
DROP TEXT SEARCH CONFIGURATION ours;

-- operator classes
SELECT opcname, amvalidate(o.oid) FROM pg_opclass o JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'bm25' ORDER BY 1;
DROP TABLE docs CASCADE;
DROP TEXT SEARCH CONFIGURATION mine;

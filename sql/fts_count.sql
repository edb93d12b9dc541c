-- count(*) of what a full-text query matches, from a bm25 index.
CREATE TABLE pages (id int PRIMARY KEY, title text, body text, price int, shelf numeric, lang text);
INSERT INTO pages SELECT i, CASE WHEN i % 7 > 0 THEN 'title ' || i % 5 END, CASE WHEN i % 11 > 0 THEN CASE i % 3 WHEN 0 THEN 'red fox' WHEN 1 THEN 'lazy dog' ELSE 'a dog and a fox' END || ' number' || i % 50 END,
	CASE WHEN i % 13 > 0 THEN i % 20 END, i % 20, CASE i % 2 WHEN 0 THEN 'en' ELSE 'de' END FROM generate_series(1, 10000) i;
CREATE INDEX pages_bm25 ON pages USING bm25 (title, body, price, shelf, lang keyword_ops) WITH (text_config = 'english');
VACUUM ANALYZE pages;

-- What a query counts, beside what a scan of the table finds (sum() has no node); how many rows it looked at there; whether the scan below ran.
CREATE FUNCTION counted(conditions text, OUT counted bigint, OUT same bool, OUT node bool, OUT fetched text, OUT scanned bool) LANGUAGE plpgsql AS $$
DECLARE plan json; rows bigint;
BEGIN
	EXECUTE 'SELECT count(*) FROM pages WHERE ' || conditions INTO counted;
	SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;
	EXECUTE 'SELECT coalesce(sum(1), 0) FROM pages WHERE ' || conditions INTO rows;
	SET LOCAL enable_indexscan = on; SET LOCAL enable_bitmapscan = on;
	same := counted = rows;
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) SELECT count(*) FROM pages WHERE ' || conditions INTO plan;
	node := plan->0->'Plan'->>'Custom Plan Provider' = 'BM25 Count';
	fetched := plan->0->'Plan'->>'Heap Fetches';
	scanned := (plan->0->'Plan'->'Plans'->0->>'Actual Loops')::float > 0;
END $$;

EXPLAIN (COSTS OFF) SELECT count(*) FROM pages WHERE body @@@ 'fox';
SELECT * FROM counted($$body @@@ 'fox'$$);
SELECT * FROM counted($$body @@@ 'fox dog number7'$$);
SELECT * FROM counted($$body @@@ '+fox +dog -number8'$$);
SELECT * FROM counted($$body @@@ '"dog and a fox"'$$);
SELECT * FROM counted($$body @@@ '(red lazy number3)~2'$$);
SELECT * FROM counted($$body @@@ 'nowhere'$$);
SELECT * FROM counted($$body @@@ 'the'$$);
SELECT * FROM counted($$body @@@ 'fox' AND title @@@ '3'$$);
SELECT count(*) FROM pages WHERE body @@@ 'title:3';
SELECT count(*) FROM pages WHERE title @@@ '3' AND body IS NOT NULL;
SELECT * FROM counted($$body @@@ 'fox' AND price BETWEEN 3 AND 4$$);
SELECT * FROM counted($$body @@@ 'fox' AND price < NULL$$);
SELECT * FROM counted($$text_match(body, 'fox dog', 2)$$);

-- What the index cannot tell for certain, or does not have, it does not count.
SELECT * FROM counted($$body @@@ 'fox' AND lang = 'en'$$);
SELECT * FROM counted($$body @@@ 'fox' AND shelf < 3$$);
SELECT * FROM counted($$body @@@ 'fox' AND id < 3000$$);
SELECT * FROM counted($$body @@@ 'fox' AND price + 0 < 3$$);
SELECT * FROM counted($$body @@@ 'fox' OR title @@@ '3'$$);
SELECT * FROM counted($$NOT body @@@ 'fox'$$);
-- An integer at the end of its range has the key of another value: seen at run time, the scan below counts.
SELECT * FROM counted($$body @@@ 'fox' AND price > (-9223372036854775807)::bigint$$);

-- expressions of counts, columns that cannot be null, and what is no count of all
SELECT count(*) * 2 + 1 AS twice, count(body) AS bodies, count(id) AS ids, count(1) AS ones FROM pages WHERE body @@@ 'fox';
EXPLAIN (COSTS OFF) SELECT count(*) * 2 + 1 AS twice, count(body) AS bodies, count(id) AS ids, count(1) AS ones FROM pages WHERE body @@@ 'fox';
SELECT count(price), count(DISTINCT id), count(*) FILTER (WHERE id > 5), max(id) FROM pages WHERE body @@@ 'fox';
EXPLAIN (COSTS OFF) SELECT count(price) FROM pages WHERE body @@@ 'fox';
EXPLAIN (COSTS OFF) SELECT count(*) FILTER (WHERE id > 5) FROM pages WHERE body @@@ 'fox';
EXPLAIN (COSTS OFF) SELECT count(*) FROM pages WHERE body @@@ 'fox' HAVING count(*) > 1;
SELECT count(*) FROM pages WHERE body @@@ 'fox' HAVING count(*) > 1;
EXPLAIN (COSTS OFF) SELECT lang, count(*) FROM pages WHERE body @@@ 'fox' GROUP BY lang;

-- with parameters, once for each row of another, in a cursor
PREPARE words(text) AS SELECT count(*) FROM pages WHERE body @@@ $1::ftsquery AND price < 5;
EXECUTE words('fox');
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE words('fox');
EXECUTE words('fox');
EXECUTE words('+red +number9');
EXECUTE words(NULL);
RESET plan_cache_mode;
SELECT q, (SELECT count(*) FROM pages WHERE body @@@ q::ftsquery) FROM unnest('{fox,number7,nowhere,fox}'::text[]) q;
SELECT count(*) FROM (SELECT count(*) AS n FROM pages WHERE body @@@ 'fox') x WHERE n > 1;

-- own changes, in the transaction and taken back
BEGIN;
DELETE FROM pages WHERE id <= 100;
UPDATE pages SET body = 'a new fox' WHERE id BETWEEN 200 AND 210;
UPDATE pages SET price = price WHERE id BETWEEN 300 AND 310;
INSERT INTO pages(id, body) VALUES (20000, 'fox'), (20001, 'cat');
SELECT counted, same, node FROM counted($$body @@@ 'fox'$$);
SAVEPOINT s;
DELETE FROM pages WHERE body @@@ 'fox';
SELECT counted, same, node FROM counted($$body @@@ 'fox'$$);
ROLLBACK TO s;
DECLARE c CURSOR FOR SELECT count(*) FROM pages WHERE body @@@ 'fox';
DELETE FROM pages WHERE id BETWEEN 1000 AND 2000;
FETCH c;
SELECT counted, same, node FROM counted($$body @@@ 'fox'$$);
ROLLBACK;
SELECT counted, same, node FROM counted($$body @@@ 'fox'$$);

-- partly seen by all: only rows on other pages are looked at
VACUUM (INDEX_CLEANUP on) pages;
SELECT fetched FROM counted($$body @@@ 'fox'$$);
DELETE FROM pages WHERE id = 3;
SELECT counted, same, node, fetched::int BETWEEN 1 AND 200 AS some FROM counted($$body @@@ 'fox'$$);
VACUUM (INDEX_CLEANUP on) pages;
SELECT * FROM counted($$body @@@ 'fox'$$);

-- row security: conditions of a policy that come first keep @@@ out of the index
CREATE ROLE regress_reader;
GRANT SELECT ON pages TO regress_reader;
ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
CREATE POLICY cheap ON pages USING (price < 10);
SET ROLE regress_reader;
EXPLAIN (COSTS OFF) SELECT count(*) FROM pages WHERE body @@@ '+fox +number7';
SELECT count(*) FROM pages WHERE body @@@ '+fox +number7';
RESET ROLE;
SELECT count(*) FROM pages WHERE body @@@ '+fox +number7' AND price < 10;

-- partial and partitioned indexes
CREATE INDEX pages_cheap ON pages USING bm25 (body) WITH (text_config = 'english') WHERE price < 10;
DROP INDEX pages_bm25;
EXPLAIN (COSTS OFF) SELECT count(*) FROM pages WHERE body @@@ 'fox' AND price < 10;
SELECT * FROM counted($$body @@@ 'fox' AND price < 10$$);
DROP TABLE pages;
DROP ROLE regress_reader;
CREATE TABLE parts (id int, body text, price int) PARTITION BY RANGE (id);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (200);
CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (200) TO (5000) PARTITION BY LIST (price);
CREATE TABLE parts2a PARTITION OF parts2 FOR VALUES IN (0, 1, 2);
CREATE TABLE parts2b PARTITION OF parts2 DEFAULT;
INSERT INTO parts SELECT i, CASE WHEN i % 3 > 0 THEN 'fox' ELSE 'dog' END, i % 5 FROM generate_series(1, 4000) i;
CREATE INDEX parts_bm25 ON parts USING bm25 (body, price);
VACUUM ANALYZE parts;
EXPLAIN (COSTS OFF) SELECT count(*) FROM parts WHERE body @@@ 'fox' AND price < 2;
SELECT count(*), (SELECT sum(1) FROM parts WHERE body @@@ 'fox' AND price < 2) FROM parts WHERE body @@@ 'fox' AND price < 2;
EXPLAIN (COSTS OFF) SELECT count(*) FROM parts WHERE body @@@ 'fox' AND price = 4;
SELECT count(*) FROM parts WHERE body @@@ 'fox' AND price = 4;
DROP TABLE parts;

-- What the planner thinks that queries match: their words are counted.
CREATE TABLE notes (id int, body text);
INSERT INTO notes SELECT i, concat_ws(' ', 'all', CASE WHEN i % 2 = 0 THEN 'half' END, CASE WHEN i % 10 = 0 THEN 'tenth' END, CASE WHEN i % 1000 = 0 THEN 'rare' END) FROM generate_series(1, 20000) i;
CREATE INDEX notes_bm25 ON notes USING bm25 (body);
VACUUM ANALYZE notes;
CREATE FUNCTION planned(conditions text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) SELECT id FROM notes WHERE ' || conditions INTO plan;
	RETURN round((plan->0->'Plan'->>'Plan Rows')::numeric, -1);
END $$;
SELECT q, planned(format('body @@@ %L', q)) FROM unnest(ARRAY['all', 'half', 'tenth', 'rare', 'nowhere', 'half tenth', '+half +tenth', '+all -tenth', '"half tenth"', '(all half tenth)~2', '(half tenth rare)~3']) q;
SELECT planned('body @@@ ''half'' AND id <= 5000');
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE ROLE regress_reader;
GRANT SELECT ON notes TO regress_reader;
CREATE POLICY read ON notes USING (id > 0);
SET ROLE regress_reader;
SELECT planned('body @@@ ''all''') = planned('body @@@ ''nowhere''') AS tells_nothing;
RESET ROLE;
DROP TABLE notes;
DROP ROLE regress_reader;

-- Access method ivfflat of extension vector: pgvector's classes, options, settings, messages.
SET enable_seqscan = off;
\set VERBOSITY terse

-- Settings: known once an index of the kind was met; what was set before counts.
SET ivfflat.probes = 3;
CREATE TABLE items (id int, v vector(3), h halfvec(3), b bit(13));
INSERT INTO items SELECT n, a, a, (n * 37 % 8192)::bit(13)
	FROM (SELECT n, ARRAY[n % 7 + 1, n % 11, n % 13 - 6]::real[] AS a FROM generate_series(1, 500) n) s;
CREATE INDEX ON items USING ivfflat (v);
SHOW ivfflat.probes;
RESET ivfflat.probes;
SHOW ivfflat.probes;
SHOW ivfflat.iterative_scan;
SHOW ivfflat.max_probes;
SET ivfflat.probes = 0;
SET ivfflat.probes = 32769;
SET ivfflat.max_probes = 0;
SET ivfflat.iterative_scan = on;
SET ivfflat.nonsense = 1;
DROP INDEX items_v_idx;

-- Every class finds what a sequential scan finds.
CREATE FUNCTION compare(col text, op text, class text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT string_agg(d::numeric(8, 3)::text, '' '' ORDER BY d) FROM (SELECT %1$I %2$s %3$L AS d FROM items ORDER BY %1$I %2$s %3$L LIMIT 5) s', col, op, query);
	plan text := '';
	line text;
	found text;
	expected text;
BEGIN
	EXECUTE query INTO expected;
	EXECUTE format('CREATE INDEX items_idx ON items USING ivfflat (%I %s) WITH (lists = 10)', col, class);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line;
	END LOOP;
	EXECUTE query INTO found;
	DROP INDEX items_idx;
	RETURN concat_ws(' ', CASE WHEN plan ~ 'Index Scan using items_idx' THEN 'index scan' ELSE plan END,
		CASE WHEN found = expected THEN 'agrees:' ELSE expected || ' is not' END, found);
END
$$;
SET ivfflat.probes = 10;
SELECT col, op, compare(col, op, name || suffix, '[2,3,4]') FROM
	(VALUES ('v', 'vector'), ('h', 'halfvec')) t (col, name),
	(VALUES ('<->', '_l2_ops'), ('<#>', '_ip_ops'), ('<=>', '_cosine_ops')) m (op, suffix) ORDER BY 1, 2;
SELECT compare('b', '<~>', 'bit_hamming_ops', '1010101010101');
RESET ivfflat.probes;

-- A scan goes on to the last row, unless relaxed_order limits it.
CREATE TABLE far (id int, v vector(2));
INSERT INTO far SELECT n, ARRAY[n % 4 * 1000, n] FROM generate_series(1, 40) n;
CREATE INDEX far_v ON far USING ivfflat (v vector_l2_ops) WITH (lists = 4);
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
SET ivfflat.iterative_scan = relaxed_order;
SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
SET ivfflat.max_probes = 1;
SELECT count(*), max(v <-> '[0,0]') FROM (SELECT v FROM far ORDER BY v <-> '[0,0]') s;
SET ivfflat.max_probes = 3;
SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
-- Never fewer than probes.
SET ivfflat.probes = 4;
SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
SET ivfflat.probes = 32768;
SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
RESET ivfflat.probes;
RESET ivfflat.max_probes;
RESET ivfflat.iterative_scan;
SELECT milvus_index_check('far_v');
DROP TABLE far;

-- Chosen for the nearest rows and for those within a distance, not for all of them.
RESET enable_seqscan;
CREATE TABLE many (id int, v vector(8));
INSERT INTO many SELECT n, ARRAY[sin(n), cos(n), n % 7, n % 11, n % 13, n % 3, n % 17, 1] FROM generate_series(1, 4000) n;
CREATE INDEX many_v ON many USING ivfflat (v vector_l2_ops) WITH (lists = 20);
ANALYZE many;
EXPLAIN (COSTS OFF) SELECT id FROM many ORDER BY v <-> '[1,1,1,1,1,1,1,1]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM many ORDER BY v <-> '[1,1,1,1,1,1,1,1]';
EXPLAIN (COSTS OFF) SELECT id FROM many WHERE v <-> '[1,1,1,1,1,1,1,1]' < 3;
DROP TABLE many;
SET enable_seqscan = off;

-- Refusals and warnings, as pgvector words them.
\set VERBOSITY default
CREATE TABLE t (a vector, b vector(3), c varbit(8), d bit(64001), e vector(1), f sparsevec(3), g vector(16000), h bit(64000));
CREATE INDEX ON t USING ivfflat (a);
CREATE INDEX ON t USING ivfflat (c bit_hamming_ops);
CREATE INDEX ON t USING ivfflat (d bit_hamming_ops);
CREATE INDEX ON t USING ivfflat (e vector_ip_ops);
CREATE INDEX ON t USING ivfflat (e vector_cosine_ops);
CREATE INDEX ON t USING ivfflat (f);
CREATE INDEX ON t USING ivfflat (b) WITH (lists = 0);
CREATE INDEX ON t USING ivfflat (b) WITH (lists = 32769);
CREATE INDEX ON t USING ivfflat (b) WITH (rerank = none);
\set VERBOSITY terse
CREATE INDEX ON t USING ivfflat (e) WITH (lists = 1);
CREATE INDEX ON t USING ivfflat (g) WITH (lists = 1);
CREATE INDEX t_h ON t USING ivfflat (h bit_hamming_ops) WITH (lists = 2);
INSERT INTO t (e, g, h) SELECT ARRAY[n], array_fill(n, ARRAY[16000]), repeat('1', n)::bit(64000) FROM generate_series(1, 3) n;
SELECT h <~> repeat('1', 4)::bit(64000) FROM t ORDER BY h <~> repeat('1', 4)::bit(64000);
SELECT milvus_index_check('t_h');
SELECT h FROM t ORDER BY h <~> '101';
-- Enough rows: no warning; NULLs do not count.
CREATE TABLE few (v vector(2));
INSERT INTO few VALUES ('[1,2]'), ('[2,1]'), (NULL);
CREATE INDEX ON few USING ivfflat (v) WITH (lists = 2);
CREATE INDEX ON few USING ivfflat (v) WITH (lists = 3);
DROP TABLE t, few, items;
DROP FUNCTION compare(text, text, text, text);
SELECT opcname FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'ivfflat' AND NOT amvalidate(c.oid);

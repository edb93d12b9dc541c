-- Columns to filter by in vector indexes: each type, operator and strategy returns what a
-- sequential scan does.
SET enable_seqscan = off;
SET enable_sort = off;
\set VERBOSITY terse
CREATE FUNCTION noise(n int) RETURNS vector LANGUAGE sql IMMUTABLE AS
	$$ SELECT array_agg((hashint4(n * 8 + i) & 65535) / 65536.0)::vector(8) FROM generate_series(0, 7) i $$;
CREATE TABLE items (id int, v vector(8), i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric,
	t text, vc varchar(20), u uuid, b bool, d date, ts timestamp, tz timestamptz);
INSERT INTO items SELECT i, noise(i), i % 50 - 25, i, 9223372036854775807 - i % 7, i % 9 / 3.0 - 1, 1e300 * (i % 5 - 2),
	i % 100 * 1e-20, 'word ' || i % 30, 'v' || i % 11, md5((i % 40)::text)::uuid, i % 3 = 0, '2020-01-01'::date + i % 365,
	'2020-01-01'::timestamp + i % 500 * interval '1 hour', '2020-01-01 00:00+00'::timestamptz + i % 500 * interval '1 second'
	FROM generate_series(1, 3000) i;
INSERT INTO items SELECT 3000 + i, noise(3000 + i) FROM generate_series(1, 50) i;
UPDATE items SET f8 = 'NaN' WHERE id % 100 = 1;
UPDATE items SET f8 = '-0' WHERE id % 100 = 2;
UPDATE items SET i8 = -9223372036854775808 WHERE id % 100 = 3;
UPDATE items SET d = 'infinity' WHERE id % 100 = 4;

-- The nearest 10 by index and exactly, under each strategy.  Conditions are the index's, but for
-- ANY, which PostgreSQL does not hand to ordered scans before 17.
CREATE FUNCTION agrees(what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT array_agg(id) FROM (SELECT id FROM items WHERE %s ORDER BY v <-> noise(7) LIMIT 10) s', what);
	exact int[];
	found int[];
	line text;
	plan text := '';
BEGIN
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL enable_indexscan = off;
	EXECUTE query INTO exact;
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	SET LOCAL enable_indexscan = on;
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line;
	END LOOP;
	IF plan !~ 'Index Scan using items_v' OR plan ~ 'Bitmap' OR (what !~ 'ANY' AND plan !~ 'Index Cond') THEN
		RETURN plan;
	END IF;
	FOREACH line IN ARRAY '{auto,brute,mask,post}'::text[] LOOP
		PERFORM set_config('milvus.filter_strategy', line, true);
		EXECUTE query INTO found;
		IF found IS DISTINCT FROM exact THEN
			RETURN format('%s: %s, not %s', line, found, exact);
		END IF;
	END LOOP;
	RETURN coalesce(cardinality(exact), 0) || ' rows';
END $$;
CREATE TABLE conditions (n serial, what text);
INSERT INTO conditions (what) VALUES
	('i2 = 3'), ('i2 = 3::int4'), ('i2 < -20::int8'), ('i2 IS NULL'), ('i2 IS NOT NULL AND i4 <= 20'),
	('i4 > 2990'), ('i4 BETWEEN 100 AND 104'), ('i4 = ANY (''{5,5,7,1000,NULL}'')'), ('i4 IN (SELECT 3)'), ('i4 = 0'),
	('i4 < ANY (''{20,10}'')'),
	('i8 = 9223372036854775807'), ('i8 < 0'), ('i8 <= -9223372036854775808'), ('i8 > -9223372036854775808 AND i2 = 1'),
	('f4 = 1'), ('f4 < -0.9'), ('f4 > 1.6::float8'), ('f8 = 0'), ('f8 = ''NaN'''), ('f8 >= 1e300'), ('f8 > 1e300'), ('f8 < 0'),
	('n = 5e-20'), ('n < 2e-20'), ('n >= 99e-20'), ('n > 98e-20'),
	('t = ''word 7'''), ('t = ANY (''{word 1,word 2,nothing}'')'), ('t = ''nothing'''), ('vc = ''v5'''), ('t IS NULL'),
	('u = md5(''7'')::uuid'), ('u < ''10000000-0000-0000-0000-000000000000'''), ('b AND i4 < 40'), ('NOT b AND i4 < 40'), ('b IS NULL'),
	('d = ''2020-02-02'''), ('d < ''2020-01-05'''), ('d = ''infinity'''), ('ts = ''2020-01-03 04:00'''), ('ts < ''2020-01-01 03:00'''),
	('tz >= ''2020-01-01 00:08:10+00'''), ('i2 = 3 AND t = ''word 28'' AND b');

CREATE INDEX items_v ON items USING ivf (v vector_l2_ops, i2, i4, i8, f4, f8, n, t, vc, u, b, d, ts, tz) WITH (lists = 20);
SET milvus.probes = 20;
SELECT what, agrees(what) FROM conditions ORDER BY n;
SELECT milvus_index_check('items_v');

-- An index made by inserts, with hnsw.
DROP INDEX items_v;
CREATE TABLE copy AS TABLE items;
TRUNCATE items;
CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops, i2, i4, i8, f4, f8, n, t, vc, u, b, d, ts, tz);
INSERT INTO items TABLE copy;
SET hnsw.ef_search = 1000;
SELECT what, agrees(what) FROM conditions WHERE agrees(what) !~ '^\d+ rows' ORDER BY n;
DELETE FROM items WHERE id % 2 = 0;
VACUUM items;
INSERT INTO items SELECT * FROM copy WHERE id % 2 = 0;
SELECT what, agrees(what) FROM conditions WHERE agrees(what) !~ '^\d+ rows' ORDER BY n;
SELECT milvus_index_check('items_v');

-- Prepared, with a generic plan; one condition for each row of another table.
SET plan_cache_mode = force_generic_plan;
PREPARE p(int, int[]) AS SELECT id FROM items WHERE i2 = $1 AND i4 = ANY ($2) ORDER BY v <-> noise(7) LIMIT 3;
EXECUTE p(3, '{28,78,128}');
EXECUTE p(3, NULL);
SELECT w, (SELECT count(*) FROM (SELECT FROM items WHERE i2 = w ORDER BY v <-> noise(w) LIMIT 70) s) FROM generate_series(1, 4) w;
RESET plan_cache_mode;

-- What the index was told.
SELECT id FROM items WHERE i4 BETWEEN 5 AND 7 ORDER BY v <-> noise(7) LIMIT 10;
SELECT filter, matches FROM milvus_last_scan();

-- Rows without a vector are in no index; that there is one, all have in common.
EXPLAIN (COSTS OFF) SELECT id FROM items WHERE v IS NOT NULL AND i4 = 7 ORDER BY v <-> noise(7) LIMIT 10;
SELECT id FROM items WHERE v IS NOT NULL AND i4 = 7 ORDER BY v <-> noise(7) LIMIT 10;
INSERT INTO items (id, i4) VALUES (9999, 7);
SELECT id FROM items WHERE v IS NULL ORDER BY v <-> noise(7) LIMIT 10;
-- Refusals.
CREATE INDEX ON items USING hnsw (i4, v vector_l2_ops);
CREATE INDEX ON items USING hnsw (i4);
CREATE INDEX ON items USING ivf (v vector_l2_ops, v vector_l2_ops);
CREATE INDEX ON items USING hnsw (v vector_l2_ops, (ARRAY[i4]));
CREATE INDEX ON items USING hnsw (v vector_l2_ops) INCLUDE (i4);
SET milvus.filter_strategy = graph;
-- An index so large that only those of its rows are asked about that a scan comes by.  A condition may have
-- to do with the vector or not; NULLs, rows inserted beside and dead ones are among them.  The cursor
-- goes on beyond the rows that the scan began with, to the last.
CREATE TABLE large (id int, v vector(4), a int, b int);
CREATE FUNCTION grow(first int, last int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO large SELECT i, ARRAY[hashint4(i * 4) & 1023, hashint4(i * 4 + 1) & 1023, hashint4(i * 4 + 2) & 1023, hashint4(i * 4 + 3) & 1023]::vector,
		CASE WHEN i % 7 > 0 THEN hashint4(-i) & 1023 END, hashint4(i * 4) & 1023 FROM generate_series(first, last) i $$;
SELECT grow(1, 24000);
CREATE INDEX large_v ON large USING ivf (v vector_l2_ops, a, b) WITH (lists = 300);
SELECT grow(24001, 25000);
DELETE FROM large WHERE id % 9 = 0;
CREATE FUNCTION agrees_too(what text, strategy text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT id, v <-> ''[200,300,700,900]'' AS d FROM large WHERE %s ORDER BY v <-> ''[200,300,700,900]''', what);
	exact int[];
	got int[] := '{}';
	near int;
	c refcursor;
	row record;
BEGIN
	SET LOCAL enable_seqscan = on;
	SET LOCAL enable_sort = on;
	SET LOCAL enable_indexscan = off;
	EXECUTE format('SELECT array_agg(id ORDER BY d, id) FROM (%s) s', query) INTO exact;
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_sort = off;
	SET LOCAL enable_indexscan = on;
	PERFORM set_config('milvus.filter_strategy', strategy, true);
	OPEN c FOR EXECUTE query;
	LOOP
		FETCH c INTO row;
		EXIT WHEN NOT FOUND;
		got := got || row.id;
	END LOOP;
	CLOSE c;
	SELECT count(*) INTO near FROM unnest(exact[1:10]) e WHERE e = ANY (got[1:10]);
	RETURN CASE WHEN (SELECT array_agg(f ORDER BY f) FROM unnest(got) f) IS DISTINCT FROM (SELECT array_agg(e ORDER BY e) FROM unnest(exact) e)
			THEN format('%s rows of %s', cardinality(got), cardinality(exact))
		WHEN strategy <> 'post' AND near < least(6, cardinality(exact)) THEN format('%s of the nearest', near)
		ELSE 'ok' END;
END $$;
CREATE VIEW answers AS SELECT what, array_agg(agrees_too(what, strategy) ORDER BY strategy) AS "auto, brute, mask, post"
	FROM (VALUES ('a >= 0'), ('a < 100'), ('a = 5'), ('a IS NULL'), ('b < 512'), ('b > 900'), ('b BETWEEN 190 AND 210'), ('b > 500 AND a < 100'),
		('a < 600 AND b < 600'), ('b = 1023 AND a IS NULL'), ('a = ANY (''{1,3,5,7,9,11,13,15,17,19}'')')) w (what),
		unnest('{auto,brute,mask,post}'::text[]) strategy GROUP BY what;
RESET milvus.probes;
SET milvus.target_recall = .9;
SELECT * FROM answers ORDER BY what;
-- Nobody knows how many match.
SELECT count(*) FROM (SELECT FROM large WHERE a < 100 ORDER BY v <-> '[200,300,700,900]' LIMIT 10) s;
SELECT filter, matches FROM milvus_last_scan();
-- The same after VACUUM, rows being in the places of others.
VACUUM large;
SELECT grow(25001, 26000);
SELECT * FROM answers ORDER BY what;
SELECT milvus_index_check('large_v');
-- By a bitmap of another index.
DROP INDEX large_v;
CREATE INDEX large_v ON large USING ivf (v vector_l2_ops) WITH (lists = 300);
CREATE INDEX large_b ON large (b);
ANALYZE large;
SELECT grow(26001, 26500);
SELECT * FROM answers WHERE what !~ 'a ' ORDER BY what;
SELECT agrees_too('b = 200', 'mask');
SELECT filter FROM milvus_last_scan();
RESET milvus.target_recall;
DROP VIEW answers;
DROP TABLE large;
DROP FUNCTION grow, agrees_too;
-- cagra and ivfflat.
CREATE TABLE small (id int, v vector(8), c int);
INSERT INTO small SELECT i, noise(i), i % 10 FROM generate_series(1, 500) i;
CREATE INDEX ON small USING cagra (v vector_l2_ops, c);
SELECT count(*), min(c), max(c) FROM (SELECT c FROM small WHERE c = 7 ORDER BY v <-> noise(9)) s;
DROP INDEX small_v_c_idx;
CREATE INDEX ON small USING ivfflat (v vector_l2_ops, c) WITH (lists = 5);
SELECT count(*), min(c), max(c) FROM (SELECT c FROM small WHERE c = 7 ORDER BY v <-> noise(9)) s;
DROP TABLE items, copy, conditions, small;
DROP FUNCTION agrees, noise;

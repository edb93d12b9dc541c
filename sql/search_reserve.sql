-- A filter in reserve: conditions are checked row by row until that goes badly; then the rows that
-- pass are found by other indexes, or by a pass over the table, and the scan starts over.
CREATE TABLE items (id int, v vector(4), far int, near int, note text) WITH (fillfactor = 50);
SELECT setseed(.5);
INSERT INTO items SELECT n, ARRAY[random(), random(), random(), random()]::vector, 0, 0, 'n' || n % 4 FROM generate_series(1, 6000) n;
-- far: rows by their distance from the origin; after HOT updates, so that indexes name the roots of chains
CREATE INDEX items_v ON items USING ivf (v vector_l2_ops) WITH (lists = 20);
UPDATE items SET far = rank, near = 6000 - rank FROM (SELECT id AS i, row_number() OVER (ORDER BY v <-> '[0,0,0,0]', id) AS rank FROM items) r WHERE i = id;
SELECT n_tup_hot_upd > 1000 AS hot FROM pg_stat_xact_user_tables WHERE relname = 'items';
ANALYZE items;
SET milvus.probes = 10000;
SET max_parallel_workers_per_gather = 0;
-- NULL, or both answers: the query's, and one that no index of ours had a part in.
CREATE FUNCTION differs(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got text;
	expected text;
	plan json;
BEGIN
	PERFORM set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true);
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	IF plan::text !~ 'Ranked Scan' THEN RETURN plan::text; END IF;
	EXECUTE format('SELECT array_agg(x) FROM (%s) x', query) INTO got;
	PERFORM set_config('enable_sort', 'on', true), set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true);
	EXECUTE format('SELECT array_agg(x) FROM (%s) x', query) INTO expected;
	PERFORM set_config('enable_indexscan', 'on', true);
	RETURN CASE WHEN got IS DISTINCT FROM expected THEN format('%s, expected %s', got, expected) END;
END $$;
-- Where its filter came from, passes over the table, and the same as differs().
CREATE FUNCTION went(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan text;
	before bigint;
	after bigint;
BEGIN
	SELECT seq_scan INTO before FROM pg_stat_xact_user_tables WHERE relname = 'items';
	PERFORM set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true);
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
	PERFORM set_config('enable_bitmapscan', 'on', true);
	SELECT seq_scan INTO after FROM pg_stat_xact_user_tables WHERE relname = 'items';
	RETURN format('%s, %s passes%s', coalesce(substring(plan FROM '"Filter From": "(.*?)"'), 'rows'), after - before, ', ' || differs(query));
END $$;

-- no index has the condition; the first goes badly, the next is expected to
SELECT went($$SELECT id FROM items WHERE far > 4800 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT id FROM items WHERE far > 5600 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT id FROM items WHERE far > 5900 ORDER BY v <-> '[0,0,0,0]' LIMIT 50$$);
SELECT went($$SELECT id FROM items WHERE far > 5600 ORDER BY v <-> '[0,0,0,0]'$$);
SELECT went($$SELECT id FROM items WHERE far > 5600 AND note = 'n1' ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT id FROM items WHERE far < 500 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT id FROM items WHERE far > 9000 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT id FROM items WHERE note = 'n1' ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
-- rows returned before it goes badly come once
SELECT went($$SELECT id FROM items WHERE far < 8 OR far > 4800 ORDER BY v <-> '[0,0,0,0]' LIMIT 12$$);
SELECT went($$SELECT id FROM items WHERE far < 10 OR far > 5600 ORDER BY v <-> '[0,0,0,0]'$$);
-- within a distance
SELECT went($$SELECT id FROM items WHERE far > 5600 AND v <-> '[0,0,0,0]' < 1.7 ORDER BY v <-> '[0,0,0,0]'$$);
SELECT went($$SELECT count(*), sum(id) FROM items WHERE v <-> '[0,0,0,0]' < .9$$);
-- nor over the limits of pgvector's iterative scans
BEGIN;
DROP INDEX items_v;
CREATE INDEX items_flat ON items USING ivfflat (v vector_l2_ops) WITH (lists = 20);
SET LOCAL ivfflat.probes = 20;
SELECT went($$SELECT id FROM items WHERE far > 4800 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SET LOCAL ivfflat.iterative_scan = relaxed_order;
SELECT went($$SELECT id FROM items WHERE far > 4800 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
ROLLBACK;
-- not where that is forbidden, nor where a condition says something else each time
SET milvus.filter_strategy = post;
SELECT went($$SELECT id FROM items WHERE far > 5600 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
RESET milvus.filter_strategy;
SELECT went($$SELECT id FROM items WHERE far > 5600 AND random() >= 0 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
-- subqueries, once for all and for each row; parameters; the set holds as long as they stay the same
SELECT went($$SELECT id FROM items WHERE far > (SELECT max(far) - 400 FROM items) ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT id FROM items i WHERE far > 5600 AND (SELECT count(*) FROM generate_series(1, i.far % 3)) = 1 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT k, x.id FROM generate_series(1, 4) k, LATERAL (SELECT id FROM items WHERE far > 5500 + 20 * k ORDER BY v <-> '[0,0,0,0]' LIMIT 3) x$$);
SELECT went($$SELECT q.id, x.id FROM (SELECT id, v FROM items WHERE far < 5 OFFSET 0) q, LATERAL (SELECT id FROM items WHERE far > 4800 ORDER BY v <-> q.v LIMIT 3) x$$);
SELECT went($$SELECT k, x.id FROM generate_series(1, 4) k, LATERAL (SELECT id FROM items WHERE (SELECT far > 5500 + 20 * k) ORDER BY v <-> '[0,0,0,0]' LIMIT 3) x$$);

-- what the transaction has done itself, and after it opened a cursor
BEGIN;
INSERT INTO items VALUES (6001, '[0,0,0,.1]', 7000, 1, 'n1');
UPDATE items SET far = 7000 WHERE far IN (3, 4, 400);
DELETE FROM items WHERE far IN (5601, 5605);
SELECT went($$SELECT id FROM items WHERE far > 5600 ORDER BY v <-> '[0,0,0,0]' LIMIT 20$$);
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
CREATE TEMP TABLE before AS SELECT id FROM items WHERE far < 10 OR far > 5600;
DECLARE c CURSOR FOR SELECT id FROM items WHERE far < 10 OR far > 5600 ORDER BY v <-> '[0,0,0,0]';
DECLARE d CURSOR FOR SELECT id FROM items WHERE far < 10 OR far > 5600 ORDER BY v <-> '[0,0,0,0]';
FETCH 2 FROM c;
INSERT INTO items VALUES (6002, '[0,0,0,.2]', 7000, 1, 'n1');
UPDATE items SET far = 7000 WHERE far IN (20, 21, 300);
UPDATE items SET far = 700 WHERE far IN (5620, 5621, 5800);
DELETE FROM items WHERE far > 5900;
CREATE FUNCTION rest(c refcursor) RETURNS SETOF int LANGUAGE plpgsql AS $$
DECLARE
	id int;
BEGIN
	LOOP
		FETCH c INTO id;
		EXIT WHEN NOT FOUND;
		RETURN NEXT id;
	END LOOP;
END $$;
SELECT count(*) AS same, count(*) FILTER (WHERE b.id IS NULL OR r IS NULL) AS different FROM rest('c') r FULL JOIN before b ON b.id = r;
SELECT count(*) AS same, count(*) FILTER (WHERE b.id IS NULL OR r IS NULL) AS different FROM rest('d') r FULL JOIN before b ON b.id = r;
ROLLBACK;

-- a partial index
CREATE INDEX items_even ON items USING ivf (v vector_l2_ops) WITH (lists = 10) WHERE near % 2 = 0;
SELECT went($$SELECT id FROM items WHERE near % 2 = 0 AND far > 5600 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
-- policies: no condition sees a row that another hides
CREATE FUNCTION sees(value int, bound int) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0001 AS $$
BEGIN
	IF value <= bound THEN
		RAISE 'saw %', value;
	END IF;
	RETURN true;
END $$;
CREATE ROLE regress_reserve;
GRANT SELECT ON items TO regress_reserve;
CREATE POLICY rows ON items USING (far > 5000);
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
SET ROLE regress_reserve;
SELECT went($$SELECT id FROM items WHERE sees(far, 5000) AND far > 5600 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
RESET ROLE;
DROP POLICY rows ON items;
CREATE POLICY rows ON items USING (near % 2 = 0);
SET ROLE regress_reserve;
SELECT went($$SELECT id FROM items WHERE sees(1 - near % 2, 0) AND far > 5600 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
RESET ROLE;
DROP INDEX items_even, items_v;
CREATE INDEX items_v ON items USING ivf (v vector_l2_ops, near) WITH (lists = 20);
DROP POLICY rows ON items;
CREATE POLICY rows ON items USING (near < 1500);
SET ROLE regress_reserve;
SELECT went($$SELECT id FROM items WHERE sees(1500 - near, 0) AND far + 0 > 5600 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
RESET ROLE;
ALTER TABLE items DISABLE ROW LEVEL SECURITY;

-- another index has the condition
DROP INDEX items_v;
CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops);
CREATE INDEX items_far ON items (far);
SET hnsw.ef_search = 1000;
CREATE FUNCTION explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('enable_sort', 'off', true);
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT explain($$SELECT id FROM items WHERE far > 3500 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT id FROM items WHERE far > 3500 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT id FROM items WHERE far > 5600 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT id FROM items WHERE far < 10 OR far > 3500 ORDER BY v <-> '[0,0,0,0]' LIMIT 50$$);
SELECT went($$SELECT id FROM items WHERE far > 3500 AND near < 300 ORDER BY v <-> '[0,0,0,0]' LIMIT 5$$);
SELECT went($$SELECT q.id, x.id FROM (SELECT id, v FROM items WHERE far < 5 OFFSET 0) q, LATERAL (SELECT id FROM items WHERE far > 3500 ORDER BY v <-> q.v LIMIT 3) x$$);
SELECT went($$SELECT k, x.id FROM generate_series(1, 4) k, LATERAL (SELECT id FROM items WHERE far > 3500 + 20 * k ORDER BY v <-> '[0,0,0,0]' LIMIT 3) x$$);
SELECT milvus_index_check('items_v', true);
DROP TABLE items;
DROP ROLE regress_reserve;
DROP FUNCTION differs, went, explain, sees;

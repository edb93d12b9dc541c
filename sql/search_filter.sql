-- Conditions beside an order by distance: other indexes find the rows, the vector's index puts them in order.
CREATE TABLE items (id int PRIMARY KEY, v vector(4), price int, kind text, meta jsonb, note text);
SELECT setseed(.25);
INSERT INTO items SELECT n, ARRAY[random(), random(), random(), random()]::vector, n * 37 % 1000, 'k' || n % 50, jsonb_build_object('a', n % 20), 'n' || n % 4 FROM generate_series(1, 4000) n;
CREATE INDEX items_v ON items USING ivf (v vector_l2_ops) WITH (lists = 20);
CREATE INDEX items_price ON items (price);
CREATE INDEX items_kind ON items (kind);
CREATE INDEX items_meta ON items USING gin (meta);
VACUUM ANALYZE items;
-- All lists: answers are exact, and comparable with those of a sort.
SET milvus.probes = 10000;
CREATE FUNCTION explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('enable_sort', 'off', true);
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
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

-- any bitmap: a range, GIN, And, Or, lists of values, a subquery
SELECT explain($$SELECT id FROM items WHERE price < 20 ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT differs($$SELECT id FROM items WHERE price < 20 ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT differs($$SELECT id FROM items WHERE price < 20 ORDER BY v <-> '[.5,.5,.5,.5]'$$);
SELECT explain($$SELECT id FROM items WHERE meta @> '{"a": 3}' AND kind = 'k3' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT differs($$SELECT id FROM items WHERE meta @> '{"a": 3}' AND kind = 'k3' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT explain($$SELECT id FROM items WHERE (price < 5 OR kind = 'k7') AND note = 'n1' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT differs($$SELECT id FROM items WHERE (price < 5 OR kind = 'k7') AND note = 'n1' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT differs($$SELECT id FROM items WHERE kind IN ('k1', 'k2') ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT differs($$SELECT id FROM items WHERE price = ANY (ARRAY(SELECT n FROM generate_series(8, 9) n)) ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT differs($$SELECT id FROM items WHERE kind = 'none' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);

-- with an index that says too little, every row is checked: all of BRIN's pages, and bitmaps without memory
CREATE INDEX items_id_brin ON items USING brin (id) WITH (pages_per_range = 1);
DROP INDEX items_price;
SET enable_indexonlyscan = off;
SELECT differs($$SELECT id FROM items WHERE id + 0 > 3 AND id BETWEEN 1000 AND 1010 ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
RESET enable_indexonlyscan;
DROP INDEX items_id_brin;
CREATE INDEX items_price ON items (price);

-- no index has it: rows are checked as they come; nothing to check: a plain index scan, unless rows are locked
SELECT explain($$SELECT id FROM items WHERE note = 'n2' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT differs($$SELECT id FROM items WHERE note = 'n2' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT explain($$SELECT id FROM items ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT explain($$SELECT id FROM items WHERE price < 5 ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5 FOR UPDATE$$);
SELECT explain($$SELECT id FROM items ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5 FOR UPDATE$$);
SELECT differs($$SELECT ctid, id FROM items WHERE price < 50 ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT differs($$SELECT ctid, id FROM items ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
-- rows without a vector are not in the index
SELECT bool_or(line ~ 'items_v') AS by_vector FROM explain($$SELECT id FROM items WHERE v IS NULL AND price < 20 ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$) line;
-- the distance comes with the row
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, v <-> '[.5,.5,.5,.5]' AS d FROM items WHERE note = 'n2' ORDER BY d LIMIT 5;
SET milvus.enable_ranked_scan = off;
SELECT explain($$SELECT id FROM items WHERE price < 20 ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
RESET milvus.enable_ranked_scan;

-- the bitmap is made again when its parameters change, and only then
SELECT explain($$SELECT k, x.id FROM generate_series(1, 3) k, LATERAL (SELECT id FROM items WHERE kind = 'k' || k ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 2) x$$);
SELECT differs($$SELECT k, x.id FROM generate_series(1, 3) k, LATERAL (SELECT id FROM items WHERE kind = 'k' || k ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 2) x$$);
SELECT differs($$SELECT q.id, x.id FROM (SELECT id, v FROM items WHERE id < 4 OFFSET 0) q, LATERAL (SELECT id FROM items WHERE kind = 'k5' ORDER BY v <-> q.v LIMIT 2) x$$);
-- run many times, by scans that keep arrays of their own
SELECT count(differs($$SELECT k, x.id FROM generate_series(1, 40) k, LATERAL (SELECT id FROM items WHERE kind = ANY (ARRAY['k' || k, 'k7', NULL]) ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 2) x$$)) FROM generate_series(1, 20);
CREATE FUNCTION loops(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	PERFORM set_config('enable_sort', 'off', true);
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
	RETURN (regexp_match(plan::text, '"Bitmap Index Scan".*?"Actual Loops": (\d+)'))[1];
END $$;
SELECT loops($$SELECT k, x.id FROM generate_series(1, 3) k, LATERAL (SELECT id FROM items WHERE kind = 'k' || k ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 2) x$$) AS changed,
	loops($$SELECT q.id, x.id FROM (SELECT id, v FROM items WHERE id < 4 OFFSET 0) q, LATERAL (SELECT id FROM items WHERE kind = 'k5' ORDER BY v <-> q.v LIMIT 2) x$$) AS unchanged;

-- EXPLAIN ANALYZE tells what the scan did, of each node of a plan and of all its loops
CREATE FUNCTION steps_of(query text) RETURNS TABLE (strategy text, matching text, ranked boolean) LANGUAGE plpgsql AS $$
DECLARE
	plan text;
BEGIN
	PERFORM set_config('enable_sort', 'off', true);
	FOR plan IN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, FORMAT json) ' || query LOOP
		RETURN QUERY SELECT (x.x ->> 'Filter Strategy'), x.x ->> 'Rows Matching', (x.x ->> 'Rows Re-ranked')::int > 0
			FROM jsonb_path_query(plan::jsonb, 'strict $.**{1 to 20} ? (@."Custom Plan Provider" == "Ranked Scan")') x;
	END LOOP;
END $$;
SET milvus.filter_strategy = mask;
SELECT * FROM steps_of($$SELECT id FROM items WHERE kind = 'k3' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5$$);
SELECT * FROM steps_of($$SELECT k, x.id FROM generate_series(1, 3) k, LATERAL (SELECT id FROM items WHERE kind = 'k' || k ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 2) x$$);
SELECT * FROM steps_of($$(SELECT id FROM items WHERE kind = 'k3' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5) UNION ALL (SELECT id FROM items WHERE note = 'n1' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 5)$$);
RESET milvus.filter_strategy;

-- prepared, for any parameter; a cursor; what the transaction has done itself
SET plan_cache_mode = force_generic_plan;
SET enable_sort = off;
PREPARE nearest(text, vector, int) AS SELECT id FROM items WHERE kind = $1 ORDER BY v <-> $2 LIMIT $3;
EXPLAIN (COSTS OFF) EXECUTE nearest('k1', '[0,0,0,0]', 2);
EXECUTE nearest('k1', '[0,0,0,0]', 2);
EXECUTE nearest('k2', '[1,1,1,1]', 1);
EXECUTE nearest(NULL, '[1,1,1,1]', 1);
SELECT count(*) FROM items WHERE kind = 'k2';
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM items WHERE kind = 'k1' ORDER BY v <-> '[0,0,0,0]';
FETCH 2 FROM c;
INSERT INTO items VALUES (5000, '[0,0,0,0]', 1, 'k1');
UPDATE items SET kind = 'k1' WHERE id = 50;
DELETE FROM items WHERE id = (SELECT id FROM items WHERE kind = 'k1' ORDER BY v <-> '[0,0,0,0]' OFFSET 1 LIMIT 1);
EXECUTE nearest('k1', '[0,0,0,0]', 1);
MOVE 76 FROM c;
FETCH ALL FROM c;
SELECT differs($$SELECT id FROM items WHERE kind = 'k1' ORDER BY v <-> '[0,0,0,0]'$$);
ROLLBACK;
RESET enable_sort;
RESET plan_cache_mode;

-- a limit to the distance ends the scan; the order may be asked for or not, the condition be written either way
SELECT explain($$SELECT id FROM items WHERE v <-> '[.5,.5,.5,.5]' < .2$$);
SELECT explain($$SELECT id FROM items WHERE .2 >= '[.5,.5,.5,.5]' <-> v AND kind = 'k1' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 3$$);
SELECT r, differs(format($$SELECT count(*), sum(id) FROM items WHERE v <-> '[.5,.5,.5,.5]' < %s$$, r)) FROM unnest('{0,.1,.3,"''NaN''","''infinity''"}'::text[]) r;
SELECT differs($$SELECT count(*), sum(id) FROM items WHERE .4 > '[.5,.5,.5,.5]' <-> v$$);
SELECT differs($$SELECT id FROM items WHERE v <-> '[.5,.5,.5,.5]' <= .3 AND v <-> '[.5,.5,.5,.5]' > .1 ORDER BY v <-> '[.5,.5,.5,.5]'$$);
SELECT differs($$SELECT id FROM items WHERE v <-> '[.5,.5,.5,.5]' < .4 AND kind = 'k1' ORDER BY v <-> '[.5,.5,.5,.5]' LIMIT 100$$);
SELECT differs($$SELECT id FROM items WHERE v <-> '[.5,.5,.5,.5]' < .3 ORDER BY v <-> '[.5,.5,.5,.5]' DESC LIMIT 5$$);
SELECT differs($$SELECT count(*), sum(id) FROM items WHERE v <-> '[.5,.5,.5,.5]' < NULL$$) ~ 'Result' AS never;
SELECT differs($$SELECT k, x.* FROM generate_series(1, 3) k, LATERAL (SELECT count(*) FROM items WHERE v <-> '[.5,.5,.5,.5]' < k / 10.0) x$$);
SELECT differs($$SELECT q.id, x.* FROM (SELECT id, v FROM items WHERE id < 4 OFFSET 0) q, LATERAL (SELECT count(*) FROM items WHERE v <-> q.v < .3) x$$);
-- of changes too; of a sample of the table nothing can be said by an index
EXPLAIN (COSTS OFF) DELETE FROM items WHERE v <-> '[.5,.5,.5,.5]' < .2;
BEGIN;
SET LOCAL seq_page_cost = 1000;
SELECT count(*) < 1000 AS sampled FROM items TABLESAMPLE BERNOULLI (10) WHERE v <-> '[.5,.5,.5,.5]' < 9;
ROLLBACK;
-- beside columns of the index; in an index of those rows alone
CREATE TABLE near AS SELECT * FROM items;
CREATE INDEX near_v ON near USING ivf (v vector_l2_ops, price) WITH (lists = 20);
ANALYZE near;
SELECT explain($$SELECT id FROM near WHERE v <-> '[.5,.5,.5,.5]' < .3 AND price = ANY ('{1,2,3,7}')$$);
SELECT differs($$SELECT count(*), sum(id) FROM near WHERE v <-> '[.5,.5,.5,.5]' < .3 AND price BETWEEN 100 AND 300$$);
DROP INDEX near_v;
CREATE INDEX near_v ON near USING ivf (v vector_l2_ops) WITH (lists = 20) WHERE v <-> '[.5,.5,.5,.5]' < .3;
SELECT differs($$SELECT count(*), sum(id) FROM near WHERE v <-> '[.5,.5,.5,.5]' < .3$$);
DROP TABLE near;
-- it ends there: of all codes only those of near rows were ranked
SET milvus.probes = 3;
SELECT count(*) < 100 AS few FROM items WHERE v <-> '[.5,.5,.5,.5]' < .1;
SELECT lists < 10 AS few_lists, rows < 100 AS few_rows FROM milvus_last_scan();
SET milvus.probes = 10000;
-- every metric
CREATE INDEX items_ip ON items USING ivf (v vector_ip_ops) WITH (lists = 20);
CREATE INDEX items_cosine ON items USING ivf (v vector_cosine_ops) WITH (lists = 20);
CREATE INDEX items_l1 ON items USING hnsw (v vector_l1_ops);
SELECT differs($$SELECT count(*), sum(id) FROM items WHERE v <#> '[.5,.5,.5,.5]' < -1.2$$);
SELECT differs($$SELECT count(*), sum(id) FROM items WHERE v <=> '[.5,.5,.5,.5]' <= .05$$);
SELECT differs($$SELECT count(*), sum(id) FROM items WHERE v <+> '[.5,.5,.5,.5]' < .4$$);
DROP INDEX items_ip, items_cosine, items_l1;

-- partitions
CREATE TABLE parts (id int, v vector(4), kind text) PARTITION BY HASH (id);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts2 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT id, v, kind FROM items;
CREATE INDEX ON parts USING ivf (v vector_l2_ops);
CREATE INDEX ON parts (kind);
VACUUM ANALYZE parts;
SELECT explain($$SELECT id FROM parts WHERE kind = 'k1' ORDER BY v <-> '[0,0,0,0]' LIMIT 2$$);
SELECT differs($$SELECT id, v <-> '[0,0,0,0]' FROM parts WHERE kind = 'k1' ORDER BY v <-> '[0,0,0,0]' LIMIT 20$$);

-- few rows match: they are fetched from the table, and are those that the index has
CREATE TABLE few (id int, v vector(4), k int, t text);
INSERT INTO few SELECT n, CASE n % 7 WHEN 0 THEN NULL WHEN 1 THEN '[0,0,0,0]' ELSE ARRAY[n % 11, n % 13, n % 17, 1]::vector END, n % 20, 'word' FROM generate_series(1, 1000) n;
CREATE INDEX few_v ON few USING ivf (v vector_cosine_ops, t) WITH (lists = 5);
CREATE INDEX few_k ON few (k);
ANALYZE few;
UPDATE few SET t = 'other' WHERE id % 3 = 0;
-- The strategy, rows, and whether the index finds the same
CREATE FUNCTION fetches(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	by_fetch text;
	by_index text;
	strategy text;
BEGIN
	PERFORM set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true);
	EXECUTE format('SELECT string_agg(d::text, '' '' ORDER BY d) FROM (%s) x(id, d)', query) INTO by_fetch;
	SELECT filter INTO strategy FROM milvus_last_scan();
	PERFORM set_config('milvus.filter_strategy', 'brute', true);
	EXECUTE format('SELECT string_agg(d::text, '' '' ORDER BY d) FROM (%s) x(id, d)', query) INTO by_index;
	PERFORM set_config('milvus.filter_strategy', 'auto', true);
	RETURN format('%s: %s rows, %s', strategy, cardinality(string_to_array(by_fetch, ' ')), by_fetch IS NOT DISTINCT FROM by_index);
END $$;
SELECT fetches($$SELECT id, v <=> '[1,2,3,4]' FROM few WHERE k = 3 ORDER BY v <=> '[1,2,3,4]' LIMIT 10$$);
SELECT fetches($$SELECT id, v <=> '[1,2,3,4]' FROM few WHERE k = 3 ORDER BY v <=> '[1,2,3,4]'$$);
SELECT fetches($$SELECT id, v <=> '[1,2,3,4]' FROM few WHERE k = 3 AND t = 'word' ORDER BY v <=> '[1,2,3,4]'$$);
SELECT fetches($$SELECT id, v <=> '[1,2,3,4]' FROM few WHERE k = 3 AND id > 500 ORDER BY v <=> '[1,2,3,4]'$$);
SELECT fetches($$SELECT id, v <=> '[1,2,3,4]' FROM few WHERE k = 3 AND v <=> '[1,2,3,4]' < .3 ORDER BY v <=> '[1,2,3,4]'$$);
SELECT fetches($$SELECT id, v <=> '[0,0,0,0]' FROM few WHERE k = 3 ORDER BY v <=> '[0,0,0,0]'$$);
SELECT fetches($$SELECT id, v <=> NULL FROM few WHERE k = 3 ORDER BY v <=> NULL$$);
DROP INDEX few_v;
CREATE INDEX few_v ON few USING ivf (v vector_cosine_ops) WITH (lists = 5) WHERE id > 300;
SELECT fetches($$SELECT id, v <=> '[1,2,3,4]' FROM few WHERE k = 3 AND id > 300 ORDER BY v <=> '[1,2,3,4]'$$);

DROP TABLE items, parts, few;
DROP FUNCTION explain, differs, loops, steps_of, fetches;

-- Access method hnsw of extension vector: pgvector's classes, options, settings, messages.
SET enable_seqscan = off;
\set VERBOSITY terse

-- Settings: known once an index of the kind was met; what was set before counts.
SET hnsw.ef_search = 33;
CREATE TABLE items (id int, v vector(3), h halfvec(3), b bit(13), s sparsevec(3), w sparsevec(1000000));
INSERT INTO items SELECT n, a, a, (n * 37 % 8192)::bit(13), a::vector::sparsevec,
		format('{%s:%s,%s:%s,%s:%s}/1000000', n % 7 + 1, a[1], n % 11 * 1000 + 10, a[2] + 1, n % 13 * 1000 + 500001, a[3] + 20)::sparsevec
	FROM (SELECT n, ARRAY[n % 7 + 1, n % 11, n % 13 - 6]::real[] AS a FROM generate_series(1, 500) n) s;
CREATE INDEX ON items USING hnsw (v vector_l2_ops);
SHOW hnsw.ef_search;
RESET hnsw.ef_search;
SHOW hnsw.ef_search;
SHOW hnsw.iterative_scan;
SHOW hnsw.max_scan_tuples;
SHOW hnsw.scan_mem_multiplier;
SET hnsw.ef_search = 0;
SET hnsw.ef_search = 1001;
SET hnsw.max_scan_tuples = 0;
SET hnsw.iterative_scan = on;
SET hnsw.scan_mem_multiplier = 0;
SET hnsw.scan_mem_multiplier = 1001;
SET hnsw.nonsense = 1;
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
	EXECUTE format('CREATE INDEX items_idx ON items USING hnsw (%I %s) WITH (m = 8)', col, class);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line;
	END LOOP;
	EXECUTE query INTO found;
	DROP INDEX items_idx;
	RETURN concat_ws(' ', CASE WHEN plan ~ 'Index Scan using items_idx' THEN 'index scan' ELSE plan END,
		CASE WHEN found = expected THEN 'agrees:' ELSE expected || ' is not' END, found);
END
$$;
SET hnsw.ef_search = 1000;
SELECT col, op, compare(col, op, name || suffix, '[2,3,4]') FROM
	(VALUES ('v', 'vector'), ('h', 'halfvec')) t (col, name),
	(VALUES ('<->', '_l2_ops'), ('<#>', '_ip_ops'), ('<=>', '_cosine_ops'), ('<+>', '_l1_ops')) m (op, suffix) ORDER BY 1, 2;
-- Short sparse vectors, and long ones that the index knows by sketches.
SELECT col, op, compare(col, op, 'sparsevec' || suffix, query) FROM
	(VALUES ('s', '{1:2,2:3,3:4}/3'), ('w', '{4:4,5010:6,504001:19}/1000000')) t (col, query),
	(VALUES ('<->', '_l2_ops'), ('<#>', '_ip_ops'), ('<=>', '_cosine_ops'), ('<+>', '_l1_ops')) m (op, suffix) ORDER BY 1, 2;
SELECT op, compare('b', op, class, '1010101010101') FROM
	(VALUES ('<~>', 'bit_hamming_ops'), ('<%>', 'bit_jaccard_ops')) m (op, class) ORDER BY 1;
RESET hnsw.ef_search;

-- A scan goes on to the last row, whatever ef_search; an iterative one to its limit.
CREATE TABLE far (id int, v vector(2));
INSERT INTO far SELECT n, ARRAY[n % 4 * 1000, n] FROM generate_series(1, 400) n;
CREATE INDEX far_v ON far USING hnsw (v vector_l2_ops);
SET hnsw.ef_search = 1;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
SELECT id FROM far WHERE id % 100 = 7 ORDER BY v <-> '[3000,0]' LIMIT 4;
SET hnsw.max_scan_tuples = 17;
SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
SET hnsw.iterative_scan = relaxed_order;
SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
SET hnsw.iterative_scan = strict_order;
SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
-- Never fewer than ef_search.
SET hnsw.ef_search = 100;
SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
RESET hnsw.max_scan_tuples;
SELECT count(*) BETWEEN 300 AND 400 AS most, bool_and(sorted) AS sorted FROM
	(SELECT d >= lag(d, 1, 0) OVER (ORDER BY n) AS sorted FROM
		(SELECT row_number() OVER () AS n, d FROM
			(SELECT v <-> '[1500,100]' AS d FROM far ORDER BY v <-> '[1500,100]') a) b) c;
-- As little memory as there can be ends a scan early, but not before ef_search.
SET work_mem = '64kB';
SELECT count(*) >= 100 FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
RESET work_mem;
RESET hnsw.ef_search;
-- What rows take is what they need: all of them fit twice into 4 MB.
CREATE TABLE lots AS SELECT n AS id, ARRAY[sin(n), cos(2 * n), n % 97 / 97.0]::vector(3) AS v FROM generate_series(1, 40000) n;
CREATE INDEX ON lots USING hnsw (v vector_l2_ops);
SET work_mem = '2MB';
SET hnsw.scan_mem_multiplier = 2;
SET hnsw.max_scan_tuples = 40000;
SELECT count(*) FROM (SELECT id FROM lots WHERE id % 4000 = 0 ORDER BY v <-> '[0,0,0]' LIMIT 11) s;
RESET hnsw.scan_mem_multiplier;
RESET hnsw.max_scan_tuples;
RESET work_mem;
RESET hnsw.iterative_scan;
SELECT milvus_index_check('far_v');
-- milvus.target_recall decides instead.
SET hnsw.ef_search = 1;
SELECT probes AS by_ef_search FROM milvus_index_stats('far_v') \gset
SET milvus.target_recall = 0.9999;
SELECT lists, probes > :by_ef_search AS more FROM milvus_index_stats('far_v');
RESET milvus.target_recall;
RESET hnsw.ef_search;
DROP TABLE far;

-- Chosen for the nearest rows, not for all of them.
RESET enable_seqscan;
CREATE TABLE many (id int, v vector(8));
INSERT INTO many SELECT n, ARRAY[sin(n), cos(n), n % 7, n % 11, n % 13, n % 3, n % 17, 1] FROM generate_series(1, 4000) n;
CREATE INDEX many_v ON many USING hnsw (v vector_l2_ops);
ANALYZE many;
EXPLAIN (COSTS OFF) SELECT id FROM many ORDER BY v <-> '[1,1,1,1,1,1,1,1]' LIMIT 10;
EXPLAIN (COSTS OFF) SELECT id FROM many ORDER BY v <-> '[1,1,1,1,1,1,1,1]';
EXPLAIN (COSTS OFF) SELECT id FROM many WHERE v <-> '[1,1,1,1,1,1,1,1]' < 3;
DROP TABLE many;
SET enable_seqscan = off;

-- Options and refusals, as pgvector words them.
\set VERBOSITY default
CREATE TABLE t (a vector, b vector(3), c varbit(8), d bit(64001), e vector(1), g vector(16000), h bit(64000), s sparsevec, z sparsevec(1000000000));
CREATE INDEX ON t USING hnsw (b);
CREATE INDEX ON t USING hnsw (a vector_l2_ops);
CREATE INDEX ON t USING hnsw (s sparsevec_l2_ops);
CREATE INDEX ON t USING hnsw (c bit_hamming_ops);
CREATE INDEX ON t USING hnsw (d bit_hamming_ops);
CREATE INDEX ON t USING hnsw (b vector_l2_ops) WITH (m = 1);
CREATE INDEX ON t USING hnsw (b vector_l2_ops) WITH (m = 101);
CREATE INDEX ON t USING hnsw (b vector_l2_ops) WITH (ef_construction = 3);
CREATE INDEX ON t USING hnsw (b vector_l2_ops) WITH (ef_construction = 1001);
CREATE INDEX ON t USING hnsw (b vector_l2_ops) WITH (ef_construction = 31);
CREATE INDEX ON t USING hnsw (b vector_l2_ops) WITH (lists = 10);
\set VERBOSITY terse
CREATE INDEX ON t USING hnsw (e vector_ip_ops) WITH (m = 2, ef_construction = 4);
CREATE INDEX ON t USING hnsw (g vector_l2_ops);
CREATE INDEX t_h ON t USING hnsw (h bit_hamming_ops);
INSERT INTO t (e, g, h) SELECT ARRAY[n], array_fill(n, ARRAY[16000]), repeat('1', n)::bit(64000) FROM generate_series(1, 3) n;
SELECT h <~> repeat('1', 4)::bit(64000) FROM t ORDER BY h <~> repeat('1', 4)::bit(64000);
SELECT g <-> array_fill(4, ARRAY[16000])::vector FROM t ORDER BY g <-> array_fill(4, ARRAY[16000])::vector LIMIT 1;
SELECT milvus_index_check('t_h');
-- Sparse vectors: as long, and with as many elements, as the type allows; none of zeros under cosine.
CREATE INDEX t_l2 ON t USING hnsw (z sparsevec_l2_ops);
CREATE INDEX t_cosine ON t USING hnsw (z sparsevec_cosine_ops);
UPDATE t SET z = format('{%s:1,1000000000:%s}/1000000000', n, n)::sparsevec FROM generate_series(1, 3) n WHERE e = ARRAY[n]::vector;
INSERT INTO t (z) VALUES ('{}/1000000000');
INSERT INTO t (z) SELECT ('{' || string_agg(n * 60000 || ':1', ',') || '}/1000000000')::sparsevec FROM generate_series(1, 16000) n;
SELECT round((z <-> '{2:1,1000000000:2}/1000000000')::numeric, 3) AS d FROM t ORDER BY z <-> '{2:1,1000000000:2}/1000000000';
SELECT round((z <=> '{2:1,1000000000:2}/1000000000')::numeric, 3) AS d FROM t ORDER BY z <=> '{2:1,1000000000:2}/1000000000';
SELECT milvus_index_check('t_l2', true), milvus_index_check('t_cosine', true);
SELECT milvus_calibrate('t_l2', ARRAY['[1,2,3]']::vector[]);
SELECT count(*) FROM (SELECT FROM t ORDER BY z <-> (SELECT NULL::sparsevec)) s;
SELECT z FROM t ORDER BY z <-> '{1:1}/3';
ALTER INDEX t_h SET (m = 40);
REINDEX INDEX t_h;
ALTER INDEX t_h SET (ef_construction = 80);
REINDEX INDEX t_h;
DROP TABLE t;

-- The classes are sound.
SELECT opcname, amvalidate(c.oid) FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'hnsw' ORDER BY 1;
DROP TABLE items;
DROP FUNCTION compare;

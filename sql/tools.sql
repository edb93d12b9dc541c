-- The tools around indexes, as far as what they print is the same everywhere.
SET enable_seqscan = off;
\set VERBOSITY terse
SELECT * FROM milvus_last_scan();

CREATE FUNCTION noise(n int) RETURNS vector LANGUAGE sql IMMUTABLE AS
	'SELECT ARRAY(SELECT (hashint4(n * 16 + i) & 1023) - 512 FROM generate_series(1, 16) i)::vector';
CREATE TABLE items (id int, v vector(16), tag int, note text) WITH (fillfactor = 50);
INSERT INTO items SELECT n, noise(n), n % 10 FROM generate_series(1, 2000) n;
INSERT INTO items VALUES (-1, NULL, 0), (-2, array_fill(0, ARRAY[16])::vector, 0);
CREATE INDEX l2 ON items USING ivf (v vector_l2_ops) WITH (lists = 10);
CREATE INDEX cosine ON items USING ivf ((v::halfvec(16)) halfvec_cosine_ops) WITH (lists = 4) WHERE tag < 5;

-- All that must be in the index is: NULLs, zero vectors under cosine and other rows than the condition's need not.
SELECT milvus_index_check('l2'), milvus_index_check('l2', true), milvus_index_check('cosine', heapallindexed => true);
-- HOT chains, dead rows, rows of this transaction.
UPDATE items SET note = 'new' WHERE id % 3 = 0;
UPDATE items SET note = 'newer' WHERE id % 6 = 0;
UPDATE items SET tag = tag + 10 WHERE id % 10 = 0;
DELETE FROM items WHERE id BETWEEN 1 AND 100;
BEGIN;
INSERT INTO items SELECT n, noise(n), 0 FROM generate_series(5001, 5100) n;
SELECT count(*) FROM items;
SELECT milvus_index_check('l2', true) >= 2001 AS l2, milvus_index_check('cosine', true) >= 1000 AS cosine;
COMMIT;
VACUUM items;
SELECT milvus_index_check('l2', true), milvus_index_check('cosine', true);

-- Numbers.
SET milvus.probes = 3;
SELECT method, type, dimensions, operator, options, rows, lists, probes FROM milvus_index_stats('l2');
SELECT method, type, dimensions, operator, options, lists, probes FROM milvus_index_stats('cosine');
SELECT bytes = pg_relation_size('l2') AS size, code_bytes > 0 AS codes, vector_bytes >= 2000 * 32 AS vectors, id_bytes > 0 AS ids,
	list_bytes > 0 AS lists, free_bytes >= 0 AS free, dead_rows BETWEEN 0 AND 300 AS dead, average_list BETWEEN 1 AND largest_list AS average FROM milvus_index_stats('l2');
SELECT kind, free, used > 0 AS used, next, length(head) AS head, lsn >= '0/0' AS lsn FROM milvus_page_info('l2', 0);
SELECT sum(8192) = (SELECT code_bytes FROM milvus_index_stats('l2')) AS agree FROM generate_series(0, pg_relation_size('l2') / 8192 - 1) n,
	milvus_page_info('l2', n) WHERE kind = 'code' AND NOT free;

-- Into memory.
SELECT milvus_prewarm('l2') = pg_relation_size('l2') / 8192 AS all,
	milvus_prewarm('l2', 'codes') * 8192 = (SELECT bytes - vector_bytes - free_bytes FROM milvus_index_stats('l2')) AS codes;

-- The last scan; a scan that needs more rows reads on.
SELECT id FROM items ORDER BY v <-> array_fill(0, ARRAY[16])::vector LIMIT 1;
SELECT index, lists, rows >= 1 AS rows, resumed, codes >= candidates AND candidates >= reranked AND reranked >= rows AS order, pages > lists AS pages FROM milvus_last_scan();
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> array_fill(0, ARRAY[16])::vector) s;
SELECT index, lists, rows, resumed > 0 AS resumed, codes >= 2001 AS codes, reranked >= 2001 AS reranked FROM milvus_last_scan();

-- Recall: of columns and expressions, of few rows and none.
SET milvus.probes = 1000;
SELECT milvus_recall('l2') > .97 AS l2, milvus_recall('cosine', 5, 1000) > .97 AS cosine;
SET milvus.probes = 1;
SELECT milvus_recall('l2', samples => 1000) < .9 AS one;
CREATE TABLE few (v int8vec(2));
CREATE INDEX few_v ON few USING ivf (v int8vec_ip_ops);
SELECT milvus_recall('few_v');
INSERT INTO few VALUES ('[1,2]');
SELECT milvus_recall('few_v');
INSERT INTO few VALUES ('[3,4]'), (NULL);
SELECT milvus_recall('few_v');
-- The index that is asked answers, not a better one beside it.
CREATE INDEX l2_all ON items USING ivf (v vector_l2_ops) WITH (lists = 1);
SELECT milvus_recall('l2', samples => 1000) < .9 AS one, milvus_recall('l2_all') > .97 AS other;
SELECT index FROM milvus_last_scan();
SHOW enable_seqscan;

-- Refusals.
CREATE INDEX items_tag ON items (tag);
CREATE TABLE parts (v vector(2)) PARTITION BY RANGE (v);
CREATE INDEX parts_v ON parts USING ivf (v vector_l2_ops);
SELECT milvus_index_check('items', true);
SELECT milvus_index_check('items_tag', true);
SELECT milvus_index_check('parts_v');
SELECT milvus_index_stats('items_tag');
SELECT milvus_prewarm('items');
SELECT milvus_prewarm('l2', 'hot');
SELECT milvus_recall('items_tag');
SELECT milvus_recall('l2', 0);
SELECT milvus_recall('l2', 1001);
SELECT milvus_recall('l2', 10, 0);
SELECT milvus_recall('l2', 10, 10001);
SELECT milvus_page_info('items_tag', 0);
SELECT milvus_recall(NULL) IS NULL AND milvus_page_info('l2', NULL) IS NULL AS strict;
\set VERBOSITY sqlstate
SELECT milvus_page_info('l2', -1);
SELECT milvus_page_info('l2', pg_relation_size('l2') / 8192);
SELECT milvus_page_info('l2', 1::bigint << 33);
DROP TABLE items, few, parts;
DROP FUNCTION noise(int);

-- Calibration: what it says no to, and that the curve is of the queries given.
CREATE TABLE calibrated (id int, v vector(4), b bit(8));
INSERT INTO calibrated SELECT n, ARRAY[sin(n), cos(n * 3), sin(n * 7), n % 5], (n % 256)::bit(8) FROM generate_series(1, 3000) n;
CREATE INDEX calibrated_v ON calibrated USING ivf (v vector_cosine_ops) WITH (lists = 40);
CREATE INDEX calibrated_b ON calibrated USING ivf (b bit_hamming_ops);
SELECT array_length(recall_curve, 1), recall_curve[1][2], recall_curve[16][2]::real FROM milvus_index_stats('calibrated_v');
SELECT milvus_calibrate('calibrated_v', ARRAY(SELECT v FROM calibrated WHERE id <= 200 ORDER BY id));
SELECT milvus_calibrate('calibrated_v', ARRAY['[1,2,3,4]', '[0,0,0,0]']::vector[]);
SELECT milvus_calibrate('calibrated_v', '{}'::vector[]);
SELECT milvus_calibrate('calibrated_v', ARRAY['[1,2,3,4]', NULL]::vector[]);
SELECT milvus_calibrate('calibrated_v', ARRAY['[1,2,3]']::vector[]);
SELECT milvus_calibrate('calibrated_b', ARRAY['[1,2,3]']::vector[]);
SELECT milvus_calibrate('calibrated_v', ARRAY[B'0101']);
SELECT milvus_calibrate('calibrated_b', ARRAY[B'0101']);
SELECT milvus_calibrate('calibrated_b', ARRAY[B'01010001', B'11100000']);
SELECT milvus_calibrate('pg_class_oid_index', ARRAY['[1,2,3]']::vector[]);
SELECT milvus_index_check('calibrated_v', true);
DROP TABLE calibrated;

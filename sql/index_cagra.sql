-- Access method cagra: answers, options, edges.  Recall: test/t/050.
SET enable_seqscan = off;
SET milvus.graph_walk = on;
\set VERBOSITY terse

CREATE TABLE items (id int, v vector(3), h halfvec(3), i int8vec(3), b bf16vec(3));
INSERT INTO items SELECT n, a, a, a, a FROM (SELECT n, ARRAY[n % 7 + 1, n % 11, n % 13 - 6]::vector AS a FROM generate_series(1, 500) n) s;
CREATE FUNCTION compare(col text, op text, class text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT string_agg(d::numeric(8, 3)::text, '' '' ORDER BY d) FROM (SELECT %1$I %2$s ''[2,3,4]'' AS d FROM items ORDER BY %1$I %2$s ''[2,3,4]'' LIMIT 5) s', col, op);
	plan text := '';
	line text;
	found text;
	expected text;
BEGIN
	EXECUTE query INTO expected;
	EXECUTE format('CREATE INDEX items_idx ON items USING cagra (%I %s)', col, class);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line;
	END LOOP;
	EXECUTE query INTO found;
	DROP INDEX items_idx;
	RETURN concat_ws(' ', CASE WHEN plan ~ 'Index Scan using items_idx' THEN 'index scan' ELSE plan END,
		CASE WHEN found = expected THEN 'agrees:' ELSE expected || ' is not' END, found);
END
$$;
SELECT col, op, compare(col, op, name || suffix) FROM
	(VALUES ('v', 'vector'), ('h', 'halfvec'), ('i', 'int8vec'), ('b', 'bf16vec')) t (col, name),
	(VALUES ('<->', '_l2_ops'), ('<#>', '_ip_ops'), ('<=>', '_cosine_ops')) m (op, suffix) ORDER BY 1, 2;

-- All rows come, each once, by the walk and the lists; NULLs and, under cosine, zero vectors are not indexed.
INSERT INTO items (id, v) VALUES (501, NULL), (502, '[0,0,0]');
CREATE INDEX l2 ON items USING cagra (v vector_l2_ops) WITH (m = 20, ef_construction = 40);
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> '[1,1,1]') s;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> NULL) s;
SELECT milvus_index_check('l2', true);
SET milvus.graph_walk = off;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> '[1,1,1]') s;
SET milvus.graph_walk = on;
DROP INDEX l2;
CREATE INDEX cosine ON items USING cagra (v vector_cosine_ops);
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <=> '[1,1,1]') s;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <=> '[0,0,0]') s;

-- Rows added are found at once, and after VACUUM has linked them; deleted ones are not.
INSERT INTO items SELECT 1000 + n, ARRAY[100, n, 0] FROM generate_series(1, 100) n;
SELECT id FROM items ORDER BY v <=> '[100,51,0]' LIMIT 1;
VACUUM items;
SELECT id FROM items ORDER BY v <=> '[100,51,0]' LIMIT 1;
DELETE FROM items WHERE id = 1051;
SELECT id FROM items ORDER BY v <=> '[100,51,0]', id LIMIT 1;
VACUUM items;
SELECT id IN (1050, 1052) AS next FROM items ORDER BY v <=> '[100,51,0]' LIMIT 1;
SELECT milvus_index_check('cosine', true);
BEGIN;
INSERT INTO items VALUES (2000, '[7,77,777]');
SELECT id FROM items ORDER BY v <=> '[7,77,777]' LIMIT 1;
ROLLBACK;
SELECT id <> 2000 AS gone FROM items ORDER BY v <=> '[7,77,777]' LIMIT 1;
DELETE FROM items;
VACUUM items;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <=> '[1,1,1]') s;
INSERT INTO items SELECT n, ARRAY[n, 1, 1] FROM generate_series(1, 50) n;
SELECT id FROM items ORDER BY v <=> '[7,1,1]' LIMIT 1;
SELECT milvus_index_check('cosine', true);
DROP TABLE items;
DROP FUNCTION compare(text, text, text);

-- Empty tables, unlogged ones, nodes of several to a page, of one, and of several pages.
CREATE UNLOGGED TABLE few (id int, v vector(2));
CREATE INDEX few_v ON few USING cagra (v vector_l2_ops);
SELECT id FROM few ORDER BY v <-> '[1,1]';
INSERT INTO few VALUES (1, '[1,2]'), (2, '[2,2]');
SELECT id FROM few ORDER BY v <-> '[1,1]';
SELECT milvus_index_check('few_v', true);
DROP TABLE few;
CREATE TABLE wide (id int, a vector(64), b vector(700), c vector(2000), d vector(16000));
INSERT INTO wide SELECT n, array_fill(n, ARRAY[64]), array_fill(n, ARRAY[700]), array_fill(n, ARRAY[2000]), array_fill(n, ARRAY[16000])
	FROM generate_series(1, 40) n;
CREATE INDEX wide_a ON wide USING cagra (a vector_l2_ops);
CREATE INDEX wide_b ON wide USING cagra (b vector_l2_ops);
CREATE INDEX wide_c ON wide USING cagra (c vector_l2_ops);
CREATE INDEX wide_d ON wide USING cagra (d vector_l2_ops);
INSERT INTO wide SELECT 100 + id, a, b, c, d FROM wide;
VACUUM wide;
SELECT milvus_index_check('wide_a', true), milvus_index_check('wide_b', true), milvus_index_check('wide_c', true), milvus_index_check('wide_d', true);
SELECT a <-> array_fill(7, ARRAY[64])::vector AS d FROM wide ORDER BY 1 LIMIT 3;
SELECT b <-> array_fill(7, ARRAY[700])::vector AS d FROM wide ORDER BY 1 LIMIT 3;
SELECT c <-> array_fill(7, ARRAY[2000])::vector AS d FROM wide ORDER BY 1 LIMIT 3;
SELECT d <-> array_fill(7, ARRAY[16000])::vector AS d FROM wide ORDER BY 1 LIMIT 3;
DROP TABLE wide;

-- Lists are divided at the length that the number of rows calls for, whatever space nodes take.
CREATE TABLE many AS SELECT ARRAY[n % 20, n / 20 % 20, n / 400]::vector(3) AS v FROM generate_series(0, 7999) n;
CREATE INDEX many_v ON many USING cagra (v vector_l2_ops);
INSERT INTO many SELECT ARRAY[10 + n / 1000.0, 10, 10] FROM generate_series(1, 200) n;
SELECT largest_list < 200 AS divided, pending_rows FROM milvus_index_stats('many_v');
SELECT milvus_index_check('many_v', true);
DROP TABLE many;

CREATE TABLE bad (v vector, w vector(3));
CREATE INDEX ON bad USING cagra (v vector_l2_ops);
CREATE INDEX ON bad USING cagra (w vector_l2_ops) WITH (m = 1);
CREATE INDEX ON bad USING cagra (w vector_l2_ops) WITH (m = 40, ef_construction = 64);
CREATE INDEX ON bad USING cagra (w vector_l2_ops) WITH (lists = 5);
DROP TABLE bad;

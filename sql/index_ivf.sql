-- Access method ivf: answers, classes, options, edges.
SET enable_seqscan = off;
\set VERBOSITY terse

-- Every class finds what a sequential scan finds.
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
	EXECUTE format('CREATE INDEX items_idx ON items USING ivf (%I %s)', col, class);
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

-- Bit strings: every length of a last byte, equal distances, rows that share no bit.
CREATE TABLE bits (id int, a bit(13), b bit(64), c bit(3000));
INSERT INTO bits SELECT n, (n * 2654435761 % 8192)::bit(13), (n * 2654435761 % 8192)::bit(64),
	repeat((n * 40503 % 65536)::bit(16)::text, 188)::bit(3000) FROM generate_series(1, 300) n;
INSERT INTO bits VALUES (0, B'0'::bit(13), B'0'::bit(64), B'0'::bit(3000));
CREATE FUNCTION compare_bits(col text, op text, class text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	query text := format('SELECT array_agg((%1$I %2$s %3$s)::numeric(9, 4)) FROM (SELECT %1$I FROM bits ORDER BY %1$I %2$s %3$s) s', col, op, query);
	found numeric[];
	expected numeric[];
BEGIN
	EXECUTE query INTO expected;
	EXECUTE format('CREATE INDEX bits_idx ON bits USING ivf (%I %s) WITH (lists = 5)', col, class);
	SET LOCAL milvus.probes = 5;
	EXECUTE query INTO found;
	PERFORM milvus_index_check('bits_idx');
	DROP INDEX bits_idx;
	RETURN concat_ws(' ', CASE WHEN found = expected THEN 'agrees' ELSE 'differs' END, cardinality(found), found[1:2]);
END
$$;
SELECT col, class, query, compare_bits(col, op, class, query) FROM
	(VALUES ('a', 'B''1010101010101'''), ('a', 'B''0''::bit(13)'), ('a', 'B''1''::bit(13)'),
		('b', '4711::bit(64)'), ('c', 'repeat(''0111'', 750)::bit(3000)')) q (col, query),
	(VALUES ('<~>', 'bit_hamming_ops'), ('<%>', 'bit_jaccard_ops')) m (op, class) ORDER BY 1, 3, 2;
CREATE INDEX bits_a ON bits USING ivf (a bit_jaccard_ops);
EXPLAIN (COSTS OFF) SELECT id FROM bits ORDER BY a <%> '1010101010101' LIMIT 1;
SELECT id FROM bits ORDER BY a <%> '101';
INSERT INTO bits (id, a) VALUES (1000, B'1111111111111'), (1001, NULL);
SELECT id FROM bits ORDER BY a <%> '1111111111111' LIMIT 1;
SELECT milvus_index_check('bits_a');
CREATE INDEX quantized ON items USING ivf ((binary_quantize(v)::bit(3)) bit_hamming_ops);
SELECT DISTINCT q FROM (SELECT binary_quantize(v)::bit(3) AS q FROM items ORDER BY binary_quantize(v)::bit(3) <~> '110' LIMIT 3) s;
DROP INDEX quantized;
DROP TABLE bits;
DROP FUNCTION compare_bits(text, text, text, text);

-- All rows come, each once; NULLs and, under cosine, zero vectors are not indexed.
INSERT INTO items (id, v) VALUES (501, NULL), (502, '[0,0,0]');
CREATE INDEX l2 ON items USING ivf (v vector_l2_ops) WITH (lists = 20);
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> '[1,1,1]') s;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> NULL) s;
SELECT milvus_index_check('l2');
DROP INDEX l2;
CREATE INDEX cosine ON items USING ivf (v vector_cosine_ops);
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <=> '[1,1,1]') s;
SELECT count(*) FROM (SELECT id FROM items ORDER BY v <=> '[0,0,0]') s;

-- Rows added, changed, deleted; filters; a plain vacuum and one after deletes.
INSERT INTO items SELECT 1000 + n, ARRAY[100, n, 0] FROM generate_series(1, 100) n;
SELECT id FROM items ORDER BY v <=> '[100,51,0]' LIMIT 1;
UPDATE items SET v = '[1,100,100]' WHERE id = 1050;
SELECT id FROM items ORDER BY v <=> '[1,100,100]' LIMIT 1;
DELETE FROM items WHERE id BETWEEN 1001 AND 1040;
VACUUM items;
SELECT id FROM items WHERE id > 1000 ORDER BY v <=> '[100,1,0]' LIMIT 2;
SELECT milvus_index_check('cosine');
REINDEX INDEX cosine;
SELECT milvus_index_check('cosine');
TRUNCATE items;
SELECT id FROM items ORDER BY v <=> '[1,2,3]';
INSERT INTO items (id, v) VALUES (1, '[1,2,3]'), (2, '[3,2,1]');
SELECT id FROM items ORDER BY v <=> '[1,2,3]';
SELECT milvus_index_check('cosine');
DROP TABLE items;

-- An index on an empty table; long vectors, whose blocks and vectors take several pages.
CREATE TABLE long (id int, v vector(5000));
CREATE INDEX ON long USING ivf (v vector_l2_ops) WITH (lists = 3);
INSERT INTO long SELECT n, array_fill(n, ARRAY[5000])::vector FROM generate_series(1, 70) n;
SELECT id, v <-> array_fill(33, ARRAY[5000])::vector AS d FROM long ORDER BY v <-> array_fill(33, ARRAY[5000])::vector LIMIT 3;
SELECT milvus_index_check('long_v_idx');
REINDEX TABLE long;
SELECT milvus_index_check('long_v_idx');
SELECT id FROM long ORDER BY v <-> array_fill(70, ARRAY[5000])::vector LIMIT 2;
DROP TABLE long;

-- Built on an empty table and filled: its list is divided; equal rows fill lists, too.
CREATE TABLE filled (id int, v vector(8));
CREATE INDEX filled_v ON filled USING ivf (v vector_l2_ops);
INSERT INTO filled SELECT n, ARRAY[sin(n), cos(n), sin(n * 2), cos(n * 3), n % 5, n % 7, n % 3, 1] FROM generate_series(1, 5000) n;
INSERT INTO filled SELECT 5000 + n, array_fill(9, ARRAY[8])::vector FROM generate_series(1, 1000) n;
SELECT milvus_index_check('filled_v');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM filled ORDER BY v <-> '[1,1,1,1,1,1,1,1]') s;
SELECT count(*) > 90 AS found FROM generate_series(1, 100) n,
	LATERAL (SELECT id FROM filled ORDER BY v <-> (SELECT v FROM filled f WHERE f.id = n * 47) LIMIT 1) s WHERE s.id = n * 47;
DELETE FROM filled WHERE id % 3 > 0;
VACUUM filled;
SELECT milvus_index_check('filled_v');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM filled ORDER BY v <-> '[1,1,1,1,1,1,1,1]') s;
DROP TABLE filled;

-- Values that f16 can not hold; equal rows.
CREATE TABLE odd (id int, v vector(2));
INSERT INTO odd VALUES (1, '[1e30,1]'), (2, '[-1e30,1]'), (3, '[1e-30,1]'), (4, '[70000,1]');
INSERT INTO odd SELECT 5, '[5,5]' FROM generate_series(1, 100);
CREATE INDEX ON odd USING ivf (v vector_l2_ops);
SELECT id FROM odd ORDER BY v <-> '[69999,1]' LIMIT 1;
SELECT id FROM odd ORDER BY v <-> '[1e30,1]' LIMIT 1;
SELECT count(*) FROM (SELECT id FROM odd ORDER BY v <-> '[5,5]') s;
CREATE INDEX ON odd USING ivf (v vector_ip_ops);
SELECT id FROM odd WHERE id <> 1 ORDER BY v <#> '[1,0]' LIMIT 2;
DROP TABLE odd;

-- Expression, partial, unlogged, partitioned, concurrently.
CREATE UNLOGGED TABLE docs (id int, lang text, e real[]);
INSERT INTO docs SELECT n, CASE n % 2 WHEN 0 THEN 'en' ELSE 'de' END, ARRAY[n % 17, n % 5] FROM generate_series(1, 200) n;
CREATE INDEX CONCURRENTLY docs_e ON docs USING ivf ((e::vector(2)) vector_l2_ops) WHERE lang = 'en';
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE lang = 'en' ORDER BY e::vector(2) <-> '[4,4]' LIMIT 1;
SELECT e FROM docs WHERE lang = 'en' ORDER BY e::vector(2) <-> '[4,4]' LIMIT 1;
CREATE TABLE parts (id int, v halfvec(2)) PARTITION BY RANGE (id);
CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
CREATE INDEX ON parts USING ivf (v halfvec_l2_ops);
INSERT INTO parts SELECT n, ARRAY[n, n] FROM generate_series(1, 199) n;
SELECT id FROM parts ORDER BY v <-> '[99.6,99.6]' LIMIT 2;
DROP TABLE docs, parts;

-- Options: codes of more bits, what is stored for re-ranking.
CREATE TABLE opts (id int, v vector(96), t text);
INSERT INTO opts SELECT n, ARRAY(SELECT sin(n * i) + n % 10 FROM generate_series(1, 96) i)::vector FROM generate_series(1, 2000) n;
CREATE TABLE sizes (bits int, rerank text, size bigint);
CREATE FUNCTION with_options(bits int, rerank text, OUT sorted boolean, OUT agrees boolean, OUT rows bigint) LANGUAGE plpgsql AS $$
DECLARE
	query text := 'SELECT array_agg(v <-> (SELECT v FROM opts WHERE id = 7)) FROM (SELECT v FROM opts ORDER BY v <-> (SELECT v FROM opts WHERE id = 7) LIMIT 5) s';
	expected float8[];
	found float8[];
	nearest int;
BEGIN
	EXECUTE 'SET LOCAL enable_indexscan = off';
	EXECUTE query INTO expected;
	EXECUTE 'SET LOCAL enable_indexscan = on';
	EXECUTE format('CREATE INDEX opts_v ON opts USING ivf (v vector_l2_ops) WITH (lists = 10, bits = %s, rerank = %s)', bits, rerank);
	EXECUTE query INTO found;
	sorted := found = ARRAY(SELECT unnest(found) ORDER BY 1);
	agrees := found = expected;
	INSERT INTO opts VALUES (0, array_fill(-1, ARRAY[96])::vector), (-1, NULL);
	SELECT milvus_index_check('opts_v', true) INTO rows;
	EXECUTE 'SELECT id FROM opts ORDER BY v <-> array_fill(-1, ARRAY[96])::vector LIMIT 1' INTO nearest;
	agrees := agrees AND nearest = 0;
	INSERT INTO sizes VALUES (bits, rerank, pg_relation_size('opts_v'));
	DROP INDEX opts_v;
	DELETE FROM opts WHERE id <= 0;
END
$$;
SELECT bits, rerank, w.* FROM (VALUES (1, 'f16'), (1, 'f32'), (1, 'heap'), (2, 'f16'), (4, 'heap'), (5, 'f32'), (8, 'f16'), (8, 'heap')) o (bits, rerank),
	with_options(bits, rerank) w;
SELECT rows FROM with_options(8, 'none');
SELECT rows FROM with_options(1, 'none');
SELECT array_agg(rerank || ' ' || bits ORDER BY size, bits, rerank) FROM sizes WHERE bits IN (1, 8);

-- From the heap: rows that the snapshot sees, keys of expressions, rows that HOT has moved.
CREATE INDEX opts_heap ON opts USING ivf (((v * v)::vector(96)) vector_cosine_ops) WITH (rerank = heap, lists = 10);
UPDATE opts SET t = 'moved' WHERE id % 3 = 0;
DELETE FROM opts WHERE id = 12;
SELECT count(*), count(DISTINCT id), count(t) FROM (SELECT id, t FROM opts ORDER BY (v * v)::vector(96) <=> (SELECT v * v FROM opts WHERE id = 7)) s;
SELECT id FROM opts ORDER BY (v * v)::vector(96) <=> (SELECT v * v FROM opts WHERE id = 9) LIMIT 1;
CREATE FUNCTION read_on() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	c CURSOR FOR SELECT id FROM opts ORDER BY (v * v)::vector(96) <=> (SELECT v * v FROM opts WHERE id = 9);
	row record;
	n int := 1;
BEGIN
	OPEN c;
	FETCH c INTO row;
	UPDATE opts SET v = v + v WHERE id < 100;
	DELETE FROM opts WHERE id > 1900;
	LOOP
		FETCH c INTO row;
		EXIT WHEN NOT FOUND;
		n := n + 1;
	END LOOP;
	RETURN n;
END
$$;
SELECT read_on(), count(*) FROM (SELECT id FROM opts ORDER BY (v * v)::vector(96) <=> array_fill(1, ARRAY[96])::vector) s;
SELECT count(*) FROM (SELECT id FROM opts ORDER BY (v * v)::vector(96) <=> array_fill(1, ARRAY[96])::vector) s;
DROP FUNCTION read_on();
SELECT options FROM milvus_index_stats('opts_heap');
SELECT milvus_calibrate('opts_heap', ARRAY(SELECT v FROM opts LIMIT 5));
DROP TABLE opts, sizes;
DROP FUNCTION with_options(int, text);

-- Codes of bit strings are the strings, and all that a list is split or joined by.
CREATE TABLE strings (id int, b bit(500));
CREATE FUNCTION pattern(n int) RETURNS bit(500) IMMUTABLE LANGUAGE sql AS
	$$SELECT string_agg((((n % 20 * i * 79) % 251 + (n * i % 97 = 1)::int) % 2)::text, '' ORDER BY i)::bit(500) FROM generate_series(1, 500) i$$;
INSERT INTO strings SELECT n, pattern(n) FROM generate_series(1, 200) n;
CREATE INDEX strings_b ON strings USING ivf (b bit_hamming_ops);
INSERT INTO strings SELECT n, pattern(n) FROM generate_series(201, 3000) n;
SELECT lists > 8 AS split, vector_bytes < 10000 AS no_vectors FROM milvus_index_stats('strings_b');
CREATE FUNCTION strings_agree() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	query text := 'SELECT array_agg(b <~> pattern(5001)) FROM (SELECT b FROM strings ORDER BY b <~> pattern(5001)) s';
	expected float8[];
	found float8[];
BEGIN
	SET LOCAL milvus.probes = 1000;
	SET LOCAL enable_indexscan = off;
	EXECUTE query INTO expected;
	SET LOCAL enable_indexscan = on;
	EXECUTE query INTO found;
	RETURN found = expected;
END
$$;
SELECT strings_agree(), milvus_index_check('strings_b', true);
DELETE FROM strings WHERE id % 100 <> 0;
VACUUM strings;
SELECT lists < 5 AS joined FROM milvus_index_stats('strings_b');
SELECT strings_agree(), milvus_index_check('strings_b', true);
DROP TABLE strings;
DROP FUNCTION strings_agree(), pattern(int);

-- Without vectors lists stay as they are, whatever comes.
CREATE TABLE short (id int, v vector(16));
CREATE INDEX short_v ON short USING ivf (v vector_l2_ops) WITH (rerank = none, bits = 8);
INSERT INTO short SELECT n, ARRAY(SELECT sin(n * i) FROM generate_series(1, 16) i)::vector FROM generate_series(1, 2000) n;
DELETE FROM short WHERE id > 1990;
VACUUM short;
SELECT milvus_index_check('short_v', true), lists FROM milvus_index_stats('short_v');
DROP TABLE short;

-- Refusals.
CREATE TABLE t (a vector, b vector(3), c int, d varbit(3), e bit(64001));
CREATE INDEX ON t USING ivf (a vector_l2_ops);
CREATE INDEX ON t USING ivf (b);
CREATE INDEX ON t USING ivf (c);
CREATE INDEX ON t USING ivf (b vector_l2_ops, c);
CREATE UNIQUE INDEX ON t USING ivf (b vector_l2_ops);
CREATE INDEX ON t USING ivf (b vector_l2_ops) WITH (lists = -1);
CREATE INDEX ON t USING ivf (b vector_l2_ops) WITH (rows = 1);
CREATE INDEX ON t USING ivf (d bit_hamming_ops);
CREATE INDEX ON t USING ivf (e bit_hamming_ops);
CREATE INDEX ON t USING ivf (b vector_l2_ops) WITH (rerank = f8);
CREATE INDEX ON t USING ivf (b vector_l2_ops) WITH (bits = 9);
CREATE INDEX ON t USING ivf ((d::bit(3)) bit_hamming_ops) WITH (bits = 4);
CREATE INDEX ON t USING ivf ((d::bit(3)) bit_hamming_ops) WITH (rerank = heap);
CREATE INDEX t_b ON t USING ivf (b vector_l2_ops) WITH (rerank = f16, bits = 1, lists = 0);
SELECT a FROM t ORDER BY b <-> '[1,2]' LIMIT 1;
SELECT milvus_index_check('t');
CREATE INDEX t_c ON t (c);
SELECT milvus_index_check('t_c');
SET milvus.probes = -1;
SET milvus.nonsense = 1;
SET milvus.target_recall = 1;
SET milvus.target_recall = 0.99;
SHOW milvus.target_recall;
RESET milvus.target_recall;
DROP TABLE t;
SELECT opcname FROM pg_opclass c JOIN pg_am a ON a.oid = opcmethod WHERE amname = 'ivf' AND NOT amvalidate(c.oid);
DROP FUNCTION compare(text, text, text);

-- rrf() over tables with children, below joins, with a filter that all legs share; against ranks counted in SQL.
CREATE TABLE docs (gone int, id int NOT NULL, body text, v vector(4), price int, lang text) PARTITION BY LIST (lang);
ALTER TABLE docs DROP COLUMN gone;
CREATE TABLE docs_en PARTITION OF docs FOR VALUES IN ('en') PARTITION BY HASH (id);
CREATE TABLE docs_en1 PARTITION OF docs_en FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE docs_en2 PARTITION OF docs_en FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE docs_de (lang text, price int, v vector(4), extra int, body text, id int NOT NULL);
ALTER TABLE docs_de DROP COLUMN extra;
ALTER TABLE docs ATTACH PARTITION docs_de FOR VALUES IN ('de');
CREATE TABLE docs_rest PARTITION OF docs DEFAULT;
INSERT INTO docs SELECT i, CASE WHEN i % 3 = 0 THEN 'red fox ' || i WHEN i % 7 = 0 THEN 'fox den ' || repeat('leaf ', i % 11) WHEN i % 50 <> 1 THEN 'meadow' END,
	CASE WHEN i % 20 <> 2 THEN ARRAY[sin(i), cos(i), sin(i * 2), cos(i * 3)]::vector END, i % 100, CASE WHEN i % 2 = 0 THEN 'en' ELSE 'de' END
	FROM generate_series(1, 3000) i;
CREATE INDEX docs_v ON docs USING hnsw (v vector_cosine_ops);
CREATE INDEX docs_body ON docs USING bm25 (body) WITH (text_config = 'english');
CREATE INDEX docs_price ON docs (price);
VACUUM ANALYZE docs;
SET enable_sort = off;
SET jit = off;
SET milvus.target_recall = 0.9999;

-- The oracle: ranks of the rows of a table that pass the condition, of a text search those that match, up to a depth.
CREATE FUNCTION fused(tab text, condition text, words text, q vector, n int, depth int) RETURNS TABLE (id int, score float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($sql$
		WITH found AS MATERIALIZED (SELECT d.id, d.tableoid AS o, d.ctid AS c, v <=> $1 AS near, body <@> $2 AS matching FROM %2$s d WHERE %1$s),
			near AS (SELECT *, row_number() OVER (ORDER BY near, o, c) AS rank FROM found WHERE near IS NOT NULL),
			matching AS (SELECT *, row_number() OVER (ORDER BY matching, o, c) AS rank FROM found WHERE matching < 0)
		SELECT id, - (coalesce(1 / (60 + n.rank)::float8, 0) + coalesce(1 / (60 + m.rank)::float8, 0)) AS score
			FROM (SELECT * FROM near WHERE rank <= $4) n FULL JOIN (SELECT * FROM matching WHERE rank <= $4) m USING (id, o, c)
			ORDER BY 2, o, c LIMIT $3 $sql$, condition, tab) USING q, words, n, depth;
END $$;
CREATE FUNCTION compare(tab text, condition text, words text, q vector, n int, depth int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got text;
	good text;
BEGIN
	PERFORM set_config('milvus.hybrid_depth', depth::text, true);
	EXECUTE format('SELECT string_agg(id || '':'' || s::text, '' '') FROM (SELECT id, rrf(v <=> $1, body <@> $2) AS s FROM %s WHERE %s ORDER BY s LIMIT $3) x WHERE s < 0', tab, condition)
		INTO got USING q, words, n;
	SELECT string_agg(id || ':' || score::text, ' ') INTO good FROM fused(tab, condition, words, q, n, greatest(depth, n));
	RETURN CASE WHEN got IS DISTINCT FROM good THEN format('%s of %s, %s: %s, not %s', n, tab, condition, got, good) END;
END $$;
-- Lines of a plan that are nodes of ours or of its structure.
CREATE FUNCTION nodes(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ 'Custom Scan|Index Scan|Merge Append|Join|Nested Loop' THEN RETURN NEXT line; END IF;
	END LOOP;
END $$;

-- partitions, of two levels and different order of columns; some are not looked at
SELECT nodes($$SELECT id FROM docs ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red leaf') LIMIT 3$$);
SELECT nodes($$SELECT id FROM docs WHERE lang = 'de' ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red leaf') LIMIT 3$$);
SELECT count(*), count(wrong), min(wrong) FROM unnest('{docs,docs_en,docs_de,docs_en1,docs_rest,ONLY docs}'::text[]) tab,
	unnest('{true,price < 3,lang = ''de'' AND price > 50,id % 97 = 0,false}'::text[]) condition,
	unnest('{red,fox den 21}'::text[]) words, unnest('{1,40}'::int[]) n, unnest('{10,100}'::int[]) depth,
	compare(tab, condition, words, '[1,2,3,4]', n, depth) wrong;
-- every row comes once; scores of legs; partitions that only the execution can leave out; the outer row's query
SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE s = 0) FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s) x;
SELECT count(*), count(*) FILTER (WHERE d IS NOT DISTINCT FROM e AND b IS NOT DISTINCT FROM c) FROM (SELECT id, v <=> '[1,2,3,4]' AS d, body <@> 'red' AS b FROM docs
		ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red') LIMIT 250) x
	JOIN (SELECT id, v <=> '[1,2,3,4]' AS e, body <@> 'red' AS c FROM docs) y USING (id);
SET plan_cache_mode = force_generic_plan;
PREPARE hybrid(vector, text, text) AS SELECT id, rrf(v <=> $1, body <@> $2) AS score FROM docs WHERE lang = $3 ORDER BY score LIMIT 3;
EXECUTE hybrid('[1,2,3,4]', 'fox', 'de');
SELECT * FROM fused('docs', $$lang = 'de'$$, 'fox', '[1,2,3,4]', 3, 100);
EXECUTE hybrid('[1,2,3,4]', 'fox', 'en');
EXECUTE hybrid('[1,2,3,4]', 'fox', 'fr');
RESET plan_cache_mode;
SELECT q.id, x.id, x.id = (SELECT id FROM fused('docs', 'price = ' || q.price, 'fox', q.v, 1, 100)) AS right FROM docs q, LATERAL (SELECT d.id FROM docs d WHERE d.price = q.price
	ORDER BY rrf(d.v <=> q.v, d.body <@> 'fox') LIMIT 1) x WHERE q.id IN (3, 6, 14) ORDER BY 1, 2;
CREATE ROLE regress_reader;
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY dear ON docs USING (price > 30);
GRANT SELECT ON docs TO regress_reader;
SET ROLE regress_reader;
CREATE TEMP TABLE seen AS SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s LIMIT 20;
RESET ROLE;
SELECT count(*) FROM seen a JOIN fused('docs', 'price > 30', 'red', '[1,2,3,4]', 20, 100) b ON a.id = b.id AND a.s = b.score;
DROP TABLE seen;
ALTER TABLE docs DISABLE ROW LEVEL SECURITY;

-- what a condition leaves is found once, for all legs; again for other values
CREATE FUNCTION bitmaps(query text) RETURNS TABLE (nodes bigint, ran bigint) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
	RETURN QUERY SELECT count(*), sum((x.x ->> 'Actual Loops')::int) FROM jsonb_path_query(plan::jsonb, 'strict $.**{1 to 30} ? (@."Node Type" == "Bitmap Index Scan")') x;
END $$;
CREATE TABLE many AS SELECT id, body, v, (id * 7919) % 3000 AS price FROM docs;
CREATE INDEX many_v ON many USING hnsw (v vector_cosine_ops);
CREATE INDEX many_body ON many USING bm25 (body) WITH (text_config = 'english');
CREATE INDEX many_price ON many (price);
VACUUM ANALYZE many;
SET cpu_tuple_cost = 1000;
SELECT nodes($$SELECT id FROM many WHERE price < 300 ORDER BY rrf(v <=> '[1,2,3,4]', v <=> '[1,0,0,0]', body <@> 'red') LIMIT 3$$);
SELECT * FROM bitmaps($$SELECT id FROM many WHERE price < 300 ORDER BY rrf(v <=> '[1,2,3,4]', v <=> '[1,0,0,0]', body <@> 'red') LIMIT 3$$);
SELECT * FROM bitmaps($$SELECT k, x.* FROM generate_series(1, 3) k, LATERAL (SELECT id FROM many WHERE price < 300 * k ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red') LIMIT 3) x$$);
SELECT * FROM bitmaps($$SELECT x.* FROM (VALUES ('[1,2,3,4]'::vector), ('[1,0,0,0]')) q(v), LATERAL (SELECT id FROM many WHERE price < 300 ORDER BY rrf(many.v <=> q.v, body <@> 'red') LIMIT 3) x$$);
SELECT nodes > 1 AS each_partition, nodes = ran AS once FROM bitmaps($$SELECT id FROM docs WHERE price < 20 ORDER BY rrf(v <=> '[1,2,3,4]', v <=> '[1,0,0,0]', body <@> 'red') LIMIT 3$$);
SELECT count(*), count(wrong), min(wrong) FROM unnest('{docs,many}'::text[]) tab, unnest('{price < 30,price < 10 OR price = 77,"price IN (4, 5, 6)"}'::text[]) condition,
	unnest('{red,fox den 21}'::text[]) words, unnest('{1,40}'::int[]) n, compare(tab, condition, words, '[1,2,3,4]', n, 30) wrong;
RESET cpu_tuple_cost;

-- children by inheritance, each with indexes of its own or none
CREATE TABLE base (id int, body text, v vector(4), price int);
CREATE TABLE child (more int) INHERITS (base);
INSERT INTO base SELECT id, body, v, price FROM many WHERE id % 3 = 1;
INSERT INTO child SELECT id, body, v, price, 1 FROM many WHERE id % 3 <> 1;
CREATE INDEX base_v ON base USING hnsw (v vector_cosine_ops);
CREATE INDEX child_v ON child USING hnsw (v vector_cosine_ops);
CREATE INDEX base_body ON base USING bm25 (body) WITH (text_config = 'english');
CREATE INDEX child_body ON child USING bm25 (body) WITH (text_config = 'english');
ANALYZE base, child;
SELECT count(*), count(wrong), min(wrong) FROM unnest('{base,ONLY base,child}'::text[]) tab, unnest('{true,price < 300}'::text[]) condition,
	unnest('{red,fox den 21}'::text[]) words, unnest('{1,40}'::int[]) n, compare(tab, condition, words, '[1,2,3,4]', n, 30) wrong;
DROP TABLE child, base;

-- joins above: scores come along, the order as far as the joins keep it
SET milvus.hybrid_depth = 3000;
CREATE TABLE authors (id int PRIMARY KEY, name text, city int);
CREATE TABLE cities (id int PRIMARY KEY, name text);
INSERT INTO authors SELECT i, 'author ' || i, i % 7 FROM generate_series(0, 80) i;
INSERT INTO cities SELECT i, 'city ' || i FROM generate_series(0, 5) i;
ANALYZE authors, cities;
CREATE TABLE joined AS SELECT d.id, a.name, c.name AS city, d.score, d.near, d.words FROM (SELECT *, rrf(v <=> '[1,2,3,4]', body <@> 'red leaf') AS score, v <=> '[1,2,3,4]' AS near,
		body <@> 'red leaf' AS words FROM docs ORDER BY score LIMIT 3000) d
	JOIN authors a ON a.id = d.price LEFT JOIN cities c ON c.id = a.city;
CREATE FUNCTION same(query text) RETURNS TABLE (rows bigint, wrong bigint, sorted boolean) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'CREATE TEMP TABLE got AS SELECT row_number() OVER () AS at, x.* FROM (' || query || ') x';
	RETURN QUERY SELECT count(*), count(*) FILTER (WHERE j.id IS NULL), bool_and(g.score >= before) FROM (SELECT *, lag(got.score) OVER (ORDER BY at) AS before FROM got) g
		LEFT JOIN joined j ON (j.id, j.name, j.score, j.near) IS NOT DISTINCT FROM (g.id, g.name, g.score, g.near) AND j.city IS NOT DISTINCT FROM g.city;
	DROP TABLE got;
END $$;
SET enable_sort = on;
SET enable_mergejoin = off;
SET enable_hashjoin = off;
SELECT * FROM same($$SELECT d.id, a.name, c.name AS city, rrf(v <=> '[1,2,3,4]', body <@> 'red leaf') AS score, v <=> '[1,2,3,4]' AS near
	FROM docs d JOIN authors a ON a.id = d.price LEFT JOIN cities c ON c.id = a.city ORDER BY score LIMIT 50$$);
SET enable_hashjoin = on;
SET enable_nestloop = off;
SELECT * FROM same($$SELECT d.id, a.name, c.name AS city, rrf(v <=> '[1,2,3,4]', body <@> 'red leaf') AS score, v <=> '[1,2,3,4]' AS near
	FROM docs d JOIN authors a ON a.id = d.price LEFT JOIN cities c ON c.id = a.city ORDER BY score LIMIT 2000$$);
SET enable_hashjoin = off;
SET enable_mergejoin = on;
SELECT * FROM same($$SELECT d.id, a.name, c.name AS city, rrf(v <=> '[1,2,3,4]', body <@> 'red leaf') AS score, v <=> '[1,2,3,4]' AS near
	FROM docs d JOIN authors a ON a.id = d.price LEFT JOIN cities c ON c.id = a.city ORDER BY score, a.name$$);
RESET enable_hashjoin;
RESET enable_nestloop;
-- a table without partitions; the score in expressions, or nowhere but in the order; a semi-join, other conditions
SELECT count(*) FROM (SELECT m.id, a.name, - rrf(v <=> '[1,2,3,4]', body <@> 'red') * 2 AS twice FROM many m JOIN authors a ON a.id = m.price
	ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red') LIMIT 40) x
	JOIN (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS score FROM many ORDER BY score LIMIT 3000) y USING (id) WHERE twice = score * -2;
SELECT array_agg(id) = (SELECT array_agg(id ORDER BY score, c) FROM (SELECT id, price, ctid AS c, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS score FROM many ORDER BY score LIMIT 3000) m WHERE price <= 80) AS same
	FROM (SELECT m.id FROM many m JOIN authors a ON a.id = m.price ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red'), m.ctid) x;
SELECT count(*) FROM (SELECT m.id FROM many m WHERE EXISTS (SELECT FROM authors a WHERE a.id = m.price AND a.city < 3) ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red') LIMIT 20) x;
SELECT count(*), count(DISTINCT id) FROM (SELECT m.id, a.name FROM many m, authors a WHERE a.city < m.price % 5 ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red'), a.id LIMIT 100) x;
-- where it may be missing, no join has it
SELECT m.id FROM authors a LEFT JOIN many m ON a.id = m.price ORDER BY rrf(v <=> '[1,2,3,4]') LIMIT 1;

-- the best rows of each group: chunks of documents, for instance
SET enable_sort = off;
CREATE FUNCTION grouped(tab text, value text, m int, condition text, n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got text;
	good text;
BEGIN
	EXECUTE format('SELECT string_agg(id || '':'' || s::text, '' '') FROM (SELECT id, rrf(v <=> $1, body <@> $2) AS s FROM %s WHERE group_limit(%s, $3) AND %s ORDER BY s LIMIT $4) x WHERE s < 0',
		tab, value, condition) INTO got USING '[1,2,3,4]'::vector, 'fox den', m, n;
	EXECUTE format('SELECT string_agg(id || '':'' || score::text, '' '') FROM (SELECT id, score FROM (SELECT f.id, f.score, t.tableoid AS o, t.ctid AS c,
		row_number() OVER (PARTITION BY %2$s ORDER BY score, t.tableoid, t.ctid) AS at FROM fused($1, $2, $3, $4, 3000, 3000) f JOIN %1$s t USING (id)) x WHERE at <= $5 ORDER BY score, o, c LIMIT $6) y', tab, value)
		INTO good USING tab, condition, 'fox den', '[1,2,3,4]'::vector, m, n;
	RETURN CASE WHEN got IS DISTINCT FROM good THEN format('%s of %s by %s, %s: %s, not %s', n, tab, value, condition, got, good) END;
END $$;
SELECT count(*), count(wrong), min(wrong) FROM unnest('{docs,many}'::text[]) tab, unnest('{price,lower(body),id % 7}'::text[]) value, unnest('{1,3}'::int[]) m,
	unnest('{true,price < 50,id % 3 > 0}'::text[]) condition, unnest('{5,50}'::int[]) n, grouped(tab, value, m, condition, n) wrong;
-- it reads on until all groups are full
SET milvus.hybrid_depth = 10;
SELECT count(*), count(DISTINCT price) FROM (SELECT price FROM docs WHERE group_limit(price, 2) ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red')) x;
SELECT count(*), count(DISTINCT price) FROM (SELECT m.price, a.name FROM docs m JOIN authors a ON a.id = m.price WHERE group_limit(m.price, 3) ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red')) x;
SELECT id FROM docs WHERE group_limit(price, 2) LIMIT 1;
SELECT id FROM docs WHERE group_limit(price, 0) ORDER BY rrf(v <=> '[1,2,3,4]') LIMIT 1;
SELECT id FROM docs WHERE group_limit(price, id) ORDER BY rrf(v <=> '[1,2,3,4]') LIMIT 1;
SELECT id FROM docs WHERE group_limit(price, 1) AND group_limit(id, 1) ORDER BY rrf(v <=> '[1,2,3,4]') LIMIT 1;
SELECT id FROM docs WHERE group_limit(point(1, price), 1) ORDER BY rrf(v <=> '[1,2,3,4]') LIMIT 1;
RESET milvus.hybrid_depth;

DROP TABLE docs, many, authors, cities, joined;
DROP FUNCTION fused, compare, nodes, bitmaps, same, grouped;
DROP ROLE regress_reader;

-- Exact search with JSON filters, and what the planner makes of it.
CREATE TABLE docs (id int PRIMARY KEY, meta jsonb, v vector(3), h halfvec(3), s sparsevec(3), i int8vec(3));
INSERT INTO docs SELECT n, jsonb_build_object('lang', (ARRAY['de','en','fr'])[n % 3 + 1], 'words', n * 7 % 100, 'tags', jsonb_build_array(n % 5, n % 7)),
	a, a::halfvec, a::sparsevec, ARRAY[n % 11, n % 7, n % 5]::int8vec
	FROM (SELECT n, ARRAY[n % 11, n % 7, n % 5]::vector AS a FROM generate_series(1, 1000) n) s;
CREATE INDEX ON docs USING gin (meta jsonb_path_ops);
SELECT id, v, v <-> '[3,3,3]' AS distance FROM docs ORDER BY v <-> '[3,3,3]', id LIMIT 4;
SELECT id, v, meta FROM docs WHERE meta @@ '$.lang == "de" && $.words > 50' ORDER BY v <=> '[1,2,3]', id LIMIT 4;
SELECT id FROM docs WHERE meta @> '{"tags": [4]}' ORDER BY h <#> '[1,2,3]', id LIMIT 4;
SELECT id FROM docs WHERE meta @? '$.tags[*] ? (@ == 6)' ORDER BY s <+> '{1:3}/3', id LIMIT 4;
SELECT id FROM docs WHERE meta->>'lang' = 'fr' AND v <-> '[3,3,3]' < 2 ORDER BY i <-> '[3,3,3]', id LIMIT 4;

-- A distance costs more than an integer: the cheap filter is evaluated first ...
EXPLAIN (COSTS OFF) SELECT id FROM docs WHERE v <-> '[3,3,3]' < 2 AND id % 2 = 0;
-- ... and vectors out of line cost more than inline ones, long more than short.
CREATE TABLE wide (short vector(3), inline vector(400), toasted vector(1536));
INSERT INTO wide SELECT ARRAY[1,2,n], array_fill(n, ARRAY[400])::vector, array_fill(n, ARRAY[1536])::vector FROM generate_series(1, 100) n;
ANALYZE wide;
CREATE FUNCTION distance_cost(col text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	bare json;
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) SELECT 1 FROM wide' INTO bare;
	EXECUTE format('EXPLAIN (FORMAT json) SELECT %I <-> $1 FROM wide', col) INTO plan USING '[1]'::vector;
	RETURN (plan->0->'Plan'->>'Total Cost')::float8 - (bare->0->'Plan'->>'Total Cost')::float8;
END
$$;
SELECT distance_cost('short') < distance_cost('inline') AS longer_is_dearer,
	distance_cost('inline') * 10 < distance_cost('toasted') AS toasted_is_dearer;

-- Over a big table exact search goes parallel at default settings.
CREATE TABLE big (id int, v vector(64)) WITH (autovacuum_enabled = off);
INSERT INTO big SELECT n, array_fill(n % 97, ARRAY[64])::vector FROM generate_series(1, 150000) n;
ANALYZE big;
PREPARE nearest (vector) AS SELECT id FROM big ORDER BY v <-> $1, id LIMIT 3;
SET plan_cache_mode = force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE nearest (array_fill(5, ARRAY[64])::vector);
EXECUTE nearest (array_fill(5, ARRAY[64])::vector);
-- So does a table that is small but for its vectors, which are stored out of line.
CREATE TABLE long_vectors (id int, v vector(1536)) WITH (autovacuum_enabled = off);
INSERT INTO long_vectors SELECT n, array_fill(n % 97, ARRAY[1536])::vector FROM generate_series(1, 3000) n;
ANALYZE long_vectors;
SELECT pg_relation_size('long_vectors') < 1000000 AS small;
PREPARE nearest_long (vector) AS SELECT id FROM long_vectors ORDER BY v <-> $1, id LIMIT 3;
EXPLAIN (COSTS OFF) EXECUTE nearest_long (array_fill(5, ARRAY[1536])::vector);
EXECUTE nearest_long (array_fill(5, ARRAY[1536])::vector);
EXPLAIN (COSTS OFF) SELECT id FROM long_vectors;
ALTER TABLE long_vectors SET (parallel_workers = 0);
EXPLAIN (COSTS OFF) EXECUTE nearest_long (array_fill(5, ARRAY[1536])::vector);
DROP TABLE docs, wide, big, long_vectors;
DROP FUNCTION distance_cost(text);

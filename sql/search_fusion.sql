-- ORDER BY weighted(), sums of distances, leg(), factors: answers against every row scored in SQL, what is refused.
CREATE TABLE docs (id int PRIMARY KEY, body text, v vector(4), w vector(3), price int, lang text, made timestamptz);
INSERT INTO docs SELECT i, CASE WHEN i % 3 = 0 THEN 'red fox ' || i WHEN i % 7 = 0 THEN 'fox den ' || repeat('leaf ', i % 11) WHEN i % 50 <> 1 THEN 'meadow' END,
	CASE WHEN i % 20 <> 2 THEN ARRAY[sin(i), cos(i), sin(i * 2), cos(i * 3)]::vector END, ARRAY[sin(i * 5), cos(i * 7), i % 13]::vector,
	i % 10, CASE WHEN i % 2 = 0 THEN 'en' ELSE 'de' END, timestamptz '2024-01-01 00:00+00' + i * interval '7 hours'
	FROM generate_series(1, 1200) i;
CREATE INDEX docs_v ON docs USING hnsw (v vector_cosine_ops);
CREATE INDEX docs_w ON docs USING hnsw (w vector_l2_ops);
CREATE INDEX docs_body ON docs USING bm25 (body) WITH (text_config = 'english');
CREATE INDEX docs_price ON docs (price);
ANALYZE docs;
SET jit = off;
SET milvus.target_recall = 0.9999;

-- What a plan consists of, and whether its result was proven.
CREATE FUNCTION nodes(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		RETURN QUERY SELECT trim(regexp_replace(x[1], ' on docs.*', '')) FROM regexp_matches(line, '(Fused Scan|Ranked Scan|Index Scan using \w+|Bitmap Index Scan on \w+|Seq Scan|->  Sort|Proven: \w+)') x;
	END LOOP;
END $$;

-- The first n rows by an order of the node; the scores at each place must be the best there are, each must be the row's own, no row may come twice.
CREATE FUNCTION compare(ordered text, scored text, condition text, n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	ids int[];
	got numeric[];
	own numeric[];
	best numeric[];
BEGIN
	EXECUTE format('SELECT array_agg(id), array_agg(round(s::numeric, 9)) FROM (SELECT id, %s AS s FROM docs WHERE %s ORDER BY s LIMIT %s) x', ordered, condition, n) INTO ids, got;
	EXECUTE format('SELECT array_agg(s) FROM (SELECT round((%s)::numeric, 9) AS s FROM docs WHERE %s ORDER BY s LIMIT %s) x', scored, condition, n) INTO best;
	EXECUTE format('SELECT array_agg(round((%s)::numeric, 9) ORDER BY i) FROM docs JOIN unnest($1) WITH ORDINALITY AS g(id, i) USING (id)', scored) INTO own USING ids;
	RETURN CASE WHEN got IS DISTINCT FROM best THEN format('%s of %s: %s, not %s', n, condition, got[1:9], best[1:9])
		WHEN got IS DISTINCT FROM own THEN format('%s of %s: %s, of these rows %s', n, condition, got[1:9], own[1:9])
		WHEN cardinality(ids) <> (SELECT count(DISTINCT i) FROM unnest(ids) i) THEN 'a row twice' END;
END $$;
CREATE FUNCTION check_all(ordered text, scored text) RETURNS TABLE (queries bigint, wrong bigint, first text) LANGUAGE sql AS $$
	SELECT count(*), count(wrong), min(wrong) FROM unnest('{true,price < 3,lang = ''de'' AND price > 5,id % 97 = 0,body IS NULL,false}'::text[]) condition,
		unnest('{1,5,40,300}'::int[]) n, compare(ordered, scored, condition, n) wrong $$;

-- weighted(): each norm by value, first as it is, then as reading on makes it certain
SET milvus.hybrid_exact = on;
SELECT * FROM check_all($$weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red leaf'])$$,
	$$- coalesce(1 - (v <=> '[1,2,3,4]') / 2, 0) + coalesce(2 * atan(body <@> 'red leaf') / pi(), 0)$$);
SELECT * FROM check_all($$weighted(ARRAY[v <=> '[1,2,3,4]', w <-> '[1,1,6]', v <#> '[0,1,0,2]', NULL, abs(price - 4)], '{0.7,2,0.5,9,0.1}')$$,
	$$- 0.7 * coalesce(1 - (v <=> '[1,2,3,4]') / 2, 0) - 2 * (1 - 2 * atan((w <-> '[1,1,6]') ^ 2) / pi()) - 0.5 * coalesce(0.5 - atan(v <#> '[0,1,0,2]') / pi(), 0)
	- 0.1 * (1 - 2 * atan(abs(price - 4)) / pi())$$);
SELECT * FROM check_all($$weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red leaf', w <-> '[1,1,6]'], '{3,0.5,0.25}', 'none')$$,
	$$3 * (v <=> '[1,2,3,4]') + 0.5 * (body <@> 'red leaf') + 0.25 * (w <-> '[1,1,6]')$$);
SELECT * FROM check_all($$weighted(ARRAY[body <@> 'red leaf', body <@> 'fox'], norm => 'none')$$, $$(body <@> 'red leaf') + (body <@> 'fox')$$);
RESET milvus.hybrid_exact;
SELECT * FROM check_all($$weighted(ARRAY[body <@> 'red leaf', body <@> 'fox'])$$, $$coalesce(2 * atan(body <@> 'red leaf') / pi(), 0) + coalesce(2 * atan(body <@> 'fox') / pi(), 0)$$);
SELECT count(*) FROM (SELECT id, weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red leaf']) AS s FROM docs ORDER BY s LIMIT 10) a
	JOIN (SELECT id FROM docs ORDER BY - coalesce(1 - (v <=> '[1,2,3,4]') / 2, 0) + coalesce(2 * atan(body <@> 'red leaf') / pi(), 0) LIMIT 10) b USING (id);

-- norms over the first rows of each leg
CREATE FUNCTION normalised(norm text, condition text, n int, depth int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got numeric[];
	good numeric[];
BEGIN
	PERFORM set_config('milvus.hybrid_depth', depth::text, true);
	EXECUTE format($q$SELECT array_agg(round(s::numeric, 7)) FROM (SELECT weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red leaf'], '{1,0.3}', %L) AS s FROM docs WHERE %s ORDER BY s LIMIT %s) x$q$,
		norm, condition, n) INTO got;
	EXECUTE format($q$
		WITH near AS (SELECT id, v <=> '[1,2,3,4]' AS x FROM docs WHERE v IS NOT NULL AND %2$s ORDER BY 2, ctid LIMIT %4$s),
			matching AS (SELECT id, s AS x FROM (SELECT id, body <@> 'red leaf' AS s, ctid AS c FROM docs WHERE %2$s) m WHERE s < 0 ORDER BY 2, c LIMIT %4$s),
			a AS (SELECT max(x) AS last, min(x) AS first, avg(x) AS mean, nullif(stddev_pop(x) * (stddev_pop(x) > 1e-9)::int, 0) AS sd FROM near), b AS (SELECT max(x) AS last, min(x) AS first, avg(x) AS mean, nullif(stddev_pop(x) * (stddev_pop(x) > 1e-9)::int, 0) AS sd FROM matching)
		SELECT array_agg(s) FROM (SELECT round((- CASE %1$L
			WHEN 'minmax' THEN coalesce((a.last - n.x) / nullif(a.last - a.first, 0), (n.id IS NOT NULL)::int) + 0.3 * coalesce((b.last - m.x) / nullif(b.last - b.first, 0), (m.id IS NOT NULL)::int)
			ELSE coalesce((a.mean - coalesce(n.x, a.last)) / a.sd, 0) + 0.3 * coalesce((b.mean - coalesce(m.x, b.last)) / b.sd, 0) END)::numeric, 7) AS s
			FROM docs LEFT JOIN near n USING (id) LEFT JOIN matching m USING (id), a, b WHERE %2$s ORDER BY 1 LIMIT %3$s) x$q$, norm, condition, n, greatest(depth, n)) INTO good;
	RETURN CASE WHEN got IS DISTINCT FROM good THEN format('%s of %s, depth %s: %s, not %s', n, condition, depth, got, good) END;
END $$;
SELECT norm, count(*), count(wrong), min(wrong) FROM unnest('{minmax,zscore}'::text[]) norm, unnest('{true,price < 3,lang = ''de'' AND price > 5,id % 97 = 0,id = 14,false}'::text[]) condition,
	unnest('{1,5,40,2000}'::int[]) n, unnest('{1,10,100}'::int[]) depth, normalised(norm, condition, n, depth) wrong GROUP BY norm ORDER BY norm;

-- every row comes once, those without a score last
SELECT count(*), count(DISTINCT id), count(s), min(n) FILTER (WHERE s IS NULL) FROM (SELECT id, s, row_number() OVER () AS n
	FROM (SELECT id, weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red'], norm => 'none') AS s FROM docs ORDER BY s) y) x;
SET milvus.hybrid_exact = on;
SELECT count(*), count(DISTINCT id), count(*) FILTER (WHERE s > before) FROM (SELECT id, s, lag(s) OVER (ORDER BY n DESC) AS before FROM (SELECT id, s, row_number() OVER () AS n
	FROM (SELECT id, weighted(ARRAY[body <@> 'den', body <@> 'red']) AS s FROM docs ORDER BY s) z) y) x;
RESET milvus.hybrid_exact;

-- sums: a plan among others, which returns what the others do
SET enable_sort = off;
SELECT nodes($$SELECT id FROM docs ORDER BY 0.7 * (v <=> '[1,2,3,4]') + 0.2 * (body <@> 'red leaf') LIMIT 5$$);
SET milvus.hybrid_depth = 5;
SELECT * FROM check_all($$0.7 * (v <=> '[1,2,3,4]') + 0.2 * (body <@> 'red leaf')$$, $$0.7 * (v <=> '[1,2,3,4]') + 0.2 * (body <@> 'red leaf')$$);
SELECT * FROM check_all($$((v <=> '[1,2,3,4]') + (w <-> '[1,1,6]') * 2) / 5 - 1$$, $$((v <=> '[1,2,3,4]') + (w <-> '[1,1,6]') * 2) / 5 - 1$$);
SELECT * FROM check_all($$(body <@> 'red leaf') + 2 * (body <@> 'fox') + (v <=> '[1,2,3,4]') * 0$$, $$(body <@> 'red leaf') + 2 * (body <@> 'fox') + (v <=> '[1,2,3,4]') * 0$$);
SELECT * FROM check_all($$(body <@> 'red leaf') + (body <@> 'fox')$$, $$(body <@> 'red leaf') + (body <@> 'fox')$$);
RESET milvus.hybrid_depth;
SELECT id, round(d::numeric, 6) AS d, round(b::numeric, 6) AS b, s = 2 * d + b AS same FROM (SELECT id, v <=> '[1,2,3,4]' AS d, body <@> 'red' AS b, 2 * (v <=> '[1,2,3,4]') + (body <@> 'red') AS s FROM docs ORDER BY s LIMIT 3) x;
SELECT count(*), count(DISTINCT id), count(s), min(n) FILTER (WHERE s IS NULL) FROM (SELECT id, s, row_number() OVER () AS n
	FROM (SELECT id, (v <=> '[1,2,3,4]') + (body <@> 'red') AS s FROM docs ORDER BY s) y) x;
-- factors that are known at run time only
PREPARE summed(float8, float8, int) AS SELECT string_agg(id::text, ' ') FROM (SELECT id FROM docs ORDER BY $1 * (v <=> '[1,2,3,4]') + $2 * (w <-> '[1,1,6]') LIMIT $3) x;
SET plan_cache_mode = force_generic_plan;
SELECT nodes('EXECUTE summed(1, 1, 3)');
CREATE TEMP TABLE generic AS EXECUTE summed(1, 0.1, 30);
CREATE TEMP TABLE negative AS EXECUTE summed(-1, 0.1, 30);
EXECUTE summed(NULL, 0.1, 0);
DEALLOCATE summed;
RESET plan_cache_mode;
SET milvus.enable_ranked_scan = off;
RESET enable_sort;
SELECT (SELECT string_agg(id::text, ' ') FROM (SELECT id FROM docs ORDER BY 1 * (v <=> '[1,2,3,4]') + 0.1::float8 * (w <-> '[1,1,6]') LIMIT 30) x) = generic.string_agg,
	(SELECT string_agg(id::text, ' ') FROM (SELECT id FROM docs ORDER BY -1 * (v <=> '[1,2,3,4]') + 0.1::float8 * (w <-> '[1,1,6]') LIMIT 30) x) = negative.string_agg FROM generic, negative;
SELECT nodes($$SELECT id FROM docs ORDER BY 0.7 * (v <=> '[1,2,3,4]') + 0.2 * (body <@> 'red leaf') LIMIT 5$$);
RESET milvus.enable_ranked_scan;
SET enable_sort = off;
-- what is no sum of the kind
SELECT nodes($$SELECT id FROM docs ORDER BY 0.7 * (v <=> '[1,2,3,4]') - 0.2 * (body <@> 'red leaf') LIMIT 5$$);
SELECT nodes($$SELECT id FROM docs ORDER BY -0.7 * (v <=> '[1,2,3,4]') + (body <@> 'red leaf') LIMIT 5$$);
SELECT nodes($$SELECT id FROM docs ORDER BY (v <=> '[1,2,3,4]') + (body <@> 'red leaf') DESC LIMIT 5$$);
SELECT nodes($$SELECT id FROM docs ORDER BY (v <=> '[1,2,3,4]') * price + (body <@> 'red leaf') LIMIT 5$$);
RESET enable_sort;

-- a score of several columns comes from its index alone: the node is the only plan, exact or not
CREATE INDEX docs_all ON docs USING bm25 (body, lang) WITH (text_config = 'english', boosts = 'body=2');
SELECT string_agg(id::text, ' ' ORDER BY n) FROM (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM docs ORDER BY (v <=> '[1,2,3,4]') + 0.2 * (body <@> bm25query('leaf en', 'docs_all')) LIMIT 5) x) y;
SELECT string_agg(id::text, ' ' ORDER BY n) FROM (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> bm25query('leaf en', 'docs_all')], '{1,0.2}', 'none') LIMIT 5) x) y;
SET milvus.hybrid_exact = on;
SELECT string_agg(id::text, ' ' ORDER BY n) FROM (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM docs ORDER BY (v <=> '[1,2,3,4]') + 0.2 * (body <@> bm25query('leaf en', 'docs_all')) LIMIT 5) x) y;
SELECT string_agg(id::text, ' ' ORDER BY n) FROM (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> bm25query('leaf en', 'docs_all')], '{1,0.2}', 'none') LIMIT 5) x) y;
RESET milvus.hybrid_exact;
DROP INDEX docs_all;

-- leg(): conditions and depths of their own
SET milvus.hybrid_exact = on;
SELECT * FROM check_all($$weighted(ARRAY[leg(v <=> '[1,2,3,4]', filter => lang = 'en'), leg(body <@> 'red leaf', filter => price < 5 AND id > 100)])$$,
	$$- CASE WHEN lang = 'en' THEN coalesce(1 - (v <=> '[1,2,3,4]') / 2, 0) ELSE 0 END + CASE WHEN price < 5 AND id > 100 THEN coalesce(2 * atan(body <@> 'red leaf') / pi(), 0) ELSE 0 END$$);
RESET milvus.hybrid_exact;
SELECT count(*), count(*) FILTER (WHERE round(s::numeric, 9) = round(score::numeric, 9)) FROM (SELECT id, rrf(leg(v <=> '[1,2,3,4]', lang = 'en', 7), leg(body <@> 'red leaf', price < 5, 3), w <-> '[1,1,6]', k => 10) AS s FROM docs WHERE id > 50 ORDER BY s LIMIT 60) x
	JOIN (SELECT id, - coalesce(1.0 / (10 + a.rank), 0) - coalesce(1.0 / (10 + b.rank), 0) - coalesce(1.0 / (10 + c.rank), 0) AS score FROM docs
		LEFT JOIN (SELECT id, row_number() OVER (ORDER BY v <=> '[1,2,3,4]', ctid) AS rank FROM docs WHERE id > 50 AND lang = 'en' AND v IS NOT NULL ORDER BY 2 LIMIT 7) a USING (id)
		LEFT JOIN (SELECT id, row_number() OVER (ORDER BY body <@> 'red leaf', ctid) AS rank FROM docs WHERE id > 50 AND price < 5 ORDER BY 2 LIMIT 3) b USING (id)
		LEFT JOIN (SELECT id, row_number() OVER (ORDER BY w <-> '[1,1,6]', ctid) AS rank FROM docs WHERE id > 50 ORDER BY 2 LIMIT 100) c USING (id)) y USING (id);
-- the value of a leg is the row's, whatever the leg's condition
SELECT count(*), count(*) FILTER (WHERE d IS DISTINCT FROM e) FROM (SELECT id, v <=> '[1,2,3,4]' AS d FROM docs ORDER BY rrf(leg(v <=> '[1,2,3,4]', lang = 'en'), body <@> 'red') LIMIT 150) x
	JOIN (SELECT id, v <=> '[1,2,3,4]' AS e FROM docs) y USING (id);

-- decay and boosts
SELECT decay_gauss(30, 10, 20), decay_exp(30, 10, 20), decay_linear(30, 10, 20), round(decay_gauss(-6, 10, 8, 4, 0.3)::numeric, 6), round(decay_exp(50, 10, 20)::numeric, 6), round(decay_gauss(50, 10, 20)::numeric, 6),
	decay_linear(50, 10, 20, decay => 0.5), decay_exp(12, 10, 20, "offset" => 2), decay_gauss('infinity', 0, 1), decay_linear(NULL, 0, 1);
SELECT decay_gauss(timestamptz '2024-01-08', '2024-01-01', '7 days'), decay_exp(timestamptz '2024-01-01', timestamptz '2024-01-11', '7 days', '3 days', 0.25), decay_linear('infinity', timestamptz '2024-01-01', '1 day'), decay_linear(timestamptz '2024-02-10', timestamptz '2024-01-01', '1 month', '10 days');
SELECT decay_gauss(1, 0, 0);
SELECT decay_exp(1, 0, 1, -1);
SELECT decay_linear(1, 0, 1, 0, 1);
SELECT decay_exp(now(), now(), '-1 day');
SET milvus.hybrid_exact = on;
SELECT * FROM check_all($$weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red leaf']) * decay_gauss(price, 4, 3) * CASE WHEN lang = 'de' THEN 1.2 ELSE 1 END$$,
	$$(- coalesce(1 - (v <=> '[1,2,3,4]') / 2, 0) + coalesce(2 * atan(body <@> 'red leaf') / pi(), 0)) * decay_gauss(price, 4, 3) * CASE WHEN lang = 'de' THEN 1.2 ELSE 1 END$$);
SELECT * FROM check_all($$decay_exp(made, '2024-06-01 00:00+00', '30 days') * weighted(ARRAY[v <=> '[1,2,3,4]', w <-> '[1,1,6]'])$$,
	$$decay_exp(made, '2024-06-01 00:00+00', '30 days') * (- coalesce(1 - (v <=> '[1,2,3,4]') / 2, 0) - 1 + 2 * atan((w <-> '[1,1,6]') ^ 2) / pi())$$);
SELECT * FROM check_all($$weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red leaf']) * (price % 4) * nullif(price, 6)$$,
	$$(- coalesce(1 - (v <=> '[1,2,3,4]') / 2, 0) + coalesce(2 * atan(body <@> 'red leaf') / pi(), 0)) * (price % 4) * nullif(price, 6)$$);
RESET milvus.hybrid_exact;
SELECT count(*), count(*) FILTER (WHERE s = r * CASE WHEN price < 2 THEN 3 ELSE 1 END), count(*) FILTER (WHERE s < before) FROM (SELECT s, r, price, lag(s) OVER (ORDER BY n) AS before FROM (SELECT *, row_number() OVER () AS n
	FROM (SELECT price, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS r, rrf(v <=> '[1,2,3,4]', body <@> 'red') * CASE WHEN price < 2 THEN 3 ELSE 1 END AS s FROM docs ORDER BY s LIMIT 50) z) y) x;
SELECT id FROM docs WHERE id = 3 ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red') * (price - 5) LIMIT 1;

-- a limit to the score, which ends the scan, and pages by it
SET milvus.hybrid_depth = 300;
SELECT count(*), count(*) FILTER (WHERE a.id IS DISTINCT FROM b.id OR a.s IS DISTINCT FROM b.s) FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs WHERE rrf(v <=> '[1,2,3,4]', body <@> 'red') < -0.01 AND price < 8 ORDER BY s) a
	FULL JOIN (SELECT * FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs WHERE price < 8 ORDER BY s LIMIT 300) x WHERE s < -0.01) b USING (id);
SELECT count(*), count(*) FILTER (WHERE s < -0.001 * price AND lang = 'de') FROM (SELECT id, s FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s, price, lang FROM docs) x WHERE s < -0.001 * price AND NOT s > -0.012 AND lang = 'de' ORDER BY s) y JOIN docs USING (id);
SELECT nodes($$SELECT id FROM docs WHERE rrf(v <=> '[1,2,3,4]', body <@> 'red') < -0.02 ORDER BY rrf(v <=> '[1,2,3,4]', body <@> 'red') LIMIT 5$$);
RESET milvus.hybrid_depth;
CREATE TEMP TABLE pages AS SELECT 0 AS page, id, s FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s, id LIMIT 10) x;
INSERT INTO pages SELECT 1, id, s FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s, id LIMIT 100) x WHERE (s, id) > (SELECT s, id FROM pages ORDER BY s DESC, id DESC LIMIT 1) ORDER BY s, id LIMIT 10;
SELECT page, count(*), count(*) FILTER (WHERE n BETWEEN page * 10 + 1 AND page * 10 + 10) FROM pages JOIN (SELECT id, row_number() OVER () AS n FROM (SELECT id, rrf(v <=> '[1,2,3,4]', body <@> 'red') AS s FROM docs ORDER BY s, id LIMIT 20) x) y USING (id) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM docs WHERE rrf(v <=> '[1,2,3,4]', body <@> 'red') < -0.015;

-- parameters of any kind: of a generic plan, of an outer query, of a subquery
PREPARE weighing(vector, text, float8[], text) AS SELECT string_agg(id::text, ' ') FROM (SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> $1, body <@> $2], $3, $4) LIMIT 5) x;
SET plan_cache_mode = force_generic_plan;
CREATE TEMP TABLE weighing AS EXECUTE weighing('[1,2,3,4]', 'fox', '{1,0.5}', 'minmax');
EXECUTE weighing('[1,2,3,4]', 'fox', '{1,0.5,1}', 'minmax');
EXECUTE weighing('[1,2,3,4]', NULL, NULL, 'atan');
PREPARE nothing(text) AS SELECT count(*), count(s) FROM (SELECT (v <=> '[1,2,3,4]') + (body <@> $1) AS s FROM docs ORDER BY s LIMIT 5) x;
SET enable_sort = off;
EXECUTE nothing('red');
EXECUTE nothing(NULL);
RESET enable_sort;
RESET plan_cache_mode;
SELECT (SELECT string_agg(id::text, ' ') FROM (SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'fox'], '{1,0.5}', 'minmax') LIMIT 5) x) = string_agg FROM weighing;
SET enable_sort = off;
SELECT bool_and(s = own) FROM docs q, LATERAL (SELECT array_agg(s) AS s FROM (SELECT (d.v <=> q.v) * 2 + (d.w <-> q.w) AS s FROM docs d WHERE d.price = q.price ORDER BY s LIMIT 4) y) x,
	LATERAL (SELECT array_agg(s) AS own FROM (SELECT (d.v <=> q.v) * 2 + (d.w <-> q.w) AS s FROM docs d WHERE d.price = q.price ORDER BY (d.v <=> q.v) * 2 + (d.w <-> q.w) + 0 * d.price LIMIT 4) y) z WHERE q.id IN (3, 6, 14);
SELECT nodes($$SELECT q.id, x.id FROM docs q, LATERAL (SELECT d.id FROM docs d ORDER BY (d.v <=> q.v) * 2 + (d.w <-> q.w) LIMIT 2) x WHERE q.id = 3$$);
SELECT (SELECT id FROM docs ORDER BY (v <=> (SELECT v FROM docs WHERE id = 9)) + (w <-> (SELECT w FROM docs WHERE id = 9)) LIMIT 1), (SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> (SELECT v FROM docs WHERE id = 10), body <@> 'nowhere']) LIMIT 1);
RESET enable_sort;

-- what it cannot do, it says
SELECT weighted(ARRAY[v <=> '[1,2,3,4]']) FROM docs LIMIT 1;
SELECT id FROM docs ORDER BY leg(v <=> '[1,2,3,4]') LIMIT 1;
SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red']) DESC LIMIT 1;
SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red'], '{1}') LIMIT 1;
SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red'], '{1,2,3}') LIMIT 1;
SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red'], '{1,-2}') LIMIT 1;
SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red'], '{1,NULL}') LIMIT 1;
SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red'], norm => 'max') LIMIT 1;
SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red'], norm => NULL) LIMIT 1;
SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]', body <@> 'red'], norm => lang) LIMIT 1;
SELECT id FROM docs ORDER BY weighted(array_append(NULL, v <=> '[1,2,3,4]')) LIMIT 1;
SELECT id FROM docs ORDER BY weighted(array_fill(price::float8, '{2}')) LIMIT 1;
SELECT id FROM docs ORDER BY rrf(leg(v <=> '[1,2,3,4]', depth => 0)) LIMIT 1;
SELECT id FROM docs ORDER BY rrf(leg(v <=> '[1,2,3,4]', depth => price)) LIMIT 1;
SELECT id FROM docs ORDER BY weighted(ARRAY[v <=> '[1,2,3,4]']) LIMIT 1 FOR UPDATE;
DROP TABLE docs;
DROP FUNCTION nodes, compare, check_all, normalised;

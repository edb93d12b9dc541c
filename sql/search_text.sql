-- Conditions beside an order by text: other indexes find the rows, the text's index puts them in order, exactly.
-- VACUUM comes when it is asked for: scores depend on the rows that the index has.
CREATE TABLE texts (id int PRIMARY KEY, body text, pick int, kind int, note int) WITH (autovacuum_enabled = off);
SELECT setseed(.25);
INSERT INTO texts SELECT n, CASE WHEN n % 40 <> 0 THEN (SELECT string_agg(word, ' ') FROM (SELECT 'w' || (random() ^ 3 * 60)::int AS word FROM generate_series(1, 4 + n % 9)) w) END,
	(n * 7919) % 10000, n % 3, 0 FROM generate_series(1, 6000) n;
CREATE INDEX texts_body ON texts USING bm25 (body, kind) WITH (text_config = 'simple');
CREATE INDEX texts_pick ON texts (pick);
VACUUM ANALYZE texts;
SET jit = off;
-- Rows of the table are dear: a bitmap is made wherever it helps.
SET cpu_tuple_cost = 1000;
SET enable_sort = off;
CREATE FUNCTION nodes(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		IF line ~ 'Scan|Limit|Loop|Append' THEN RETURN NEXT line; END IF;
	END LOOP;
END $$;
SELECT nodes($$SELECT id FROM texts WHERE pick < 100 ORDER BY body <@> 'w1' LIMIT 3$$);
SELECT nodes($$SELECT id FROM texts WHERE pick < 100 AND kind = 1 AND body @@@ 'w7' ORDER BY body <@> 'w1' LIMIT 3$$);

-- The oracle: the score of every row's text.
CREATE TABLE oracle (query text, id int, score float8);
CREATE PROCEDURE ask_oracle() LANGUAGE plpgsql AS $$
DECLARE
	q text;
BEGIN
	TRUNCATE oracle;
	FOREACH q IN ARRAY '{w1,w55,w3 w9 w40,+w0 +w7,"\"w0 w1\"",+w0 -w1 w5,+(w3 w14) +w0,nowhere}'::text[] LOOP
		EXECUTE format('INSERT INTO oracle SELECT %1$L, id, body <@> %1$L::ftsquery FROM texts', q);
	END LOOP;
	ANALYZE oracle;
END $$;
-- NULL, or what is wrong: scores that are not those of the best, rows that have another score or come twice.
CREATE FUNCTION differs(q text, condition text, n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	asked text := format('SELECT id, body <@> %L::ftsquery AS score FROM texts WHERE %s ORDER BY 2 LIMIT %s', q, condition, n);
	plan json;
	got float8[];
	good float8[];
	rows bigint;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || asked INTO plan;
	IF plan::text !~ 'Ranked Scan.*Bitmap Index Scan' THEN RETURN asked; END IF;
	EXECUTE format('SELECT array_agg(x.score), count(DISTINCT x.id) FROM (%s) x JOIN oracle o USING (id) WHERE o.query = $1 AND x.score IS NOT DISTINCT FROM o.score', asked)
		INTO got, rows USING q;
	EXECUTE format('SELECT array_agg(score) FROM (SELECT score FROM oracle JOIN texts USING (id) WHERE query = $1 AND %s ORDER BY 1 LIMIT $2) x', condition)
		INTO good USING q, n;
	RETURN CASE WHEN array(SELECT unnest(got) ORDER BY 1) IS DISTINCT FROM coalesce(good, '{}') OR rows <> coalesce(cardinality(got), 0)
		THEN format('%s where %s, %s rows: %s, not %s', q, condition, n, got, good) END;
END $$;
CREATE FUNCTION compare() RETURNS TABLE (queries bigint, wrong bigint, first text) LANGUAGE sql AS $$
	SELECT count(*), count(d), min(d) FROM (SELECT DISTINCT query FROM oracle) o,
		unnest('{pick < 5000,pick < 1000,pick < 100,pick < 10,pick < 300 AND kind = 1,pick < 1000 AND body @@@ ''w1'',pick < 2000 AND body @@@ ''w2'' AND kind < 2,pick < 0}'::text[]) condition,
		unnest('{1,10,100000}'::int[]) n, differs(o.query, condition, n) d
$$;
CALL ask_oracle();
SELECT * FROM compare();

-- rows that wait to be merged, versions of rows, rows that are gone
INSERT INTO texts SELECT 10000 + id, reverse(body), pick, kind, 0 FROM texts WHERE id % 10 = 3;
INSERT INTO texts SELECT 20000 + id, body || ' w55', (pick + 5) % 10000, kind, 0 FROM texts WHERE id % 10 = 4;
UPDATE texts SET note = 1 WHERE id % 5 = 1;
UPDATE texts SET body = body || ' w9', pick = pick / 2 WHERE id % 11 = 1;
CALL ask_oracle();
SELECT * FROM compare();
DELETE FROM texts WHERE id % 7 = 2;
CALL ask_oracle();
SELECT * FROM compare();
VACUUM ANALYZE texts;
CALL ask_oracle();
SELECT * FROM compare();

-- a set that depends on the outer row; And and Or; the search is told what is wanted, and goes on
SELECT nodes($$SELECT k, x.id FROM generate_series(1, 3) k, LATERAL (SELECT id FROM texts WHERE pick = k ORDER BY body <@> 'w1' LIMIT 1) x$$);
SELECT k, x.pick, x.id = (SELECT id FROM texts JOIN oracle USING (id) WHERE pick = k AND query = 'w1' ORDER BY score, texts.ctid LIMIT 1) AS best
	FROM generate_series(1, 3) k, LATERAL (SELECT id, pick FROM texts WHERE pick = k ORDER BY body <@> 'w1' LIMIT 1) x;
SELECT count(*), count(d), min(d) FROM unnest('{"(pick < 50 OR id = 77) AND note < 3","pick IN (3, 4, 5)","pick = ANY (ARRAY(SELECT generate_series(1, 99)))"}'::text[]) condition, differs('w3 w9 w40', condition, 20) d;
SELECT count(*) FROM (SELECT id FROM texts WHERE pick < 500 ORDER BY body <@> 'w3 w9' LIMIT 10) x;
SELECT rows, tested > 0 AS asked FROM milvus_last_scan();
BEGIN;
DECLARE c CURSOR FOR SELECT pick < 1000 AS right FROM texts WHERE pick < 1000 ORDER BY body <@> 'w3 w9';
FETCH 2 FROM c;
MOVE FORWARD ALL IN c;
COMMIT;

DROP TABLE texts, oracle;
DROP FUNCTION nodes, differs, compare;
DROP PROCEDURE ask_oracle;

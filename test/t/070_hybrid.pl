# Hybrid search beside exhaustive fusion: random queries of every ranker, with every
# row scored on every leg in SQL; on a fresh table and with rows deleted, updated and
# pending; while others write; after crashes.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use constant { ROWS => 700, QUERIES => $ENV{MV_HYBRID_QUERIES} // 1000, CRASHES => 3 };

my $node = new_node('main', conf => "autovacuum = off\njit = off\nmax_wal_size = 64MB\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', q{
	SELECT setseed(.3);
	CREATE FUNCTION random_vector(dim int) RETURNS vector LANGUAGE sql VOLATILE AS $$
		SELECT array_agg(round((random() * 2 - 1)::numeric, 3))::real[]::vector FROM generate_series(1, dim) $$;
	CREATE FUNCTION random_words(n int) RETURNS text LANGUAGE sql VOLATILE AS $$
		SELECT string_agg('w' || (30 * random() ^ 2)::int, ' ') FROM generate_series(1, n) $$;
	CREATE TABLE docs (id serial PRIMARY KEY, a vector(8), b vector(5), title text, body text, n int, kind text);
	CREATE PROCEDURE add_rows(count int) LANGUAGE sql AS $$
		INSERT INTO docs (a, b, title, body, n, kind) SELECT CASE WHEN random() < .95 THEN random_vector(8 + i * 0) END, random_vector(5 + i * 0),
			CASE WHEN random() < .9 THEN random_words(1 + i % 4) END, random_words(2 + i % 9), (random() * 100)::int, 'k' || i % 5 FROM generate_series(1, count) i $$;
	-- A query and its words: the value of every leg for every row.
	CREATE TABLE legs (leg serial PRIMARY KEY, kind text, expr text);
	INSERT INTO legs (kind, expr) SELECT 'cosine', format('(a <=> %L)', random_vector(8 + i * 0)) FROM generate_series(1, 8) i;
	INSERT INTO legs (kind, expr) SELECT 'product', format('(a <#> %L)', random_vector(8 + i * 0)) FROM generate_series(1, 3) i;
	INSERT INTO legs (kind, expr) SELECT 'l2', format('(b <-> %L)', random_vector(5 + i * 0)) FROM generate_series(1, 8) i;
	INSERT INTO legs (kind, expr) SELECT 'text', format('(body <@> %L)', random_words(1 + i % 3)) FROM generate_series(1, 9) i;
	INSERT INTO legs (kind, expr) SELECT 'text', format('(title <@> %L)', random_words(1 + i % 2)) FROM generate_series(1, 4) i;
	INSERT INTO legs (kind, expr) VALUES ('number', 'abs(n - 30)');
	CREATE TABLE vals (leg int, id int, x float8);
	CREATE PROCEDURE compute_values() LANGUAGE plpgsql AS $$
	DECLARE
		l legs;
	BEGIN
		TRUNCATE vals;
		PERFORM set_config('enable_indexscan', 'off', true);
		FOR l IN SELECT * FROM legs LOOP
			EXECUTE format('INSERT INTO vals SELECT %s, id, %s FROM docs', l.leg, l.expr);
		END LOOP;
	END $$;
	CALL add_rows(} . ROWS . q{);
	CREATE INDEX ON docs USING hnsw (a vector_cosine_ops);
	CREATE INDEX ON docs USING hnsw (a vector_ip_ops);
	CREATE INDEX ON docs USING ivf (b vector_l2_ops);
	CREATE INDEX ON docs USING bm25 (body);
	CREATE INDEX ON docs USING bm25 (title);
	CREATE INDEX ON docs (n);
	VACUUM ANALYZE docs;

	CREATE TYPE fusion AS (ranker text, legs int[], weights float8[], k int, condition text, n int, depth int);
	CREATE FUNCTION random_fusion() RETURNS fusion LANGUAGE plpgsql VOLATILE AS $$
	DECLARE
		f fusion;
	BEGIN
		f.ranker := ('{rrf,rrf,atan,none,minmax,zscore,sum}'::text[])[1 + floor(random() * 7)];
		f.legs := ARRAY(SELECT leg FROM legs WHERE f.ranker <> 'sum' OR kind <> 'number' ORDER BY random() LIMIT 2 + floor(random() * 3));
		f.weights := ARRAY(SELECT CASE WHEN random() < .1 THEN 0 ELSE round((random() * 2 + l * 0)::numeric, 2) END FROM unnest(f.legs) l);
		f.k := ('{0,10,60}'::int[])[1 + floor(random() * 3)];
		f.condition := ('{true,true,n < 50,n < 8,kind = ''k2'',n > 20 AND kind <> ''k1'',id % 7 = 0,id = 77}'::text[])[1 + floor(random() * 8)];
		f.n := ('{1,10,10,40}'::int[])[1 + floor(random() * 4)];
		f.depth := ('{20,100,100}'::int[])[1 + floor(random() * 3)];
		RETURN f;
	END $$;
	CREATE FUNCTION expression(f fusion) RETURNS text LANGUAGE sql AS $$
		SELECT CASE f.ranker WHEN 'rrf' THEN format('rrf(%s, k => %s, weights => %L)', string_agg(expr, ', ' ORDER BY i), f.k, f.weights)
			WHEN 'sum' THEN string_agg(w || ' * ' || expr, ' + ' ORDER BY i)
			ELSE format('weighted(ARRAY[%s], %L, %L)', string_agg(expr, ', ' ORDER BY i), f.weights, f.ranker) END
		FROM unnest(f.legs, f.weights) WITH ORDINALITY u(leg, w, i) JOIN legs USING (leg) $$;
	-- Scores of all rows; ranks and norms are over the first rows of each leg.
	CREATE FUNCTION scores(f fusion, depth int) RETURNS TABLE (id int, score numeric) LANGUAGE plpgsql AS $$
	BEGIN
		RETURN QUERY EXECUTE format($q$
			WITH found AS MATERIALIZED (SELECT id, ctid AS c FROM docs WHERE %s),
				chosen AS (SELECT leg, kind, w FROM unnest($1, $2) u(leg, w) JOIN legs USING (leg)),
				given AS MATERIALIZED (SELECT leg, kind, w, id, x, row_number() OVER (PARTITION BY leg ORDER BY x, c) AS rank FROM chosen JOIN vals USING (leg) JOIN found USING (id)),
				ranked AS MATERIALIZED (SELECT * FROM given WHERE x IS NOT NULL AND (kind <> 'text' OR x < 0) AND rank <= $5),
				norms AS (SELECT leg, max(x) AS last, nullif(max(x) - min(x), 0) AS width, avg(x) AS mean, nullif(stddev_pop(x) * (stddev_pop(x) > 1e-9)::int, 0) AS sd FROM ranked GROUP BY leg),
				points AS (SELECT id, sum(w * CASE $3 WHEN 'rrf' THEN 1.0 / ($4 + rank)
						WHEN 'minmax' THEN coalesce((last - x) / width, 1)
						WHEN 'zscore' THEN coalesce((last - x) / sd, 0)
						WHEN 'atan' THEN CASE kind WHEN 'cosine' THEN 1 - x / 2 WHEN 'product' THEN .5 - atan(x) / pi() WHEN 'text' THEN -2 * atan(x) / pi()
							WHEN 'l2' THEN 1 - 2 * atan(x ^ 2) / pi() ELSE 1 - 2 * atan(x) / pi() END END) AS p
					FROM ranked JOIN norms USING (leg) GROUP BY id),
				sums AS (SELECT id, CASE WHEN count(x) = cardinality($1) THEN sum(w * x) END AS p FROM given GROUP BY id),
				least AS (SELECT CASE $3 WHEN 'zscore' THEN coalesce(sum(w * coalesce((mean - last) / sd, 0)), 0) ELSE 0 END AS p FROM chosen JOIN norms USING (leg))
			SELECT id, round((CASE WHEN $3 IN ('none', 'sum') THEN sums.p ELSE - coalesce(points.p, 0) - least.p END)::numeric, 7)
			FROM found LEFT JOIN points USING (id) LEFT JOIN sums USING (id), least$q$, f.condition) USING f.legs, f.weights, f.ranker, f.k, depth;
	END $$;
	-- What is wrong with the first rows, and how many of them are among the best.
	CREATE FUNCTION run(f fusion, exact bool, OUT good int, OUT of int, OUT wrong text) LANGUAGE plpgsql AS $$
	DECLARE
		ids int[];
		got numeric[];
		best numeric[];
		own numeric[];
		wanted int;
	BEGIN
		-- Recall is promised for the default.
		IF NOT exact THEN f.depth := 100; END IF;
		wanted := greatest(f.depth, f.n);
		PERFORM set_config('milvus.hybrid_exact', exact::text, true), set_config('milvus.hybrid_depth', f.depth::text, true),
			set_config('enable_sort', exact::text, true), set_config('enable_seqscan', exact::text, true);
		EXECUTE format('SELECT array_agg(id), array_agg(round(s::numeric, 7)) FROM (SELECT id, %s AS s FROM docs WHERE %s ORDER BY s LIMIT %s) x', expression(f), f.condition, f.n) INTO ids, got;
		PERFORM set_config('enable_sort', 'on', true), set_config('enable_seqscan', 'on', true);
		IF f.ranker IN ('atan', 'none', 'sum') OR (f.ranker = 'rrf' AND exact) THEN wanted := 1000000; END IF;
		CREATE TEMP TABLE IF NOT EXISTS oracle (id int, score numeric);
		TRUNCATE oracle;
		INSERT INTO oracle SELECT * FROM scores(f, wanted);
		SELECT array_agg(score ORDER BY score) INTO best FROM (SELECT score FROM oracle ORDER BY score LIMIT f.n) x;
		SELECT array_agg(score ORDER BY i) INTO own FROM unnest(ids) WITH ORDINALITY g(id, i) JOIN oracle USING (id);
		of := coalesce(cardinality(best), 0);
		SELECT count(*) INTO good FROM unnest(own) o WHERE coalesce(o, 'infinity') <= coalesce(best[of], 'infinity');
		wrong := CASE WHEN got IS DISTINCT FROM best THEN 'other scores' WHEN got IS DISTINCT FROM own THEN 'wrong scores'
			WHEN cardinality(ids) <> (SELECT count(DISTINCT i) FROM unnest(ids) i) THEN 'a row twice' END;
		IF wrong IS NOT NULL THEN
			wrong := format('%s: %s %s LIMIT %s depth %s: %s, not %s, own %s', wrong, expression(f), f.condition, f.n, f.depth, got[1:8], best[1:8], own[1:8]);
		END IF;
	END $$;
});

# Random queries: in exact mode each as the oracle says; by the indexes nearly all rows.
sub check_queries
{
	my ($what) = @_;

	$node->safe_psql('postgres', 'CALL compute_values(); ANALYZE vals');
	is($node->safe_psql('postgres', 'SELECT setseed(.7); SELECT count(*), count(wrong), min(wrong) FROM generate_series(1, ' . QUERIES . ') i, LATERAL (SELECT random_fusion() AS f, i) x, LATERAL run(f, true) r'),
		"\n" . QUERIES . '|0|', "$what: exhaustive fusion");
	my $rows = $node->safe_psql('postgres', q{SELECT setseed(.2); SET milvus.target_recall = .995;
		SELECT (x.f).ranker, count(*), count(wrong), round(sum(good)::numeric / greatest(sum(of), 1), 4) FROM generate_series(1, } . int(QUERIES / 2)
		. q{) i, LATERAL (SELECT random_fusion() AS f, i) x, LATERAL run(f, false) r GROUP BY 1 ORDER BY 1});
	note("$what, by indexes: ranker, queries, of them with another result, share of rows that are among the best\n$rows");
	my @low = grep { (split /\|/)[3] < .99 } grep { /\|/ } split /\n/, $rows;
	is("@low", '', "$what: recall by indexes");
}

check_queries('fresh');
$node->safe_psql('postgres', q{
	SELECT setseed(.4);
	DELETE FROM docs WHERE id % 9 = 1;
	UPDATE docs SET a = random_vector(8), body = random_words(4) WHERE id % 11 = 2;
	UPDATE docs SET n = n + 1 WHERE id % 13 = 3;
	CALL add_rows(120)});
check_queries('changed');

# While others write, each statement sees its own rows, all of them, in order.  All lists are read: ranks
# are compared with exact ones.
$node->safe_psql('postgres', q{
	CREATE PROCEDURE churn() LANGUAGE plpgsql AS $$
	DECLARE
		r int;
	BEGIN
		LOOP
			r := random() * 3000;
			CALL add_rows(4);
			COMMIT;
			DELETE FROM docs WHERE id BETWEEN r AND r + 3;
			COMMIT;
			UPDATE docs SET a = random_vector(8), title = random_words(2) WHERE id = r + 5;
			ROLLBACK;
			UPDATE docs SET b = random_vector(5), body = random_words(6) WHERE id = r + 7;
			COMMIT;
		END LOOP;
	END $$;
	-- Rows missing, twice, out of order, or (where no word is asked for) with another score than in SQL.
	CREATE FUNCTION wrong_rows() RETURNS bigint LANGUAGE sql AS $$
		WITH all_rows AS MATERIALIZED (SELECT id, s, row_number() OVER () AS i FROM (SELECT id, rrf(a <=> '[1,2,3,4,5,6,7,8]', b <-> '[1,0,1,0,1]', body <@> 'w1 w7') AS s FROM docs ORDER BY s) x),
			near AS (SELECT id, row_number() OVER (ORDER BY a <=> '[1,2,3,4,5,6,7,8]', ctid) AS rank FROM docs WHERE a IS NOT NULL ORDER BY 2 LIMIT 100),
			also AS (SELECT id, row_number() OVER (ORDER BY b <-> '[1,0,1,0,1]', ctid) AS rank FROM docs ORDER BY 2 LIMIT 100),
			good AS (SELECT id, - coalesce(1.0 / (60 + near.rank), 0) - coalesce(1.0 / (60 + also.rank), 0) AS s FROM near FULL JOIN also USING (id) ORDER BY 2 LIMIT 20)
		SELECT abs((SELECT count(*) FROM docs) - (SELECT count(*) FROM all_rows)) + (SELECT count(*) - count(DISTINCT id) FROM all_rows)
			+ (SELECT count(*) FROM (SELECT s, lag(s) OVER (ORDER BY i) AS before FROM all_rows WHERE i <= 100) x WHERE s < before)
			+ (SELECT count(*) FROM (SELECT rrf(a <=> '[1,2,3,4,5,6,7,8]', b <-> '[1,0,1,0,1]') AS s, row_number() OVER () AS i FROM docs ORDER BY s LIMIT 20) x WHERE round(s::numeric, 7) NOT IN (SELECT round(s, 7) FROM good)) $$});
for my $crash (1 .. CRASHES)
{
	my $log = '';
	my $writer = IPC::Run::start([ 'psql', '-XAt', '-d', $node->connstr('postgres'), '-c', 'CALL churn()' ], '>', \$log, '2>', \$log);

	usleep(500_000);
	is($node->safe_psql('postgres', q{SET milvus.target_recall = .9999; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT sum(wrong_rows()) FROM generate_series(1, 5); COMMIT}),
		0, "crash $crash: rows while others write");
	$node->stop('immediate');
	eval { $writer->finish };
	$node->start;
	is($node->safe_psql('postgres', q{SET milvus.target_recall = .9999; SELECT wrong_rows()}), 0, "crash $crash: rows afterwards");
}
check_indexes($node, 'postgres');
done_testing();

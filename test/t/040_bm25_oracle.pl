# Ranked search against two oracles: every row's score from its text, by the same
# query in a sequential scan, where the index scan must give the same rows in
# the same order, rows of equal score apart; and BM25 as SQL arithmetic over
# bm25_analyze(), which knows nothing of our query code.  On a fresh index, after
# inserts, deletes, updates, VACUUM.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

use constant { ROWS => 1500, WORDS => 400, QUERIES => $ENV{MV_BM25_QUERIES} // 120 };

my $node = new_node('main', conf => "autovacuum = off\njit = off\n");
create_extensions($node, 'postgres');

# Words as in a text: few are frequent.  Some are stop words, some have inflections.
srand(7);
my @vocabulary = ('the', 'running', 'runs', 'of', map { my $n = $_; join '', map { chr(97 + ($n * 7 + $_ * 11) % 23) } 1 .. 3 + $n % 4 } 1 .. WORDS);
sub word { return $vocabulary[ int(@vocabulary * rand()**3) ] }
sub text { my ($n) = @_; return join ' ', map { word() } 1 .. $n }
my $ids = 0;
sub rows
{
	my ($n) = @_;
	return join '', map {
		my $id = ++$ids;
		my $body = rand() < .02 ? '\\N' : rand() < .02 ? '' : text(1 + int(60 * rand()**2));
		my $title = rand() < .1 ? '\\N' : text(1 + int(rand 6));
		join("\t", $id, $title, $body, int(rand 100), rand() < .05 ? '\\N' : 'k' . int(rand 8)) . "\n"
	} 1 .. $n;
}
sub copy { my ($n) = @_; return "COPY docs FROM stdin;\n" . rows($n) . "\\.\n" }

$node->safe_psql('postgres', q{
	CREATE TABLE docs (id int, title text, body text, n int, kw text);
} . copy(ROWS) . q{
	CREATE INDEX docs_bm25 ON docs USING bm25 (title, n, body, kw keyword_ops) WITH (text_config = 'english', boosts = 'title=2.5');
	-- The same terms: this one adds a stop word.
	CREATE INDEX docs_body ON docs USING bm25 ((body || ' the')) WITH (text_config = 'english', k1 = 0.9, b = 0.4, positions = off);
	ANALYZE docs;

	-- NULL, or what is wrong with the first k rows: the score at each place, as the index says it and as the row
	-- gives it, must be the best possible one, and no row may come twice.
	CREATE FUNCTION differs(k int, got_rows tid[], got_scores float8[], good tid[], scores float8[]) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		expected float8[];
		got float8[];
	BEGIN
		SELECT array_agg(s ORDER BY s) INTO expected FROM (SELECT s FROM unnest(scores) s ORDER BY s LIMIT k) x;
		SELECT array_agg(s ORDER BY i) INTO got FROM unnest(got_rows) WITH ORDINALITY f(t, i)
			JOIN unnest(good, scores) g(t, s) ON f.t = g.t;
		IF got IS DISTINCT FROM expected OR got IS DISTINCT FROM got_scores OR (SELECT count(DISTINCT t) FROM unnest(got_rows) t) <> cardinality(got_rows) THEN
			RETURN format('%s rows %s, expected %s rows %s', cardinality(got), left(got_scores::text, 300), cardinality(expected), left(expected::text, 300));
		END IF;
		RETURN NULL;
	END $$;

	-- One query, by index and by sequential scan.
	CREATE FUNCTION check_query(distance text, condition text, k int) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		got_rows tid[];
		got_scores float8[];
		good tid[];
		scores float8[];
		plan text;
		wrong text;
	BEGIN
		PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true), set_config('enable_indexscan', 'on', true),
			set_config('enable_bitmapscan', 'off', true);
		EXECUTE format('EXPLAIN SELECT ctid FROM docs WHERE %s ORDER BY %s LIMIT %s', condition, distance, k) INTO plan;
		FOR plan IN EXECUTE format('EXPLAIN SELECT ctid FROM docs WHERE %s ORDER BY %s LIMIT %s', condition, distance, k) LOOP
			IF plan ~ 'Seq Scan|Sort' THEN RETURN 'no index scan: ' || plan; END IF;
		END LOOP;
		EXECUTE format('SELECT array_agg(t), array_agg(d) FROM (SELECT ctid AS t, %s AS d FROM docs WHERE %s ORDER BY %s LIMIT %s) x',
			distance, condition, distance, k) INTO got_rows, got_scores;
		PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true), set_config('enable_indexscan', 'off', true);
		EXECUTE format('SELECT array_agg(ctid ORDER BY ctid), array_agg(%s ORDER BY ctid) FROM docs WHERE %s', distance, condition) INTO good, scores;
		RETURN differs(k, got_rows, got_scores, good, scores);
	END $$;

	-- The rows that match, by bitmap and by sequential scan.
	CREATE FUNCTION check_match(condition text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		a int[];
		b int[];
	BEGIN
		PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'on', true);
		EXECUTE format('SELECT array_agg(id ORDER BY id) FROM docs WHERE %s', condition) INTO a;
		PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_bitmapscan', 'off', true);
		EXECUTE format('SELECT array_agg(id ORDER BY id) FROM docs WHERE %s', condition) INTO b;
		RETURN CASE WHEN a IS DISTINCT FROM b THEN format('%s rows by index, %s by sequential scan', cardinality(a), cardinality(b)) END;
	END $$;

	-- What a byte keeps of a length: exact to 39, then the four highest bits of length - 24.
	CREATE FUNCTION kept_length(length int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE WHEN length < 40 THEN length
			ELSE (SELECT 24 + ((length - 24) >> s << s) FROM (SELECT floor(log(2, length - 24))::int - 3 AS s) x) END $$;

	-- The largest difference between <@> and the formula over all rows, relative to the largest score.
	CREATE FUNCTION formula(words text, index regclass, field text, of text, boost float8, k1 float8, b float8) RETURNS float8 LANGUAGE plpgsql AS $$
	DECLARE
		error float8;
	BEGIN
		EXECUTE format($q$
			WITH stats AS MATERIALIZED (SELECT documents::float8 AS n, average_length AS mean FROM bm25_stats(%2$L) WHERE field = %7$L),
			words AS MATERIALIZED (SELECT term, count(*) AS times FROM bm25_analyze(%1$L, 'english') GROUP BY term),
			weights AS MATERIALIZED (SELECT term, %8$s * times * ln(1 + (n - df + .5) / (df + .5)) AS w
				FROM words LEFT JOIN LATERAL (SELECT coalesce(sum(documents), 0) AS df FROM bm25_terms(%2$L, words.term) t
					WHERE t.term = words.term AND t.field = %7$L) d ON true, stats),
			terms AS MATERIALIZED (SELECT id, term, count(*) AS tf FROM docs, bm25_analyze(%3$I, 'english') GROUP BY id, term),
			lengths AS (SELECT id, kept_length(sum(tf)::int) AS length FROM terms GROUP BY id),
			expected AS (SELECT id, sum(w * tf / (tf + %4$s * (1 - %5$s + %5$s * length / mean))) AS score
				FROM terms JOIN weights USING (term) JOIN lengths USING (id), stats GROUP BY id)
			SELECT max(abs(coalesce(score, 0) + (%3$I <@> bm25query(%1$L::text, %2$L, %6$s)))) / max(score)
			FROM docs LEFT JOIN expected USING (id) WHERE %3$I IS NOT NULL$q$,
			words, index, of, k1, b, CASE WHEN field = 'body' THEN 1 ELSE 0 END, field, boost) INTO error;
		RETURN error;
	END $$;
});

sub phrase { my $text = text(20); my @w = split / /, $text; my $n = 2 + int(rand 2); return '"' . join(' ', @w[ 0 .. $n - 1 ]) . '"' }

# A phrase out of a row, so that it occurs.
my @phrases;
sub query
{
	my ($shape) = @_;
	my @w = map { word() } 1 .. 8;
	return $w[0] if $shape == 0;
	return join ' ', @w[ 0 .. 1 + int(rand 6) ] if $shape == 1;
	return "+$w[0] +$w[1]" if $shape == 2;
	return "+$w[0] $w[1] $w[2] -$w[3]" if $shape == 3;
	return "($w[0] $w[1] $w[2] $w[3])~" . (1 + int(rand 3)) if $shape == 4;
	return "$w[0]^2.5 $w[1]^0.1 ($w[2] $w[3])^3" if $shape == 5;
	return $phrases[ rand @phrases ] if $shape == 6;
	return $phrases[ rand @phrases ] . '~' . int(rand 5) . " $w[0]" if $shape == 7;
	return "+($w[0] $w[1]) +($w[2] (+$w[3] +$w[4]) " . $phrases[ rand @phrases ] . ") -($w[5] $w[6])" if $shape == 8;
	return join ' ', map { word() } 1 .. 150 if $shape == 9;
	return '-the unknownword' if $shape == 10;
	return "+$w[0] unknownword +(the of)" if $shape == 11;
	return "-$w[0]" if $shape == 12;
	return "+$w[0] +$w[1] +$w[2] $w[3]";
}

my @conditions = ('true', 'n < 10', "kw = 'k3'", 'n BETWEEN 20 AND 60 AND kw IN (\'k1\', \'k2\')', 'id % 3 = 0', 'n = 1', "kw IS NULL");

sub check_stage
{
	my ($stage) = @_;
	@phrases = split /\n/, $node->safe_psql('postgres', q{
		SELECT '"' || array_to_string((regexp_split_to_array(body, ' '))[i : i + 1 + id % 2], ' ') || '"'
		FROM (SELECT id, body, 1 + id % 7 AS i FROM docs WHERE length(body) > 60 ORDER BY md5(id::text) LIMIT 50) d});
	my @sql;
	for my $i (1 .. QUERIES)
	{
		my $q = query($i % 14);
		my $words = join ' ', map { word() } 1 .. 1 + int(rand 5);
		my $k = (1, 3, 10, 100, 1000, 3000)[ int(rand 6) ];
		my $condition = $conditions[ int(rand @conditions) ];
		# Conditions that the ranking follows from, perhaps, or not.
		my $other = ($q, $words, query(int(rand 14)))[ int(rand 3) ];
		my $match = (qw(body title))[ int(rand 2) ] . " @@@ '$other'::ftsquery";
		push @sql, [ "$q, $condition, $k", "SELECT check_query('body <@> ''$q''::ftsquery', " . quote($condition) . ", $k)" ];
		push @sql, [ "$q, $match, $k", "SELECT check_query('body <@> ''$q''::ftsquery', " . quote($match) . ", $k)" ];
		push @sql, [ "match $q", "SELECT check_match('body @@@ ''$q'' AND ' || " . quote($condition) . ')' ];
		push @sql, [ "words $words", "SELECT check_query('title <@> ''$words''', 'true', $k)" ];
	}
	my $out = $node->safe_psql('postgres', "SET search_path = public;\n" . join('', map { "$_->[1];\n" } @sql));
	my @wrong;
	my @line = split /\n/, $out, -1;
	for my $i (0 .. $#sql) { push @wrong, "$sql[$i][0]: $line[$i]" if $line[$i] ne '' }
	is(scalar @line, scalar @sql, "$stage: every query was answered");
	is(join("\n", @wrong[ 0 .. ($#wrong < 4 ? $#wrong : 4) ]), '', "$stage: " . scalar(@sql) . ' queries as by sequential scan');

	# Scores in arithmetic of another kind; what a term gives is truncated to a part in 2^30.
	for my $case ([ 'docs_bm25', 'body', 'body', 1, 1.2, .75 ], [ 'docs_bm25', 'title', 'title', 2.5, 1.2, .75 ], [ 'docs_body', 'expr', 'body', 1, .9, .4 ])
	{
		my $words = join(' ', map { word() } 1 .. 4) . ' running the running';
		my $args = join ', ', map { quote($_) } $words, @$case;
		cmp_ok($node->safe_psql('postgres', "SELECT formula($args)"), '<', 1e-6, "$stage: formula of $case->[0].$case->[1]");
	}
	return;
}

sub quote { my ($s) = @_; return "'" . ($s =~ s/'/''/gr) . "'" }

check_stage('fresh');
$node->safe_psql('postgres', copy(300) . "INSERT INTO docs SELECT -id, title, body, n, kw FROM docs WHERE id % 10 = 1;");
check_stage('rows inserted');
$node->safe_psql('postgres', q{DELETE FROM docs WHERE id % 5 = 2; UPDATE docs SET body = body || ' running ' || coalesce(title, '') WHERE id % 7 = 3});
check_stage('rows deleted and updated');
$node->safe_psql('postgres', 'VACUUM docs');
check_stage('vacuumed');
$node->safe_psql('postgres', copy(200) . 'DELETE FROM docs WHERE id % 11 = 5');
check_stage('changed again');
$node->safe_psql('postgres', 'REINDEX TABLE docs');
check_stage('built again');
check_indexes($node, 'postgres');
done_testing();

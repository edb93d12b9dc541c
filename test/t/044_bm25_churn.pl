# Documents come, change and go for many rounds with vacuum between: a bm25 index
# does not grow for ever, answers as one built of the same rows, and after a full
# merge has their statistics.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

my $rows = 6000;
my $node = new_node('main', conf => "autovacuum = off\nfsync = off\njit = off\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', qq{
	SELECT setseed(0.5);
	CREATE FUNCTION words(n int) RETURNS text LANGUAGE sql VOLATILE AS \$\$
		SELECT string_agg('w' || (random() ^ 3 * 5000)::int, ' ') FROM generate_series(1, n) \$\$;
	CREATE TABLE docs (id serial PRIMARY KEY, body text);
	INSERT INTO docs (body) SELECT words((20 + random() * 60)::int) FROM generate_series(1, $rows);
	CREATE INDEX docs_fts ON docs USING bm25 (body) WITH (text_config = 'simple')});

sub size { return $node->safe_psql('postgres', "SELECT pg_relation_size('docs_fts')") }

# What a few queries find, and how they are scored.
sub answers
{
	return $node->safe_psql('postgres', q{
		SET enable_seqscan = off; SET enable_sort = off;
		SELECT q, count(*), md5(string_agg(id || ' ' || s, ',' ORDER BY s, id)) FROM (VALUES ('w0 w1'), ('w4000'), ('w17 w300 w2')) v (q),
			LATERAL (SELECT id, round((body <@> bm25query(q, 'docs_fts'))::numeric, 4) AS s FROM docs
				ORDER BY body <@> bm25query(q, 'docs_fts') LIMIT 10000) x
		WHERE s < 0 GROUP BY q ORDER BY q});
}

my $fresh = size();
my @sizes;
for my $round (1 .. 10)
{
	my $some = $rows / 5;

	$node->safe_psql('postgres', "SELECT setseed(0.0$round);
		DELETE FROM docs WHERE id IN (SELECT id FROM docs ORDER BY random() LIMIT $some);
		INSERT INTO docs (body) SELECT words((20 + random() * 60)::int) FROM generate_series(1, $some)");
	$node->safe_psql('postgres', 'VACUUM docs');
	push @sizes, size();
	check_indexes($node, 'postgres');
}
note("fresh $fresh, then @sizes");
# What a round replaces is free only for the next one, and segments as small as these are half empty.
cmp_ok((sort { $b <=> $a } @sizes)[0], '<=', 3 * $fresh, 'size in ten rounds');
cmp_ok($sizes[9], '<=', 1.1 * $sizes[2], 'it does not grow');

# After a full merge, statistics are those of the live rows: as in a fresh index.
$node->safe_psql('postgres', "SELECT bm25_optimize('docs_fts')");
my ($merged, $stats) = (answers(), $node->safe_psql('postgres', "SELECT * FROM bm25_stats('docs_fts')"));
check_indexes($node, 'postgres');
$node->safe_psql('postgres', 'REINDEX INDEX docs_fts');
is(answers(), $merged, 'the same answers as of a fresh index');
is($node->safe_psql('postgres', "SELECT * FROM bm25_stats('docs_fts')"), $stats, 'and the same statistics');

done_testing();

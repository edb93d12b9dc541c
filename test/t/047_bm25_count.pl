# count(*) by the index, beside the rows that a scan finds in the same statement, while
# others delete, insert, vacuum and merge; and on a standby. What is deleted here is
# vacuumed at once, so that a count that trusts the visibility map too early, or live
# bits of a segment merged away, finds too many.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use MvTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('main', streaming => 1, conf => "autovacuum = off\nfsync = off\njit = off\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE FUNCTION words(n int) RETURNS text LANGUAGE sql VOLATILE AS $$
		SELECT string_agg('w' || (random() ^ 3 * 300)::int, ' ') FROM generate_series(1, n) $$;
	CREATE TABLE docs (id serial PRIMARY KEY, body text, price int) WITH (fillfactor = 80);
	INSERT INTO docs (body, price) SELECT words(20), i % 100 FROM generate_series(1, 8000) i;
	CREATE INDEX docs_fts ON docs USING bm25 (body, price)});
$node->safe_psql('postgres', 'VACUUM ANALYZE docs');
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;

# Counts, each beside what an index scan returns; those that differ.
my @conditions = ("body \@\@\@ 'w0'", "body \@\@\@ '+w0 +w7 -w9'", "body \@\@\@ 'w20 w30'", "body \@\@\@ '\"w0 w1\"' AND price < 50");
my $compare = join(' UNION ALL ', map {
	"SELECT (SELECT count(*) FROM docs WHERE $_) AS counted, (SELECT coalesce(sum(1), 0) FROM docs WHERE $_) AS scanned" } @conditions);
my $wrong = "SELECT counted || ' for ' || scanned FROM ($compare) x WHERE counted <> scanned";

my $plan = $node->safe_psql('postgres', "EXPLAIN $compare");
is(scalar(() = $plan =~ /BM25 Count/g), scalar(@conditions), 'every count is the node');
is($node->safe_psql('postgres', $wrong), '', 'fresh');

sub background
{
	my ($sql, $times) = @_;
	my $file = $node->basedir . '/' . ($sql =~ s/\W.*//sr) . '.sql';

	open(my $out, '>', $file) or die $!;
	print $out "$sql;\n" x $times;
	close($out);
	my ($in, $said) = ('', '');
	return IPC::Run::start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, $node->connstr('postgres') ], '<', \$in, '>&', \$said);
}

my @busy = (
	background('DELETE FROM docs WHERE id IN (SELECT id FROM docs WHERE id % 37 = (random() * 36)::int LIMIT 150 FOR UPDATE SKIP LOCKED)', 120),
	background('INSERT INTO docs (body, price) SELECT words(20), i FROM generate_series(1, 150) i', 120),
	background('UPDATE docs SET price = price + 1 WHERE id IN (SELECT id FROM docs WHERE id % 97 = (random() * 96)::int FOR UPDATE SKIP LOCKED)', 60),
	background('VACUUM docs', 80),
	background("SELECT bm25_optimize('docs_fts')", 40));
my (%seen, $bad, $elsewhere);
my $rounds = 0;
while (grep { $_->pumpable } @busy)
{
	my $said = $node->safe_psql('postgres', "$wrong; SELECT sum(counted) FROM ($compare) x");
	$bad .= $said if $said =~ / for /;
	$seen{$said} = 1;
	$elsewhere .= $standby->safe_psql('postgres', $wrong) if $rounds % 4 == 0;
	$rounds++;
	eval { $_->pump_nb } for grep { $_->pumpable } @busy;
}
ok($_->finish, 'a writer ended well') for @busy;
is($bad, undef, "$rounds rounds under writers");
is($elsewhere, '', 'and on the standby');
cmp_ok(scalar(keys %seen), '>', 5, 'there were changes to see');

$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP on) docs');
is($node->safe_psql('postgres', $wrong), '', 'after all');
is($node->safe_psql('postgres', "EXPLAIN (ANALYZE, FORMAT json) SELECT count(*) FROM docs WHERE body \@\@\@ 'w0'") =~ /"Heap Fetches": (\d+)/ ? $1 : 'none', 0, 'nothing is looked up once all is vacuumed');
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', $compare), $node->safe_psql('postgres', $compare), 'the standby counts the same');

# A reader whose snapshot is older than a vacuum still counts what was deleted since.
my ($in, $out) = ('', '');
my $timer = IPC::Run::timeout(180);
my $reader = IPC::Run::start([ 'psql', '-X', '-qAt', $node->connstr('postgres') ], '<', \$in, '>', \$out, $timer);
sub ask
{
	$out = '';
	$in .= "$_[0];\n\\echo done\n";
	$reader->pump until $out =~ /done\n/;
	return $out =~ s/done\n//r;
}
my $before = ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM docs WHERE body \@\@\@ 'w0'");
$node->safe_psql('postgres', 'DELETE FROM docs WHERE id % 2 = 0');
$node->safe_psql('postgres', 'VACUUM docs');
is(ask("SELECT count(*) FROM docs WHERE body \@\@\@ 'w0'"), $before, 'an old snapshot counts what it sees');
isnt(ask("COMMIT; SELECT count(*) FROM docs WHERE body \@\@\@ 'w0'"), $before, 'a new one does not');
$in .= "\\q\n";
$reader->finish;

check_indexes($node, 'postgres');
done_testing();

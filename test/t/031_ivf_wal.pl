# A standby that replays what happens to ivf indexes gives the primary's answers;
# an index of an UNLOGGED table is empty after a crash, and usable.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--no-locale' ]);
$primary->append_conf('postgresql.conf', "autovacuum = off\n");
$primary->start;
create_extensions($primary, 'postgres');
$primary->safe_psql('postgres', q{
	CREATE FUNCTION random_vector() RETURNS vector LANGUAGE sql VOLATILE AS $$
		SELECT array_agg(random() * 20 - 10)::real[]::vector FROM generate_series(1, 16) $$;
	CREATE TABLE items (id serial, v vector(16));
	INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 2000);
	CREATE INDEX items_l2 ON items USING ivf (v vector_l2_ops) WITH (lists = 20);
	CREATE UNLOGGED TABLE volatile_items (id serial, v vector(16));
	INSERT INTO volatile_items (v) SELECT v FROM items;
	CREATE INDEX volatile_l2 ON volatile_items USING ivf (v vector_l2_ops)});

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

my $forced = 'SET enable_seqscan = off; SET enable_sort = off;';

# The standby can not see into the unlogged table.
sub check_items
{
	my ($node) = @_;
	for my $index (split /\n/, $node->safe_psql('postgres', "SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'items'::regclass"))
	{
		like($node->safe_psql('postgres', "SELECT milvus_index_check('$index')"), qr/^\d+$/, "$index is sound on the " . $node->name);
	}
	return;
}

# The same queries on both.
sub same
{
	my ($what) = @_;
	$primary->wait_for_catchup($standby);
	for my $op ($standby->safe_psql('postgres', "SELECT 1 FROM pg_class WHERE relname = 'items_ip'") ? ('<->', '<#>') : '<->')
	{
		my $queries = $forced . join '', map { my $q = '[' . join(',', map { int(rand(20)) - 10 } 1 .. 16) . ']';
			"SELECT id, v $op '$q' FROM items ORDER BY v $op '$q' LIMIT 20;" } 1 .. 5;
		my $answer = $primary->safe_psql('postgres', $queries);
		is(scalar(split /\n/, $answer), 100, "$what: answers");
		is($standby->safe_psql('postgres', $queries), $answer, "$what: the same with $op on the standby");
		my $all = "$forced SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v $op '[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7]') s";
		my $rows = $primary->safe_psql('postgres', 'SELECT count(*), count(*) FROM items');
		is($_->safe_psql('postgres', $all), $rows, "$what: all rows on the " . $_->name) for $primary, $standby;
	}
	check_items($_) for $primary, $standby;
	return;
}

srand(7);
same('at first');
for my $round (1 .. 6)
{
	$primary->safe_psql('postgres', "DELETE FROM items WHERE id % 7 = $round");
	same("round $round, deleted");
	$primary->safe_psql('postgres', 'VACUUM items');
	same("round $round, vacuumed");
	$primary->safe_psql('postgres', 'INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 400)');
	$primary->safe_psql('postgres', 'CREATE INDEX items_ip ON items USING ivf (v vector_ip_ops)') if $round == 2;
	$primary->safe_psql('postgres', 'REINDEX INDEX items_l2') if $round == 4;
	same("round $round, inserted");
}

# The standby goes on where it was after a crash of its own.
$standby->stop('immediate');
$primary->safe_psql('postgres', 'INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 400)');
$standby->start;
same('standby restarted');

# The unlogged table, after a crash of the primary.
my $count = "$forced SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM volatile_items ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7]') s";
is($primary->safe_psql('postgres', $count), '2000|2000', 'unlogged: all rows before the crash');
$primary->stop('immediate');
$primary->start;
is($primary->safe_psql('postgres', $count), '0|0', 'unlogged: none after it');
is($primary->safe_psql('postgres', "SELECT milvus_index_check('volatile_l2')"), '0', 'unlogged: the index is sound');
$primary->safe_psql('postgres', 'INSERT INTO volatile_items (v) SELECT random_vector() FROM generate_series(1, 500)');
is($primary->safe_psql('postgres', $count), '500|500', 'unlogged: new rows are found');
$primary->safe_psql('postgres', 'REINDEX INDEX volatile_l2');
is($primary->safe_psql('postgres', $count), '500|500', 'unlogged: and after REINDEX');
same('after the crash');

check_indexes($primary, 'postgres');
done_testing();

# Rows come, change and go for many rounds with vacuum between: an ivf index
# stays about as large and as good as one built of the same rows.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

my $rows = 12_000;
my $node = new_node('main', conf => "autovacuum = off\nshared_buffers = 256MB\nmaintenance_work_mem = 128MB\nfsync = off\njit = off\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', qq{
	CREATE FUNCTION some_vector(c int) RETURNS vector LANGUAGE sql VOLATILE AS \$\$
		SELECT array_agg((random() + random() + random() - 1.5 + sin(c * g * 1.7) / 2) / (1 + g * 0.03))::real[]::vector
		FROM generate_series(1, 192) g \$\$;
	CREATE TABLE items (id serial, c int, v vector(192));
	CREATE INDEX items_v ON items USING ivf (v vector_l2_ops);
	SELECT setseed(0.5);
	CREATE TABLE queries AS SELECT g AS q, some_vector(g % 150) AS v FROM generate_series(1, 200) g});

my $near = 'SELECT q, i.id FROM queries, LATERAL (SELECT id FROM items ORDER BY items.v <-> queries.v LIMIT 10) i';
my $by_heap = 'SET enable_indexscan = off;';
my $by_index = 'SET enable_seqscan = off; SET enable_sort = off; SET milvus.target_recall = 0.99;';

sub recall
{
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS exact, found; $by_heap CREATE TABLE exact AS $near; RESET ALL;
		$by_index CREATE TABLE found AS $near");
	return $node->safe_psql('postgres', 'SELECT count(*) / 2000.0 FROM exact NATURAL JOIN found');
}

# The same rows in every run.
sub change
{
	my ($seed, $sql) = @_;
	$node->safe_psql('postgres', "SELECT setseed($seed); $sql");
	return;
}

sub size { return $node->safe_psql('postgres', "SELECT pg_relation_size('items_v')") }

# The index as it is, and as it would be if it were built now.
sub compare
{
	my ($what, $loss) = @_;
	my ($size, $recall) = (size(), recall());
	my $count = $node->safe_psql('postgres', "$by_heap SELECT count(*), count(*) FROM items");

	is($node->safe_psql('postgres', "$by_index SELECT count(*), count(DISTINCT id) FROM
		(SELECT id FROM items ORDER BY v <-> (SELECT v FROM queries LIMIT 1)) s"), $count, "$what: every row is found");
	check_indexes($node, 'postgres');
	$node->safe_psql('postgres', "ANALYZE items; REINDEX INDEX items_v");
	my ($fresh_size, $fresh_recall) = (size(), recall());
	cmp_ok($size, '<=', 1.4 * $fresh_size, "$what: size");
	cmp_ok($recall, '>=', $fresh_recall - $loss, "$what: recall, $fresh_recall when fresh");
	note("$what: size $size, fresh $fresh_size; recall $recall, fresh $fresh_recall");
	return;
}

# Built on an empty table, filled by inserts alone.
change($_ / 100, "INSERT INTO items (c, v) SELECT g % 100, some_vector(g % 100) FROM generate_series(1, $rows / 10) g") for 1 .. 10;
$node->safe_psql('postgres', 'VACUUM items');
is($node->safe_psql('postgres', q{SELECT recall_curve IS NOT NULL FROM milvus_index_stats('items_v')}), 't', 'vacuum calibrates');
compare('filled', .02);
for my $half (1 .. 2)
{
	for my $round (1 .. 8)
	{
		my $some = $rows / 25;

		my $seed = $half / 10 + $round / 100;
		change($seed, "DELETE FROM items WHERE random() < 0.04");
		change(-$seed, "UPDATE items SET v = some_vector(c) WHERE random() < 0.04");
		# New ones are like no old ones.
		change($seed + .5, "INSERT INTO items (c, v) SELECT n, some_vector(n)
			FROM (SELECT 100 + (10 * $half + $round) * (g % 3) AS n FROM generate_series(1, $some) g) s");
		$node->safe_psql('postgres', 'VACUUM items');
	}
	compare("half $half", .01);
}

# Nearly all rows go: lists are joined.
$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 20 <> 0; VACUUM items');
is($node->safe_psql('postgres', "$by_index SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> (SELECT v FROM queries LIMIT 1)) s"),
	$node->safe_psql('postgres', "$by_heap SELECT count(*) FROM items"), 'few are left: each is found');
check_indexes($node, 'postgres');

# The same rows once more take the same pages.
$node->safe_psql('postgres', 'CREATE TABLE again AS SELECT * FROM items; VACUUM ANALYZE items; REINDEX INDEX items_v');
my $before = size();
$node->safe_psql('postgres', 'DELETE FROM items');
$node->safe_psql('postgres', 'VACUUM items');
$node->safe_psql('postgres', 'INSERT INTO items SELECT * FROM again');
is(size(), $before, 'all deleted, all inserted: as large as before');
check_indexes($node, 'postgres');
done_testing();

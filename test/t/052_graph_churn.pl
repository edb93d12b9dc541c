# Half of the rows of a graph index change, in rounds with vacuum between, then more come
# than there were: walks find as much of the nearest as in a fresh index.  So they do in one
# that was built in too little memory.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

my $rows = 6000;
my $node = new_node('main', conf => "autovacuum = off\nshared_buffers = 256MB\nmaintenance_work_mem = 128MB\nfsync = off\njit = off\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', qq{
	CREATE FUNCTION some_vector(c int) RETURNS vector LANGUAGE sql VOLATILE AS \$\$
		SELECT array_agg((random() + random() + random() - 1.5 + sin(c * g * 1.7) / 2) / (1 + g * 0.03))::real[]::vector
		FROM generate_series(1, 96) g \$\$;
	SELECT setseed(0.5);
	CREATE TABLE items (id serial, c int, v vector(96));
	INSERT INTO items (c, v) SELECT g % 100, some_vector(g % 100) FROM generate_series(1, $rows) g;
	CREATE INDEX items_v ON items USING cagra (v vector_l2_ops);
	CREATE TABLE queries AS SELECT g AS q, some_vector(g % 150) AS v FROM generate_series(1, 200) g});

my $near = 'SELECT q, i.id FROM queries, LATERAL (SELECT id FROM items ORDER BY items.v <-> queries.v LIMIT 10) i';
my $by_heap = 'SET enable_indexscan = off;';
my $by_walk = 'SET enable_seqscan = off; SET enable_sort = off; SET milvus.graph_walk = on;';

# Of all true neighbours, at the pool that an index which was not measured has: the same for all.
sub recall
{
	$node->safe_psql('postgres', "DROP TABLE IF EXISTS exact, found; $by_heap CREATE TABLE exact AS $near; RESET ALL;
		$by_walk SET milvus.target_recall = 0.95; CREATE TABLE found AS $near");
	return $node->safe_psql('postgres', 'SELECT count(*) / 2000.0 FROM exact NATURAL JOIN found');
}

# The index as it is, and as it would be if it were built now.
sub compare
{
	my ($what, $loss) = @_;
	my $recall = recall();
	my $count = $node->safe_psql('postgres', "$by_heap SELECT count(*), count(*) FROM items");

	is($node->safe_psql('postgres', "$by_walk SELECT count(*), count(DISTINCT id) FROM
		(SELECT id FROM items ORDER BY v <-> (SELECT v FROM queries LIMIT 1)) s"), $count, "$what: every row is found");
	check_indexes($node, 'postgres');
	$node->safe_psql('postgres', 'REINDEX INDEX items_v');
	my $fresh = recall();
	cmp_ok($recall, '>=', $fresh - $loss, "$what: recall, $fresh when fresh");
	note("$what: recall $recall, fresh $fresh");
	return;
}

for my $round (1 .. 5)
{
	my $seed = $round / 100;

	$node->safe_psql('postgres', "SELECT setseed($seed);
		DELETE FROM items WHERE random() < 0.05;
		UPDATE items SET v = some_vector(c) WHERE random() < 0.05;
		INSERT INTO items (c, v) SELECT n, some_vector(n)
			FROM (SELECT 100 + 10 * $round + g % 3 AS n FROM generate_series(1, $rows / 20) g) s;
		VACUUM items");
}
compare('half of the rows changed', .01);
$node->safe_psql('postgres', "SELECT setseed(0.7); INSERT INTO items (c, v) SELECT g % 150, some_vector(g % 150)
	FROM generate_series(1, $rows) g; VACUUM items");
compare('twice the rows', .015);
my ($ret, $out, $notice) = $node->psql('postgres', "SET maintenance_work_mem = '8MB'; REINDEX INDEX items_v");
like($notice, qr/cagra graph no longer fits into maintenance_work_mem after \d+ tuples/, 'a notice says that memory was short');
compare('built in too little memory', .015);

done_testing();

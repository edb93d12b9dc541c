# An index of hnsw gets its graph by size: from its build, or from VACUUM when it has grown.
# While rows are linked others are inserted, VACUUM is cancelled, the server crashes: every
# row is found, the graph is completed in the end, and walks find what those of a fresh one
# do, on a standby, too.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use MvTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $node = new_node('main', streaming => 1, conf => "autovacuum = off\nmaintenance_work_mem = 64MB\nmilvus.graph_min_rows = 3000\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE FUNCTION some_vector(c int) RETURNS vector LANGUAGE sql VOLATILE AS $$
		SELECT array_agg((random() + random() + random() - 1.5 + sin(c * g * 1.7) / 2) / (1 + g * 0.03))::real[]::vector
		FROM generate_series(1, 48) g $$;
	SELECT setseed(0.5);
	CREATE TABLE items (id serial, v vector(48));
	CREATE TABLE queries AS SELECT g AS q, some_vector(g % 100) AS v FROM generate_series(1, 500) g});
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;

my $by_walk = 'SET enable_seqscan = off; SET enable_sort = off; SET milvus.graph_walk = on;';

sub insert
{
	my ($rows) = @_;
	$node->safe_psql('postgres', "INSERT INTO items (v) SELECT some_vector(g % 100) FROM generate_series(1, $rows) g");
	return;
}

# The index's method, rows linked, rows pending.
sub graph
{
	my ($index) = @_;
	return $node->safe_psql('postgres', "SELECT method, linked_rows, pending_rows FROM milvus_index_stats('$index')");
}

sub check_rows
{
	my ($what) = @_;
	my $rows = $node->safe_psql('postgres', 'SELECT count(*), count(*) FROM items');

	for my $walk (qw(on off))
	{
		is($node->safe_psql('postgres', "SET enable_seqscan = off; SET enable_sort = off; SET milvus.graph_walk = $walk;
			SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> (SELECT v FROM queries LIMIT 1)) s"),
			$rows, "$what: every row is found, walk = $walk");
	}
	check_indexes($node, 'postgres');
	return;
}

# Of all true neighbours, with the least of pools.
sub recall
{
	my $near = 'SELECT q, i.id FROM queries, LATERAL (SELECT id FROM items ORDER BY items.v <-> queries.v LIMIT 10) i';

	$node->safe_psql('postgres', "DROP TABLE IF EXISTS exact, found; SET enable_indexscan = off; CREATE TABLE exact AS $near; RESET ALL;
		$by_walk SET hnsw.ef_search = 1; CREATE TABLE found AS $near");
	return $node->safe_psql('postgres', 'SELECT count(*) / 5000.0 FROM exact NATURAL JOIN found');
}

# What the build decides.
insert(2500);
$node->safe_psql('postgres', q{
	CREATE INDEX small ON items USING hnsw (v vector_l2_ops);
	SET milvus.graph_min_rows = 2000;
	CREATE INDEX large ON items USING hnsw (v vector_l2_ops);
	CREATE INDEX taxicab ON items USING hnsw (v vector_l1_ops);
	CREATE INDEX bits ON items USING hnsw ((binary_quantize(v)::bit(48)) bit_hamming_ops)});
is(graph('small'), 'ivf||', 'too few rows: lists alone');
is(graph('large'), 'graph|2500|0', 'rows enough: a graph');
is(graph($_), 'ivf||', "$_: a class that has none") for qw(taxicab bits);
is($node->safe_psql('postgres', "SELECT hops IS NULL FROM milvus_index_stats('small')"), 't', 'no walks without a graph');
is($node->safe_psql('postgres', "$by_walk DROP INDEX small; SELECT id FROM items ORDER BY v <-> (SELECT v FROM queries LIMIT 1) LIMIT 1;
	SELECT lists = 0 AND hops > 0 AND hops = reranked FROM milvus_last_scan()") =~ s/.*\n//sr, 't', 'hops are counted');
$node->safe_psql('postgres', 'DROP INDEX large, taxicab, bits; CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops)');

# What VACUUM does: nothing below the limit, then a graph.
$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 50 = 0; VACUUM items');
is(graph('items_v'), 'ivf||', 'VACUUM of too few rows');
insert(1500);
is(graph('items_v'), 'ivf||', 'nothing happens before VACUUM');
$node->safe_psql('postgres', 'VACUUM items');
is(graph('items_v'), 'graph|3950|0', 'VACUUM of rows enough');
check_rows('grown');
my $grown = recall();
$node->safe_psql('postgres', 'REINDEX INDEX items_v');
my $fresh = recall();
# Fresh graphs of such rows differ by .02 from one to the next, either way.
cmp_ok($grown, '>=', $fresh - .06, "recall, $fresh of a fresh index");
note("recall $grown, fresh $fresh");

# Rows after that are pending, then linked.
insert(100);
is(graph('items_v'), 'graph|3950|100', 'rows are pending');
$node->safe_psql('postgres', 'VACUUM items');
is(graph('items_v'), 'graph|4050|0', 'and linked');

# A partial index has few rows, whatever the table has.
$node->safe_psql('postgres', 'CREATE INDEX part ON items USING hnsw (v vector_l2_ops) WHERE id < 100; VACUUM items');
is(graph('part'), 'ivf||', 'a partial index');
$node->safe_psql('postgres', 'DROP INDEX part');

# Inserters run while VACUUM links, is cancelled, and the server crashes.
$node->safe_psql('postgres', 'CREATE PROCEDURE keep_inserting() LANGUAGE plpgsql AS $$
	BEGIN
		LOOP
			INSERT INTO items (v) SELECT some_vector(g) FROM generate_series(1, 2) g;
			COMMIT;
			INSERT INTO items (v) SELECT some_vector(g) FROM generate_series(1, 2) g;
			ROLLBACK;
			DELETE FROM items WHERE id = (SELECT max(id) FROM items) - 10;
			COMMIT;
			PERFORM pg_sleep(0.02);
		END LOOP;
	END $$');
for my $end (qw(cancel crash wait))
{
	$node->safe_psql('postgres', 'SET milvus.graph_min_rows = 1000000; REINDEX INDEX items_v');
	is(graph('items_v'), 'ivf||', "$end: without a graph");
	my @clients = map { IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', $_ ],
			'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null') } ('CALL keep_inserting()', 'CALL keep_inserting()', 'VACUUM items');

	ok($node->poll_query_until('postgres', q{SELECT linked_rows > 0 FROM milvus_index_stats('items_v')}, 't'), "$end: rows are being linked");
	$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query = 'VACUUM items'}) if $end eq 'cancel';
	if ($end eq 'crash')
	{
		$node->stop('immediate');
		$node->start;
	}
	$clients[2]->finish;
	check_rows("$end: in the middle") if $end eq 'crash';
	$node->safe_psql('postgres', 'VACUUM items') if $end ne 'wait';
	$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ '^CALL'});
	$_->finish for @clients;
	like(graph('items_v'), qr/^graph\|/, "$end: a graph in the end");
	check_rows("$end: at the end");
	$node->safe_psql('postgres', 'VACUUM items');
	like(graph('items_v'), qr/^graph\|\d+\|0$/, "$end: all rows are linked");
	check_rows("$end: vacuumed");
}

# The standby has seen all of it.
$node->wait_for_catchup($standby);
my $queries = $by_walk . join '', map { "SELECT id FROM items ORDER BY v <-> (SELECT v FROM queries WHERE q = $_) LIMIT 20; SELECT hops FROM milvus_last_scan();" } 1 .. 5;
is($standby->safe_psql('postgres', $queries), $node->safe_psql('postgres', $queries), 'the same walks on the standby');
like($standby->safe_psql('postgres', q{SELECT milvus_index_check('items_v', true)}), qr/^\d+$/, 'sound on the standby');

done_testing();

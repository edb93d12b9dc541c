# A standby that replays what happens to a graph index walks it as the primary does, and
# its checker finds nothing; a cursor there outlives linking.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use MvTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = new_node('primary', streaming => 1, conf => "autovacuum = off\n");
create_extensions($primary, 'postgres');
$primary->safe_psql('postgres', q{
	CREATE FUNCTION random_vector() RETURNS vector LANGUAGE sql VOLATILE AS $$
		SELECT array_agg(random() * 20 - 10)::real[]::vector FROM generate_series(1, 16) $$;
	CREATE TABLE items (id serial, v vector(16));
	INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 1500);
	CREATE INDEX items_v ON items USING cagra (v vector_l2_ops)});
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nwal_receiver_status_interval = 1\n");
$standby->start;

my $forced = 'SET enable_seqscan = off; SET enable_sort = off; SET milvus.graph_walk = on;';

# The same queries on both, and the same numbers of steps.
sub same
{
	my ($what) = @_;

	$primary->safe_psql('postgres', q{SELECT pg_logical_emit_message(true, '', '')});
	$primary->wait_for_catchup($standby);
	my $queries = $forced . join '', map { my $q = '[' . join(',', map { int(rand(20)) - 10 } 1 .. 16) . ']';
		"SELECT id, v <-> '$q' FROM items ORDER BY v <-> '$q' LIMIT 20; SELECT codes, reranked FROM milvus_last_scan();" } 1 .. 5;
	my $answer = $primary->safe_psql('postgres', $queries);
	is(scalar(split /\n/, $answer), 105, "$what: answers");
	is($standby->safe_psql('postgres', $queries), $answer, "$what: the same on the standby");
	my $all = "$forced SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7]') s";
	my $rows = $primary->safe_psql('postgres', 'SELECT count(*), count(*) FROM items');
	for my $node ($primary, $standby)
	{
		is($node->safe_psql('postgres', $all), $rows, "$what: all rows on the " . $node->name);
		like($node->safe_psql('postgres', q{SELECT milvus_index_check('items_v', true)}), qr/^\d+$/, "$what: sound on the " . $node->name);
	}
	return;
}

# A cursor on the standby, before and after what comes meanwhile.
sub open_cursor
{
	my $rows = $standby->safe_psql('postgres', 'SELECT count(*) - 5 FROM items');
	my ($in, $out) = ("SET enable_seqscan = off; SET enable_sort = off; SET milvus.graph_walk = on; BEGIN ISOLATION LEVEL REPEATABLE READ;
		DECLARE c CURSOR FOR SELECT id FROM items ORDER BY v <-> '[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]'; MOVE 5 FROM c; SELECT 'open';\n", '');
	my $session = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $standby->connstr('postgres') ], '<', \$in, '>', \$out, '2>&1');

	$session->pump until $out =~ /open/;
	return sub {
		$in .= "\\o /dev/null\nFETCH ALL FROM c;\n\\o\n\\echo rows :ROW_COUNT\nCOMMIT;\n";
		$session->finish;
		like($out, qr/rows $rows\b/, "$_[0]: the rest of a cursor on the standby");
	};
}

srand(7);
same('at first');
for my $round (1 .. 3)
{
	# Nothing that prunes the page of the table where the cursor is.
	my $rest = open_cursor();
	$primary->safe_psql('postgres', 'INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 400)');
	same("round $round, pending");
	# Beyond what may be pending.
	$primary->safe_psql('postgres', 'INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 4500)') if $round == 2;
	$primary->safe_psql('postgres', 'VACUUM items');
	same("round $round, linked");
	$rest->("round $round");

	my $xid = $primary->safe_psql('postgres', "DELETE FROM items WHERE id % 5 = $round; SELECT txid_current()");
	same("round $round, deleted");
	# All dead rows go now, not under the next round's cursor.
	$primary->poll_query_until('postgres', "SELECT bool_and(backend_xmin::text::bigint > $xid) FROM pg_stat_replication")
		or die 'the standby keeps dead rows';
	$primary->safe_psql('postgres', 'VACUUM items');
	same("round $round, repaired");
}
$primary->safe_psql('postgres', 'REINDEX INDEX items_v');
same('built again');
$standby->stop('immediate');
$primary->safe_psql('postgres', 'INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 400); VACUUM items');
$standby->start;
same('standby restarted');

check_indexes($primary, 'postgres');
done_testing();

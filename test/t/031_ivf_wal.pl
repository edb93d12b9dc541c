# A standby that replays what happens to ivf indexes gives the primary's answers;
# an index of an UNLOGGED table is empty after a crash, and usable.
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
	INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 2000);
	CREATE INDEX items_l2 ON items USING ivf (v vector_l2_ops) WITH (lists = 20);
	-- Built on an empty table: its lists split.
	CREATE TABLE grown (id serial, v vector(16));
	CREATE INDEX grown_l2 ON grown USING ivf (v vector_l2_ops);
	CREATE FUNCTION rest(cur refcursor, OUT n int, OUT ids int) LANGUAGE plpgsql AS $$
	DECLARE
		id int;
		all_ids int[] := '{}';
	BEGIN
		LOOP
			FETCH cur INTO id;
			EXIT WHEN NOT FOUND;
			all_ids := all_ids || id;
		END LOOP;
		SELECT count(*), count(DISTINCT i) INTO n, ids FROM unnest(all_ids) i;
	END $$;
	CREATE UNLOGGED TABLE volatile_items (id serial, v vector(16));
	INSERT INTO volatile_items (v) SELECT v FROM items;
	CREATE INDEX volatile_l2 ON volatile_items USING ivf (v vector_l2_ops)});

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nwal_receiver_status_interval = 1\n");
$standby->start;

my $forced = 'SET enable_seqscan = off; SET enable_sort = off;';

# The standby can not see into the unlogged table.
sub check_items
{
	my ($node) = @_;
	for my $index (split /\n/, $node->safe_psql('postgres', "SELECT indexrelid::regclass FROM pg_index WHERE indrelid IN ('items'::regclass, 'grown'::regclass)"))
	{
		like($node->safe_psql('postgres', "SELECT milvus_index_check('$index')"), qr/^\d+$/, "$index is sound on the " . $node->name);
	}
	return;
}

# The same queries on both.
sub same
{
	my ($what) = @_;

	# A commit writes out all records before it, also how many rows VACUUM counted.
	$primary->safe_psql('postgres', q{SELECT pg_logical_emit_message(true, '', '')});
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
	my $grown = "$forced SELECT count(*), count(DISTINCT id), sum(id) FROM (SELECT id FROM grown ORDER BY v <-> '[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7]') s";
	is($standby->safe_psql('postgres', $grown), $primary->safe_psql('postgres', 'SELECT count(*), count(*), sum(id) FROM grown'), "$what: grown rows on the standby");
	check_items($_) for $primary, $standby;
	return;
}

# A cursor on the standby, before and after what comes meanwhile.
sub open_cursor
{
	my $rows = $standby->safe_psql('postgres', 'SELECT greatest(count(*) - 5, 0) FROM grown');
	my $out = '';
	my @steps = ('SET enable_seqscan = off', 'SET enable_sort = off', 'BEGIN ISOLATION LEVEL REPEATABLE READ',
		"DECLARE c CURSOR FOR SELECT id FROM grown ORDER BY v <-> '[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]'",
		'MOVE 5 FROM c', 'SELECT pg_sleep(1.5)', "SELECT * FROM rest('c')", 'COMMIT');
	my $session = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $standby->connstr('postgres'), map { ('-c', $_) } @steps ],
		'<', '/dev/null', '>', \$out, '2>&1');
	$standby->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active' AND query ~ '^SELECT pg_sleep'");
	return sub {
		$session->finish;
		my ($found) = $out =~ /(\d+\|\d+)\s*$/;
		is($found // $out, "$rows|$rows", "$_[0]: the rest of a cursor on the standby");
	};
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

	my $rest = open_cursor();
	$primary->safe_psql('postgres', "INSERT INTO grown (v) SELECT random_vector() FROM generate_series(1, 150) g") for 1 .. 4;
	$primary->safe_psql('postgres', "DELETE FROM grown WHERE id % 3 = 1 AND id < 500 * $round");
	$primary->safe_psql('postgres', 'VACUUM grown');
	$primary->safe_psql('postgres', "INSERT INTO grown (v) SELECT random_vector() FROM generate_series(1, 300) g");
	$rest->("round $round");
	same("round $round, grown");
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

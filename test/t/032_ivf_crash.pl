# Crashes while rows are inserted, deleted and vacuumed, and while an index is
# built: afterwards every row of the heap is found through the index.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = new_node('main', conf => "autovacuum = off\nmax_wal_size = 64MB\ncheckpoint_timeout = 30s\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE FUNCTION random_vector() RETURNS vector LANGUAGE sql VOLATILE AS $$
		SELECT array_agg(random() * 20 - 10)::real[]::vector FROM generate_series(1, 32) $$;
	CREATE TABLE items (id serial PRIMARY KEY, v vector(32));
	INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 1000);
	CREATE INDEX items_v ON items USING ivf (v vector_l2_ops) WITH (lists = 10)});

my $watch = $node->basedir . '/vacuum.sql';
append_to_file($watch, "VACUUM items \\watch 0.05\n");
$node->safe_psql('postgres', q{
	CREATE PROCEDURE churn() LANGUAGE plpgsql AS $$
	DECLARE
		r int;
	BEGIN
		LOOP
			r := random() * 4000;
			INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 3);
			COMMIT;
			DELETE FROM items WHERE id = r;
			COMMIT;
			UPDATE items SET v = random_vector() WHERE id = r + 5;
			COMMIT;
			INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 2);
			ROLLBACK;
		END LOOP;
	END $$});
my $by_index = 'SET enable_seqscan = off; SET enable_sort = off;';
my $by_heap = 'SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;';

sub check_rows
{
	my ($what) = @_;
	my $rows = $node->safe_psql('postgres', "$by_heap SELECT count(*), count(DISTINCT id) FROM items");

	is($node->safe_psql('postgres', "$by_index SELECT count(*), count(DISTINCT id) FROM
		(SELECT id FROM items ORDER BY v <-> (SELECT v FROM items LIMIT 1)) s"), $rows, "$what: every row is found");
	is($node->safe_psql('postgres', "$by_index SELECT count(*) FROM (SELECT id, v FROM items ORDER BY random() LIMIT 20) r,
		LATERAL (SELECT id FROM items ORDER BY v <-> r.v LIMIT 1) n WHERE r.id = n.id"), '20', "$what: as its own neighbour");
	check_indexes($node, 'postgres');
	return $rows;
}

for my $round (1 .. 4)
{
	my @clients = map { IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), @$_ ],
			'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null') }
		[ '-f', $watch ], map { [ '-c', 'CALL churn()' ] } 1 .. 3;
	my $before = $node->safe_psql('postgres', 'SELECT last_value FROM items_id_seq');

	# In the midst, at a different moment each time.
	ok($node->poll_query_until('postgres', "SELECT last_value > $before + 500 * $round FROM items_id_seq"), "round $round: clients run");
	$node->safe_psql('postgres', 'CHECKPOINT') if $round % 2 == 0;
	usleep(100_000 * $round);
	$node->stop('immediate');
	$_->finish for @clients;
	$node->start;
	check_rows("round $round");
	$node->safe_psql('postgres', 'VACUUM items');
	check_rows("round $round, vacuumed");
}

# A build cut off: a slow predicate gives time for it.
for my $phase (qw(sample rows))
{
	$node->safe_psql('postgres', q{
		CREATE OR REPLACE FUNCTION slow(id int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$
		BEGIN
			PERFORM pg_sleep(0.02) WHERE id % 20 = 0;
			RETURN true;
		END $$});
	my $files = "SELECT count(*) FROM pg_class WHERE relname LIKE 'items_cut%'";
	my $build = IPC::Run::start([ 'psql', '-X', '-d', $node->connstr('postgres'), '-c',
			'CREATE INDEX items_cut ON items USING ivf (v vector_cosine_ops) WHERE slow(id)' ],
		'<', \'', '>', \my $build_out, '2>', \my $build_err);
	ok($node->poll_query_until('postgres', 'SELECT count(*) = 1 FROM pg_stat_progress_create_index'
				. ($phase eq 'rows' ? ' WHERE tuples_done > 0' : '')), "$phase: the build runs");
	usleep(100_000);
	$node->stop('immediate');
	$build->finish;
	unlike($build_out, qr/CREATE INDEX/, "$phase: it was cut off");
	$node->start;
	is($node->safe_psql('postgres', $files), '0', "$phase: no index is left");
	check_rows($phase);
}
$node->safe_psql('postgres', 'CREATE INDEX items_cut ON items USING ivf (v vector_cosine_ops); REINDEX INDEX items_v;
	REINDEX INDEX CONCURRENTLY items_v');
check_rows('built again');

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|signal 11/, 'no other crash');
done_testing();

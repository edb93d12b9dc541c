# Crashes while rows are inserted, linked, deleted and vacuumed in a graph index:
# afterwards every row of the heap is found by walks and lists, and the graph is sound.
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
		SELECT array_agg(random() * 20 - 10)::real[]::vector FROM generate_series(1, 16) $$;
	CREATE TABLE items (id serial PRIMARY KEY, v vector(16));
	INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 1000);
	CREATE INDEX items_v ON items USING cagra (v vector_l2_ops);
	-- Beyond what may be pending, so that inserters link, too.
	INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 4090);
	CREATE PROCEDURE churn() LANGUAGE plpgsql AS $$
	DECLARE
		r int;
	BEGIN
		LOOP
			r := random() * 6000;
			INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 3);
			COMMIT;
			DELETE FROM items WHERE id BETWEEN r AND r + 3;
			COMMIT;
			UPDATE items SET v = random_vector() WHERE id = r + 5;
			COMMIT;
			INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 2);
			ROLLBACK;
		END LOOP;
	END $$});
my $vacuum = $node->basedir . '/vacuum.sql';
append_to_file($vacuum, "VACUUM items \\watch 0.05\n");

sub check_rows
{
	my ($what) = @_;
	my $query = '[' . join(',', map { rand(20) - 10 } 1 .. 16) . ']';
	my $rows = $node->safe_psql('postgres', 'SET enable_indexscan = off; SELECT count(*), count(DISTINCT id), sum(id) FROM items');

	for my $walk (qw(on off))
	{
		is($node->safe_psql('postgres', "SET enable_seqscan = off; SET enable_sort = off; SET milvus.graph_walk = $walk;
			SELECT count(*), count(DISTINCT id), sum(id) FROM (SELECT id FROM items ORDER BY v <-> '$query') s"),
			$rows, "$what: every row is found, walk = $walk");
	}
	check_indexes($node, 'postgres');
	return;
}

srand(1);
for my $round (1 .. 8)
{
	$node->safe_psql('postgres', 'CHECKPOINT') if $round % 2 == 0;
	my $before = $node->safe_psql('postgres', 'SELECT last_value FROM items_id_seq');
	my @what = ([ '-c', 'CALL churn()' ], [ '-c', 'CALL churn()' ]);
	push @what, [ '-f', $vacuum ] if $round > 2;
	my @clients = map { IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), @$_ ],
			'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null') } @what;

	ok($node->poll_query_until('postgres', "SELECT last_value > $before + 60 FROM items_id_seq"), "round $round: clients run");
	usleep(int(rand(300_000)));
	$node->stop('immediate');
	$_->finish for @clients;
	$node->start;
	check_rows("round $round");
}
$node->safe_psql('postgres', 'VACUUM items');
check_rows('vacuumed');

unlike(slurp_file($node->logfile), qr/PANIC|TRAP|signal 11/, 'no other crash');
done_testing();

# Thirty crashes while rows are inserted, deleted and vacuumed, lists split and
# compacted, and while an index is built: afterwards every row of the heap is
# found through the index.
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
	ANALYZE items;
	CREATE INDEX items_v ON items USING ivf (v vector_l2_ops);
	CREATE TABLE new_items (id serial PRIMARY KEY, v vector(32));
	CREATE INDEX new_items_v ON new_items USING ivf (v vector_l2_ops);
	CREATE PROCEDURE churn() LANGUAGE plpgsql AS $$
	DECLARE
		r int;
	BEGIN
		LOOP
			r := random() * 4000;
			INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 3);
			COMMIT;
			DELETE FROM items WHERE id BETWEEN r AND r + 3;
			COMMIT;
			UPDATE items SET v = random_vector() WHERE id = r + 5;
			COMMIT;
			INSERT INTO items (v) SELECT random_vector() FROM generate_series(1, 2);
			ROLLBACK;
		END LOOP;
	END $$;
	-- Into few lists, which split.
	CREATE PROCEDURE grow() LANGUAGE plpgsql AS $$
	BEGIN
		LOOP
			INSERT INTO new_items (v) SELECT random_vector() FROM generate_series(1, 20);
			COMMIT;
		END LOOP;
	END $$});

# Deletes that are worth a vacuum, and the vacuum that compacts and joins lists.
my $vacuum = $node->basedir . '/vacuum.sql';
append_to_file($vacuum, q{
	VACUUM items, new_items \watch 0.02
});
my $by_index = 'SET enable_seqscan = off; SET enable_sort = off;';
my $by_heap = 'SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;';

# Every row of both tables, by exact search and through the index.
sub check_rows
{
	my ($what) = @_;

	for my $table (qw(items new_items))
	{
		my $rows = $node->safe_psql('postgres', "$by_heap SELECT count(*), count(DISTINCT id), sum(id) FROM $table");
		my $query = '[' . join(',', map { rand(20) - 10 } 1 .. 32) . ']';
		my $exact = "SELECT round((v <-> '$query')::numeric, 3), id FROM $table ORDER BY 1, 2";

		is($node->safe_psql('postgres', "$by_index SELECT count(*), count(DISTINCT id), sum(id) FROM
			(SELECT id FROM $table ORDER BY v <-> '$query') s"), $rows, "$what: every row of $table is found");
		is($node->safe_psql('postgres', "$by_index SELECT md5(string_agg(d || ' ' || id, ',' ORDER BY d, id)) FROM
			(SELECT round((v <-> '$query')::numeric, 3) AS d, id FROM $table ORDER BY v <-> '$query') s"),
			$node->safe_psql('postgres', "$by_heap SELECT md5(string_agg(d || ' ' || id, ',' ORDER BY d, id)) FROM
			(SELECT round((v <-> '$query')::numeric, 3) AS d, id FROM $table) s"), "$what: and as far away as it is");
	}
	check_indexes($node, 'postgres');
	return;
}

srand(1);
for my $round (1 .. 26)
{
	my @what = ([ '-c', 'CALL churn()' ], [ '-c', 'CALL grow()' ], [ '-f', $vacuum ]);
	my @more = $round % 3 == 0 ? @what[ 0, 0 ] : $round % 3 == 1 ? @what[ 1, 1 ] : $what[2];

	# What vacuum is to find, and tables that do not grow for ever.
	$node->safe_psql('postgres', "DELETE FROM items WHERE id % 4 = $round % 4; DELETE FROM new_items WHERE random() < 0.2");
	$node->safe_psql('postgres', 'TRUNCATE new_items') if $round % 10 == 0;
	$node->safe_psql('postgres', 'CHECKPOINT') if $round % 2 == 0;
	my $before = $node->safe_psql('postgres', 'SELECT last_value FROM new_items_id_seq');
	my @clients = map { IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), @$_ ],
			'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null') } @what, @more;

	# In the midst, at a different moment each time.
	ok($node->poll_query_until('postgres', "SELECT last_value > $before + 200 FROM new_items_id_seq"), "round $round: clients run");
	usleep(int(rand(300_000)));
	$node->stop('immediate');
	$_->finish for @clients;
	$node->start;
	check_rows("round $round");
}
$node->safe_psql('postgres', 'VACUUM items, new_items');
check_rows('vacuumed');

# A build cut off: a slow predicate gives time for it.
for my $phase (qw(sample rows sample rows))
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

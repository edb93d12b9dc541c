# Crashes while documents are inserted, changed, deleted and vacuumed, pending ones
# become segments and segments are merged: afterwards the index is sound and holds
# every row; pages that were lost on the way are found by vacuum.
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
	CREATE FUNCTION words(n int) RETURNS text LANGUAGE sql VOLATILE AS $$
		SELECT string_agg('w' || (random() ^ 3 * 3000)::int, ' ') FROM generate_series(1, n) $$;
	CREATE TABLE docs (id serial PRIMARY KEY, title text, body text, price int);
	INSERT INTO docs (title, body, price) SELECT words(3), words(60), g FROM generate_series(1, 2000) g;
	CREATE INDEX docs_fts ON docs USING bm25 (title, body, price) WITH (text_config = 'simple');
	CREATE PROCEDURE churn() LANGUAGE plpgsql AS $$
	DECLARE
		r int;
	BEGIN
		LOOP
			r := random() * 4000;
			INSERT INTO docs (title, body, price) SELECT words(3), words(80), r FROM generate_series(1, 5);
			COMMIT;
			DELETE FROM docs WHERE id BETWEEN r AND r + 3;
			COMMIT;
			-- A long one, with pages of its own.
			UPDATE docs SET body = words(2500) WHERE id = r + 5;
			COMMIT;
			INSERT INTO docs (title, body, price) SELECT NULL, words(50), NULL FROM generate_series(1, 2);
			ROLLBACK;
		END LOOP;
	END $$});
my $vacuum = $node->basedir . '/vacuum.sql';
append_to_file($vacuum, q{
	VACUUM (INDEX_CLEANUP on) docs \watch 0.05
});

# The checker compares the index with the table.
sub check_rows
{
	my ($what) = @_;

	for my $word (qw(w0 w1 w77 w2500))
	{
		is($node->safe_psql('postgres', "SET enable_seqscan = off; SELECT count(*), sum(id) FROM docs WHERE body @@@ '$word'"),
			$node->safe_psql('postgres', "SELECT count(*), sum(id) FROM docs WHERE body ~ '\\m$word\\M'"), "$what: $word");
	}
	check_indexes($node, 'postgres');
	return;
}

srand(1);
for my $round (1 .. 10)
{
	my @clients = map { IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), @$_ ],
			'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null') }
		[ '-c', 'CALL churn()' ], [ '-c', 'CALL churn()' ], [ '-f', $vacuum ];

	$node->safe_psql('postgres', 'CHECKPOINT') if $round % 2 == 0;
	my $before = $node->safe_psql('postgres', 'SELECT last_value FROM docs_id_seq');
	ok($node->poll_query_until('postgres', "SELECT last_value > $before + 300 FROM docs_id_seq"), "round $round: clients run");
	usleep(int(rand(300_000)));
	$node->stop('immediate');
	$_->finish for @clients;
	$node->start;
	check_rows("round $round");
}

# In the end every page is in use or free: a vacuum with nothing to do finds no more.
# Pages may carry transactions that the crash made be forgotten: they have to come again.
$node->safe_psql('postgres', 'SELECT pg_current_xact_id()') for 1 .. 10;
sub free_bytes
{
	$node->safe_psql('postgres', 'VACUUM docs');
	return $node->safe_psql('postgres', q{SELECT bytes, free_bytes FROM milvus_index_stats('docs_fts')});
}
my ($free, $again) = ('', free_bytes());
($free, $again) = ($again, free_bytes()) for 1 .. 4;
is($again, $free, 'vacuum finds all lost pages');
check_rows('vacuumed');

done_testing();

# Segments of a bm25 index are merged by a background worker while clients insert and
# search; without workers, by inserters.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main', conf => "autovacuum = off\nfsync = off\njit = off\nlog_line_prefix = '%b: '\n"
		. "log_min_messages = debug1\nlog_lock_waits = on\ndeadlock_timeout = 20ms\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE FUNCTION words(n int) RETURNS text LANGUAGE sql VOLATILE AS $$
		SELECT string_agg('w' || (random() ^ 3 * 5000)::int, ' ') FROM generate_series(1, n) $$;
	CREATE TABLE docs (id serial PRIMARY KEY, body text);
	CREATE INDEX docs_fts ON docs USING bm25 (body) WITH (text_config = 'simple')});

# Pending documents enough for so many segments.
sub fill
{
	my ($segments) = @_;

	$node->safe_psql('postgres', "INSERT INTO docs (body) SELECT words(400) FROM generate_series(1, 100)") for 1 .. $segments;
	return;
}

# All rows are found, once.
sub check_rows
{
	my ($what) = @_;

	is($node->safe_psql('postgres', "SET enable_seqscan = off; SELECT count(*), sum(id) FROM docs WHERE body @@@ 'w1'"),
		$node->safe_psql('postgres', "SELECT count(*), sum(id) FROM docs WHERE body ~ '\\mw1\\M'"), $what);
	check_indexes($node, 'postgres');
	return;
}

# Fill the index until the log from an offset on says so: what is to be merged may have to wait for transactions to end.
sub log_when
{
	my ($offset, $pattern, $write) = @_;
	my $log;

	for (1 .. 10)
	{
		$write->();
		$node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'milvus_pg merge')")
			or die 'a worker does not end';
		$log = slurp_file($node->logfile, $offset);
		last if $log =~ $pattern;
	}
	return $log;
}

my $log = log_when(0, qr/^milvus_pg merge: DEBUG: +merged/m, sub { fill(12) });
like($log, qr/^milvus_pg merge: DEBUG: +merged [0-9]+ segments/m, 'a worker merges');
unlike($log, qr/^client backend: DEBUG: +merged/m, 'and nobody else');
check_rows('merged by a worker');

# Several clients insert and search beside it: none of them waits for a lock on a page of the index.
my $script = $node->basedir . '/insert.sql';
append_to_file($script, "INSERT INTO docs (body) SELECT words(400) FROM generate_series(1, 20);\n"
		. "SELECT count(*) FROM (SELECT id FROM docs ORDER BY body <@> 'w1 w2 w3' LIMIT 10) x;\n");
my $offset = -s $node->logfile;
$log = log_when($offset, qr/^milvus_pg merge: DEBUG: +merged/m,
	sub { $node->command_ok([ 'pgbench', '-n', '-c', 3, '-t', 20, '-f', $script, $node->connstr('postgres') ], 'clients beside a merge') });
like($log, qr/^milvus_pg merge: DEBUG: +merged/m, 'segments were merged meanwhile');
unlike($log, qr/^client backend: .*still waiting for \w+ on page/m, 'no client waited');
check_rows('merged beside clients');

# The table is its transaction's own: no worker waits for the end of it, while each flush would start one more.
my $workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'milvus_pg merge'";
for my $first ('TRUNCATE docs', 'LOCK TABLE docs')
{
	my $own = $node->background_psql('postgres', on_error_die => 1);
	$own->query_safe("BEGIN; $first");
	$own->query_safe('INSERT INTO docs (body) SELECT words(400) FROM generate_series(1, 1500)');
	ok($node->poll_query_until('postgres', "SELECT ($workers) = 0"), "no worker waits after $first");
	$own->query_safe('COMMIT');
	$own->quit;
	check_rows("filled after $first");
}

# No worker is to be had.
$node->append_conf('postgresql.conf', "max_worker_processes = 0\n");
$node->restart;
$offset = -s $node->logfile;
$log = log_when($offset, qr/^client backend: DEBUG: +merged/m, sub { fill(12) });
like($log, qr/^client backend: DEBUG: +merged [0-9]+ segments/m, 'an inserter merges');
check_rows('merged by inserters');

done_testing();

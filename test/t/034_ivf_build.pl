# Builds by one process and by several: the same rows, as good; all kinds of
# CREATE INDEX; what a cancel or an error in a worker leaves behind.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

use constant { DIM => 24, ROWS => 6000, CLUSTERS => 40, LISTS => 60, QUERIES => 50 };

my $node = new_node('main', conf => "max_worker_processes = 16\nmax_parallel_maintenance_workers = 2\nautovacuum = off\n");
create_extensions($node, 'postgres');

# Every tenth row is NULL; the rest is clustered.  parallel_workers = 2: small tables get workers too.
srand(34);
my @centers = map { [ map { rand(80) - 40 } 1 .. DIM ] } 1 .. CLUSTERS;
sub vector
{
	return '[' . join(',', map { sprintf '%.2f', $_ + 20 * (rand() + rand() + rand() - 1.5) } @{ $centers[ rand(CLUSTERS) ] }) . ']';
}
$node->safe_psql('postgres', "CREATE TABLE items (id int, v vector(24)) WITH (parallel_workers = 2);
	CREATE TABLE queries (id int, v vector(24)); COPY items FROM stdin;\n"
	. join('', map { "$_\t" . ($_ % 10 ? vector() : '\N') . "\n" } 1 .. ROWS)
	. "\\.\nCOPY queries FROM stdin;\n" . join('', map { "$_\t" . vector() . "\n" } 1 .. QUERIES) . "\\.\n");
my $indexed = ROWS * .9;

# build($workers, $statements) -- how many workers the server says it used, or '' if none.
sub build
{
	my ($workers, $sql) = @_;
	my $err = '';
	my $rc = $node->psql('postgres', "SET max_parallel_maintenance_workers = $workers; SET client_min_messages = debug1; $sql",
		stderr => \$err, on_error_stop => 1);
	is($rc, 0, "built: $sql") or diag($err);
	return $err =~ /using (\d+) parallel workers/ ? $1 : '';
}

sub rows { my ($index) = @_; return $node->safe_psql('postgres', "SELECT milvus_index_check('$index')"); }

# Recall@10 of the queries at a quarter of the lists.
my $nearest = 'SELECT q.id AS q, n.id FROM queries q, LATERAL (SELECT id FROM items ORDER BY v <-> q.v LIMIT 10) n';
$node->safe_psql('postgres', "CREATE TABLE exact AS $nearest");
sub recall
{
	return $node->safe_psql('postgres', 'SET enable_seqscan = off; SET milvus.probes = ' . LISTS / 4
		. "; SELECT count(*) / 10.0 / " . QUERIES . " FROM ($nearest) f JOIN exact e USING (q, id)");
}

for my $memory ('1MB', '64MB')
{
	my $alone;
	for my $workers (0, 1, 2)
	{
		is(build($workers, "SET maintenance_work_mem = '$memory'; CREATE INDEX i ON items USING ivf (v vector_l2_ops) WITH (lists = "
			. LISTS . ')'), $workers || '', "$memory: $workers workers");
		is(rows('i'), $indexed, "$memory, $workers workers: all rows");
		my $recall = recall();
		$alone //= $recall;
		cmp_ok($recall, '>=', .9, "$memory, $workers workers: recall");
		cmp_ok(abs($recall - $alone), '<=', .05, "$memory, $workers workers: as good as one process");
		$node->safe_psql('postgres', 'DROP INDEX i');
	}
}

# All kinds of index and table.
my $i = 'USING ivf (v vector_l2_ops)';
is(build(2, "CREATE INDEX CONCURRENTLY i ON items $i"), 2, 'concurrently: workers');
is(rows('i'), $indexed, 'concurrently: all rows');
is(build(2, 'REINDEX INDEX CONCURRENTLY i'), 2, 'reindex concurrently: workers');
is(rows('i'), $indexed, 'reindex concurrently: all rows');
is(build(2, "DROP INDEX i; CREATE INDEX i ON items $i WHERE id <= 1000"), 2, 'partial: workers');
is(rows('i'), 900, 'partial: its rows');
is(build(2, 'DROP INDEX i; CREATE INDEX i ON items USING ivf ((v::halfvec(24)) halfvec_l2_ops)'), 2, 'expression: workers');
is(rows('i'), $indexed, 'expression: all rows');
is(build(2, "CREATE UNLOGGED TABLE u WITH (parallel_workers = 2) AS TABLE items; ALTER TABLE u ALTER v TYPE vector(24);
	CREATE INDEX u_i ON u $i"), 2, 'unlogged: workers');
is(rows('u_i'), $indexed, 'unlogged: all rows');
is(build(2, "CREATE TEMP TABLE t AS TABLE items; ALTER TABLE t ALTER v TYPE vector(24); CREATE INDEX ON t $i"), '', 'temporary: no workers');
build(2, "CREATE TABLE p (id int, v vector(24)) PARTITION BY RANGE (id);
	CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (2000) WITH (parallel_workers = 2);
	CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (2000) TO (10000) WITH (parallel_workers = 2);
	INSERT INTO p TABLE items; CREATE INDEX p_i ON p $i");
is(rows('p1_v_idx') + rows('p2_v_idx'), $indexed, 'partitions: all rows');
for my $content ('SELECT id, NULL::vector(24) AS v FROM items', 'TABLE items LIMIT 0', 'SELECT * FROM items WHERE id = 1')
{
	is(build(2, "DROP TABLE IF EXISTS n; CREATE TABLE n (id int, v vector(24)) WITH (parallel_workers = 2);
		INSERT INTO n $content; CREATE INDEX n_i ON n $i WITH (lists = 1000000)"), $content =~ /LIMIT 0/ ? '' : 2, "$content: workers");
	is(rows('n_i'), $content =~ /= 1$/ ? 1 : 0, "$content: its rows");
}

# An error in whichever process gets that row, and a cancel in the middle.
sub temporary_files
{
	return grep { !/\.(pg_internal|lock)/ } glob($node->data_dir . '/base/pgsql_tmp/*');
}
sub nothing_left
{
	my ($what) = @_;
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname = 'broken'"), 0, "$what: no index");
	ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'parallel worker'"),
		"$what: no workers");
	is(join(' ', temporary_files()), '', "$what: no files");
	return;
}
$node->safe_psql('postgres', q{DROP INDEX i;
	CREATE FUNCTION via(x vector, act text) RETURNS vector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN
		IF act = 'sleep' THEN PERFORM pg_sleep(.004); END IF;
		IF act = 'fail' THEN RAISE 'no such luck'; END IF;
		RETURN x; END $$;
	CREATE TABLE slow (id int, v vector(24)) WITH (parallel_workers = 1);
	INSERT INTO slow SELECT * FROM items WHERE id <= 1000});
my $create = sub { "CREATE INDEX broken ON slow USING ivf ((via(v, $_[0])::vector(24)) vector_l2_ops) WITH (lists = 5)" };
my $err;
$node->psql('postgres', $create->(q{CASE id WHEN 777 THEN 'fail' END}), stderr => \$err);
like($err, qr/ERROR: +no such luck/, 'an error of a row is the build\'s');
nothing_left('error');
$node->psql('postgres', "SET statement_timeout = '100ms'; " . $create->("'sleep'"), stderr => \$err);
like($err, qr/canceling statement due to statement timeout/, 'a timeout ends a build');
nothing_left('timeout');

# Phases as they are seen from outside; a cancel in two of them.
my %names = map { $_ => 1 } 'initializing', 'sampling table', 'performing k-means', 'assigning tuples', 'loading tuples';
my %seen;
for my $until ('sampling table', 'assigning tuples')
{
	my ($out, $phase) = ('', '');
	$err = '';
	my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $create->("'sleep'") ], '>', \$out, '2>', \$err);
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		$phase = $node->safe_psql('postgres', 'SELECT split_part(phase, \': \', 2) FROM pg_stat_progress_create_index');
		$seen{$phase} = 1 if $phase;
		last if $phase eq $until;
		usleep(100_000);
	}
	is($phase, $until, "seen: $until");
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(pid) FROM pg_stat_progress_create_index');
	$psql->finish;
	like($err, qr/canceling statement due to user request/, "$until: cancelled");
	nothing_left($until);
}
is(join(', ', grep { !$names{$_} } keys %seen), '', 'phases have known names');
is(build(1, $create->("''")), 1, 'the same index, undisturbed');
is(rows('broken'), 900, 'all its rows');

check_indexes($node, 'postgres');
done_testing();

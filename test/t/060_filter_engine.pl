# Columns to filter by in a vector index: how many rows come and how many of the
# nearest, whatever the condition has to do with the vectors; the same after updates of
# the columns alone, VACUUM, on a standby and after crashes; tenants under row-level security.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use MvTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant { DIM => 16, ROWS => 6000, CLUSTERS => 30, QUERIES => 10, TENANTS => 200 };

my $primary = new_node('primary', streaming => 1, conf => "autovacuum = off\n");
create_extensions($primary, 'postgres');

# Rows in clusters.  Of the columns beside the vector, percent and word are random, near_at is the
# number of the cluster, so a condition on it has its rows in one place.
srand(3);
my @centers = map { [ map { rand(40) - 20 } 1 .. DIM ] } 1 .. CLUSTERS;
sub vector_of
{
	my ($cluster) = @_;
	return '[' . join(',', map { sprintf '%.3f', $_ + 6 * (rand() + rand() - 1) } @{ $centers[$cluster] }) . ']';
}
my $next_id = 1;
sub rows
{
	return join '', map {
		my $cluster = int rand CLUSTERS;
		my $permille = int rand 1000;
		join("\t", $next_id++, vector_of($cluster), $permille % 50 == 7 ? '\N' : $permille, $permille % 10 == 3 ? '\N' : 'word ' . $permille % 10,
			$permille % 50 == 9 ? '\N' : sprintf('2024-01-01 00:%02d:%02d+00', $cluster, rand 60)) . "\n" } 1 .. $_[0];
}
my $columns = 'id, v, permille, word, at';
$primary->safe_psql('postgres', 'CREATE TABLE items (id int PRIMARY KEY, v vector(' . DIM . "), permille int, word text, at timestamptz);
	COPY items ($columns) FROM stdin;\n" . rows(ROWS) . "\\.\n
	CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops, permille, word, at);
	CREATE TABLE tenants (tenant int, v vector(" . DIM . "));
	ANALYZE");
my @queries = map { [ $_ % CLUSTERS, vector_of($_ % CLUSTERS) ] } 1 .. QUERIES;

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

my $by_index = 'SET hnsw.ef_search = 100; SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off;';
my $by_heap = 'SET enable_indexscan = off; SET enable_bitmapscan = off;';

# Conditions by the query's cluster; with the vectors ("near": the query's own cluster and its
# neighbours by number) and against them ("far": clusters that are not the query's).
sub minutes { return sprintf q('2024-01-01 00:%02d:00+00'), $_[0] }
my %conditions = (
	'random 50 %' => sub { 'permille < 500' },
	'random 10 %' => sub { 'permille BETWEEN 200 AND 299' },
	'random 1 %' => sub { 'permille >= 990' },
	'random .1 %' => sub { 'permille = 321' },
	'word 10 %' => sub { q(word = 'word 4') },
	'NULL' => sub { 'permille IS NULL' },
	'two' => sub { q(permille < 700 AND word = 'word 6' AND at IS NOT NULL) },
	'near 3 %' => sub { 'at >= ' . minutes($_[0]) . ' AND at < ' . minutes($_[0] + 1) },
	'near .3 %' => sub { 'at >= ' . minutes($_[0]) . ' AND at < ' . minutes($_[0] + 1) . ' AND permille < 100' },
	'far 50 %' => sub { $_[0] < CLUSTERS / 2 ? 'at >= ' . minutes(CLUSTERS / 2) : 'at < ' . minutes(CLUSTERS / 2) },
	'far 3 %' => sub { my $other = ($_[0] + 11) % CLUSTERS; 'at >= ' . minutes($other) . ' AND at < ' . minutes($other + 1) },
	'none' => sub { 'permille = 5000' });

# The query for each of @queries, one line of ids with their distances.
sub nearest
{
	my ($node, $settings, $condition) = @_;
	my @sql = map { "SELECT coalesce(string_agg(id || '=' || round(d::numeric, 5), ' ' ORDER BY d, id), '') FROM
		(SELECT id, v <-> '$_->[1]' AS d FROM items WHERE " . $condition->($_->[0]) . " ORDER BY v <-> '$_->[1]' LIMIT 10) s" } @queries;
	return split /\n/, $node->safe_psql('postgres', $settings . join(';', @sql)), -1;
}

sub check_conditions
{
	my ($what) = @_;

	$primary->safe_psql('postgres', q{SELECT pg_logical_emit_message(true, '', '')});
	$primary->wait_for_catchup($standby);
	for my $name (sort keys %conditions)
	{
		my @exact = nearest($primary, $by_heap, $conditions{$name});
		my @found = nearest($primary, $by_index, $conditions{$name});
		my ($wanted, $right, $counts) = (0, 0, 0);

		# By distance: equal ones may stand for each other.
		for my $i (0 .. $#exact)
		{
			my @near = map { /=(.*)/ } split / /, $exact[$i];
			my %found = map { /(.*)=(.*)/ } split / /, $found[$i];
			$wanted += @near;
			$right += grep { $_ <= $near[-1] } values %found;
			$counts += @near == keys %found;
		}
		is($counts, QUERIES, "$what, $name: as many rows as match, up to ten");
		cmp_ok($right, '>=', .95 * $wanted, "$what, $name: recall ($right of $wanted)");
		is_deeply([ nearest($standby, $by_index, $conditions{$name}) ], \@found, "$what, $name: the same on the standby");
	}
	# Also of rows that VACUUM has yet to take away.
	cmp_ok($_->safe_psql('postgres', q{SELECT milvus_index_check('items_v', true)}), '>=', $_->safe_psql('postgres', 'SELECT count(*) FROM items'),
		"$what: sound on the " . $_->name) for $primary, $standby;
	return;
}

like($primary->safe_psql('postgres', "$by_index EXPLAIN SELECT id FROM items WHERE permille < 5 AND word = 'word 1' ORDER BY v <-> '$queries[0][1]' LIMIT 10"),
	qr/Index Scan using items_v.*Index Cond: \(\(permille < 5\) AND \(word = 'word 1'::text\)\)/s, 'the plan');
check_conditions('built');

$primary->safe_psql('postgres', "COPY items ($columns) FROM stdin;\n" . rows(ROWS / 4) . "\\.\n");
check_conditions('inserted');

# The vectors stay; rows change sides.
$primary->safe_psql('postgres', q{UPDATE items SET permille = 999 - permille, word = 'word ' || permille % 10 WHERE id % 3 = 0;
	UPDATE items SET permille = NULL WHERE id % 97 = 0});
check_conditions('updated');
$primary->safe_psql('postgres', 'DELETE FROM items WHERE id % 4 = 1; VACUUM items');
check_conditions('vacuumed');
# Into the ids of those that are gone.
$primary->safe_psql('postgres', "COPY items ($columns) FROM stdin;\n" . rows(ROWS / 4) . "\\.\n");
check_conditions('inserted again');

# Crashes while rows come and go.
$primary->safe_psql('postgres', q{
	CREATE SEQUENCE rounds;
	CREATE PROCEDURE churn(first int) LANGUAGE plpgsql AS $$
	BEGIN
		FOR i IN 1 .. 100000 LOOP
			INSERT INTO items SELECT first + i * 4 + g, v, (permille + i) % 1000, 'word ' || i % 10, at FROM items
				JOIN generate_series(0, 3) g ON id = 2 + (i * 4 + g) % 100 * 4;
			COMMIT;
			UPDATE items SET permille = i % 1000 WHERE id = first + i * 4 - 50;
			DELETE FROM items WHERE id BETWEEN first + i * 4 - 30 AND first + i * 4 - 28;
			COMMIT;
			PERFORM nextval('rounds');
		END LOOP;
	END $$});
for my $crash (1 .. 3)
{
	my $before = $primary->safe_psql('postgres', 'SELECT last_value FROM rounds');
	my @clients = map { IPC::Run::start([ 'psql', '-X', '-q', '-d', $primary->connstr('postgres'), '-c', "CALL churn($crash * 10000000 + $_ * 1000000)" ],
			'<', '/dev/null', '>', '/dev/null', '2>', '/dev/null') } 1, 2;
	$primary->safe_psql('postgres', 'CHECKPOINT') if $crash == 2;
	ok($primary->poll_query_until('postgres', "SELECT last_value > $before + 60 FROM rounds"), "crash $crash: clients run");
	$primary->stop('immediate');
	$_->finish for @clients;
	$primary->start;
	is($primary->safe_psql('postgres', "$by_index SELECT count(*), sum(id) FROM (SELECT id FROM items WHERE permille >= 0 ORDER BY v <-> '$queries[0][1]') s"),
		$primary->safe_psql('postgres', "$by_heap SELECT count(*), sum(id) FROM items WHERE permille >= 0"), "crash $crash: every row by its column");
}
$primary->safe_psql('postgres', 'VACUUM items');
check_conditions('after crashes');

# Tenants of very different size in one index: each sees its own rows alone, and all of
# its nearest ten are the nearest ten.
my @tenant_rows = map { my $tenant = $_; map { "$tenant\t" . vector_of(rand CLUSTERS) . "\n" } 1 .. 1 + 1000 / $tenant } 1 .. TENANTS;
$primary->safe_psql('postgres', "COPY tenants FROM stdin;\n" . join('', @tenant_rows) . "\\.\n
	CREATE INDEX tenants_v ON tenants USING hnsw (v vector_cosine_ops, tenant);
	ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON tenants USING (tenant = current_setting('my.tenant')::int);
	CREATE ROLE app;
	GRANT SELECT ON tenants TO app;
	ANALYZE tenants");
my $nearest = join ';', map { "SET my.tenant = $_; SELECT count(*), min(tenant), max(tenant), sum(d)::numeric(10,6) FROM
	(SELECT tenant, v <=> '$queries[0][1]' AS d FROM tenants ORDER BY v <=> '$queries[0][1]' LIMIT 10) s" } 1 .. TENANTS;
my @own = split /\n/, $primary->safe_psql('postgres', "SET ROLE app; $by_index $nearest");
my @exact = split /\n/, $primary->safe_psql('postgres', "SET ROLE app; $by_heap $nearest");
my $own = grep { my $rows = int(1 + 1000 / $_); $own[ $_ - 1 ] =~ /^(\d+)\|$_\|$_\|/ && $1 == ($rows < 10 ? $rows : 10) } 1 .. TENANTS;
is($own, TENANTS, 'each tenant: ten rows, its own');
cmp_ok(scalar(grep { $own[$_] eq $exact[$_] } 0 .. $#exact), '>=', .97 * TENANTS, 'each tenant: the nearest');

# A damaged page of keys is an error, or is not used; never a crash.
my $file = $primary->data_dir . '/' . $primary->safe_psql('postgres', "SELECT pg_relation_filepath('tenants_v')");
my $pages = $primary->safe_psql('postgres', q{SELECT string_agg(n::text, ' ') FROM generate_series(0, pg_relation_size('tenants_v') / 8192 - 1) n,
	milvus_page_info('tenants_v', n) p WHERE p::text ~ 'attribute'});
my ($page) = split / /, $pages;
$primary->stop;
open my $fh, '+<:raw', $file or die $!;
seek $fh, 8192 * $page + 8188, 0;
print $fh pack 'v', 99;
close $fh;
$primary->start;
for my $sql ("$by_index SELECT count(*) FROM (SELECT FROM tenants WHERE tenant = 7 ORDER BY v <=> '$queries[0][1]') s", q{SELECT milvus_index_check('tenants_v')})
{
	my ($ret, $out, $err) = $primary->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	like($err, qr/XX00[12]/, 'damaged: an error that says so');
}
$primary->safe_psql('postgres', 'REINDEX INDEX tenants_v');
unlike(slurp_file($primary->logfile), qr/terminated by signal|PANIC|TRAP/, 'no backend crashed');

check_indexes($primary, 'postgres');
done_testing();

# Recall of walks through graph indexes for each type and metric, and for data on
# which graphs go wrong: clusters, duplicates, few dimensions, one-hot, all equal;
# after inserts, before and after they are linked; and every row comes once.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

use constant { ROWS => 4000, QUERIES => 20 };

my $node = new_node('main', conf => "maintenance_work_mem = 64MB\nautovacuum = off\n");
create_extensions($node, 'postgres');
srand(42);

my %operator = (l2 => '<->', ip => '<#>', cosine => '<=>');
my $walk = 'SET enable_seqscan = off; SET enable_sort = off; SET milvus.graph_walk = on;';

sub vector { return '[' . join(',', map { sprintf '%.3f', $_ } @_) . ']' }

# Each gives the vector of a row; queries come from the same.
my @centers = map { [ map { rand(80) - 40 } 1 .. 24 ] } 1 .. 30;
my %data = (
	clusters => [ 24, sub { my $c = $centers[ rand 30 ]; vector(map { $_ + 20 * (rand() + rand() + rand() - 1.5) } @$c) } ],
	noise => [ 100, sub { vector(map { rand() - .5 } 1 .. 100) } ],
	duplicates => [ 24, sub { my $c = $centers[ rand 30 ]; rand() < .5 ? vector(@$c) : vector(map { $_ + rand(4) } @$c) } ],
	dim2 => [ 2, sub { vector(map { rand(100) } 1 .. 2) } ],
	dim3 => [ 3, sub { vector(map { rand(100) } 1 .. 3) } ],
	dim8 => [ 8, sub { vector(map { rand(100) } 1 .. 8) } ],
	onehot => [ 40, sub { my $i = int rand 40; vector(map { $_ == $i ? 1 : 0 } 0 .. 39) } ],
	equal => [ 16, sub { vector((1) x 16) } ],
);

# How many of the ten nearest are found, equal distances standing for each other; how many rows
# come in a scan of all.
sub measure
{
	my ($type, $metric) = @_;
	my $op = $operator{$metric};
	my $nearest = "SELECT q.id AS q, d FROM queries q, LATERAL (SELECT v $op q.v AS d FROM items ORDER BY v $op q.v LIMIT 10) n";

	return split /\|/, $node->safe_psql('postgres', "
		CREATE TEMP TABLE exact AS $nearest;
		$walk
		SELECT (SELECT round(count(*) / 10.0 / " . QUERIES . ", 3) FROM ($nearest) f
				WHERE d <= (SELECT max(d) * (1 + sign(max(d)) * 1e-6) FROM exact e WHERE e.q = f.q)),
			(SELECT count(*) - count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v $op (SELECT v FROM queries LIMIT 1)) a),
			(SELECT count(*) FROM (SELECT id FROM items ORDER BY v $op (SELECT v FROM queries LIMIT 1)) a)");
}

sub check
{
	my ($name, $type, $metric, $rows, $recall) = @_;
	my ($found, $repeated, $all) = measure($type, $metric);

	cmp_ok($found, '>=', $recall, "$name: recall");
	is($repeated, 0, "$name: no row twice");
	is($all, $rows, "$name: all rows come");
	is($node->safe_psql('postgres', "SELECT milvus_index_check('i', true)"), $rows, "$name: the checker");
	return;
}

sub fill
{
	my ($type, $dim, $row) = @_;
	my $id = 0;

	$node->safe_psql('postgres', 'DROP TABLE IF EXISTS items, queries;'
		. "CREATE TABLE items (id serial, v $type($dim)); CREATE TABLE queries (id serial, v $type($dim));"
		. "COPY items (v) FROM stdin;\n" . join('', map { $row->() . "\n" } 1 .. ROWS) . "\\.\n"
		. "COPY queries (v) FROM stdin;\n" . join('', map { $row->() . "\n" } 1 .. QUERIES) . "\\.\nANALYZE");
	return;
}

sub plan_of
{
	my ($name, $metric) = @_;
	like($node->safe_psql('postgres', "$walk EXPLAIN SELECT id FROM items ORDER BY v $operator{$metric} (SELECT v FROM queries LIMIT 1) LIMIT 10"),
		qr/Index Scan using i on items/, "$name: the plan");
	return;
}

# type, metric, data, recall at the default target of .95
my @cases = map { my $type = $_; map { [ $type, $_, 'clusters', .9 ] } sort keys %operator } qw(vector halfvec bf16vec);
push @cases, map { [ 'vector', 'l2', $_, .9 ] } grep { $_ ne 'clusters' } sort keys %data;
push @cases, [ 'vector', 'cosine', 'noise', .9 ], [ 'vector', 'ip', 'noise', .85 ];

for my $case (@cases)
{
	my ($type, $metric, $data, $recall) = @$case;
	my $name = "$type $metric $data";

	fill($type, @{ $data{$data} });
	$node->safe_psql('postgres', "CREATE INDEX i ON items USING cagra (v $type\_$metric\_ops)");
	plan_of($name, $metric);
	check($name, $type, $metric, ROWS, $recall);
}

# Rows that come later: pending, then linked; then half of all rows change.
for my $data (qw(clusters noise dim2 equal))
{
	my ($dim, $row) = @{ $data{$data} };

	fill('vector', $dim, $row);
	$node->safe_psql('postgres', 'CREATE TABLE later AS SELECT * FROM items WHERE id > 500; DELETE FROM items WHERE id > 500;
		VACUUM items; CREATE INDEX i ON items USING cagra (v vector_l2_ops);
		INSERT INTO items SELECT * FROM later');
	check("$data: most rows pending", 'vector', 'l2', ROWS, .9);
	$node->safe_psql('postgres', 'VACUUM items');
	check("$data: linked by VACUUM", 'vector', 'l2', ROWS, .9);
	$node->safe_psql('postgres', 'DELETE FROM items WHERE id % 2 = 0; VACUUM items');
	check("$data: every other row deleted", 'vector', 'l2', ROWS / 2, .9);
	$node->safe_psql('postgres', 'INSERT INTO items SELECT * FROM later WHERE id % 2 = 0; VACUUM items');
	check("$data: and inserted again", 'vector', 'l2', ROWS / 2 + 1750, .9);
	$node->safe_psql('postgres', 'DROP TABLE later');
}

# From nothing, beyond what may be pending.
my ($dim, $row) = @{ $data{clusters} };
fill('vector', $dim, $row);
$node->safe_psql('postgres', 'CREATE TABLE later AS SELECT * FROM items; TRUNCATE items;
	CREATE INDEX i ON items USING cagra (v vector_l2_ops);
	INSERT INTO items SELECT * FROM later; INSERT INTO items SELECT id + 4000, v FROM later');
check('from nothing', 'vector', 'l2', 2 * ROWS, .9);

check_indexes($node, 'postgres');
done_testing();

# Access method hnsw for each type and metric: recall at the default ef_search and
# at more, order, completeness, after the build and after inserts into an empty index.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

use constant { DIM => 24, ROWS => 4000, CLUSTERS => 40, QUERIES => 20 };

my $node = new_node('main', conf => "maintenance_work_mem = 32MB\nautovacuum = off\n");
create_extensions($node, 'postgres');

# Clustered rows; long sparse vectors have words of a topic and words of their own.
srand(42);
my @centers = map { [ map { rand(80) - 40 } 1 .. DIM ] } 1 .. CLUSTERS;
my @topics = map { [ map { 1 + int rand 50000 } 1 .. 30 ] } 1 .. CLUSTERS;
sub row
{
	my ($id) = @_;
	my $cluster = rand CLUSTERS;
	my @x = map { $_ + 20 * (rand() + rand() + rand() - 1.5) } @{ $centers[$cluster] };
	my $x = '[' . join(',', map { sprintf '%.3f', $_ } @x) . ']';
	my %words = map { $topics[$cluster][ rand 30 ] => sprintf '%.3f', .5 + rand } 1 .. 20;
	$words{ 1 + int rand 50000 } = sprintf '%.3f', .5 + rand for 1 .. 10;
	my $words = '{' . join(',', map { "$_:$words{$_}" } sort { $a <=> $b } keys %words) . '}/50000';
	return "$id\t$x\t$x\t$words\n";
}
my $zero = '[' . join(',', (0) x DIM) . ']';
$node->safe_psql('postgres', join('',
	map { "CREATE TABLE $_ (id int, vector vector(24), halfvec halfvec(24), long sparsevec(50000));\n" } qw(items queries))
	. "COPY items FROM stdin;\n" . join('', map { row($_) } 1 .. ROWS)
	. "-1\t$zero\t$zero\t{}/50000\n-2\t\\N\t\\N\t\\N\n"
	. "\\.\nCOPY queries FROM stdin;\n" . join('', map { row($_) } 1 .. QUERIES) . "\\.\n"
	. join('', map { "ALTER TABLE $_ ADD bit bit(24), ADD sparsevec sparsevec(24);
		UPDATE $_ SET bit = binary_quantize(vector), sparsevec = vector;\n" } qw(items queries))
	. 'CREATE TABLE later (LIKE items); ANALYZE;');

my %dense = (l2 => '<->', ip => '<#>', cosine => '<=>', l1 => '<+>');
my %bits = (hamming => '<~>', jaccard => '<%>');
my $index_only = 'SET enable_seqscan = off; SET enable_sort = off;';

# Recall and order of the 10 nearest to each query, from a table's index.
sub found
{
	my ($table, $column, $op, $set) = @_;
	my $nearest = "SELECT q.id AS q, n.id, d FROM queries q, LATERAL
		(SELECT id, $column $op q.$column AS d FROM $table ORDER BY $column $op q.$column LIMIT 10) n";

	like($node->safe_psql('postgres', "$index_only EXPLAIN $nearest"), qr/Index Scan using ${table}_i on/, 'the plan');
	# By distance: equal ones may stand for each other.
	return split /\|/, $node->safe_psql('postgres', "$index_only $set
		CREATE TEMP TABLE found (n serial, q int, id int, d float8);
		INSERT INTO found (q, id, d) $nearest;
		SELECT (SELECT count(*) / 10.0 / (SELECT count(*) FROM queries) FROM found f WHERE d <= (SELECT max(d) FROM exact e WHERE e.q = f.q)),
			(SELECT count(*) FROM (SELECT d < lag(d) OVER (PARTITION BY q ORDER BY n) AS bad FROM found) s WHERE bad)");
}

my @cases = map { my $type = $_; map { [ $type, $type, $_ ] } sort keys %dense } qw(vector halfvec sparsevec);
push @cases, map { [ 'bit', 'bit', $_ ] } sort keys %bits;
push @cases, map { [ 'long', 'sparsevec', $_ ] } sort keys %dense;

for my $case (@cases)
{
	my ($column, $type, $metric) = @$case;
	my $op = $dense{$metric} // $bits{$metric};
	my $name = "$column $metric";
	my $indexed = ROWS + ($metric eq 'cosine' ? 0 : 1);
	my $all = "SELECT id FROM items ORDER BY $column $op (SELECT $column FROM queries WHERE id = 1)";

	$node->safe_psql('postgres', "CREATE TABLE exact AS SELECT q.id AS q, d FROM queries q, LATERAL
			(SELECT $column $op q.$column AS d FROM items ORDER BY $column $op q.$column LIMIT 10) n;
		CREATE INDEX items_i ON items USING hnsw ($column $type\_$metric\_ops);
		TRUNCATE later;
		CREATE INDEX later_i ON later USING hnsw ($column $type\_$metric\_ops);
		INSERT INTO later SELECT * FROM items");
	for my $table (qw(items later))
	{
		my ($recall, $descents) = found($table, $column, $op, '');
		cmp_ok($recall, '>=', .93, "$name: recall of $table");
		# A row whose bound was wrong, or whose list, comes late: few do.
		cmp_ok($descents, '<=', 9 * QUERIES / 20, "$name: ascending in $table");
		($recall) = found($table, $column, $op, 'SET hnsw.ef_search = 400;');
		cmp_ok($recall, '>=', .98, "$name: recall of $table with ef_search = 400");
		(undef, $descents) = found($table, $column, $op, 'SET hnsw.iterative_scan = strict_order;');
		is($descents, 0, "$name: strict_order in $table");
		is($node->safe_psql('postgres', "SELECT milvus_index_check('${table}_i', true)"), $indexed, "$name: the checker counts $table");
	}
	is($node->safe_psql('postgres', "$index_only SELECT count(*), count(DISTINCT id) FROM ($all) s"),
		"$indexed|$indexed", "$name: all rows, each once");
	$node->safe_psql('postgres', 'DROP TABLE exact; DROP INDEX items_i, later_i');
}

check_indexes($node, 'postgres');
done_testing();

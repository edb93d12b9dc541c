# Aggregates and distance sorts go parallel, and give what one process gives.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

my $node = new_node('main', conf => "max_worker_processes = 8\nmax_parallel_workers = 8\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE TABLE t (id int, v vector(4), h halfvec(4), s sparsevec(4), i int8vec(4), f bf16vec(4), b bit(4), vs vector[]);
	INSERT INTO t SELECT id, x, x, x::vector::sparsevec, x, x, (id % 16)::bit(4), ARRAY[x::vector, '[1,0,0,1]']
		FROM (SELECT id, ARRAY[id % 7, id % 11 - 5, id % 13, 1]::real[] AS x FROM generate_series(1, 20000) id) r;
	ANALYZE t});

my @queries = (
	'SELECT avg(v), avg(h) FROM t',
	'SELECT sum(v) FROM t',
	'SELECT sum(h) FROM t WHERE id < 300',
	"SELECT id, v <-> '[1,2,3,1]' AS d FROM t ORDER BY v <-> '[1,2,3,1]', id LIMIT 20",
	"SELECT id, h <=> '[1,2,3,1]' AS d FROM t ORDER BY h <=> '[1,2,3,1]', id LIMIT 20",
	"SELECT id, s <+> '{2:1}/4' AS d FROM t ORDER BY s <+> '{2:1}/4', id LIMIT 20",
	"SELECT id, i <#> '[1,2,3,1]' AS d FROM t ORDER BY i <#> '[1,2,3,1]', id LIMIT 20",
	"SELECT id, f <-> '[1,2,3,1]' AS d FROM t ORDER BY f <-> '[1,2,3,1]', id LIMIT 20",
	"SELECT id, b <~> '1010' AS d FROM t ORDER BY b <~> '1010', id LIMIT 20",
	"SELECT id FROM t ORDER BY vs <@@> ARRAY['[1,2,3,1]']::vector[], id LIMIT 20",
	'SELECT count(DISTINCT v), count(*) FROM t WHERE v::int8vec = i AND i::vector = f::vector');
my $parallel = q{
	SET max_parallel_workers_per_gather = 3; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0;};

for my $query (@queries)
{
	my $plan = $node->safe_psql('postgres', "$parallel EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) $query");
	like($plan, qr/Gather.*Workers Launched: [1-9]/s, "parallel: $query");
	is($node->safe_psql('postgres', "$parallel $query"),
		$node->safe_psql('postgres', "SET max_parallel_workers_per_gather = 0; $query"), 'the same result');
}

# A worker cannot define ivfflat's settings; it goes by what the leader has set.
$node->safe_psql('postgres', q{
	CREATE TABLE far (id int, v vector(2));
	INSERT INTO far SELECT n, ARRAY[n % 4 * 1000, n] FROM generate_series(1, 40) n;
	CREATE INDEX ON far USING ivfflat (v vector_l2_ops) WITH (lists = 4)});
my $force = $node->safe_psql('postgres', "SELECT name FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query')");
my $few = 'SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> \'[0,0]\') s';
for my $max_probes (1, 3)
{
	my ($rc, $out, $err) = $node->psql('postgres', "
		SET ivfflat.iterative_scan = relaxed_order; SET ivfflat.max_probes = $max_probes; SET enable_seqscan = off;
		SET $force = on; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) $few; $few");
	like($out, qr/Workers Launched: 1.*Index Scan using far_v_idx/s, 'the scan is in a worker');
	like($out, qr/^@{[$max_probes * 10]}\z/m, "max_probes = $max_probes");
	is($err, '', 'and nothing is complained of');
}

# Nor hnsw's.
$node->safe_psql('postgres', 'DROP INDEX far_v_idx; CREATE INDEX far_v_idx ON far USING hnsw (v vector_l2_ops)');
for my $rows (7, 21)
{
	my ($rc, $out, $err) = $node->psql('postgres', "
		SET hnsw.iterative_scan = strict_order; SET hnsw.max_scan_tuples = $rows; SET hnsw.ef_search = 2; SET enable_seqscan = off;
		SET $force = on; EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) $few; $few");
	like($out, qr/Workers Launched: 1.*Index Scan using far_v_idx/s, 'the scan is in a worker');
	like($out, qr/^$rows\z/m, "max_scan_tuples = $rows");
	is($err, '', 'and nothing is complained of');
}

check_indexes($node, 'postgres');
done_testing();

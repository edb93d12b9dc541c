# milvus_pg over the real pgvector: its types, our library beside its own.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

plan skip_all => 'no pgvector package for this server' if !$ENV{MV_FOREIGN_TREE};

my $node = new_node('main', tree => $ENV{MV_FOREIGN_TREE});
$node->safe_psql('postgres', 'CREATE EXTENSION vector; CREATE EXTENSION milvus_pg');
check_library($node, 'postgres', 'vector', '$libdir/vector');
check_library($node, 'postgres', 'milvus_pg');
diag('pgvector ' . $node->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'vector'"));

my $ours = q{SELECT '[1,2]'::int8vec <-> '[1,0]', '[1.5,2]'::bf16vec <=> '[3,4]', milvus_version() <> ''};
my $theirs = q{SELECT '[1,2]'::vector <-> '[1,0]', '[1.5,2]'::halfvec <=> '[3,4]', avg(x) FROM (VALUES ('[1]'::vector)) t (x)};
my $both = q{
	SELECT '[1,2]'::vector::int8vec, '[1.5,2]'::vector(2)::bf16vec(2), '[1,2]'::int8vec::vector, '[1,2]'::bf16vec::vector;
	SELECT '[1,2]'::int8vec::vector <-> '[1,0]'::vector, '[1,2]'::bf16vec::vector <#> '[1,0]'::vector;
	SELECT maxsim(ARRAY['[1,0]', '[0,1]']::vector[], ARRAY['[1,1]']::vector[])::numeric(4, 3)};
my $result = "[1,2]|[1.5,2]|[1,2]|[1,2]\n2|-1\n0.707";

# One backend each: either library first.
is($node->safe_psql('postgres', "$ours \\; $theirs \\; $both"), $node->safe_psql('postgres', $ours) . "\n"
	. $node->safe_psql('postgres', $theirs) . "\n$result", 'our library first');
is($node->safe_psql('postgres', "$theirs \\; $ours \\; $both"), $node->safe_psql('postgres', $theirs) . "\n"
	. $node->safe_psql('postgres', $ours) . "\n$result", 'pgvector first');

# Stored values: pgvector wrote them, our functions read them, and back.
is($node->safe_psql('postgres', q{
	CREATE TABLE t (id int, v vector(3));
	INSERT INTO t SELECT i, ARRAY[i, i % 7, -i]::vector FROM generate_series(1, 100) i;
	CREATE TABLE u AS SELECT id, v::int8vec(3) AS i, v::bf16vec(3) AS f FROM t;
	SELECT count(*) FROM t JOIN u USING (id) WHERE u.i::vector = t.v AND u.f::vector = t.v}), '100', 'stored values');

# pgvector's index goes on working where our library is loaded.
is($node->safe_psql('postgres', q{
	SELECT milvus_version() IS NOT NULL;
	CREATE INDEX ON t USING hnsw (v vector_l2_ops);
	SET enable_seqscan = off;
	SELECT id FROM t ORDER BY v <-> '[50,1,-50]' LIMIT 1}), "t\n50", 'its hnsw index');

# Our ivfflat beside pgvector's, which defined the settings first: both follow them.
$node->safe_psql('postgres', q{
	SELECT '[1]'::vector;
	CREATE FUNCTION our_handler(internal) RETURNS index_am_handler AS '$libdir/milvus_pg', 'mv_ivfflat_handler' LANGUAGE C;
	CREATE ACCESS METHOD ours TYPE INDEX HANDLER our_handler;
	CREATE OPERATOR CLASS vector_l2_ops DEFAULT FOR TYPE vector USING ours AS
		OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops, FUNCTION 7 milvus_vector_l2_metric(internal);
	CREATE TABLE far (id int, v vector(2));
	INSERT INTO far SELECT n, ARRAY[n % 4 * 1000, n] FROM generate_series(1, 40) n;
	CREATE INDEX far_theirs ON far USING ivfflat (v vector_l2_ops) WITH (lists = 4);
	CREATE TABLE far_too AS SELECT * FROM far;
	CREATE INDEX far_ours ON far_too USING ours (v) WITH (lists = 4)});
my ($rc, $out, $err) = $node->psql('postgres', q{
	SET enable_seqscan = off;
	SELECT '[1]'::vector;
	SET ivfflat.probes = 3;
	SET ivfflat.iterative_scan = relaxed_order;
	SET ivfflat.max_probes = 3;
	SELECT count(*) FROM (SELECT id FROM far_too ORDER BY v <-> '[0,0]') s;
	SELECT count(*) FROM (SELECT id FROM far ORDER BY v <-> '[0,0]') s;
	SET ivfflat.probes = 0});
is($out, "[1]\n30\n30", 'probes of both');
like($err, qr/^[^\n]*ERROR:  0 is outside the valid range for parameter "ivfflat.probes"[^\n]*\z/, 'and nothing else is complained of');
$node->safe_psql('postgres', 'DROP TABLE far, far_too; DROP ACCESS METHOD ours CASCADE; DROP FUNCTION our_handler');

$node->safe_psql('postgres', 'DROP EXTENSION milvus_pg CASCADE');
is($node->safe_psql('postgres', "SELECT '[1,2]'::vector <-> '[1,0]'"), '2', 'pgvector stays when milvus_pg goes');

done_testing();

# The extensions in schemas with odd names, moved around afterwards.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

my $node = new_node('main');
my ($v, $m, $other) = ('"My ""Odd"" schema.v"', q{"other's $1 schema"}, '"%I ünï"');

# Everything milvus_pg does with vector's types, with nothing in the search path.
sub works
{
	my ($v, $m, $what) = @_;
	my $vec = "$v.vector";
	my $op = sub { "OPERATOR($_[1].$_[0])" };
	my $result = $node->safe_psql('postgres', qq{
		SET search_path = '';
		SELECT '[1,2]'::$m.int8vec::$vec, '[1.5,2]'::${vec}::$m.bf16vec(2), '[1,2]'::${vec}::$m.int8vec(2);
		SELECT '[1,2]'::$m.int8vec } . $op->('<->', $m) . qq{ '[1,0]', '[3,4]'::$vec } . $op->('<->', $v) . qq{ '[0,0]';
		SELECT ARRAY['[1,0]']::$vec\[] } . $op->('<@@>', $m) . qq{ ARRAY['[1,0]']::$vec\[];
		SELECT $v.avg(x) FROM (VALUES ('[1,2]'::$vec), ('[3,4]')) t (x);
		SELECT $m.maxsim(ARRAY['[1,0]']::$vec\[], ARRAY['[0,1]']::$vec\[]);
		SELECT count(*) FROM public.t WHERE i } . $op->('<->', $m) . qq{ '[1,2]' = 0 AND v } . $op->('<->', $v) . q{ '[1,2]' = 0});
	is($result, "[1,2]|[1.5,2]|[1,2]\n2|5\n-1\n[2,3]\n0\n1", $what);
	return;
}

$node->safe_psql('postgres', qq{
	CREATE SCHEMA $v; CREATE SCHEMA $m; CREATE SCHEMA $other;
	CREATE EXTENSION vector SCHEMA $v;
	CREATE EXTENSION milvus_pg SCHEMA $m;
	CREATE TABLE t (v $v.vector(2), i $m.int8vec(2), near float8 GENERATED ALWAYS AS ($v.l2_distance(v, '[1,2]')) STORED);
	INSERT INTO t VALUES ('[1,2]', '[1,2]');
	CREATE VIEW w AS SELECT v OPERATOR($v.<=>) '[1,0]' AS c, i::$v.vector AS iv FROM t;
});
check_library($node, 'postgres', $_) for qw(vector milvus_pg);
works($v, $m, 'created in two schemas');

$node->safe_psql('postgres', "ALTER EXTENSION vector SET SCHEMA $other");
works($other, $m, 'vector moved');
$node->safe_psql('postgres', "ALTER EXTENSION milvus_pg SET SCHEMA $v");
works($other, $v, 'milvus_pg moved');

is($node->safe_psql('postgres', "INSERT INTO t VALUES ('[1,2]', '[1,2]'); SELECT DISTINCT near, iv FROM t, w"), '0|[1,2]',
	'a table and a view made before the moves');

# A dump taken after the moves restores.
slurp_dump($node, 'postgres');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-q', '-f', $node->basedir . '/postgres.sql', $node->connstr('copy') ],
	'a dump taken after the moves restores');

# vector cannot go while milvus_pg needs it; both together can.
my ($rc, $out, $err) = $node->psql('postgres', 'DROP EXTENSION vector');
like($err, qr/extension milvus_pg depends on/, 'vector stays while milvus_pg needs it');
$node->safe_psql('postgres', 'DROP EXTENSION vector, milvus_pg CASCADE');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_proc WHERE probin LIKE '%milvus_pg'"), '0', 'both dropped, nothing left');

done_testing();

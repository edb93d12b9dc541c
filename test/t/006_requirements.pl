# What CREATE EXTENSION milvus_pg refuses: a vector that is too old, another
# type called vector in the way.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = copy_tree('old_vector');
my $dir = sharedir($tree) . '/extension';

# A stand-in for pgvector 0.6: only its name, version and type count here.
append_to_file("$dir/vector--0.6.2.sql", q{
	CREATE TYPE vector;
	CREATE FUNCTION vector_in(cstring) RETURNS vector AS 'textin' LANGUAGE internal IMMUTABLE STRICT;
	CREATE FUNCTION vector_out(vector) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT;
	CREATE TYPE vector (INPUT = vector_in, OUTPUT = vector_out)});
my $node = new_node('main', tree => $tree);

$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(old hidden);
$node->safe_psql('old', "CREATE EXTENSION vector VERSION '0.6.2'");
my ($rc, $out, $err) = $node->psql('old', 'CREATE EXTENSION milvus_pg');
isnt($rc, 0, 'vector 0.6 is refused');
like($err, qr/ERROR: .*"vector".*0\.7.*0\.6\.2/, 'naming what is needed and what is there');
like($err, qr/HINT: .*ALTER EXTENSION vector UPDATE/, 'and the way out');
is($node->safe_psql('old', "SELECT count(*) FROM pg_proc WHERE probin LIKE '%milvus_pg'"), '0', 'nothing is left behind');

$node->safe_psql('hidden', 'CREATE SCHEMA s; CREATE TYPE vector AS (x int); CREATE EXTENSION vector SCHEMA s');
($rc, $out, $err) = $node->psql('hidden', 'CREATE EXTENSION milvus_pg');
isnt($rc, 0, 'a type that hides vector is refused');
like($err, qr/ERROR: .*type named "vector"/, 'and named');
is($node->psql('hidden', 'CREATE SCHEMA m; CREATE EXTENSION milvus_pg SCHEMA m'), 0, 'another schema is the way out');

done_testing();

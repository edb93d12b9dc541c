# MvTest -- what the TAP tests share: clusters with both extensions, the proof
# that the code under test is ours, install trees to break.
package MvTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Basename qw(basename dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_node create_extensions check_library check_indexes copy_tree sharedir slurp_dump);

# What bin/ of an install tree is below its root, e.g. "/lib/postgresql/15".
sub subdir
{
	my $bindir = readpipe('pg_config --bindir');
	chomp $bindir;
	return dirname(substr($bindir, length $ENV{MV_TREE}));
}

# new_node($name, tree => root of an install tree, conf => text, streaming => whether
# it can have standbys) -- a running cluster.  A standby finds the WAL it lacks however
# far it is behind when the primary crashes: recovery's checkpoint would remove it.
sub new_node
{
	my ($name, %arg) = @_;
	my @path = $arg{tree} ? (install_path => $arg{tree} . subdir()) : ();
	my $node = PostgreSQL::Test::Cluster->new($name, @path);

	$node->init(extra => [ '--encoding=UTF8', '--no-locale' ], allows_streaming => $arg{streaming});
	$node->append_conf('postgresql.conf', "wal_keep_size = 1GB\n") if $arg{streaming};
	$node->append_conf('postgresql.conf', $arg{conf} // '');
	$node->start;
	return $node;
}

# Both extensions in database $db, and two tests that they are ours.
sub create_extensions
{
	my ($node, $db) = @_;
	$node->safe_psql($db, 'CREATE EXTENSION milvus_pg CASCADE');
	check_library($node, $db, $_) for qw(vector milvus_pg);
	return;
}

# Every C function of an extension comes from our library (or from $library).
sub check_library
{
	my ($node, $db, $extension, $library) = @_;
	my $found = $node->safe_psql($db, qq{
		SELECT string_agg(DISTINCT probin, ' ') FROM pg_proc p
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
		WHERE extname = '$extension' AND probin IS NOT NULL});
	return is($found, $library // '$libdir/milvus_pg', "library of $extension");
}

# The checker on every index of ours, at the end of each test that has some; that
# all rows are indexed, where the index is valid.
sub check_indexes
{
	my ($node, $db) = @_;
	my $checker = $node->safe_psql($db, "SELECT oid::regproc FROM pg_proc WHERE proname = 'milvus_index_check'");
	return if $checker eq '';
	my $indexes = $node->safe_psql($db, q{
		SELECT quote_literal(i.oid::regclass) || ', ' || x.indisvalid
		FROM pg_class i JOIN pg_index x ON x.indexrelid = i.oid JOIN pg_am a ON a.oid = i.relam
		JOIN pg_proc h ON h.oid = a.amhandler
		WHERE i.relkind = 'i' AND h.probin = '$libdir/milvus_pg' ORDER BY 1});
	for my $index (split /\n/, $indexes)
	{
		like($node->safe_psql($db, "SELECT $checker($index)"), qr{^\d+$}, "index $index is sound");
	}
	return;
}

# copy_tree($name) -- a copy of the install tree, to be changed.
sub copy_tree
{
	my ($name) = @_;
	my $copy = "$PostgreSQL::Test::Utils::tmp_check/tree_$name";
	system_or_bail('cp', '-a', $ENV{MV_TREE}, $copy);
	return $copy;
}

sub sharedir
{
	my ($tree) = @_;
	my $dir = readpipe($tree . subdir() . '/bin/pg_config --sharedir');
	chomp $dir;
	return $dir;
}

# Plain pg_dump of $db without what differs from run to run.
sub slurp_dump
{
	my ($node, $db, @option) = @_;
	my $file = $node->basedir . "/$db.sql";
	$node->command_ok([ 'pg_dump', '--no-sync', '-f', $file, @option, $node->connstr($db) ], "pg_dump of $db");
	return join '', grep { !/^\\(un)?restrict |^--/ } split /^/, slurp_file($file);
}

1;

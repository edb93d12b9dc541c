# Each released install script, updated to the current version, gives exactly the
# objects of a fresh install; and a script that was released is not changed
# without a new version.  test/upgrade/<extension>--<version>.sql are the
# install scripts as released.
use strict;
use warnings FATAL => 'all';

use File::Basename qw(basename);
use File::Copy qw(copy);
use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;

my @frozen = map { basename($_) } sort glob "$ENV{MV_SRC}/test/upgrade/*--*.sql";
plan skip_all => 'nothing was released yet' if !@frozen;

# Every member with its definition, as one text.
my $definitions = q{
	WITH member AS (
		SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
		WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = '%s'
	), definition AS (
		SELECT classid, objid, concat_ws(' ', CASE WHEN prokind <> 'a' THEN pg_get_functiondef(objid) END,
			procost, prorows, prosupport, proparallel, provolatile, proisstrict, proacl) AS text
		FROM member JOIN pg_proc p ON classid = 'pg_proc'::regclass AND p.oid = objid
		UNION ALL
		SELECT classid, objid, concat_ws(' ', aggkind, aggtransfn, aggfinalfn, aggcombinefn, aggserialfn, aggdeserialfn,
			aggmtransfn, aggtranstype::regtype, aggsortop::regoperator, agginitval)
		FROM member JOIN pg_aggregate a ON classid = 'pg_proc'::regclass AND a.aggfnoid = objid
		UNION ALL
		SELECT classid, objid, concat_ws(' ', oprcode, oprresult::regtype, oprcom::regoperator, oprnegate::regoperator,
			oprrest, oprjoin, oprcanmerge, oprcanhash)
		FROM member JOIN pg_operator o ON classid = 'pg_operator'::regclass AND o.oid = objid
		UNION ALL
		SELECT classid, objid, concat_ws(' ', castfunc::regprocedure, castcontext, castmethod)
		FROM member JOIN pg_cast c ON classid = 'pg_cast'::regclass AND c.oid = objid
		UNION ALL
		SELECT classid, objid, concat_ws(' ', typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typinput,
			typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, typsubscript, typalign, typstorage, typcollation)
		FROM member JOIN pg_type t ON classid = 'pg_type'::regclass AND t.oid = objid
		UNION ALL
		SELECT classid, objid, concat_ws(' ', amname, opcintype::regtype, opcdefault, opckeytype::regtype, opfname)
		FROM member JOIN pg_opclass c ON classid = 'pg_opclass'::regclass AND c.oid = objid
		JOIN pg_am a ON a.oid = opcmethod JOIN pg_opfamily f ON f.oid = opcfamily
		UNION ALL
		SELECT classid, objid, concat_ws(' ', amopstrategy, amoppurpose, amopopr::regoperator, amopsortfamily = 0)
		FROM member JOIN pg_amop o ON classid = 'pg_opfamily'::regclass AND o.amopfamily = objid
		UNION ALL
		SELECT classid, objid, concat_ws(' ', amprocnum, amproc::regprocedure)
		FROM member JOIN pg_amproc p ON classid = 'pg_opfamily'::regclass AND p.amprocfamily = objid
		UNION ALL
		SELECT classid, objid, concat_ws(' ', amhandler, amtype)
		FROM member JOIN pg_am a ON classid = 'pg_am'::regclass AND a.oid = objid
	)
	SELECT o.type, o.identity, replace(d.text, E'\\n', ' '), obj_description(objid, classid::regclass::text)
	FROM member LEFT JOIN definition d USING (classid, objid), pg_identify_object(classid, objid, 0) o
	ORDER BY o.type COLLATE "C", o.identity COLLATE "C", d.text COLLATE "C"};

# Lines that are in one text only.
sub difference
{
	my ($got, $expected) = @_;
	my %count;
	$count{$_}++ for split /\n/, $got;
	$count{$_}-- for split /\n/, $expected;
	return join "\n", map { ($count{$_} > 0 ? 'updated: ' : 'fresh: ') . $_ } grep { $count{$_} } sort keys %count;
}

my $tree = copy_tree('released');
my $fresh = new_node('fresh');
my $node = new_node('updated', tree => $tree);
create_extensions($fresh, 'postgres');

for my $file (@frozen)
{
	my ($extension, $version) = $file =~ /^(.*?)--(.*)\.sql$/ or die "name of $file";
	my $installed = sharedir($tree) . "/extension/$file";
	my $current = -e $installed ? slurp_file($installed) : undef;
	(my $db = "${extension}_$version") =~ tr/./_/;

	copy("$ENV{MV_SRC}/test/upgrade/$file", $installed) or die "copy of $file: $!";
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, 'CREATE EXTENSION vector') if $extension ne 'vector';
	$node->safe_psql($db, "CREATE EXTENSION $extension VERSION '$version'");
	my $values = "CREATE TABLE t AS SELECT '[1,2,3]'::"
		. ($extension eq 'vector' ? 'vector' : 'int8vec') . ' AS x FROM generate_series(1, 10)';
	$node->safe_psql($db, $values);
	$node->safe_psql($db, "ALTER EXTENSION $extension UPDATE");

	my $query = sprintf $definitions, $extension;
	my $expected = $fresh->safe_psql('postgres', $query);
	cmp_ok(length $expected, '>', 1000, "$extension has members");
	is(difference($node->safe_psql($db, $query), $expected), '', "$extension $version updates to what a fresh install gives");
	is($node->safe_psql($db, 'SELECT count(*), x FROM t GROUP BY x'), '10|[1,2,3]', 'old rows are read');

	# Put the file of the current version back.
	unlink $installed or die $!;
	append_to_file($installed, $current) if defined $current;
}

done_testing();

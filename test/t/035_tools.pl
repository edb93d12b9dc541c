# Tools around indexes: who may use them, that milvus_index_check() misses a row
# that is not indexed and no other, milvus_recall() under settings and policies.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main', streaming => 1, conf => "autovacuum = off\n");
create_extensions($node, 'postgres');

# half() sees to it that nobody but its owner ever runs it.
$node->safe_psql('postgres', q{
	CREATE ROLE owner LOGIN;
	CREATE ROLE member LOGIN IN ROLE owner;
	CREATE ROLE other LOGIN;
	GRANT CREATE ON SCHEMA public TO owner;
	SET ROLE owner;
	CREATE TABLE items (id int PRIMARY KEY, v vector(16), note text);
	INSERT INTO items SELECT n, ARRAY(SELECT (hashint4(n * 16 + i) & 1023) - 512 FROM generate_series(1, 16) i)::vector
		FROM generate_series(1, 3000) n;
	CREATE INDEX items_v ON items USING ivf (v vector_l2_ops) WITH (lists = 20);
	CREATE FUNCTION half(v vector) RETURNS halfvec LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
		IF current_user <> 'owner' THEN RAISE 'run by %', current_user; END IF;
		RETURN v::public.halfvec;
	END $$;
	CREATE INDEX items_half ON items USING ivf ((half(v)::halfvec(16)) halfvec_cosine_ops) WITH (lists = 20) WHERE vector_norm(v) > 0;
	GRANT SELECT ON items TO other});

# SQLSTATE or '' of a query as a role.
sub state_of
{
	my ($role, $sql) = @_;
	my ($ret, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$sql", extra_params => [ '-U', $role ]);
	return $err =~ /ERROR:  (\w+)/ ? $1 : '';
}
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my %for_owner = (
	check => q{milvus_index_check('items_v')},
	heap => q{milvus_index_check('items_v', true)},
	stats => q{milvus_index_stats('items_v')},
	recall => q{milvus_recall('items_v', 5, 10)},
	prewarm => q{milvus_prewarm('items_v')});
for my $tool (sort keys %for_owner)
{
	is(state_of($_, "SELECT $for_owner{$tool}"), '', "$tool: $_") for ('owner', 'member', $superuser);
	is(state_of('other', "SELECT $for_owner{$tool}"), '42501', "$tool: other");
}
is(state_of($superuser, q{SELECT milvus_page_info('items_v', 0)}), '', 'page_info: superuser');
is(state_of($_, q{SELECT milvus_page_info('items_v', 0)}), '42501', "page_info: $_") for qw(owner member other);
is(state_of('other', q{SELECT milvus_last_scan()}), '', 'last_scan: other');

# The functions of an index are run as its owner, whoever calls.
is(state_of($_, q{SELECT milvus_index_check('items_half', true), milvus_recall('items_half', 5, 10)}), '', "function: $_")
	for ('owner', 'member', $superuser);
is($node->safe_psql('postgres', q{SET search_path = pg_catalog;
	SELECT public.milvus_index_check('public.items_half', true), public.milvus_recall('public.items_half', 5, 10) > 0}), '3000|t', 'whatever the search_path');
is($node->safe_psql('postgres', q{SELECT milvus_recall('items_v', 5, 10) IS NULL, current_user}), "f|$superuser", 'the user is restored');
is($node->safe_psql('postgres', q{SET enable_seqscan = on; DO $$ BEGIN PERFORM milvus_recall('items_v', 0); EXCEPTION WHEN OTHERS THEN END $$;
	SELECT current_user, current_setting('enable_seqscan')}), "$superuser|on", 'and after an error');

# ---- recall ----
my $recall = sub {
	my ($set, $call) = @_;
	return $node->safe_psql('postgres', "SET ROLE owner; $set; SELECT milvus_recall($call)");
};
cmp_ok($recall->('SET milvus.probes = 1000', q{'items_v', 10, 300}), '>', .97, 'recall: all lists');
my $one = $recall->('SET milvus.probes = 1', q{'items_v', 10, 300});
cmp_ok($one, '<', .7, 'recall: one list');
# By hand, for every row: the table's own rows as queries, each without itself.
# In sessions of their own, for plans of SQL functions are kept from 18 on.
$node->safe_psql('postgres', q{
	CREATE FUNCTION nearest(q vector, me int) RETURNS SETOF float8 LANGUAGE sql AS
		'SELECT v <-> q FROM (SELECT * FROM items ORDER BY v <-> q LIMIT 11) s WHERE id <> me LIMIT 10';
	SET enable_indexscan = off;
	CREATE TABLE exact AS SELECT id, max(d) AS d FROM items, LATERAL nearest(v, id) d WHERE id % 10 = 0 GROUP BY id});
my $by_hand = $node->safe_psql('postgres', q{SET enable_seqscan = off; SET milvus.probes = 1;
	SELECT count(*) FILTER (WHERE n.d <= e.d) / 3000.0 FROM exact e JOIN items USING (id), LATERAL nearest(v, id) n (d)});
cmp_ok(abs($one - $by_hand), '<', .05, "recall: $one, by hand $by_hand");

# Policies hold for an owner when forced, and for a superuser, who acts as the owner.
$node->safe_psql('postgres', q{ALTER TABLE items ENABLE ROW LEVEL SECURITY; CREATE POLICY up_to ON items USING (id <= current_setting('my.max', true)::int)});
isnt($recall->('SET my.max = 0', q{'items_v'}), '', 'recall: policies do not hold for an owner');
$node->safe_psql('postgres', 'ALTER TABLE items FORCE ROW LEVEL SECURITY');
is($recall->('SET my.max = 0', q{'items_v'}), '', 'recall: forced, no row');
is($node->safe_psql('postgres', q{SET my.max = 0; SELECT milvus_recall('items_v')}), '', 'recall: the superuser sees what the owner sees');
is($recall->('SET my.max = 1', q{'items_v'}), '', 'recall: forced, one row');
cmp_ok($recall->('SET my.max = 300; SET milvus.probes = 1000', q{'items_v'}), '>', .97, 'recall: forced, some rows');
$node->safe_psql('postgres', 'ALTER TABLE items NO FORCE ROW LEVEL SECURITY');

# It can be cancelled.
like(($node->psql('postgres', q{SET statement_timeout = '20ms'; SELECT milvus_recall('items_half', 1000, 3000)}))[2],
	qr/statement timeout/, 'recall: cancelled');

# ---- rows that are not indexed ----
my $check = q{SELECT milvus_index_check('items_v', true)};
is($node->safe_psql('postgres', $check), 3000, 'check: all there');
$node->safe_psql('postgres', q{
	UPDATE pg_index SET indisready = false WHERE indexrelid = 'items_v'::regclass;
	SET ROLE owner;
	INSERT INTO items SELECT 9999, v FROM items WHERE id = 1;
	INSERT INTO items VALUES (-1, NULL);
	RESET ROLE;
	UPDATE pg_index SET indisready = true WHERE indexrelid = 'items_v'::regclass});
my $tid = $node->safe_psql('postgres', 'SELECT ctid FROM items WHERE id = 9999');
my ($ret, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$check");
like($err, qr/XX002: index "items_v" is damaged: heap row \Q$tid\E is not in it/, 'check: names the row');
is($node->safe_psql('postgres', q{SELECT milvus_index_check('items_v')}), 3000, 'check: the index itself is sound');
is($node->safe_psql('postgres', q{SELECT milvus_index_check('items_half', true)}), 3001, 'check: the other index has it');
$node->safe_psql('postgres', q{SET ROLE owner; UPDATE items SET note = 'HOT' WHERE id = 9999});
($ret, $out, $err) = $node->psql('postgres', $check);
like($err, qr/heap row \Q$tid\E is not in it/, 'check: names the root of a HOT chain');
$node->safe_psql('postgres', 'DELETE FROM items WHERE id = 9999');
is($node->safe_psql('postgres', $check), 3000, 'check: a deleted row need not be there');

# Not valid: there is nothing to promise.
$node->safe_psql('postgres', q{UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'items_v'::regclass});
is(state_of($superuser, $check), '55000', 'check: not valid');
is(state_of($superuser, q{SELECT milvus_recall('items_v')}), '55000', 'recall: not valid');
$node->safe_psql('postgres', q{UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'items_v'::regclass});

# A standby: reading only.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', $check), 3000, 'standby: check');
cmp_ok($standby->safe_psql('postgres', q{SET milvus.probes = 1000; SELECT milvus_recall('items_v', 10, 50)}), '>', .97, 'standby: recall');
is($standby->safe_psql('postgres', q{SELECT (milvus_index_stats('items_v')).rows > 0, milvus_prewarm('items_v') > 0}), 't|t', 'standby: others');
$standby->stop;

# ---- no false alarm while rows come, move and go ----
my $script = $node->basedir . '/load.sql';
append_to_file($script, q{
\set id random(1, 3000)
\set what random(1, 10)
\if :what = 1
DELETE FROM items WHERE id = :id;
\elif :what < 5
UPDATE items SET note = 'x' WHERE id = :id;
\elif :what < 8
UPDATE items SET v = (SELECT v FROM items WHERE id = random() * 3000 LIMIT 1) WHERE id = :id;
\else
INSERT INTO items VALUES (:id, ARRAY(SELECT random() * 1000 FROM generate_series(1, 16))::vector) ON CONFLICT DO NOTHING;
\endif
});
my $load = IPC::Run::start([ 'pgbench', '-n', '-U', 'owner', '-c', '3', '-T', '6', '-f', $script, $node->connstr('postgres') ], '>', \my $pgbench, '2>', '&1');
my $checks = 0;
while ($load->pumpable)
{
	$load->pump_nb;
	($ret, $out, $err) = $node->psql('postgres', $checks % 2 ? "VACUUM items; $check" : "BEGIN ISOLATION LEVEL REPEATABLE READ; $check; COMMIT");
	$checks++;
	last if $ret != 0;
}
$load->finish;
is($ret, 0, "checked under load $checks times") or diag($err);
unlike($pgbench, qr/ERROR/, 'load ran');

check_indexes($node, 'postgres');
done_testing();

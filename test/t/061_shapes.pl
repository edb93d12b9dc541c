# Shapes of queries, each for vectors and for text: by Ranked Scan, and by plans
# without any index of ours.  Answers are distances, so that ties do not matter.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

my $node = new_node('main', conf => "autovacuum = off\njit = off\nmilvus.probes = 100000\n");
create_extensions($node, 'postgres');

$node->safe_psql('postgres', q{
	SELECT setseed(.5);
	CREATE TABLE docs (id int PRIMARY KEY, v vector(8), body text, n int, kind text, tenant text DEFAULT 'a');
	INSERT INTO docs SELECT i, (SELECT array_agg(random() + (i + g) * 0) FROM generate_series(1, 8) g)::vector,
		(SELECT string_agg('w' || (40 * random() ^ 2)::int, ' ') FROM generate_series(1, 5 + i % 23)), i * 37 % 1000, 'k' || i % 40, chr(97 + i % 3)
		FROM generate_series(1, 3000) i;
	CREATE INDEX docs_v ON docs USING ivf (v vector_l2_ops) WITH (lists = 15);
	CREATE INDEX docs_body ON docs USING bm25 (body);
	CREATE INDEX ON docs (n);
	CREATE INDEX ON docs (kind, tenant);
	CREATE TABLE queries (q int PRIMARY KEY, v vector(8), body text, kind text);
	INSERT INTO queries SELECT i, v, left(body, 9), 'k' || i FROM docs, generate_series(1, 4) i WHERE id = i * 71;
	CREATE TABLE parts (LIKE docs) PARTITION BY RANGE (id);
	CREATE TABLE parts1 PARTITION OF parts FOR VALUES FROM (0) TO (1000);
	CREATE TABLE parts2 PARTITION OF parts FOR VALUES FROM (1000) TO (4000);
	INSERT INTO parts SELECT * FROM docs;
	CREATE INDEX ON parts USING ivf (v vector_l2_ops) WITH (lists = 5);
	CREATE INDEX ON parts USING bm25 (body);
	CREATE INDEX ON parts (kind);
	CREATE VIEW cheap AS SELECT id AS doc, v, body, kind FROM docs WHERE n < 100;
	CREATE TABLE guarded (LIKE docs);
	INSERT INTO guarded SELECT * FROM docs;
	CREATE INDEX ON guarded USING ivf (v vector_l2_ops) WITH (lists = 15);
	CREATE INDEX ON guarded USING bm25 (body);
	CREATE INDEX ON guarded (tenant, n);
	ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON guarded USING (tenant = current_setting('test.tenant'));
	CREATE ROLE reader;
	GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
	VACUUM ANALYZE docs, queries, parts, guarded;
});

# %D: the distance to a constant; %d: of table d; %q: of d to a row q of queries; %P: to a parameter
# of type %T, for instance %A; %N: to NULL; %R: a limit; %S: %D as it is shown.
my %kinds = (
	vectors => { D => q{v <-> '[.4,.5,.6,.5,.4,.5,.6,.5]'}, d => q{d.v <-> '[.4,.5,.6,.5,.4,.5,.6,.5]'}, q => 'd.v <-> q.v',
		P => 'v <-> $1', N => 'v <-> NULL', T => 'vector', A => q{'[.1,.2,.3,.4,.5,.6,.7,.8]'}, R => '.5' },
	text => { D => q{body <@> 'w1 w7'}, d => q{d.body <@> 'w1 w7'}, q => 'd.body <@> q.body', P => 'body <@> $1', N => 'body <@> NULL::text', T => 'text', A => q{'w3 w9'}, R => '-1' },
);
$_->{S} = "round(($_->{D})::numeric, 4)" for values %kinds;

# A shape is a name and statements, the last SELECT of which is explained; at the end,
# whether the node is to be there (undef: whatever is cheaper), and for which kind it
# is (statistics of text count what was rolled back).
my @shapes = (
	[ 'limit', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 10' ],
	[ 'no limit', q{SELECT %S FROM docs WHERE kind = 'k3' ORDER BY %D} ],
	[ 'limit 0', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 0' ],
	[ 'offset', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 5 OFFSET 40' ],
	[ 'with ties', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D FETCH FIRST 7 ROWS WITH TIES' ],
	[ 'all rows that match', q{SELECT count(*), round(sum(d)::numeric, 2) FROM (SELECT %D AS d FROM docs WHERE kind = 'k1' ORDER BY %D LIMIT 1000) x} ],
	[ 'no row matches', 'SELECT %S FROM docs WHERE n < -1 ORDER BY %D LIMIT 10' ],
	[ 'condition without index', 'SELECT %S FROM docs WHERE id % 7 = 0 ORDER BY %D LIMIT 10' ],
	[ 'both kinds of conditions', 'SELECT %S FROM docs WHERE n < 200 AND id % 7 = 0 ORDER BY %D LIMIT 10' ],
	[ 'or', q{SELECT %S FROM docs WHERE n < 20 OR (kind = 'k7' AND tenant = 'b') ORDER BY %D LIMIT 10} ],
	[ 'in', q{SELECT %S FROM docs WHERE kind IN ('k1', 'k5', 'none') ORDER BY %D LIMIT 10} ],
	[ 'array of a subquery', q{SELECT %S FROM docs WHERE n = ANY (ARRAY(SELECT g * 10 FROM generate_series(1, 9) g)) ORDER BY %D LIMIT 10} ],
	[ 'in a subquery', 'SELECT %S FROM docs WHERE kind IN (SELECT kind FROM queries) ORDER BY %D LIMIT 10', { node => undef } ],
	[ 'exists', 'SELECT %S FROM docs d WHERE EXISTS (SELECT FROM queries q WHERE q.kind = d.kind) AND n < 500 ORDER BY %D LIMIT 10' ],
	[ 'not exists', 'SELECT %S FROM docs d WHERE NOT EXISTS (SELECT FROM queries q WHERE q.kind = d.kind) AND n < 100 ORDER BY %D LIMIT 10' ],
	[ 'second order', 'SELECT %S, id FROM docs WHERE n < 60 ORDER BY %D, id LIMIT 10', { node => undef } ],
	[ 'descending', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D DESC LIMIT 5', { node => 0 } ],
	[ 'join', 'SELECT q.q, round(d::numeric, 4) FROM (SELECT %D AS d, kind FROM docs WHERE n < 300 ORDER BY 1 LIMIT 60) x JOIN queries q USING (kind) ORDER BY 2, 1' ],
	[ 'join, ordered', 'SELECT round((%d)::numeric, 4) FROM docs d JOIN queries q ON q.kind = d.kind WHERE n < 500 ORDER BY %d LIMIT 9' ],
	[ 'left join', 'SELECT x.q, %S FROM docs d LEFT JOIN (SELECT q, kind AS k FROM queries) x ON x.k = d.kind WHERE n < 50 ORDER BY %D LIMIT 12' ],
	[ 'lateral', 'SELECT q.q, x.s FROM queries q, LATERAL (SELECT round((%q)::numeric, 4) AS s FROM docs d WHERE n < 90 ORDER BY %q LIMIT 3) x ORDER BY 1, 2' ],
	[ 'lateral, outer condition', 'SELECT q.q, x.s FROM queries q, LATERAL (SELECT round((%q)::numeric, 4) AS s FROM docs d WHERE d.kind = q.kind ORDER BY %q LIMIT 3) x ORDER BY 1, 2' ],
	[ 'scalar subquery', 'SELECT q.q, (SELECT round((%q)::numeric, 4) FROM docs d WHERE n < 90 ORDER BY %q LIMIT 1) FROM queries q ORDER BY 1' ],
	[ 'aggregate', 'SELECT count(*), round(avg(d)::numeric, 4) FROM (SELECT %D AS d FROM docs WHERE n < 90 ORDER BY %D LIMIT 20) x' ],
	[ 'group', 'SELECT kind, count(*), round(min(d)::numeric, 4) FROM (SELECT kind, %D AS d FROM docs WHERE n < 90 ORDER BY %D LIMIT 500) x GROUP BY kind ORDER BY kind' ],
	[ 'window', 'SELECT %S, rank() OVER (ORDER BY %D) FROM docs WHERE n < 90 ORDER BY %D LIMIT 8' ],
	[ 'distinct on', q{SELECT DISTINCT ON (%D) %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 10} ],
	[ 'set-returning', 'SELECT generate_series(1, 2), %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 9' ],
	[ 'union', '(SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 5) UNION ALL (SELECT %S FROM docs WHERE n BETWEEN 500 AND 530 ORDER BY %D LIMIT 5)' ],
	[ 'except', '((SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 9) EXCEPT (SELECT %S FROM docs WHERE n < 20 ORDER BY %D LIMIT 90)) ORDER BY 1' ],
	[ 'CTE', 'WITH near AS MATERIALIZED (SELECT %D AS d, n FROM docs WHERE n < 60 ORDER BY %D LIMIT 20) SELECT round(d::numeric, 4) FROM near WHERE n >= 0 ORDER BY d' ],
	[ 'view', q{SELECT round((%D)::numeric, 4) FROM cheap WHERE kind <> 'k1' ORDER BY %D LIMIT 10} ],
	[ 'partitions', q{SELECT %S FROM parts WHERE kind = 'k1' ORDER BY %D LIMIT 10} ],
	[ 'partitions, join', q{SELECT round((%d)::numeric, 4) FROM parts d JOIN queries q ON q.kind = d.kind WHERE d.kind < 'k3' ORDER BY %d LIMIT 9} ],
	[ 'policies', 'SET test.tenant = c', 'SET ROLE reader', 'SELECT %S FROM guarded WHERE n < 300 ORDER BY %D LIMIT 10' ],
	[ 'prepared', 'SET plan_cache_mode = force_custom_plan', 'PREPARE p(%T, int, int) AS SELECT round((%P)::numeric, 4) FROM docs WHERE n < $2 ORDER BY %P LIMIT $3', 'EXECUTE p(%A, 60, 5)' ],
	[ 'prepared, generic', 'SET plan_cache_mode = force_generic_plan', 'PREPARE p(%T, int, int) AS SELECT round((%P)::numeric, 4) FROM docs WHERE n < $2 ORDER BY %P LIMIT $3', 'EXECUTE p(%A, 60, 5)', 'EXECUTE p(%A, 6, 50)', 'EXECUTE p(%A, NULL, 5)', 'EXECUTE p(%A, 60, NULL)' ],
	[ 'cursor', 'BEGIN', 'DECLARE c SCROLL CURSOR FOR SELECT %S FROM docs WHERE n < 60 ORDER BY %D', 'FETCH FORWARD 5 FROM c', 'FETCH BACKWARD 2 FROM c', 'FETCH FORWARD 50 FROM c', 'FETCH ALL FROM c', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 1' ],
	[ 'cursor with hold', 'BEGIN', 'DECLARE c CURSOR WITH HOLD FOR SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 9', 'FETCH 2 FROM c', 'COMMIT', 'FETCH ALL FROM c', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 1' ],
	[ 'for update', 'BEGIN', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 10 FOR UPDATE', { kind => 'vectors' } ],
	[ 'for update of text', 'BEGIN', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 10 FOR UPDATE', { kind => 'text', node => 0 } ],
	[ 'for update without conditions', 'BEGIN', 'SELECT %S FROM docs ORDER BY %D LIMIT 10 FOR UPDATE', { kind => 'vectors' } ],
	[ 'for no key update, joined', 'BEGIN', 'SELECT round((%d)::numeric, 4) FROM docs d JOIN queries q USING (kind) WHERE n < 500 ORDER BY %d LIMIT 5 FOR NO KEY UPDATE OF d', { kind => 'vectors', node => undef } ],
	[ 'for share of partitions', 'BEGIN', q{SELECT %S FROM parts WHERE kind = 'k1' ORDER BY %D LIMIT 10 FOR SHARE}, { kind => 'vectors' } ],
	[ 'ctid', 'SELECT %S FROM docs WHERE ctid = ANY (ARRAY(SELECT ctid FROM docs WHERE n < 60 ORDER BY %D LIMIT 10)) ORDER BY 1' ],
	[ 'ctid without conditions', 'SELECT %S FROM docs WHERE ctid = ANY (ARRAY(SELECT ctid FROM docs ORDER BY %D LIMIT 10)) ORDER BY 1' ],
	[ 'ctid in a range', 'SELECT count(*) FROM docs WHERE ctid = ANY (ARRAY(SELECT ctid FROM docs WHERE %D < %R))', { kind => 'vectors' } ],
	[ 'tableoid, xmin, row', q{SELECT tableoid::regclass, xmin::text <> '0', (docs).n < 60, %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 10} ],
	[ 'update', 'BEGIN', q{UPDATE docs SET kind = 'near' WHERE id IN (SELECT id FROM docs WHERE n < 60 ORDER BY %D LIMIT 10)}, q{SELECT %S FROM docs WHERE kind = 'near' ORDER BY %D}, { kind => 'vectors' } ],
	[ 'own changes', 'BEGIN', q{INSERT INTO docs SELECT id + 10000, v, body, n, kind FROM docs WHERE id < 300}, 'UPDATE docs SET n = n + 1 WHERE id % 3 = 0', 'DELETE FROM docs WHERE id % 5 = 0', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 30', { kind => 'vectors' } ],
	[ 'update by distance', 'BEGIN', q{UPDATE docs SET kind = 'near' WHERE %D < %R AND n < 900}, q{SELECT %S FROM docs WHERE kind = 'near' ORDER BY %D}, { kind => 'vectors' } ],
	[ 'delete by distance', 'BEGIN', 'DELETE FROM parts WHERE %D < %R', 'SELECT count(*), sum(n) FROM parts', { kind => 'vectors', node => 0 } ],
	[ 'merge', 'BEGIN', q{MERGE INTO docs USING (SELECT id AS i FROM docs WHERE n < 60 ORDER BY %D LIMIT 10) x ON id = i WHEN MATCHED THEN UPDATE SET kind = 'near'}, q{SELECT %S FROM docs WHERE kind = 'near' ORDER BY %D}, { kind => 'vectors' } ],
	[ 'without a vector', 'BEGIN', 'INSERT INTO docs (id, n) SELECT 20000 + i, 5 FROM generate_series(1, 3) i', 'SELECT count(*) FROM (SELECT FROM docs WHERE v IS NULL AND n < 60 ORDER BY %D LIMIT 5) x', { kind => 'vectors', node => 0 } ],
	[ 'savepoint', 'BEGIN', 'SAVEPOINT a', 'DELETE FROM docs WHERE n < 30', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 3', 'ROLLBACK TO a', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 10' ],
	[ 'serializable', 'BEGIN ISOLATION LEVEL SERIALIZABLE', 'SELECT %S FROM docs WHERE n < 60 ORDER BY %D LIMIT 10' ],
	[ 'parallel', 'SET min_parallel_table_scan_size = 0', 'SET parallel_setup_cost = 0', 'SET parallel_tuple_cost = 0', 'SELECT count(*) FROM docs a, (SELECT %D AS d FROM docs WHERE n < 60 ORDER BY %D LIMIT 10) x WHERE a.n < 100' ],
	[ 'range', 'SELECT count(*), round(sum(%D)::numeric, 2) FROM docs WHERE %D < %R', { kind => 'vectors' } ],
	[ 'range of a sample', 'SELECT count(*) FROM docs TABLESAMPLE SYSTEM (40) REPEATABLE (1) WHERE %D < %R', { kind => 'vectors', node => 0 } ],
	[ 'range by text', q{SELECT round((v <-> '[.4,.5,.6,.5,.4,.5,.6,.5]')::numeric, 4) FROM docs WHERE v <-> '[.4,.5,.6,.5,.4,.5,.6,.5]' < .6 AND %D < 0 ORDER BY %D, 1 LIMIT 10}, { kind => 'text' } ],
	[ 'range, ordered, filtered', 'SELECT %S FROM docs WHERE %R >= %D AND n < 300 ORDER BY %D LIMIT 10' ],
	[ 'null query', 'SELECT count(*) FROM (SELECT FROM docs WHERE n < 60 ORDER BY %N LIMIT 30) x', { node => undef } ],
);

# All answers of a shape; $with: by the node, and what plan its last SELECT has.
sub run_shape
{
	my ($kind, $with, @statements) = @_;
	my @settings = $with ? ('SET enable_sort = off', 'SET enable_seqscan = off', 'SET enable_bitmapscan = off')
		: ('SET milvus.enable_ranked_scan = off', 'SET enable_indexscan = off');
	my ($last) = grep { /SELECT|EXECUTE/ && !/DECLARE|PREPARE/ } reverse @statements;
	my $sql = join ";\n", @settings, @statements, ($with ? ("SELECT 'plan'", "EXPLAIN $last") : ()), '';
	$sql =~ s/%([SDPNTARdq])/$kinds{$kind}{$1}/g;
	my ($rc, $out, $err) = $node->psql('postgres', $sql, extra_params => ['-qAt']);
	return $rc == 0 ? split(/^plan$/m, $out) : ("error: $err", '');
}

for my $kind (sort keys %kinds)
{
	for my $shape (@shapes)
	{
		my ($name, @statements) = @$shape;
		my %flags = (node => 1, kind => $kind, ref $statements[-1] ? %{ pop @statements } : ());
		next if $flags{kind} ne $kind;
		my ($got, $plan) = run_shape($kind, 1, @statements);
		my ($expected) = run_shape($kind, 0, @statements);
		$_ = defined $_ ? $_ =~ s/\n+\z//r : '' for $got, $expected;
		is($got, $expected, "$kind: $name");
		next if !defined $flags{node};
		is($plan =~ /Ranked Scan/ ? 1 : 0, $flags{node}, "$kind: $name: plan") or diag($plan);
	}
}
check_indexes($node, 'postgres');
done_testing();

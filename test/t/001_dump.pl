# A database with every type survives pg_dump and restore, by both formats.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main');

sub contents
{
	my ($db) = @_;
	return $node->safe_psql($db, q{
		SELECT * FROM app.items ORDER BY id;
		SELECT id, round(d::numeric, 4) FROM app.nearest;
		SELECT * FROM app.summary;
		SELECT id, round(score::numeric, 4) FROM app.late ORDER BY id;
		SELECT * FROM app.kept ORDER BY id;
		SELECT app.total(v) FROM app.items;
		SELECT extname, extversion FROM pg_extension WHERE extname IN ('vector', 'milvus_pg') ORDER BY extname});
}

$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(origin plain custom);
create_extensions($node, 'origin');
$node->safe_psql('origin', q{
	CREATE SCHEMA app;
	CREATE DOMAIN app.unit AS vector(3) CHECK (vector_norm(VALUE) < 1.001);
	CREATE TYPE app.pair AS (a vector(2), b halfvec(2));
	CREATE TABLE app.items (
		id int PRIMARY KEY,
		v vector(3) DEFAULT '[1,2,3]',
		v_any vector,
		h halfvec(3) DEFAULT '[0.5,1,2]',
		s sparsevec(5) DEFAULT '{1:1.5,3:2}/5',
		b bit(8) DEFAULT '10101010',
		i int8vec(3) DEFAULT '[-128,0,127]',
		f bf16vec(3) DEFAULT '[1,-2,0.5]',
		vs vector[] DEFAULT ARRAY['[1,0,0]', '[0,1,0]']::vector[],
		hs halfvec[],
		u app.unit,
		p app.pair,
		g halfvec(3) GENERATED ALWAYS AS (v::halfvec(3)) STORED,
		norm float8 GENERATED ALWAYS AS (vector_norm(v)) STORED,
		CHECK (v <-> '[0,0,0]' >= 0),
		CHECK (i <#> '[1,1,1]' < 1000)
	);
	CREATE INDEX ON app.items (v);
	CREATE INDEX ON app.items (i, f);
	CREATE INDEX ON app.items ((v <-> '[1,1,1]'));
	CREATE INDEX ON app.items USING ivfflat (v) WITH (lists = 2);
	CREATE INDEX ON app.items USING ivfflat (b bit_hamming_ops);
	CREATE INDEX ON app.items USING ivf (b bit_jaccard_ops) WITH (lists = 2, rerank = f16);
	CREATE INDEX ON app.items (id) WHERE l2_distance(h, '[0,0,0]') < 10;
	INSERT INTO app.items (id) VALUES (1);
	INSERT INTO app.items (id, v, v_any, h, s, b, i, f, vs, hs, u, p) VALUES
		(2, '[0.1,-2e-20,3e4]', '[1.17549435e-38,1e-45,3.4028235e38,-0]', '[65504,-0.00006,6e-8]', '{}/5',
		 '11111111', '[1,2,3]', '[3.3e38,1e-38,-7]', '{}', ARRAY['[1,2]', NULL]::halfvec[], '[0,0.6,0.8]',
		 ('[1,2]', '[3,4]')),
		(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	CREATE VIEW app.nearest AS
		SELECT id, v <-> '[1,1,1]' AS d, h <=> '[1,1,1]' AS c, s <+> '{2:1}/5' AS l1, b <~> B'11110000' AS ham
		FROM app.items ORDER BY v <-> '[1,1,1]', id LIMIT 10;
	CREATE VIEW app.summary AS
		SELECT avg(v) AS av, sum(v) AS sv, avg(h) AS ah, count(DISTINCT s) AS ns, max(v_any::text) AS m
		FROM app.items WHERE id = 1;
	CREATE VIEW app.late AS
		SELECT id, vs <@@> ARRAY['[1,1,0]']::vector[] AS score FROM app.items WHERE cardinality(vs) > 0;
	CREATE MATERIALIZED VIEW app.kept AS
		SELECT id, i::vector AS iv, f::vector AS fv, i <=> '[1,1,1]' AS ic FROM app.items WHERE id < 3;
	CREATE AGGREGATE app.total (vector) (SFUNC = vector_add, STYPE = vector);
	CREATE FUNCTION app.near(q vector, k int) RETURNS SETOF int LANGUAGE sql STABLE
		AS $$ SELECT id FROM app.items ORDER BY v <-> q LIMIT k $$;
});

my $contents = contents('origin');
my $dump = slurp_dump($node, 'origin');
like($dump, qr/^CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;$/m, 'dump creates vector');
like($dump, qr/^CREATE EXTENSION IF NOT EXISTS milvus_pg WITH SCHEMA public;$/m, 'dump creates milvus_pg');
like($dump, qr/\bi public\.int8vec\(3\) DEFAULT '\[-128,0,127\]'::public\.int8vec\b/, 'type modifier in the dump');
unlike($dump, qr/CREATE FUNCTION public\./, 'dump holds no member of the extensions');

$node->command_ok([ 'psql', '-X', '-v', 'ON_ERROR_STOP=1', '-q', '-f', $node->basedir . '/origin.sql', $node->connstr('plain') ],
	'plain dump restores');
is(contents('plain'), $contents, 'the same rows after a plain restore');
is(slurp_dump($node, 'plain'), $dump, 'the same dump after a plain restore');

$node->command_ok([ 'pg_dump', '-Fc', '--no-sync', '-f', $node->basedir . '/origin.custom', $node->connstr('origin') ], 'custom dump');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-j', '2', '-d', $node->connstr('custom'), $node->basedir . '/origin.custom' ],
	'custom dump restores, in parallel');
is(contents('custom'), $contents, 'the same rows after a custom restore');
is(slurp_dump($node, 'custom'), $dump, 'the same dump after a custom restore');

check_indexes($node, 'custom');
done_testing();

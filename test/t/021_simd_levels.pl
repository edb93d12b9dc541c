# Every kernel level this CPU has gives the same answers: integers exactly,
# distances of floats to within rounding.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

my $node = new_node('main');
create_extensions($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE TABLE t AS SELECT n, ARRAY(SELECT ((n * i * 7919) % 2001 - 1000) / 8.0 FROM generate_series(1, 133) i)::vector AS v
		FROM generate_series(1, 300) n;
	ALTER TABLE t ADD h halfvec, ADD f bf16vec, ADD i int8vec, ADD s sparsevec, ADD b bit(133);
	UPDATE t SET h = v, f = v, i = v, s = v, b = binary_quantize(v)});

# Texts of a full-text index, whose scores are the same to the last bit; attributes restrict some queries.
$node->safe_psql('postgres', q{
	CREATE TABLE d AS SELECT n, n % 10 AS c, (SELECT string_agg('w' || n * i % 7919 % (1 + n * 31 % 97), ' ') FROM generate_series(1, 5 + n % 61) i) AS body
		FROM generate_series(1, 6000) n;
	CREATE INDEX d_bm25 ON d USING bm25 (body, c) WITH (text_config = 'simple');
	ANALYZE d});
my $ranked = join "\nUNION ALL ", map {
	my ($words, $where) = @$_;
	"(SELECT string_agg(concat_ws(' ', n, s), ',' ORDER BY s, n) FROM (SELECT n, body <@> '$words' AS s FROM d WHERE $where ORDER BY body <@> '$words' LIMIT 200) x)"
} ([ 'w1', 'true' ], [ 'w2 w3 w5 w7 w11', 'true' ], [ 'w1 w4 w90', 'c = 3' ], [ 'w0 w8', 'c IN (1, 2, 7)' ]);

# Elements are multiples of 1/8 with a sum below 2^24 / 64, so float sums are exact, too.
my $query = q{
	SELECT md5(string_agg(concat_ws(' ', x.v <+> y.v, x.h <+> y.h, x.i <-> y.i, x.i <#> y.i, x.i <+> y.i, x.s <+> y.s, x.b <~> y.b, x.b <%> y.b), ',' ORDER BY x.n)),
		string_agg(concat_ws(' ', (x.v <=> y.v)::numeric(9, 5), (x.h <=> y.h)::numeric(9, 5), (x.f <=> y.f)::numeric(9, 5),
			(x.v <-> y.v)::numeric(9, 2), (x.h <-> y.h)::numeric(9, 2), (x.f <#> y.f)::numeric(12, 0)), ',' ORDER BY x.n) FILTER (WHERE x.n % 30 = 0)
	FROM t x, t y WHERE y.n = 5};

my %answer;
for my $level (qw(plain avx2 avx512 neon))
{
	local $ENV{MILVUS_SIMD} = $level;
	$node->restart;
	my $version = $node->safe_psql('postgres', 'SELECT milvus_version()');
	next unless $version =~ /\bsimd $level\b/;
	$answer{$level} = $node->safe_psql('postgres', $query) . "\n" .
		$node->safe_psql('postgres', "SET enable_seqscan = off; SET enable_sort = off;\n$ranked");
}
ok($answer{plain}, 'plain runs everywhere');
is($answer{$_}, $answer{plain}, "$_ agrees with plain") for sort keys %answer;

# A level nobody has is ignored.
{
	local $ENV{MILVUS_SIMD} = 'abacus';
	$node->restart;
	like($node->safe_psql('postgres', 'SELECT milvus_version()'), qr/simd \w+/, 'unknown level ignored');
}

done_testing();

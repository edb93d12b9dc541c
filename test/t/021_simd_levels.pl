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
	$answer{$level} = $node->safe_psql('postgres', $query);
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

# The wire formats: their bytes, and COPY BINARY there and back.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

my $node = new_node('main');
create_extensions($node, 'postgres');

# type => [ value => bytes of its send function in hex ]
my %wire = (
	vector    => [ '[1,-2.5]' => '0002' . '0000' . '3f800000' . 'c0200000' ],
	halfvec   => [ '[1,-2.5]' => '0002' . '0000' . '3c00' . 'c100' ],
	sparsevec => [ '{1:1.5,3:2}/5' => '00000005' . '00000002' . '00000000' . '00000000' . '00000002' . '3fc00000' . '40000000' ],
	int8vec   => [ '[1,-2,127]' => '0003' . '0000' . '01fe7f' ],
	bf16vec   => [ '[1,-2.5]' => '0002' . '0000' . '3f80' . 'c020' ]);

# Values of each type, beside NULL.
my %values = (
	vector    => [ '[0]', '[1.17549435e-38,1e-45,3.4028235e38,-0]', '[' . join(',', 1 .. 16000) . ']' ],
	halfvec   => [ '[0]', '[65504,-65504,6e-8,0.1]', '[' . join(',', map { $_ % 2048 } 1 .. 16000) . ']' ],
	sparsevec => [ '{}/1', '{1000000000:3.5}/1000000000', '{' . join(',', map { "$_:$_" } 1 .. 16000) . '}/16000' ],
	int8vec   => [ '[0]', '[-128,127]', '[' . join(',', map { $_ % 256 - 128 } 1 .. 16000) . ']' ],
	bf16vec   => [ '[0]', '[3.38953139e38,-1e-40,0.1]', '[' . join(',', map { $_ % 256 } 1 .. 16000) . ']' ],
	'vector[]' => [ '{}', '{"[1,2]",NULL,"[3]"}', '{{"[1]"},{"[2]"}}' ],
	'bit(5)'   => [ '10101' ]);

for my $type (sort keys %wire)
{
	my ($value, $bytes) = @{ $wire{$type} };
	is($node->safe_psql('postgres', "SELECT encode(${type}_send('$value'), 'hex')"), $bytes, "bytes of $type");
}

for my $type (sort keys %values)
{
	my $file = $node->basedir . '/copy';
	my $rows = join ', ', '(NULL)', map { "('$_')" } @{ $values{$type} };
	my $count = 1 + @{ $values{$type} };
	$node->safe_psql('postgres', qq{
		CREATE TABLE a (x $type); CREATE TABLE b (x $type);
		INSERT INTO a VALUES $rows;
		COPY a TO '$file' WITH (FORMAT binary);
		COPY b FROM '$file' WITH (FORMAT binary);
	});
	# As text too: -0 and 0 are equal, their texts are not.
	is($node->safe_psql('postgres', q{
		SELECT count(*) FROM (SELECT x, x::text COLLATE "C", row_number() OVER () FROM a INTERSECT ALL
			SELECT x, x::text, row_number() OVER () FROM b) both_have}), $count, "COPY BINARY of $type");
	$node->safe_psql('postgres', 'DROP TABLE a, b');
}

# A type modifier holds for binary input as well.
$node->safe_psql('postgres', 'CREATE TABLE two (x vector(2)); CREATE TABLE three (x vector(3));' .
	"INSERT INTO two VALUES ('[1,2]'); COPY two TO '" . $node->basedir . "/copy' WITH (FORMAT binary)");
my ($rc, $out, $err) = $node->psql('postgres', "COPY three FROM '" . $node->basedir . "/copy' WITH (FORMAT binary)");
isnt($rc, 0, 'binary input obeys the type modifier');
like($err, qr/expected 3 dimensions, not 2/, 'and says so');

done_testing();

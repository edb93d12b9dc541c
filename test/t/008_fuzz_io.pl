# Thousands of damaged binary images and texts for the input functions of every
# type, inside a server: it never crashes, each refusal has an SQLSTATE of bad data,
# and what is accepted is a sound value.  FUZZ_ROUNDS images and texts per type.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{FUZZ_ROUNDS} // 1500;
my $seed = $ENV{FUZZ_SEED} // 20261;
srand($seed);
note("seed $seed");

# Images to start from, in hex, and texts.
my %type = (
	vector => {
		image => [qw(0001000000000000 000200003f800000c0200000 0003000000000001ff7fffff80000000)],
		text => [ '[1,2.5,-3e-4]', '[ 1 ,2]', '[3.4028235e38,1e-45]', '[nan,inf]' ] },
	halfvec => {
		image => [qw(000100003c00 000300003c00c1007bff)],
		text => [ '[1,2.5,-3e-4]', '[65504,6e-8]', '[65520]', '[-infinity]' ] },
	sparsevec => {
		image => [qw(000000050000000000000000 00000002000000010000000000000001bf800000 00000005000000020000000000000000000000023fc0000040000000)],
		text => [ '{1:1.5,3:2}/5', '{}/1', '{ 5 : -1 , 2 : 0 }/1000000000', '{1:1,1:2}/2' ] },
	int8vec => {
		image => [qw(0001000000 0004000001fe7f80)],
		text => [ '[1,-2,127]', '[-128]', '[127.5]', '[1e2, 3]' ] },
	bf16vec => {
		image => [qw(000100003f80 000300003f80c0207f7f)],
		text => [ '[1,-2.5]', '[3.3895314e38]', '[3.4e38]', '[1e-40]' ] });

my @bytes = (0, 1, 2, 0x3e, 0x7e, 0x7f, 0x80, 0xfe, 0xff);
my @tokens = ('[', ']', '{', '}', ',', ':', '/', '-', '+', '.', 'e', '0', '9', ' ', "\t", 'nan', 'inf', '1e39', '1e-50', '0x1p3',
	'2147483648', '99999999999999999999', '16001', 'x', "\xc3\xa9");

sub pick { return $_[ int rand @_ ] }

# None to three changes of a string of bytes.
sub mutate_image
{
	my ($image) = @_;
	for (1 .. int rand 4)
	{
		my $at = int rand(length($image) + 1);
		my $how = int rand 6;
		my $byte = rand() < 0.7 ? pick(@bytes) : int rand 256;
		if ($how == 0) { $image = substr $image, 0, $at }
		elsif ($how == 1) { substr($image, $at, 0) = chr $byte }
		elsif ($how == 2) { $image .= substr $image, $at }
		elsif ($how == 3)
		{
			# A count or an index, low or high half.
			my $word = pick(0, 2, 6, 14);
			substr($image, $word, 2) = pack 'n', pick(0, 1, 2, 3, 5, 16000, 16001, 65535) if length $image > $word + 1;
		}
		elsif ($at < length $image) { substr($image, $at, 1) = chr $byte }
	}
	return $image;
}

sub mutate_text
{
	my ($text) = @_;
	for (1 .. int rand 4)
	{
		my $at = int rand(length($text) + 1);
		my $how = int rand 4;
		if ($how == 0) { substr($text, $at, int rand 3) = '' }
		elsif ($how == 1) { $text .= substr $text, $at }
		elsif ($how == 2) { $text = pick('[', '{1:') . join(',', map { $_ % 100 } 1 .. pick(1, 1000, 16000, 16001)) . pick(']', '}/20000') }
		else { substr($text, $at, int rand 2) = pick(@tokens) }
	}
	return $text;
}

my $node = new_node('main');
create_extensions($node, 'postgres');
my $dir = $node->basedir . '/images';
mkdir $dir or die $!;
my $pid = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

$node->safe_psql('postgres', q{
	-- Reads images 1 .. n of dir into a column of the type, texts by its input function.
	CREATE TABLE outcome (state text, message text, what text);
	CREATE FUNCTION read_images(type text, dir text, n int) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE format('CREATE TEMP TABLE target (x %s)', type);
		FOR i IN 1 .. n LOOP
			BEGIN
				EXECUTE format('COPY target FROM %L WITH (FORMAT binary)', dir || '/' || i);
				INSERT INTO outcome VALUES ('00000', NULL, NULL);
			EXCEPTION WHEN OTHERS THEN
				INSERT INTO outcome VALUES (SQLSTATE, SQLERRM, 'image ' || i);
			END;
		END LOOP;
	END $$;
	CREATE FUNCTION read_texts(type text, file text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE t text;
	BEGIN
		CREATE TEMP TABLE texts (t text);
		EXECUTE format('COPY texts FROM %L (DELIMITER E''\x01'')', file);
		EXECUTE format('CREATE TEMP TABLE target (x %s)', type);
		FOR t IN TABLE texts LOOP
			BEGIN
				EXECUTE format('INSERT INTO target VALUES (%L)', t);
				INSERT INTO outcome VALUES ('00000', NULL, NULL);
			EXCEPTION WHEN OTHERS THEN
				INSERT INTO outcome VALUES (SQLSTATE, SQLERRM, left(t, 100));
			END;
		END LOOP;
	END $$});

# What came of it: enough of both outcomes, and nothing strange among either.
sub judge
{
	my ($type, $what, $sound) = @_;
	my ($accepted, $refused, $strange, $unsound) = split /\|/, $sound;
	cmp_ok($accepted, '>', $rounds / 100, "$what of $type: $accepted accepted");
	cmp_ok($refused, '>', $rounds / 5, "$what of $type: $refused refused");
	is($strange, '', "$what of $type: SQLSTATEs");
	is($unsound, '0', "$what of $type: accepted values are sound");
	return;
}

my $verdict = q{
	SELECT count(*) FILTER (WHERE state = '00000'), count(*) FILTER (WHERE state <> '00000'),
		coalesce(min(format('%%s %%s: %%s', state, message, what))
			FILTER (WHERE NOT (state ~ '^(00000|22...|54000|08P01)$' %s)), ''),
		(SELECT count(*) FROM target WHERE NOT (x::text::%s = x AND x::text::%s::text = x::text AND l2_distance(x, x) = 0))
	FROM outcome};

for my $type (sort keys %type)
{
	for my $i (1 .. $rounds)
	{
		my $image = mutate_image(pack 'H*', pick(@{ $type{$type}{image} }));
		open my $f, '>:raw', "$dir/$i" or die $!;
		print $f "PGCOPY\n\xff\r\n\0", pack('NNn', 0, 0, 1), pack('N', length $image), $image, pack('n', 0xffff);
		close $f or die $!;
	}
	judge($type, 'images', $node->safe_psql('postgres', "TRUNCATE outcome; SELECT FROM read_images('$type', '$dir', $rounds);"
		. sprintf($verdict, '', $type, $type)));

	open my $f, '>:raw', "$dir/texts" or die $!;
	for (1 .. $rounds)
	{
		(my $text = mutate_text(pick(@{ $type{$type}{text} }))) =~ s/\t/\\t/g;
		utf8::decode(my $valid = $text) or next;
		print $f "$text\n";
	}
	close $f or die $!;
	# As with pgvector, a refused text names the type.
	judge($type, 'texts', $node->safe_psql('postgres', "TRUNCATE outcome; SELECT FROM read_texts('$type', '$dir/texts');"
		. sprintf($verdict, "AND (message IS NULL OR message ~ '$type')", $type, $type)));
}

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $pid, 'the server did not restart');
unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP/, 'no crash in its log');
done_testing();

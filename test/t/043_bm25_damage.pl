# A damaged bm25 index gives errors or answers, never a crash; where the checker can
# tell, it says so.  One small index for each kind of page and of damage.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main', conf => "autovacuum = off\nstatement_timeout = 20s\n");
create_extensions($node, 'postgres');

# The kinds by their names, as the tools know them.
my @kinds = qw(meta directory segment document live term posting run position pending long);
my $chains = qr/^(term|position|pending|long|run)$/;
my %damages = (
	kind => sub { substr($_[0], 8188, 2) = pack 'v', 99 },
	owner => sub { substr($_[0], 8190, 2) = "\0\0" },
	zero => sub { $_[0] = "\0" x 8192 },
	head => sub { substr($_[0], 24, 40) = "\xff" x 40 },
	body => sub { substr($_[0], 64 + $_, 1) ^= "\xff" for map { $_ * 37 } 0 .. 200 },
	loop => sub { substr($_[0], 8184, 4) = pack 'V', $_[1] },	# the page is followed by itself
	bits => sub { substr($_[0], 64 + $_, 1) ^= "\x04" for map { 3 + $_ * 101 } 0 .. 70 });

sub damages_of
{
	my ($kind) = @_;
	return grep { $_ ne 'loop' || $kind =~ $chains } sort keys %damages;
}

$node->safe_psql('postgres', q{
	CREATE FUNCTION doc(n int, len int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
		SELECT string_agg('w' || (abs(sin(n * i)) ^ 3 * 500)::int, ' ') || ' common' FROM generate_series(1, len) i $$;
	CREATE TABLE source AS SELECT n AS id, doc(n, 12) AS body FROM generate_series(1, 500) n;
	-- So common a word that its list has several runs.
	INSERT INTO source SELECT n, repeat('common ', n % 40) FROM generate_series(501, 10000) n});
my %file;
for my $kind (@kinds)
{
	for my $damage (damages_of($kind))
	{
		my $name = "${kind}_$damage";
		$node->safe_psql('postgres', qq{
			CREATE TABLE $name AS SELECT * FROM source;
			CREATE INDEX ${name}_idx ON $name USING bm25 (body) WITH (text_config = 'simple');
			INSERT INTO $name SELECT n, doc(n, 30) FROM generate_series(10001, 10050) n;
			INSERT INTO $name SELECT 10051, doc(5, 20000)});
		$file{$name} = [ $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('${name}_idx')"),
			$node->safe_psql('postgres', qq{
				SELECT b FROM generate_series(0, pg_relation_size('${name}_idx') / 8192 - 1) b
				WHERE (milvus_page_info('${name}_idx', b)).kind = '$kind' LIMIT 1}) ];
		isnt($file{$name}[1], '', "there is a page of kind $kind");
	}
}
$node->stop;
for my $kind (@kinds)
{
	for my $damage (damages_of($kind))
	{
		my ($file, $block) = $file{"${kind}_$damage"}->@*;
		open my $fh, '+<:raw', $file or die $!;
		seek $fh, 8192 * $block, 0;
		read $fh, my $page, 8192;
		$damages{$damage}->($page, $block);
		seek $fh, 8192 * $block, 0;
		print $fh $page;
		close $fh;
	}
}
$node->start;

for my $name (sort keys %file)
{
	my ($kind, $damage) = split /_/, $name;
	my @results;
	for my $sql ("SET enable_seqscan = off; SELECT count(*) FROM (SELECT id FROM $name ORDER BY body <@> 'common w3 w200' LIMIT 20) s",
		"SELECT milvus_index_check('${name}_idx')",
		"SET enable_seqscan = off; SELECT count(*) FROM $name WHERE body @@@ 'w3 \"common common\"'",
		"INSERT INTO $name SELECT 20000, doc(7, 30) FROM generate_series(1, 20)",
		"SELECT count(*) FROM bm25_terms('${name}_idx')", "SELECT milvus_index_stats('${name}_idx')",
		"DELETE FROM $name WHERE id % 4 = 0", "VACUUM $name",
		"SELECT count(*) FROM generate_series(0, pg_relation_size('${name}_idx') / 8192 - 1) n, milvus_page_info('${name}_idx', n)")
	{
		my ($ret, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
		push @results, $err;
		unlike($err, qr/server closed|terminat|timeout|XX000/, "$name: " . substr($sql, 0, 60));
	}
	# With page checksums, the default of PostgreSQL 18, reading it is an error already.
	like($results[-1], qr/^$|XX001/, "$name: tools look at its pages");
	like($results[1], qr{XX00[12]|0A000}, "$name: the checker sees it")
		if $damage =~ /kind|owner|zero/ || $name =~ /^(segment|posting|pending)_body$/;
	$node->safe_psql('postgres', "REINDEX INDEX ${name}_idx");
	is($node->safe_psql('postgres', "SELECT count(*) = milvus_index_check('${name}_idx') FROM $name"), 't', "$name: sound again");
}
unlike(slurp_file($node->logfile), qr/terminated by signal/, 'no backend crashed');

done_testing();

# A damaged index gives errors or answers, never a crash; where the checker can
# tell, it says so.  One small index for each kind of page and of damage; graphs
# have two more kinds.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main', conf => "autovacuum = off\nstatement_timeout = 20s\n");
create_extensions($node, 'postgres');

my %kinds = (1 => 'meta', 2 => 'directory', 3 => 'list', 4 => 'centroid', 5 => 'code', 6 => 'id', 7 => 'vector', 8 => 'graph', 9 => 'node');
my %damages = (
	kind => sub { substr($_[0], 8188, 2) = pack 'v', 99 },
	owner => sub { substr($_[0], 8190, 2) = "\0\0" },
	zero => sub { $_[0] = "\0" x 8192 },
	head => sub { substr($_[0], 24, 40) = "\xff" x 40 },
	body => sub { substr($_[0], 64 + $_, 1) ^= "\xff" for map { $_ * 37 } 0 .. 200 });

my %file;
for my $kind (sort keys %kinds)
{
	for my $damage (sort keys %damages)
	{
		my $name = "$kinds{$kind}_$damage";
		my ($am, $options) = $kind < 8 ? ('ivf', 'lists = 4') : ('cagra', 'm = 16');
		$node->safe_psql('postgres', qq{
			CREATE TABLE $name (id int, v vector(16));
			INSERT INTO $name SELECT n, ARRAY(SELECT sin(n * i) FROM generate_series(1, 16) i)::vector FROM generate_series(1, 300) n;
			CREATE INDEX ${name}_idx ON $name USING $am (v vector_l2_ops) WITH ($options)});
		$file{$name} = $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('${name}_idx')");
	}
}
$node->stop;

for my $kind (sort keys %kinds)
{
	for my $damage (sort keys %damages)
	{
		my $name = "$kinds{$kind}_$damage";
		open my $fh, '+<:raw', $file{$name} or die $!;
		for (my $block = 0; seek($fh, 8192 * $block, 0) && read($fh, my $page, 8192) == 8192; $block++)
		{
			next if unpack('v', substr $page, 8188, 2) != $kind;
			$damages{$damage}->($page);
			seek $fh, 8192 * $block, 0;
			print $fh $page;
			last;
		}
		close $fh;
	}
}
$node->start;

for my $name (sort keys %file)
{
	my ($damage) = $name =~ /_(.*)/;
	my $query = "SELECT count(*) FROM (SELECT id FROM $name ORDER BY v <-> array_fill(0.5, ARRAY[16])::vector) s";
	my @results;
	for my $sql ("SET enable_seqscan = off; SET milvus.graph_walk = on; $query", "SELECT milvus_index_check('${name}_idx')",
		"INSERT INTO $name SELECT 1000, array_fill(0.5, ARRAY[16])::vector", "DELETE FROM $name WHERE id < 50; VACUUM $name",
		"SELECT milvus_index_check('${name}_idx', true)", "SELECT milvus_index_stats('${name}_idx')", "SELECT milvus_recall('${name}_idx', 5, 5)",
		"SELECT milvus_prewarm('${name}_idx', 'codes'), count(*) FROM generate_series(0, pg_relation_size('${name}_idx') / 8192 - 1) n, milvus_page_info('${name}_idx', n)")
	{
		my ($ret, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
		push @results, $err;
		# What the executor says of a distance that is not what the row's is.
		$err =~ s/XX000: index returned tuples in wrong order//;
		unlike($err, qr/server closed|terminat|timeout|XX000/, "$name: " . substr($sql, 0, 40));
	}
	# With page checksums, the default of PostgreSQL 18, reading it is an error already.
	like($results[-1], qr/^$|XX001/, "$name: tools look at its pages");
	like($results[1], qr{XX00[12]|0A000}, "$name: the checker sees it")
		if $damage ne 'body' && ($damage ne 'head' || $name =~ m{^(meta|id)_});
	$node->safe_psql('postgres', "REINDEX INDEX ${name}_idx");
	is($node->safe_psql('postgres', "SELECT count(*) = milvus_index_check('${name}_idx') FROM $name"), 't', "$name: sound again");
}
unlike(slurp_file($node->logfile), qr/terminated by signal/, 'no backend crashed');

done_testing();

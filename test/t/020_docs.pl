# The SQL of docs/*.md runs as it stands: each page in a fresh database.
use strict;
use warnings FATAL => 'all';

use FindBin;
use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main');

for my $page (glob "$FindBin::Bin/../../docs/*.md")
{
	my ($name) = $page =~ m{([^/]+)\.md$};
	my @blocks = slurp_file($page) =~ /^```sql\n(.*?)^```$/msg;

	next unless @blocks;
	next if slurp_file($page) =~ /^<!-- not run by the tests: .* -->$/m;
	$node->safe_psql('postgres', "CREATE DATABASE docs_$name");
	my ($ret, $out, $err) = $node->psql("docs_$name", join('', @blocks), on_error_stop => 1);
	is($ret, 0, "docs/$name.md: " . @blocks . ' blocks') or diag($err);
	check_indexes($node, "docs_$name");
}

done_testing();

# A bm25 index built by several processes is sound and answers as one built by one.
use strict;
use warnings FATAL => 'all';

use MvTest;
use Test::More;

my $node = new_node('main', conf => "max_parallel_maintenance_workers = 2\nmin_parallel_table_scan_size = 0\n");
create_extensions($node, 'postgres');
$node->safe_psql('postgres', q{
	CREATE FUNCTION words(n int) RETURNS text LANGUAGE sql VOLATILE AS $$
		SELECT string_agg('w' || (random() ^ 3 * 500)::int, ' ') FROM generate_series(1, n) $$;
	CREATE TABLE docs (id serial PRIMARY KEY, body text) WITH (parallel_workers = 2);
	INSERT INTO docs (body) SELECT words(30) FROM generate_series(1, 3000);
	DELETE FROM docs WHERE id % 10 = 0;
	VACUUM ANALYZE docs;
});

my $queries = q{
	SET enable_seqscan = off;
	SELECT id, body <@> 'w1 w50 w300' FROM docs ORDER BY 2, 1 LIMIT 40;
	SELECT count(*), sum(id) FROM docs WHERE body @@@ '+w1 +w2';
	SELECT count(*), sum(id) FROM docs WHERE body @@@ '"w1 w0"'};

sub build
{
	my ($workers, $how) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "SET client_min_messages = debug1; SET max_parallel_maintenance_workers = $workers;
		CREATE INDEX $how docs_bm25 ON docs USING bm25 (body) WITH (text_config = 'simple')");
	is($rc, 0, "built, $workers workers $how");
	my ($used) = $err =~ /using (\d+) parallel workers/;
	is($used // 0, $workers, 'workers took part');
	check_indexes($node, 'postgres');
	my $answer = $node->safe_psql('postgres', $queries);
	$node->safe_psql('postgres', 'DROP INDEX docs_bm25');
	return $answer;
}

my $alone = build(0, '');
is(scalar(split /\n/, $alone), 42, 'answers');
is(build(2, ''), $alone, 'the same from an index of three processes');
is(build(2, 'CONCURRENTLY'), $alone, 'and from one built CONCURRENTLY');
done_testing();

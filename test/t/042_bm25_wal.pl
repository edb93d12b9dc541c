# A standby that replays inserts, flushes, merges and vacuum of a bm25 index gives the
# primary's answers; a scan there that looks at pages used anew is cancelled or right;
# an index of an UNLOGGED table is empty after a crash, and usable.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = new_node('primary', streaming => 1, conf => "autovacuum = off\n");
create_extensions($primary, 'postgres');
$primary->safe_psql('postgres', q{
	CREATE FUNCTION words(n int) RETURNS text LANGUAGE sql VOLATILE AS $$
		SELECT string_agg('w' || (random() ^ 3 * 2000)::int, ' ') FROM generate_series(1, n) $$;
	CREATE TABLE docs (id serial, body text);
	INSERT INTO docs (body) SELECT words(50) FROM generate_series(1, 1000);
	CREATE INDEX docs_fts ON docs USING bm25 (body) WITH (text_config = 'simple');
	CREATE UNLOGGED TABLE volatile_docs (id serial, body text);
	INSERT INTO volatile_docs (body) SELECT body FROM docs;
	CREATE INDEX volatile_fts ON volatile_docs USING bm25 (body) WITH (text_config = 'simple')});
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

my $forced = 'SET enable_seqscan = off; SET enable_sort = off;';
for my $round (1 .. 8)
{
	$primary->safe_psql('postgres', qq{
		INSERT INTO docs (body) SELECT words(50) FROM generate_series(1, 700);
		INSERT INTO docs (body) SELECT words(3000);
		DELETE FROM docs WHERE id % 7 = $round % 7});
	$primary->safe_psql('postgres', 'VACUUM docs') if $round % 2 == 0;
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	for my $sql (
		"SELECT md5(string_agg(id || ' ' || s, ',' ORDER BY s, id)) FROM (SELECT id, round((body <@> 'w0 w7 w300')::numeric, 4) AS s
			FROM docs ORDER BY body <@> 'w0 w7 w300' LIMIT 200) x WHERE s < 0",
		"SELECT count(*), sum(id) FROM docs WHERE body @@@ '+w1 +w3'",
		"SELECT milvus_index_check('docs_fts')", "SELECT * FROM bm25_stats('docs_fts')")
	{
		is($standby->safe_psql('postgres', "$forced $sql"), $primary->safe_psql('postgres', "$forced $sql"),
			"round $round: " . substr($sql, 0, 40));
	}
}

# The standby's library is not needed for replay, and it goes on as primary.
$standby->promote;
$standby->safe_psql('postgres', "INSERT INTO docs (body) VALUES ('onlyhere w1')");
is($standby->safe_psql('postgres', "$forced SELECT count(*) FROM docs WHERE body @@@ 'onlyhere'"), '1', 'found after promotion');
check_indexes($standby, 'postgres');

$primary->stop('immediate');
$primary->start;
is($primary->safe_psql('postgres', "$forced SELECT count(*) FROM volatile_docs WHERE body @@@ 'w1'"), '0', 'unlogged: empty');
$primary->safe_psql('postgres', "INSERT INTO volatile_docs (body) VALUES ('w1')");
is($primary->safe_psql('postgres', "$forced SELECT count(*) FROM volatile_docs WHERE body @@@ 'w1'"), '1', 'unlogged: usable');
check_indexes($primary, 'postgres');

done_testing();

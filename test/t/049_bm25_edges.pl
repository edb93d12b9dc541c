# What a bm25 index meets less often: parallel VACUUM, very long and empty texts, builds in
# little memory, dump and restore with its text search configuration, backends that keep
# what they know of pending documents while others change them, and how often scores are
# computed.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use MvTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main', conf => "autovacuum = off\nfsync = off\njit = off\nmax_parallel_maintenance_workers = 2\n"
	  . "min_parallel_index_scan_size = 0\nmin_parallel_table_scan_size = 0\n");
create_extensions($node, 'postgres');

sub sql { return $node->safe_psql('postgres', $_[0]) }

# ---- parallel VACUUM of several bm25 indexes ----

sql(q{
	CREATE FUNCTION words(n int) RETURNS text LANGUAGE sql VOLATILE AS $$
		SELECT string_agg('w' || (random() ^ 3 * 500)::int, ' ') FROM generate_series(1, n) $$;
	CREATE TABLE docs (id serial PRIMARY KEY, title text, body text, n int);
	INSERT INTO docs (title, body, n) SELECT words(4), words(30), i FROM generate_series(1, 3000) i;
	CREATE INDEX docs_body ON docs USING bm25 (body, n);
	CREATE INDEX docs_title ON docs USING bm25 (title);
	CREATE INDEX docs_both ON docs USING bm25 (title, body);
	INSERT INTO docs (title, body, n) SELECT words(4), words(30), i FROM generate_series(1, 300) i});

# Index scans beside sequential scans: the differences.
my $compare = 'SET enable_seqscan = off; ' . join ' UNION ALL ', map {
	my ($column, $query) = @$_;
	"SELECT '$column $query' FROM (SELECT (SELECT array_agg(id ORDER BY id) FROM docs WHERE $column \@\@\@ '$query') AS a,
		(SELECT array_agg(id ORDER BY id) FROM docs WHERE ($column || '') \@\@\@ bm25query('$query'::ftsquery, 'docs_$column')) AS b) x WHERE a IS DISTINCT FROM b" }
  ([ 'body', 'w1 w2' ], [ 'body', '"w0 w1"' ], [ 'title', '+w0 -w1' ], [ 'body', '+w3 +w5' ], [ 'title', '"w2 w0"' ]);

for my $round (1 .. 3)
{
	sql("DELETE FROM docs WHERE id % 7 = $round");
	my ($rc, $out, $err) = $node->psql('postgres', 'VACUUM (PARALLEL 2, VERBOSE, INDEX_CLEANUP on) docs');
	is($rc, 0, "parallel VACUUM $round");
	like($err, qr/launched [12] parallel vacuum workers? for index vacuuming/, 'had workers');
	is(sql($compare), '', 'the indexes find what there is');
	check_indexes($node, 'postgres') if $round == 3;
	sql('INSERT INTO docs (title, body, n) SELECT words(4), words(30), i FROM generate_series(1, 200) i');
}

# ---- builds in little memory ----

my $answers = q{SELECT id, body <@> bm25query('w1 w50 w300'::text, 'docs_body') FROM docs WHERE body @@@ 'w1 w50 w300' ORDER BY 2, 1 LIMIT 50};
sql('REINDEX INDEX docs_body');
my $good = sql($answers);
my $least = sql("SELECT greatest(min_val::int, 64) || 'kB' FROM pg_settings WHERE name = 'maintenance_work_mem'");
for my $memory ($least, '1MB')
{
	sql("SET maintenance_work_mem = '$memory'; REINDEX INDEX docs_body");
	is(sql($answers), $good, "answers of an index built in $memory");
	sql("SET maintenance_work_mem = '$memory'; DELETE FROM docs WHERE id % 11 = 5; VACUUM docs") if $memory eq '1MB';
}
is(sql($compare), '', 'and after VACUUM in 1MB');
check_indexes($node, 'postgres');

# ---- empty tables, empty texts, nulls, very long texts ----

sql(q{
	CREATE TABLE odd (id int, body text, tags text[]);
	CREATE INDEX odd_fts ON odd USING bm25 (body, tags)});
is(sql("SELECT count(*) FROM odd WHERE body \@\@\@ 'x'"), 0, 'an empty table has no match');
is(sql("SET enable_seqscan = off; SELECT id FROM odd ORDER BY body <\@> 'x'"), '', 'nor any row');
is(sql("SELECT milvus_index_check('odd_fts')"), 0, 'an empty index is sound');
sql('VACUUM odd; REINDEX INDEX odd_fts');

sql(q{INSERT INTO odd VALUES (1, '', '{}'), (2, NULL, NULL), (3, '...', '{NULL}'), (4, 'x', '{"",x}')});
for my $stage ('pending', 'built')
{
	is(sql("SET enable_seqscan = off; SELECT id FROM odd ORDER BY body <\@> 'x', id NULLS LAST"), "4\n1\n3\n2", "$stage: matches, others, nulls");
	is(sql("SELECT count(*) FROM odd WHERE body \@\@\@ 'x' OR tags \@\@\@ 'x'"), 1, "$stage: one match");
	is(sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM odd WHERE body \@\@\@ '-x'"), '', "$stage: nothing matches what only excludes");
	sql('REINDEX INDEX odd_fts');
}

# Longer than a tsvector, a word more often than one counts, positions beyond its last.
sql(q{
	CREATE TABLE long (id int, body text);
	CREATE INDEX long_fts ON long USING bm25 (body) WITH (text_config = 'simple');
	CREATE FUNCTION a_long_text(n int) RETURNS text LANGUAGE sql AS $$
		SELECT string_agg('word' || i || CASE WHEN i % 100 = 0 THEN ' often' ELSE '' END, ' ') || ' the very end' FROM generate_series(1, n) i $$;
	INSERT INTO long VALUES (1, a_long_text(120000)), (2, 'often word1 the end'), (3, 'nothing of it')});
cmp_ok(sql('SELECT max(length(body)) FROM long'), '>', 1 << 20, 'more than 1 MB of text');
my ($rc) = $node->psql('postgres', "SELECT to_tsvector('simple', body) FROM long");
isnt($rc, 0, 'which is too long for a tsvector');
for my $stage ('pending', 'a segment', 'built')
{
	is(sql("SELECT id FROM long WHERE body \@\@\@ '\"the very end\"'"), 1, "$stage: a phrase at its end");
	is(sql("SELECT id FROM long WHERE body \@\@\@ 'word119999'"), 1, "$stage: a word at its end");
	is(sql("SET enable_seqscan = off; SELECT string_agg(id::text, ',') FROM (SELECT id FROM long ORDER BY body <\@> 'often word1 end' LIMIT 3) x"), '2,1,3', "$stage: ranked");
	is(sql(q{SELECT bool_and(a = b) FROM (SELECT body <@> 'often end' AS a, body || '' <@> bm25query('often end'::text, 'long_fts') AS b FROM long ORDER BY body <@> 'often end') x}), 't', "$stage: scored as from the text");
	is(sql("SELECT milvus_index_check('long_fts')"), 3, "$stage: sound");
	sql($stage eq 'pending' ? "SELECT bm25_optimize('long_fts')" : 'REINDEX INDEX long_fts');
}

# ---- what transactions see, and what backends keep of pending documents ----

# A session that lasts.
sub session
{
	my ($in, $out) = ('', '');
	my $timer = IPC::Run::timeout(180);
	my $run = IPC::Run::start([ 'psql', '-X', '-qAt', '-v', 'ON_ERROR_STOP=1', $node->connstr('postgres') ], '<', \$in, '>', \$out, $timer);
	return sub {
		my ($command) = @_;
		$out = '';
		$in .= defined $command ? "$command;\n\\echo done\n" : "\\q\n";
		return $run->finish if !defined $command;
		$run->pump until $out =~ /done\n/;
		return $out =~ s/\n?done\n//r;
	};
}

my @readers = map { session() } 1 .. 3;
$_->('SET enable_seqscan = off') for @readers;
$readers[1]->("SET work_mem = '64kB'");	# keeps nothing
my $same = "SELECT (SELECT string_agg(id || ':' || body, ',' ORDER BY id) FROM live WHERE body \@\@\@ '%s') IS NOT DISTINCT FROM
	(SELECT string_agg(id || ':' || body, ',' ORDER BY id) FROM live WHERE (body || '') \@\@\@ bm25query('%s'::ftsquery, 'live_fts'))";
sql(q{
	CREATE TABLE live (id int, body text) WITH (fillfactor = 100);
	CREATE INDEX live_fts ON live USING bm25 (body)});
sub same_everywhere
{
	my ($what) = @_;
	for my $query ('w1 w2 w3', '"w0 w1"', '+w0 +w2 -w1', 'w400 w17')
	{
		my @found = map { $_->(sprintf($same, $query, $query)) } @readers;
		is(join(' ', @found), 't t t', "$what: $query");
	}
	return;
}
for my $round (1 .. 4)
{
	sql("INSERT INTO live SELECT $round * 1000 + i, words(25) FROM generate_series(1, 150) i");
	same_everywhere("round $round, inserted");
	# The places of what is deleted are taken by other rows, pending ones as well.
	sql("DELETE FROM live WHERE id % 3 = 0");
	sql('VACUUM (INDEX_CLEANUP on) live') if $round < 4;
	sql("INSERT INTO live SELECT $round * 1000 + 500 + i, words(25) FROM generate_series(1, 50) i");
	same_everywhere("round $round, replaced");
}
sql("SELECT bm25_optimize('live_fts')");
same_everywhere('merged');
$readers[0]->('BEGIN');
$readers[0]->("INSERT INTO live VALUES (-1, 'w1 brandnew')");
is($readers[0]->("SELECT id FROM live WHERE body \@\@\@ 'brandnew'"), -1, 'a new word is found at once by its own transaction');
is($readers[2]->("SELECT id FROM live WHERE body \@\@\@ 'brandnew'"), '', 'and not by others');
$readers[0]->('COMMIT');
is($readers[2]->("SELECT id FROM live WHERE body \@\@\@ 'brandnew'"), -1, 'until it is committed');

# VACUUM marks pending documents as dead, removes their rows, and is cancelled before it makes a
# segment of the others.  Other rows come to their places: no backend takes these for the dead ones.
sql(q{
	CREATE TABLE marked (id int, body text, pad text) WITH (autovacuum_enabled = off);
	ALTER TABLE marked ALTER pad SET STORAGE plain;
	CREATE INDEX marked_fts ON marked USING bm25 (body);
	INSERT INTO marked SELECT i, 'gone', repeat('x', 1000) FROM generate_series(1, 400) i});
my $found = "SELECT count(*), min(body) FROM marked WHERE body \@\@\@ '%s'";
is($_->(sprintf($found, 'gone')), '400|gone', 'pending documents are read') for @readers;
sql('DELETE FROM marked');
my $vacuum = IPC::Run::start([ 'psql', '-X', '-q', $node->connstr('postgres'), '-c', 'SET vacuum_cost_delay = 20', '-c', 'SET vacuum_cost_limit = 1',
	'-c', 'VACUUM (INDEX_CLEANUP on, TRUNCATE off) marked' ], '>', \my $vacuum_out, '2>', \my $vacuum_err);
$node->poll_query_until('postgres', q{SELECT coalesce((SELECT pg_cancel_backend(pid) FROM pg_stat_progress_vacuum WHERE phase = 'vacuuming heap' AND heap_blks_vacuumed > 20), false)})
	or die 'VACUUM has not removed rows';
$vacuum->finish;
like($vacuum_err, qr/canceling statement/, 'VACUUM is cancelled between marks and their segment');
sql('VACUUM (INDEX_CLEANUP off, TRUNCATE off) marked');	# free space becomes known
sql(q{INSERT INTO marked SELECT i, 'come', repeat('x', 1000) FROM generate_series(401, 800) i});
cmp_ok(sql("SELECT count(*) FROM marked WHERE ctid < '(21,0)'"), '>', 100, 'rows have come to the places of others');
is($_->(sprintf($found, 'gone')), '0|', 'what is dead is not found') for @readers;
is($_->(sprintf($found, 'come')), '400|come', 'what came is') for @readers;

# A cursor keeps what it has seen, while its session looks for more.
$readers[0]->("BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; DECLARE c CURSOR FOR SELECT id FROM live WHERE body \@\@\@ 'w0' ORDER BY body <\@> 'w0'");
my $before = $readers[0]->('FETCH 2 FROM c');
my $count = $readers[0]->("SELECT count(*) FROM live WHERE body \@\@\@ 'w0'");
sql("INSERT INTO live SELECT 9000 + i, 'w0 ' || words(100) FROM generate_series(1, 200) i");
cmp_ok($readers[0]->("SELECT count(*) FROM live WHERE body \@\@\@ 'w0'"), '>=', $count + 200, 'the session sees more');
sql('VACUUM live');
sql("SELECT bm25_optimize('live_fts')");
$readers[0]->("SELECT count(*) FROM live WHERE body \@\@\@ 'w0'");
my @rest = split /\n/, $readers[0]->('FETCH ALL FROM c');
is(2 + @rest, $count, 'its cursor does not');
$readers[0]->('COMMIT');

# Built twice in a transaction, on the same file.
is(sql(q{
	SET enable_seqscan = off;
	BEGIN;
	CREATE TABLE twice (id int, body text);
	CREATE INDEX twice_fts ON twice USING bm25 (body);
	INSERT INTO twice VALUES (1, 'one fox'), (2, 'two foxes');
	SELECT count(*) FROM twice WHERE body @@@ 'fox';
	TRUNCATE twice;
	INSERT INTO twice VALUES (3, 'red foxes'), (4, 'no hen');
	SELECT id FROM twice WHERE body @@@ 'foxes';
	COMMIT}), "1\n3", 'a truncated index is another one');
$_->() for @readers;
check_indexes($node, 'postgres');

# ---- scores in the target list ----

# Calls of the operator's functions: each analyzes a text.
sub calls
{
	my ($query) = @_;
	my $counted = q{SELECT coalesce(sum(calls), 0) FROM pg_stat_user_functions f JOIN pg_operator o ON o.oprcode = f.funcid WHERE oprname IN ('<@>', '@@@')};
	my @out = split /\n/, sql("SET track_functions = 'all'; $counted; SELECT count(x::text) FROM ($query) x; SELECT pg_stat_force_next_flush(); $counted");
	return $out[-1] - $out[0];
}
my $ranked = q{SELECT id, body <@> 'w1 w2 w3' AS score, bm25_score(body, 'w1 w2 w3') AS s, 1 - (body <@> 'w1 w2 w3') FROM docs};
is(calls("$ranked ORDER BY body <\@> 'w1 w2 w3' LIMIT 100"), 0, 'scores of an index scan are not computed again');
is(calls("$ranked WHERE body \@\@\@ 'w1' ORDER BY body <\@> 'w1 w2 w3' LIMIT 100"), 0, 'nor is it checked again that a row matches');
cmp_ok(calls("SELECT body <\@> 'w1' AS s, id FROM docs WHERE id <= 100 OFFSET 0"), '>', 50, 'those of other scans are');

# ---- dump and restore ----

sql(q{
	CREATE DATABASE restored;
	CREATE SCHEMA texts;
	CREATE TEXT SEARCH DICTIONARY texts.stem (TEMPLATE = snowball, LANGUAGE = english);
	CREATE TEXT SEARCH CONFIGURATION texts.mine (COPY = simple);
	ALTER TEXT SEARCH CONFIGURATION texts.mine ALTER MAPPING FOR asciiword WITH texts.stem;
	CREATE INDEX docs_mine ON docs USING bm25 (body) WITH (text_config = 'texts.mine')});
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '--no-sync', '-f', $dump, $node->connstr('postgres') ], 'dump');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'restore');
is($node->safe_psql('restored', "SELECT count(*) FROM docs WHERE body \@\@\@ bm25query('w1 w2'::ftsquery, 'docs_mine')"),
	sql("SELECT count(*) FROM docs WHERE body \@\@\@ bm25query('w1 w2'::ftsquery, 'docs_mine')"), 'answers as before');
my ($ret, $said, $why) = $node->psql('restored', 'DROP TEXT SEARCH CONFIGURATION texts.mine');
like($why, qr/index docs_mine depends on text search configuration/, 'and depends on its configuration');
check_indexes($node, 'restored');
done_testing();

# VACUUM cuts off the file of an ivf index whose rows need less: rows move to free
# places in front.  Every row is found before and after, on the primary, on a standby and
# after a crash; who reads the index is not disturbed.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Cluster;
use Test::More;

my $primary = new_node('primary', streaming => 1, conf => "autovacuum = off\nmax_parallel_maintenance_workers = 0\n");
create_extensions($primary, 'postgres');
$primary->safe_psql('postgres', q{
	CREATE FUNCTION random_vector(dim int) RETURNS vector LANGUAGE sql VOLATILE AS $$
		SELECT array_agg(random() * 20 - 10)::real[]::vector FROM generate_series(1, dim) $$;
	CREATE FUNCTION rest(cur refcursor) RETURNS SETOF int LANGUAGE plpgsql AS $$
	DECLARE
		id int;
	BEGIN
		LOOP
			FETCH cur INTO id;
			EXIT WHEN NOT FOUND;
			RETURN NEXT id;
		END LOOP;
	END $$});
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = -1\n");
$standby->start;

my $by_heap = 'SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;';
my $by_index = 'SET enable_seqscan = off; SET enable_sort = off;';

sub size { return $primary->safe_psql('postgres', "SELECT pg_relation_size('$_[0]_v') / 8192") }

# Every row of a table, as far away as it is; by the index on both nodes, and by the table.
sub same_rows
{
	my ($table, $query, $what) = @_;
	my $sql = "SELECT count(*), md5(string_agg(d || ' ' || id, ',' ORDER BY d, id))
		FROM (SELECT round(($query)::numeric, 3) AS d, id FROM $table ORDER BY $query) s";
	my $rows = $primary->safe_psql('postgres', "$by_heap $sql");

	$primary->safe_psql('postgres', q{SELECT pg_logical_emit_message(true, '', '')});
	$primary->wait_for_catchup($standby);
	for my $node ($primary, $standby)
	{
		is($node->safe_psql('postgres', "$by_index $sql"), $rows, "$table, $what: every row on the " . $node->name);
		like($node->safe_psql('postgres', "SELECT milvus_index_check('${table}_v', true)"), qr/^\d+$/, "$table, $what: sound on the " . $node->name);
	}
	return;
}

# name => [type, opclass, options, rows, expression of a row, size without two of five rows].
# A list of a few pages loses none of them, and of bit strings there are but these.
my %forms = (
	plain => [ 'vector(64)', 'vector_l2_ops', '', 4000, 'random_vector(64)', 0.87 ],
	four => [ 'vector(64)', 'vector_l2_ops', 'WITH (bits = 4, lists = 12)', 4000, 'random_vector(64)', 0.8 ],
	f32 => [ 'vector(100)', 'vector_l2_ops', 'WITH (rerank = f32)', 3000, 'random_vector(100)', 0.8 ],
	long => [ 'vector(5000)', 'vector_l2_ops', 'WITH (lists = 3)', 120, 'random_vector(5000)', 0.8 ],
	bits => [ 'bit(2048)', 'bit_hamming_ops', '', 5000, 'binary_quantize(random_vector(2048))', 1 ]);

for my $table (sort keys %forms)
{
	my ($type, $class, $with, $rows, $row, $share) = @{ $forms{$table} };
	$primary->safe_psql('postgres', "CREATE TABLE $table (id serial, v $type);
		INSERT INTO $table (v) SELECT $row FROM generate_series(1, $rows) g;
		CREATE INDEX ${table}_v ON $table USING ivf (v $class) $with");
	my $value = $primary->safe_psql('postgres', "SELECT v FROM $table WHERE id = 17");
	my $query = $class =~ /^bit/ ? "v <~> B'$value'" : "v <-> '$value'";
	my $built = size($table);

	# All over the index; then what the first rows leave, after some came.
	$primary->safe_psql('postgres', "DELETE FROM $table WHERE id % 5 < 2; VACUUM $table");
	my $cut = size($table);
	cmp_ok($cut, '<=', $share * $built, "$table: shorter");
	same_rows($table, $query, 'shrunk');
	$primary->safe_psql('postgres', "INSERT INTO $table (v) SELECT $row FROM generate_series(1, $rows / 2) g");
	same_rows($table, $query, 'grown');
	my $grown = size($table);
	$primary->safe_psql('postgres', "DELETE FROM $table WHERE id % 3 = 0; VACUUM $table");
	same_rows($table, $query, 'deleted');
	$primary->safe_psql('postgres', "DELETE FROM $table WHERE id % 7 < 5; VACUUM $table; VACUUM $table");
	cmp_ok(size($table), '<=', $share * $grown, "$table: shorter than after the inserts");
	same_rows($table, $query, 'few left');
	note("$table: $built built, $cut cut, $grown grown, " . size($table) . ' at last');
	$primary->safe_psql('postgres', "DELETE FROM $table; VACUUM $table");
	same_rows($table, $query, 'none left');
	$primary->safe_psql('postgres', "INSERT INTO $table (v) SELECT $row FROM generate_series(1, $rows / 4) g");
	same_rows($table, $query, 'filled again');
}

# Small: a fresh index is not much smaller.
$primary->safe_psql('postgres', q{
	CREATE TABLE items (id serial, v vector(64));
	INSERT INTO items (v) SELECT random_vector(64) FROM generate_series(1, 8000);
	CREATE INDEX items_v ON items USING ivf (v vector_l2_ops);
	DELETE FROM items WHERE id % 10 = 3;
	VACUUM items});
my $vacuumed = size('items');
$primary->safe_psql('postgres', 'REINDEX INDEX items_v');
my $fresh = size('items');
cmp_ok($vacuumed, '<=', 1.1 * $fresh, 'a tenth deleted: at most a tenth larger than a fresh index');
my $one = $primary->safe_psql('postgres', 'SELECT v FROM items WHERE id = 1');

# A reader on the primary: the file stays, until it is gone.
my $count = "SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM items ORDER BY v <-> '$one') s";
my $reader = $primary->background_psql('postgres', on_error_die => 1);
$reader->query_safe("$by_index BEGIN; DECLARE c CURSOR FOR SELECT id FROM items ORDER BY v <-> '$one'; MOVE 10 FROM c");
$primary->safe_psql('postgres', 'DELETE FROM items WHERE id % 10 BETWEEN 4 AND 6; SELECT txid_current()');
my $before = size('items');
$primary->safe_psql('postgres', 'VACUUM items');
cmp_ok(size('items'), '>=', $before, 'not shorter under a cursor');
$reader->query_safe('COMMIT');
$primary->safe_psql('postgres', 'ALTER TABLE items SET (vacuum_truncate = off); VACUUM items; VACUUM items');
cmp_ok(size('items'), '>=', $before, 'not shorter where the table says so');
$primary->safe_psql('postgres', 'ALTER TABLE items RESET (vacuum_truncate); VACUUM items');
cmp_ok(size('items'), '<', 0.9 * $before, 'shorter when the cursor is gone');
# The reader's backend knew the index as it was.
is($reader->query_safe($count), $primary->safe_psql('postgres', "$by_heap SELECT count(*), count(*) FROM items"), 'its next query finds all');
$reader->quit;

# A reader on the standby has the index until it ends: replay waits for it.
$primary->safe_psql('postgres', 'REINDEX INDEX items_v');
$primary->wait_for_catchup($standby);
my $all = $primary->safe_psql('postgres', "$by_heap SELECT count(*) FROM items");
$reader = $standby->background_psql('postgres', on_error_die => 1);
$reader->query_safe("$by_index BEGIN; DECLARE c CURSOR FOR SELECT id FROM items ORDER BY v <-> '$one'; MOVE 10 FROM c");
$primary->safe_psql('postgres', 'DELETE FROM items WHERE id % 2 = 0; VACUUM items; INSERT INTO items (v) SELECT random_vector(64) FROM generate_series(1, 900)');
is($reader->query_safe("SELECT count(*), count(DISTINCT id) FROM rest('c') id"), ($all - 10) . '|' . ($all - 10),
	'the cursor on the standby reads on');
$reader->query_safe('COMMIT');
$reader->quit;
same_rows('items', "v <-> '$one'", 'after a reader on the standby');

# A crash: what was done is there, or not; here after the records are written.
$primary->safe_psql('postgres', 'CHECKPOINT; DELETE FROM items WHERE id % 3 = 1; VACUUM items');
my $short = size('items');
$primary->stop('immediate');
$primary->start;
is(size('items'), $short, 'as short after a crash');
same_rows('items', "v <-> '$one'", 'after a crash');

check_indexes($primary, 'postgres');
done_testing();

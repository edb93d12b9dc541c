# milvus.target_recall is the recall one gets: by the curve of the build and by
# that of queries given, which are not like the rows; for more rows than ten, too.
use strict;
use warnings FATAL => 'all';

use MvTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('main', conf => "autovacuum = off\n");
create_extensions($node, 'postgres');

# Rows in 60 clusters of two sizes, queries between them.
$node->safe_psql('postgres', q{
	CREATE TABLE items (id int, v vector(48));
	SELECT setseed(0.5);
	CREATE TABLE centers AS SELECT c, ARRAY(SELECT random_normal FROM (SELECT sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random()) AS random_normal
		FROM generate_series(1, 48 + c - c)) s) AS x FROM generate_series(1, 60) c;
	INSERT INTO items SELECT n, ARRAY(SELECT e + (0.4 + 0.5 * (c % 2)) * sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random()) FROM unnest(x) e)::vector
		FROM generate_series(1, 12000) n JOIN centers ON c = n % 60 + 1;
	CREATE TABLE queries AS SELECT n AS id, ARRAY(SELECT (0.5 + 0.5 * (n % 2)) * e + 0.7 * sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random()) FROM unnest(x) e)::vector(48) AS v
		FROM generate_series(1, 400) n JOIN centers ON c = n * 7 % 60 + 1;
	ANALYZE items;
});

for my $op ('<->', '<=>', '<#>')
{
	my %class = ('<->' => 'l2', '<=>' => 'cosine', '<#>' => 'ip');
	$node->safe_psql('postgres', "CREATE INDEX items_v ON items USING ivf (v vector_$class{$op}_ops) WITH (lists = 120)");
	my %exact;
	for my $k (10, 60)
	{
		$exact{$k} = qq{SELECT q.id, e.id AS item FROM queries q, LATERAL (SELECT id FROM items ORDER BY v $op q.v LIMIT $k) e WHERE q.id > 200};
		$node->safe_psql('postgres', "SET enable_indexscan = off; CREATE TABLE exact$k AS $exact{$k}");
	}
	for my $how ('build', 'queries')
	{
		my $n = $how eq 'queries' ?
			$node->safe_psql('postgres', q{SELECT milvus_calibrate('items_v', ARRAY(SELECT v FROM queries WHERE id <= 200))}) : 200;
		is($n, 200, "$op $how: queries counted");
		my $before = 0;
		for my $target (0.8, 0.95, 0.99)
		{
			for my $k (10, 60)
			{
				my ($recall, $lists) = split /\|/, $node->safe_psql('postgres', qq{
					SET enable_seqscan = off;
					SET milvus.target_recall = $target;
					SELECT (SELECT count(*) FROM ($exact{$k}) found NATURAL JOIN exact$k) / (200.0 * $k), probes FROM milvus_index_stats('items_v')});
				# What the build knows is of rows, and these queries are no rows.
				my $slack = $how eq 'build' ? 0.1 : 0.03;
				cmp_ok($recall, '>=', $target - $slack, "$op $how: recall of $k rows for target $target");
				next if $k != 10;
				cmp_ok($lists, '>=', $before, "$op $how: lists for target $target");
				$before = $lists;
			}
		}
		cmp_ok($before, '<', 120, "$op $how: not all lists are read");
	}
	check_indexes($node, 'postgres');
	$node->safe_psql('postgres', 'DROP INDEX items_v; DROP TABLE exact10, exact60');
}

# Bit strings, in clusters and at random: the build's curves for rows like the others.
$node->safe_psql('postgres', q{
	CREATE TABLE strings (id int, clustered bit(48), random bit(48));
	INSERT INTO strings SELECT id, binary_quantize(v), (random() * 2 ^ 47)::bigint::bit(48) & (random() * 2 ^ 47 + 2 ^ 46)::bigint::bit(48) FROM items;
	CREATE TABLE asked AS SELECT * FROM strings WHERE id % 61 = 7;
	DELETE FROM strings WHERE id % 61 = 7;
	ANALYZE strings});
for my $column ('clustered', 'random')
{
	for my $op ('<~>', '<%>')
	{
		my $class = $op eq '<~>' ? 'hamming' : 'jaccard';
		my $nearest = "SELECT q.id AS q, d FROM asked q, LATERAL (SELECT $column $op q.$column AS d FROM strings ORDER BY $column $op q.$column LIMIT 10) n";
		$node->safe_psql('postgres', "CREATE TABLE exact AS $nearest;
			CREATE INDEX strings_i ON strings USING ivf ($column bit_$class\_ops) WITH (lists = 120)");
		for my $target (0.8, 0.95)
		{
			# By distance, for many are equally far.
			my $recall = $node->safe_psql('postgres', qq{
				SET enable_seqscan = off;
				SET milvus.target_recall = $target;
				SELECT avg((d <= (SELECT max(d) FROM exact e WHERE e.q = found.q))::int) FROM ($nearest) found});
			cmp_ok($recall, '>=', $target - 0.05, "$column $class: recall for target $target");
		}
		cmp_ok($node->safe_psql('postgres', q{SET milvus.target_recall = 0.8; SELECT probes FROM milvus_index_stats('strings_i')}),
			'<', 120, "$column $class: not all lists are read");

		# By those very queries the target is kept.
		is($node->safe_psql('postgres', "SELECT milvus_calibrate('strings_i', ARRAY(SELECT $column FROM asked))"),
			$node->safe_psql('postgres', 'SELECT count(*) FROM asked'), "$column $class: queries counted");
		my $found = $node->safe_psql('postgres', qq{
			SET enable_seqscan = off;
			SET milvus.target_recall = 0.9;
			SELECT avg((d <= (SELECT max(d) FROM exact e WHERE e.q = found.q))::int) FROM ($nearest) found});
		cmp_ok($found, '>=', 0.9, "$column $class: recall calibrated by queries");
		$node->safe_psql('postgres', 'DROP INDEX strings_i; DROP TABLE exact');
	}
}

# Bit strings that came after the index: VACUUM draws the curve.
$node->safe_psql('postgres', q{CREATE TABLE late_strings (LIKE strings);
	CREATE INDEX late_i ON late_strings USING ivf (clustered bit_hamming_ops);
	INSERT INTO late_strings SELECT * FROM strings;
	VACUUM late_strings});
is($node->safe_psql('postgres', q{SELECT recall_curve IS NOT NULL FROM milvus_index_stats('late_i')}), 't', 'bit strings that came late: a curve');
cmp_ok($node->safe_psql('postgres', q{SET milvus.target_recall = 0.8;
	SELECT (SELECT milvus_recall('late_i', 10, 100)) FROM milvus_index_stats('late_i')}), '>=', 0.75, 'bit strings that came late: recall');
cmp_ok($node->safe_psql('postgres', q{SET milvus.target_recall = 0.8; SELECT probes / lists::float FROM milvus_index_stats('late_i')}),
	'<', 0.9, 'bit strings that came late: not all lists are read');

# An index that was empty has no curve, and answers.
$node->safe_psql('postgres', q{CREATE TABLE late (v vector(3)); CREATE INDEX late_v ON late USING ivf (v vector_l2_ops);
	INSERT INTO late SELECT ARRAY[n, n % 7, n % 3] FROM generate_series(1, 50) n});
is($node->safe_psql('postgres', q{SELECT recall_curve IS NULL FROM milvus_index_stats('late_v')}), 't', 'no curve without rows');
is($node->safe_psql('postgres', q{SET enable_seqscan = off; SET milvus.target_recall = 0.9;
	SELECT count(*) FROM (SELECT v FROM late ORDER BY v <-> '[1,1,1]' LIMIT 50) s}), 50, 'all rows come');
check_indexes($node, 'postgres');

done_testing();

-- avg and sum, serial and parallel.
\set VERBOSITY terse
SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::vector, '[3,5,7]', NULL]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY['[1,2,3]'::halfvec, '[3,5,7]', NULL]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY[]::vector[]) v;
SELECT avg(v), sum(v) FROM unnest(ARRAY[NULL]::halfvec[]) v;
SELECT avg(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v;
SELECT sum(v) FROM unnest(ARRAY['[1,2]'::vector, '[3]']) v;
SELECT sum(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v;
SELECT avg(v) FROM unnest(ARRAY['[3e38]'::vector, '[3e38]']) v;
SELECT sum(v) FROM unnest(ARRAY['[65504]'::halfvec, '[65504]']) v;
SELECT avg(v) FROM unnest(ARRAY['[1,-2]'::int8vec, '[2,4]']) v;
SELECT avg(v) FROM unnest(ARRAY['[1,-2]'::bf16vec, '[2,4]']) v;
-- The functions as such.
SELECT vector_accum('{0}', '[1,2]'), vector_accum('{3,1,1}', '[1,2]'), vector_combine('{0}', '{2,3,4}'), vector_combine('{1,1,1}', '{2,3,4}');
SELECT vector_avg('{0}'), vector_avg('{2,1,3}'), halfvec_avg('{2,1,3}'), halfvec_combine('{1,2}', '{0}');
SELECT vector_accum('{1,1}', '[1,2]');
SELECT vector_accum('{{1,1}}', '[1,2]');
SELECT vector_accum('{1,NULL}', '[1]');
SELECT vector_combine('{1,2}', '{1,2,3}');
SELECT vector_avg('{1}');
-- Signs of zero, states of no rows, lower bounds.
SELECT avg('[-0,1]'::vector), avg('[-0]'::halfvec), vector_combine('{0}', '{2,Infinity}'), vector_accum('[5:6]={1,2}', '[1]'), vector_combine('[5:6]={1,2}', '{0}');
-- As a window function the state is used again after each row.
SELECT x, avg(ARRAY[x, -x]::vector) OVER (ORDER BY x), sum(ARRAY[x]::vector) OVER (ORDER BY x) FROM generate_series(1, 4) x;
SELECT x, avg(ARRAY[x]::vector) OVER (ORDER BY x ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM generate_series(1, 4) x;
-- Grouping sets and groups share nothing.
SELECT g, avg(ARRAY[x]::vector) FROM (SELECT x % 2 AS g, x FROM generate_series(1, 6) x) s GROUP BY ROLLUP (g) ORDER BY g NULLS LAST;

CREATE TABLE many AS SELECT x % 3 AS g, ARRAY[x % 100, x % 7]::vector AS v FROM generate_series(1, 30000) x;
ANALYZE many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT avg(v), sum(v) FROM many;
SELECT avg(v), sum(v) FROM many;
SELECT g, avg(v) FROM many GROUP BY g ORDER BY g;
SET max_parallel_workers_per_gather = 0;
SELECT avg(v), sum(v) FROM many;
SELECT g, avg(v) FROM many GROUP BY g ORDER BY g;
DROP TABLE many;

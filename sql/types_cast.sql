-- Casts: results, contexts, errors.
\set VERBOSITY terse
SELECT ARRAY[1,2,3]::vector, ARRAY[1.5,2]::vector, ARRAY[1.5,2]::real[]::vector, ARRAY[1.5,2]::float8[]::vector, ARRAY[1,2]::numeric[]::vector;
SELECT ARRAY[1,2,3]::halfvec, ARRAY[1.5,2]::halfvec, ARRAY[1,2]::sparsevec, ARRAY[0,2.5,0]::real[]::sparsevec, ARRAY[1,2.5]::float8[]::bf16vec;
SELECT ARRAY[1,2,-128]::int8vec, ARRAY[1.5,2.5,-0.5,127.4,-128.5]::real[]::int8vec;
SELECT '[1.5,2.5,-3.5]'::vector::int8vec, '[1,2]'::int8vec::vector, '[1,2]'::int8vec::real[], '[0.1]'::vector::bf16vec::vector;
SELECT '[1,2.5]'::vector::real[], '[1,2.5]'::halfvec::real[], '[1,2.5]'::bf16vec::real[];
SELECT '[0.1,2]'::vector::halfvec, '[0.1,2]'::halfvec::vector, '[0,2]'::vector::sparsevec, '{2:0.1}/3'::sparsevec::vector,
	'{2:0.1}/3'::sparsevec::halfvec, '[0,1]'::halfvec::sparsevec;
SELECT '[1,2,3]'::vector::vector(2);
SELECT '[1,2,3]'::vector::halfvec(2);
SELECT '[1,2,3]'::vector::int8vec(2);
SELECT ARRAY[1,2,3]::bf16vec(2);
SELECT '[1,2,3]'::vector::sparsevec(2);
SELECT '{1:1}/3'::sparsevec::vector(2);
SELECT ARRAY[1,2,3]::vector(2);
SELECT '[65520]'::vector::halfvec;
SELECT ARRAY[1e6]::halfvec;
SELECT '[3.4e38]'::vector::bf16vec;
SELECT '[127.5]'::vector::int8vec;
SELECT '[-128.6]'::vector::int8vec;
SELECT ARRAY['NaN']::real[]::int8vec;
SELECT ARRAY['Infinity']::real[]::int8vec;
SELECT ARRAY['NaN']::real[]::bf16vec;
SELECT ARRAY['-Infinity']::float8[]::vector;
SELECT ARRAY[1e300]::float8[]::vector;
SELECT ARRAY['NaN']::numeric[]::halfvec;
SELECT ARRAY['Infinity']::real[]::sparsevec;
SELECT '{3.306704e39}'::numeric[]::halfvec(2);
SELECT '{-2.697677e27,3.531935e38}'::numeric[]::halfvec;
SELECT '{Infinity,4,-2.2,5.873e5}'::float8[]::halfvec;
SELECT ARRAY[1,NULL]::vector;
SELECT ARRAY[[1,2],[3,4]]::vector;
SELECT '{}'::real[]::vector;
SELECT '{}'::int[]::int8vec;
SELECT ARRAY[ARRAY[]::int[]]::sparsevec;
SELECT array_agg(n)::vector FROM generate_series(1, 16001) n;
SELECT '{1:1}/16001'::sparsevec::vector;
SELECT array_agg(n)::sparsevec FROM generate_series(1, 16001) n;
SELECT array_fill(0, ARRAY[16001])::sparsevec;
SELECT vector_dims(array_agg(n)::vector) FROM generate_series(1, 16000) n;

-- Contexts, as pgvector's; ours of milvus_pg widen implicitly, narrow by assignment.
SELECT castsource::regtype, casttarget::regtype, castcontext FROM pg_cast
	WHERE castsource::regtype::text ~ 'vec' OR casttarget::regtype::text ~ 'vec'
	ORDER BY castsource::regtype::text COLLATE "C", casttarget::regtype::text COLLATE "C";

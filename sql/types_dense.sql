-- Text, binary and arithmetic of the dense types.
\set VERBOSITY terse
SELECT '[1,2,3]'::vector, ' [ 1 , -2.5e0,	+3 ] '::vector, '[1e-3,1e37,0.1]'::vector, '[-0,.5,5.]'::vector;
SELECT '[1.17549435e-38,1e-46,3.4028235e38]'::vector;
SELECT '[16777217,0.30000001192092896,123456789012345678901]'::vector;
SELECT '[0.1,65504,6e-8,1e-9]'::halfvec, '[65519]'::halfvec;
SELECT '[0.1,3.3961e38,1e-40]'::bf16vec, '[1.00390625,1.01171875]'::bf16vec;
SELECT '[-128,127,0,+5,1e2]'::int8vec;
SELECT format_type('vector'::regtype, 3), format_type('int8vec'::regtype, 16000);
CREATE TABLE typmods (a vector(3), b halfvec(3), c bf16vec(3), d int8vec(3), e vector[]);
INSERT INTO typmods VALUES ('[1,2,3]', '[1,2,3]', '[1,2,3]', '[1,2,3]', ARRAY['[1]', '[1,2]']::vector[]);
INSERT INTO typmods (a) VALUES ('[1,2]');
INSERT INTO typmods (b) VALUES ('[1,2]');
INSERT INTO typmods (c) VALUES ('[1,2]');
INSERT INTO typmods (d) VALUES ('[1,2]');
SELECT * FROM typmods;
SELECT attname, atttypmod, attstorage FROM pg_attribute
	WHERE attrelid = 'typmods'::regclass AND attnum > 0 ORDER BY attnum;

-- Sizes on disk and on the wire: 8 + n * element, 4 + n * element.
SELECT pg_column_size(a), pg_column_size(b), pg_column_size(c), pg_column_size(d)
	FROM (VALUES ('[1,2,3]'::vector, '[1,2,3]'::halfvec, '[1,2,3]'::bf16vec, '[1,2,3]'::int8vec)) v (a, b, c, d);
SELECT vector_send('[1,-2]'), halfvec_send('[1,-2]'), bf16vec_send('[1,-2]'), int8vec_send('[1,-2]');

-- Distances.
SELECT t, '[1,2,3]'::vector <-> '[4,5,7]', '[1,2,3]'::vector <#> '[4,5,7]', '[1,2,3]'::vector <+> '[4,5,7]',
	round(('[1,2,3]'::vector <=> '[4,5,7]')::numeric, 6) FROM (VALUES ('vector')) v (t)
UNION ALL
SELECT 'halfvec', '[1,2,3]'::halfvec <-> '[4,5,7]', '[1,2,3]'::halfvec <#> '[4,5,7]', '[1,2,3]'::halfvec <+> '[4,5,7]',
	round(('[1,2,3]'::halfvec <=> '[4,5,7]')::numeric, 6)
UNION ALL
SELECT 'bf16vec', '[1,2,3]'::bf16vec <-> '[4,5,7]', '[1,2,3]'::bf16vec <#> '[4,5,7]', '[1,2,3]'::bf16vec <+> '[4,5,7]',
	round(('[1,2,3]'::bf16vec <=> '[4,5,7]')::numeric, 6)
UNION ALL
SELECT 'int8vec', '[1,2,3]'::int8vec <-> '[4,5,7]', '[1,2,3]'::int8vec <#> '[4,5,7]', '[1,2,3]'::int8vec <+> '[4,5,7]',
	round(('[1,2,3]'::int8vec <=> '[4,5,7]')::numeric, 6);
SELECT cosine_distance('[0,0]'::vector, '[1,2]'), cosine_distance('[1,1]'::vector, '[1.1,1.1]'),
	cosine_distance('[1,1]'::int8vec, '[-1,-1]'), cosine_distance('[0,0]'::int8vec, '[1,1]');
SELECT l2_distance('[3e38]'::vector, '[-3e38]'), l2_distance('[-128]'::int8vec, '[127]'),
	inner_product('[-128,-128]'::int8vec, '[-128,127]'), l1_distance('[-128]'::int8vec, '[127]');
SELECT vector_l2_squared_distance('[0,0]', '[3,4]'), vector_spherical_distance('[1,0]', '[0,1]'),
	halfvec_l2_squared_distance('[0,0]', '[3,4]'), halfvec_spherical_distance('[1,0]', '[-1,0]');

-- An operator with an untyped literal, mixed types, and the one that casts.
SELECT '[1,2]'::halfvec <-> '[1,3]'::vector, '[1,2]'::int8vec <-> '[1,3.5]'::vector, '[1,2]'::bf16vec <-> '[1,3.5]'::vector;

-- Arithmetic.
SELECT '[1,2]'::vector + '[3,4]', '[1,2]'::vector - '[3,4]', '[1,2]'::vector * '[3,4]', '[1,2]'::vector || '[3]';
SELECT '[1,2]'::halfvec + '[3,4]', '[1,2]'::halfvec - '[3,4]', '[1,2]'::halfvec * '[3,4]', '[1,2]'::halfvec || '[3]';
SELECT '[3e38]'::vector + '[3e38]';
SELECT '[-3e38]'::vector - '[3e38]';
SELECT '[1e37]'::vector * '[1e37]';
SELECT '[1e-37]'::vector * '[1e-37]';
SELECT '[1e-37,1e37]'::vector * '[1e-37,1e37]';
SELECT '[0]'::vector * '[1e-37]';
SELECT '[65504]'::halfvec + '[65504]';
SELECT '[1e-4]'::halfvec * '[1e-4]';

-- Measures and parts.
SELECT vector_dims('[1,2,3]'::vector), vector_norm('[3,4]'), l2_norm('[3,4]'::halfvec), vector_dims('[1,2]'::int8vec);
SELECT l2_normalize('[3,4]'::vector), l2_normalize('[0,0]'::vector), l2_normalize('[3,4]'::halfvec), l2_normalize('[3e38]'::vector);
SELECT binary_quantize('[1,0,-1,2,3,4,5,6,7]'::vector), binary_quantize('[0,0.1,-0.2]'::halfvec);
SELECT subvector('[1,2,3,4,5]'::vector, 2, 3), subvector('[1,2,3]'::vector, -1, 3), subvector('[1,2,3]'::halfvec, 2, 2147483647);
SELECT subvector('[1,2,3]'::vector, 4, 1);
SELECT subvector('[1,2,3]'::vector, 1, 0);
SELECT subvector('[1,2,3]'::vector, -2147483648, 5);
SELECT subvector('[1,2,3]'::vector, 2147483647, 2147483647);

-- Order: elements, then dimensions; DISTINCT, GROUP BY, btree.
SELECT '[1,2]'::vector < '[1,3]', '[1,2]'::vector < '[1,2,0]', '[1,2]'::vector = '[1,2]', '[-0]'::vector = '[0]',
	vector_cmp('[1]', '[2]'), halfvec_cmp('[2]', '[1]'), '[1]'::int8vec <> '[2]', '[1]'::bf16vec >= '[2]';
CREATE TABLE ordered (v vector(2), h halfvec(2), i int8vec(2), b bf16vec(2));
INSERT INTO ordered SELECT ARRAY[x, y], ARRAY[x, y], ARRAY[x, y], ARRAY[x, y] FROM generate_series(-2, 2) x, generate_series(-2, 2) y;
SELECT count(DISTINCT v), count(DISTINCT h), count(DISTINCT i), count(DISTINCT b) FROM ordered;
CREATE UNIQUE INDEX ON ordered (v);
CREATE UNIQUE INDEX ON ordered (i);
CREATE UNIQUE INDEX ON ordered (b);
CREATE UNIQUE INDEX ON ordered (h);
INSERT INTO ordered (v) VALUES ('[1,1]');
SET enable_seqscan = off;
SELECT v, i FROM ordered WHERE i > '[1,0]' ORDER BY i DESC;
SELECT v FROM ordered WHERE v = '[0,-2]';
RESET enable_seqscan;
DROP TABLE typmods, ordered;

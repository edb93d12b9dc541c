-- Every refusal, with its SQLSTATE.
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', state, message, NULLIF(detail, ''));
END
$$;

-- Text of the dense types.
SELECT input, refusal(format('SELECT %L::vector', input)) FROM unnest(ARRAY[
	'', ' ', '1,2', '{1,2}', '[', '[]', '[ ]', '[,]', '[1', '[1,', '[1,]', '[,1]', '[1,,2]', '[1 2]', '[1,2]x', '[1,2],', '[1,2]]',
	'[a]', '[1a]', '[1e]', '[1e+]', '[--1]', '[0x]', '[.]', '[+]', '[nan]', '[NaN]', '[inf]', '[-Infinity]', '[1e39]', '[-4e38]', '[1e1000]',
	'[1e-1000]']) input;
SELECT type, input, refusal(format('SELECT %L::%s', input, type)) FROM unnest(ARRAY['halfvec', 'bf16vec', 'int8vec']) type,
	unnest(ARRAY['', '[', '[]', '[1,', '[1]]', '[a]', '[nan]', '[inf]', '[65520]', '[-1e39]', '[3.4e38]', '[128]', '[-129]', '[1.5]', '[1e-50]']) input;
SELECT type, refusal(format('SELECT %L::%s', '[' || repeat('1,', 16000) || '1]', type)) FROM unnest(ARRAY['vector', 'halfvec', 'bf16vec', 'int8vec']) type;

-- Text of sparsevec.
SELECT input, refusal(format('SELECT %L::sparsevec', input)) FROM unnest(ARRAY[
	'', '[1]', '{', '{}', '{}/', '{}/x', '{}/0', '{}/-1', '{}/1000000001', '{}/99999999999', '{}/5x', '{}/5 5', '{1}/5', '{1:}/5', '{:1}/5', '{1:1', '{1:1,',
	'{1:1,}/5', '{1:1 2:2}/5', '{1:1}', '{1:1}5', '{1:1}/', '{a:1}/5', '{1:a}/5', '{0:1}/5', '{6:1}/5', '{-1:1}/5', '{99999999999:1}/5',
	'{-99999999999:1}/5', '{1:1,1:2}/5', '{1:nan}/5', '{1:inf}/5', '{1:1e39}/5', '{1:1e-50}/5', '{1.5:1}/5']) input;
SELECT refusal(format('SELECT %L::sparsevec', '{' || string_agg(n || ':1', ',') || '}/20000')) FROM generate_series(1, 16001) n;

-- Type modifiers.
SELECT type, refusal('SELECT NULL::' || type) FROM unnest(ARRAY['vector(0)', 'vector(-1)', 'vector(16001)', 'vector(1,2)', 'vector(a)',
	'halfvec(0)', 'halfvec(16001)', 'sparsevec(0)', 'sparsevec(1000000001)', 'sparsevec(1000000000)', 'int8vec(0)', 'int8vec(16001)', 'bf16vec(0)', 'bf16vec(16001)']) type;

-- Operands that do not match.
SELECT expression, refusal('SELECT ' || expression) FROM unnest(ARRAY[
	$$'[1]'::vector <-> '[1,2]'$$, $$'[1]'::vector <#> '[1,2]'$$, $$'[1]'::vector <=> '[1,2]'$$, $$'[1]'::vector <+> '[1,2]'$$,
	$$'[1]'::vector + '[1,2]'$$, $$'[1]'::vector - '[1,2]'$$, $$'[1]'::vector * '[1,2]'$$,
	$$'[1]'::halfvec <-> '[1,2]'$$, $$'[1]'::halfvec + '[1,2]'$$, $$'{}/1'::sparsevec <-> '{}/2'$$, $$'{}/1'::sparsevec <=> '{}/2'$$,
	$$'[1]'::int8vec <-> '[1,2]'$$, $$'[1]'::bf16vec <=> '[1,2]'$$, $$B'1' <~> B'10'$$, $$B'1' <%> B'10'$$,
	$$subvector('[1]'::vector, 2, 1)$$, $$subvector('[1]'::halfvec, 1, -1)$$,
	$$('[1' || repeat(',1', 8000) || ']')::vector || ('[1' || repeat(',1', 8000) || ']')::vector$$]) expression;

-- Binary input: COPY reads an image from a file of one row with one field.
CREATE FUNCTION receive(type text, image text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	path text := current_setting('data_directory') || '/image.copy';
	field bytea := decode(image, 'hex');
	file oid := lo_from_bytea(0, '\x5047434f50590aff0d0a000000000000000000' || int2send(1::int2) || int4send(length(field)) || field || int2send((-1)::int2));
BEGIN
	PERFORM lo_export(file, path), lo_unlink(file);
	EXECUTE format('CREATE TEMP TABLE received (v %s)', type);
	result := refusal(format('COPY received FROM %L (FORMAT binary)', path));
	DROP TABLE received;
	RETURN result;
END
$$;
SELECT type, image, receive(type, image) FROM (VALUES
	('vector', '000200003f80000040000000'), ('vector', '000000003f800000'), ('vector', 'ffff00003f800000'), ('vector', '3e8100003f800000'),
	('vector', '000100013f800000'), ('vector', '0001ffff3f800000'), ('vector', '000100007fc00000'), ('vector', '000100007f800000'), ('vector', '00010000ff800000'),
	('vector', ''), ('vector', '0001'), ('vector', '000100003f8000'), ('vector', '000100003f80000000'), ('vector(2)', '000100003f800000'),
	('halfvec', '000100003c00'), ('halfvec', '000100007e00'), ('halfvec', '00010000fc00'), ('halfvec', '000100003c'), ('halfvec(2)', '000100003c00'), ('halfvec', '00000000'),
	('bf16vec', '000100003f80'), ('bf16vec', '000100007fc0'), ('bf16vec', '000100007f80'), ('bf16vec', '000100003f'), ('bf16vec(2)', '000100003f80'), ('bf16vec', '000100093f80'),
	('int8vec', '000200007f80'), ('int8vec', '00020000ff'), ('int8vec(1)', '000200007f80'), ('int8vec', '00000000'), ('int8vec', '3e810000'), ('int8vec', '000200017f80'),
	('sparsevec', '000000050000000100000000000000043f800000'), ('sparsevec', '000000000000000000000000'), ('sparsevec', '3b9aca010000000000000000'),
	('sparsevec', '00000005ffffffff00000000'), ('sparsevec', '000f424000003e8100000000'), ('sparsevec', '000000010000000200000000'), ('sparsevec', '000000050000000000000001'),
	('sparsevec', '000000050000000100000000000000053f800000'), ('sparsevec', '000000050000000100000000ffffffff3f800000'),
	('sparsevec', '00000005000000020000000000000001000000003f8000003f800000'), ('sparsevec', '00000005000000020000000000000001000000013f8000003f800000'),
	('sparsevec', '0000000500000001000000000000000000000000'), ('sparsevec', '0000000500000001000000000000000080000000'), ('sparsevec', '000000050000000100000000000000007fc00000'),
	('sparsevec', '00000005000000010000000000000000ff800000'), ('sparsevec', '000000050000000100000000'), ('sparsevec(4)', '000000050000000000000000')) v (type, image);
DROP FUNCTION receive(text, text);
DROP FUNCTION refusal(text);

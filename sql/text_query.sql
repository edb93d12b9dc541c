-- Full-text queries as values, and what analyzers make of text.

-- text
SELECT '+must -not "a phrase"~1 field:word^2 (any of these)~2'::ftsquery;
SELECT 'a\:b "My Col":x "a \" quote" \+plus c++ (a (+b -c)^0.5)'::ftsquery;
SELECT ''::ftsquery, '  ( ) '::ftsquery, '""'::ftsquery;
SELECT q::ftsquery::text::ftsquery::text = q::ftsquery::text FROM (VALUES ('a\*b \\'), ('"x\\y":"z"~3^1e-3'), ('-(+(a))~1')) v(q);

-- what is no query
CREATE FUNCTION query_refusal(q text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE d text;
BEGIN
	PERFORM q::ftsquery;
	RETURN NULL;
EXCEPTION WHEN invalid_text_representation OR program_limit_exceeded OR numeric_value_out_of_range THEN
	GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
	RETURN d;
END $$;
SELECT q, query_refusal(q) FROM (VALUES ('a)'), ('(a'), ('"a'), ('a* b'), ('wh?t'), ('+ a'), ('a~1'), ('a^'), ('a^0'), ('a^-1'), ('a^1e9'),
	('/re/'), ('[a TO b]'), ('>5'), ('title:'), ('"a"~x'), ('"a"~99999'), ('\'), (repeat('(', 65) || repeat(')', 65))) v(q);
SELECT query_refusal(repeat('a ', 200000));

-- from other forms
SELECT websearch_to_ftsquery('hello world or "new york" -times OR a:b* -"x y');
SELECT ftsquery_any('one two  three', 2), ftsquery_any('one (two'), ftsquery_phrase('new york', 3), ftsquery_phrase('say "x"');
SELECT ftsquery_any('a', 0);
SELECT ftsquery_phrase('a', -1);
SELECT q, q::tsquery::ftsquery FROM (VALUES (''), ('a'), ('a & b & !c'), ('a | b & c'), ('!(a & b) & c'), ('a <-> b <3> c | d')) v(q);
SELECT 'a:*'::tsquery::ftsquery;
SELECT 'a <10001> b'::tsquery::ftsquery::text::ftsquery;
SELECT 'a <6000> b <6000> c'::tsquery::ftsquery;
SELECT 'a <-> (b | c)'::tsquery::ftsquery;

-- a query for an index
SELECT bm25query('some words', 'pg_class_oid_index'), bm25query('+some'::ftsquery, 'pg_class_oid_index', 1);
SELECT 'x'::bm25query;

-- analysis: what to_tsvector() has, without its limits
SELECT term, "position" FROM bm25_analyze('The quick brown-fox jumps over http://foo.bar/baz, lazily lazy.', 'english');
SELECT count(*), count(DISTINCT term), max("position") FROM bm25_analyze(repeat('word other ', 100000), 'simple');
SELECT length(term), "position" FROM bm25_analyze(repeat('x', 2046) || ' ' || repeat('y', 2047) || ' z', 'simple');
SELECT count(*) FROM bm25_analyze('', 'english');
WITH texts(t) AS (VALUES ('Foo bar foo'), ('1.5e3 -17 a@b.c x_y'), ('Über straße naïve'), ('the of and'), (E'tabs\tand\nlines <b>tags</b> &amp;'))
SELECT t FROM texts, unnest('{simple,english,german,french}'::regconfig[]) c
	WHERE (SELECT array_agg((term, "position")::text ORDER BY term, "position") FROM bm25_analyze(t, c))
		IS DISTINCT FROM (SELECT array_agg((lexeme, p)::text ORDER BY lexeme, p) FROM unnest(to_tsvector(c, t)), unnest(positions) p);

-- dictionaries of several words, and filters
CREATE TEXT SEARCH DICTIONARY thes (TEMPLATE = thesaurus, DictFile = thesaurus_sample, Dictionary = english_stem);
CREATE TEXT SEARCH CONFIGURATION thes (COPY = english);
ALTER TEXT SEARCH CONFIGURATION thes ALTER MAPPING FOR asciiword, asciihword, hword_asciipart WITH thes, english_stem;
WITH texts(t) AS (VALUES ('one two'), ('one two three'), ('one'), ('one two one'), ('two one two three one'), ('supernovae star booking tickets and one'),
	('supernovae, stars'), ('booking 1 ticket'), ('one-two three'))
SELECT t FROM texts WHERE (SELECT array_agg((term, "position")::text ORDER BY term, "position") FROM bm25_analyze(t, 'thes'))
	IS DISTINCT FROM (SELECT array_agg((lexeme, p)::text ORDER BY lexeme, p) FROM unnest(to_tsvector('thes', t)), unnest(positions) p);
SELECT string_agg(term, ' ' ORDER BY "position") FROM bm25_analyze('one two three supernovae stars', 'thes');

-- without an index there is nothing to score with
SELECT 'some text' <@> 'words';
SELECT 'some text'::text @@@ 'words';
SELECT text_match('some text', 'words');

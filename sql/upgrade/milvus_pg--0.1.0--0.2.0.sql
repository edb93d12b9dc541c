-- Complain if sourced by psql instead of ALTER EXTENSION.
\echo Use "ALTER EXTENSION milvus_pg UPDATE" to load this file. \quit

-- tools around indexes

DROP FUNCTION milvus_index_check(regclass);

CREATE FUNCTION milvus_index_check(index regclass, heapallindexed boolean DEFAULT false) RETURNS bigint
	AS 'MODULE_PATHNAME', 'mv_index_check'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION milvus_index_check(regclass, boolean) IS 'check every page of an index, and that each row of the table is in it; the number of live rows';

CREATE FUNCTION milvus_index_stats(index regclass,
	OUT method text, OUT format int, OUT type text, OUT dimensions int, OUT operator text, OUT options text[],
	OUT rows bigint, OUT dead_rows bigint,
	OUT lists bigint, OUT average_list float8, OUT largest_list bigint, OUT probes bigint,
	OUT bytes bigint, OUT code_bytes bigint, OUT vector_bytes bigint, OUT id_bytes bigint, OUT list_bytes bigint,
	OUT free_bytes bigint, OUT drift float8, OUT recall_curve float8[],
	OUT linked_rows bigint, OUT pending_rows bigint, OUT graph_bytes bigint, OUT hops bigint)
	AS 'MODULE_PATHNAME', 'mv_index_stats'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION milvus_index_stats(regclass) IS 'what an index holds, and how a scan would go with the settings in force';

CREATE FUNCTION milvus_recall(index regclass, k int DEFAULT 10, samples int DEFAULT 100) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_recall'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION milvus_recall(regclass, int, int) IS 'measured recall of an index with the settings in force: 0 to 1';

CREATE FUNCTION milvus_calibrate(index regclass, queries vector[]) RETURNS int
	AS 'MODULE_PATHNAME', 'mv_calibrate'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION milvus_calibrate(regclass, vector[]) IS 'teach an index what queries look like, so that milvus.target_recall holds for them';

CREATE FUNCTION milvus_calibrate(index regclass, queries bit[]) RETURNS int
	AS 'MODULE_PATHNAME', 'mv_calibrate'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION milvus_calibrate(regclass, bit[]) IS 'the same of an index over bit strings';

CREATE FUNCTION milvus_prewarm(index regclass, mode text DEFAULT 'all') RETURNS bigint
	AS 'MODULE_PATHNAME', 'mv_prewarm'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION milvus_prewarm(regclass, text) IS 'read an index into shared buffers: all, or codes without vectors; the number of pages';

CREATE FUNCTION milvus_last_scan(OUT index regclass, OUT lists bigint, OUT pages bigint, OUT codes bigint,
	OUT candidates bigint, OUT reranked bigint, OUT rows bigint, OUT resumed bigint,
	OUT segments bigint, OUT windows bigint, OUT blocks bigint, OUT skipped bigint, OUT documents bigint,
	OUT filter text, OUT switches bigint, OUT matches bigint, OUT tested bigint, OUT hops bigint)
	AS 'MODULE_PATHNAME', 'mv_last_scan_info'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION milvus_last_scan() IS 'what the last index scan of this session did';

CREATE FUNCTION milvus_page_info(index regclass, block bigint,
	OUT kind text, OUT free bool, OUT lsn pg_lsn, OUT checksum int, OUT used int, OUT next bigint, OUT head bytea)
	AS 'MODULE_PATHNAME', 'mv_page_info'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION milvus_page_info(regclass, bigint) IS 'what every page of an index begins and ends with; for superusers';

-- ivf on bit

CREATE FUNCTION milvus_bit_hamming_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bit_hamming_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_bit_hamming_metric(internal) IS 'metric of operator classes: Hamming distance of bit';
CREATE FUNCTION milvus_bit_jaccard_metric(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bit_jaccard_metric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_bit_jaccard_metric(internal) IS 'metric of operator classes: Jaccard distance of bit';

CREATE OPERATOR CLASS bit_hamming_ops
	FOR TYPE bit USING ivf AS
	OPERATOR 1 <~> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bit_hamming_metric(internal);
COMMENT ON OPERATOR CLASS bit_hamming_ops USING ivf IS 'Hamming distance';
COMMENT ON OPERATOR FAMILY bit_hamming_ops USING ivf IS 'Hamming distance';
CREATE OPERATOR CLASS bit_jaccard_ops
	FOR TYPE bit USING ivf AS
	OPERATOR 1 <%> (bit, bit) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bit_jaccard_metric(internal);
COMMENT ON OPERATOR CLASS bit_jaccard_ops USING ivf IS 'Jaccard distance';
COMMENT ON OPERATOR FAMILY bit_jaccard_ops USING ivf IS 'Jaccard distance';

-- bm25: ranked full-text search

CREATE FUNCTION bm25_handler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME', 'mv_bm25_handler' LANGUAGE C;
COMMENT ON FUNCTION bm25_handler(internal) IS 'handler of access method bm25';

CREATE ACCESS METHOD bm25 TYPE INDEX HANDLER bm25_handler;
COMMENT ON ACCESS METHOD bm25 IS 'full-text search ranked by BM25';

-- queries

CREATE TYPE ftsquery;
CREATE FUNCTION ftsquery_in(cstring) RETURNS ftsquery
	AS 'MODULE_PATHNAME', 'mv_ftsquery_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ftsquery_in(cstring) IS 'text input of ftsquery';
CREATE FUNCTION ftsquery_out(ftsquery) RETURNS cstring
	AS 'MODULE_PATHNAME', 'mv_ftsquery_out' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ftsquery_out(ftsquery) IS 'text output of ftsquery';
CREATE FUNCTION ftsquery_recv(internal) RETURNS ftsquery
	AS 'MODULE_PATHNAME', 'mv_ftsquery_recv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ftsquery_recv(internal) IS 'binary input of ftsquery';
CREATE FUNCTION ftsquery_send(ftsquery) RETURNS bytea
	AS 'MODULE_PATHNAME', 'mv_ftsquery_send' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ftsquery_send(ftsquery) IS 'binary output of ftsquery';
-- Preferred in a category of its own, so that a literal beside @@@ is an ftsquery.
CREATE TYPE ftsquery (
	INPUT = ftsquery_in, OUTPUT = ftsquery_out, RECEIVE = ftsquery_recv, SEND = ftsquery_send,
	STORAGE = extended, CATEGORY = 'q', PREFERRED = true
);
COMMENT ON TYPE ftsquery IS 'structured full-text query: +must -not "a phrase"~1 field:word^2 (any of these)~2';

CREATE TYPE bm25query;
CREATE FUNCTION bm25query_in(cstring) RETURNS bm25query
	AS 'MODULE_PATHNAME', 'mv_bm25query_in' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25query_in(cstring) IS 'refuses: bm25query() makes these';
CREATE FUNCTION bm25query_out(bm25query) RETURNS cstring
	AS 'MODULE_PATHNAME', 'mv_bm25query_out' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25query_out(bm25query) IS 'the query and its index, to be read';
CREATE TYPE bm25query (
	INPUT = bm25query_in, OUTPUT = bm25query_out, STORAGE = extended, CATEGORY = 'q'
);
COMMENT ON TYPE bm25query IS 'full-text query for a certain bm25 index';

CREATE FUNCTION websearch_to_ftsquery(words text) RETURNS ftsquery
	AS 'MODULE_PATHNAME', 'mv_websearch_to_ftsquery'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION websearch_to_ftsquery(text) IS 'query from what people type: words, "phrases", or, -not';
CREATE FUNCTION ftsquery_any(words text, min_should_match int DEFAULT 1) RETURNS ftsquery
	AS 'MODULE_PATHNAME', 'mv_ftsquery_any_sql'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ftsquery_any(text, int) IS 'query for so many of the words';
CREATE FUNCTION ftsquery_phrase(words text, slop int DEFAULT 0) RETURNS ftsquery
	AS 'MODULE_PATHNAME', 'mv_ftsquery_phrase_sql'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ftsquery_phrase(text, int) IS 'query for the words in a row, or about in a row';
CREATE FUNCTION ftsquery(query tsquery) RETURNS ftsquery
	AS 'MODULE_PATHNAME', 'mv_tsquery_to_ftsquery'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ftsquery(tsquery) IS 'query from tsquery';
CREATE CAST (tsquery AS ftsquery) WITH FUNCTION ftsquery(tsquery) AS ASSIGNMENT;
COMMENT ON CAST (tsquery AS ftsquery) IS 'words go through the index''s analyzer once more';

CREATE FUNCTION bm25query(query text, index regclass) RETURNS bm25query
	AS 'MODULE_PATHNAME', 'mv_bm25query_from_text'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25query(text, regclass) IS 'query for all text columns of a bm25 index';
CREATE FUNCTION bm25query(query text, index regclass, field int) RETURNS bm25query
	AS 'MODULE_PATHNAME', 'mv_bm25query_from_text'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25query(text, regclass, int) IS 'query for one text column of a bm25 index, counted from 0';
CREATE FUNCTION bm25query(query ftsquery, index regclass) RETURNS bm25query
	AS 'MODULE_PATHNAME', 'mv_bm25query_from_ftsquery'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25query(ftsquery, regclass) IS 'query for all text columns of a bm25 index';
CREATE FUNCTION bm25query(query ftsquery, index regclass, field int) RETURNS bm25query
	AS 'MODULE_PATHNAME', 'mv_bm25query_from_ftsquery'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25query(ftsquery, regclass, int) IS 'query for one text column of a bm25 index, counted from 0';

-- operators

CREATE FUNCTION bm25_distance_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bm25_distance_support'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25_distance_support(internal) IS 'planner support of <@>: finds the index';
CREATE FUNCTION bm25_match_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bm25_match_support'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25_match_support(internal) IS 'planner support of @@@: finds the index';
CREATE FUNCTION bm25_cost_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bm25_cost_support'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25_cost_support(internal) IS 'planner support of <@> and @@@ with a bm25query: what they cost';
CREATE FUNCTION bm25_matchsel(internal, oid, internal, int) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bm25_matchsel'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25_matchsel(internal, oid, internal, int) IS 'planner: how many rows @@@ matches, by what the index says of its words';
CREATE FUNCTION bm25_distance(text, text) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bm25_unbound'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_distance_support;
COMMENT ON FUNCTION bm25_distance(text, text) IS 'negative BM25 score, 0 where nothing matches';
CREATE OPERATOR <@> (LEFTARG = text, RIGHTARG = text, FUNCTION = bm25_distance);
COMMENT ON OPERATOR <@> (text, text) IS 'negative BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_distance(text, ftsquery) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bm25_unbound'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_distance_support;
COMMENT ON FUNCTION bm25_distance(text, ftsquery) IS 'negative BM25 score, 0 where nothing matches';
CREATE OPERATOR <@> (LEFTARG = text, RIGHTARG = ftsquery, FUNCTION = bm25_distance);
COMMENT ON OPERATOR <@> (text, ftsquery) IS 'negative BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_distance(text, bm25query) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bm25_distance'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_cost_support;
COMMENT ON FUNCTION bm25_distance(text, bm25query) IS 'negative BM25 score, 0 where nothing matches';
CREATE OPERATOR <@> (LEFTARG = text, RIGHTARG = bm25query, FUNCTION = bm25_distance);
COMMENT ON OPERATOR <@> (text, bm25query) IS 'negative BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_match(text, ftsquery) RETURNS boolean
	AS 'MODULE_PATHNAME', 'mv_bm25_unbound'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_match_support;
COMMENT ON FUNCTION bm25_match(text, ftsquery) IS 'does the text match the full-text query?';
CREATE OPERATOR @@@ (LEFTARG = text, RIGHTARG = ftsquery, FUNCTION = bm25_match,
	RESTRICT = contsel, JOIN = contjoinsel);
COMMENT ON OPERATOR @@@ (text, ftsquery) IS 'does the text match the full-text query?';
CREATE FUNCTION bm25_match(text, bm25query) RETURNS boolean
	AS 'MODULE_PATHNAME', 'mv_bm25_match'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_cost_support;
COMMENT ON FUNCTION bm25_match(text, bm25query) IS 'does the text match the full-text query?';
CREATE OPERATOR @@@ (LEFTARG = text, RIGHTARG = bm25query, FUNCTION = bm25_match,
	RESTRICT = bm25_matchsel, JOIN = contjoinsel);
COMMENT ON OPERATOR @@@ (text, bm25query) IS 'does the text match the full-text query?';
CREATE FUNCTION bm25_distance(text[], text) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bm25_unbound'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_distance_support;
COMMENT ON FUNCTION bm25_distance(text[], text) IS 'negative BM25 score, 0 where nothing matches';
CREATE OPERATOR <@> (LEFTARG = text[], RIGHTARG = text, FUNCTION = bm25_distance);
COMMENT ON OPERATOR <@> (text[], text) IS 'negative BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_distance(text[], ftsquery) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bm25_unbound'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_distance_support;
COMMENT ON FUNCTION bm25_distance(text[], ftsquery) IS 'negative BM25 score, 0 where nothing matches';
CREATE OPERATOR <@> (LEFTARG = text[], RIGHTARG = ftsquery, FUNCTION = bm25_distance);
COMMENT ON OPERATOR <@> (text[], ftsquery) IS 'negative BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_distance(text[], bm25query) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_bm25_distance'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_cost_support;
COMMENT ON FUNCTION bm25_distance(text[], bm25query) IS 'negative BM25 score, 0 where nothing matches';
CREATE OPERATOR <@> (LEFTARG = text[], RIGHTARG = bm25query, FUNCTION = bm25_distance);
COMMENT ON OPERATOR <@> (text[], bm25query) IS 'negative BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_match(text[], ftsquery) RETURNS boolean
	AS 'MODULE_PATHNAME', 'mv_bm25_unbound'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_match_support;
COMMENT ON FUNCTION bm25_match(text[], ftsquery) IS 'does the text match the full-text query?';
CREATE OPERATOR @@@ (LEFTARG = text[], RIGHTARG = ftsquery, FUNCTION = bm25_match,
	RESTRICT = contsel, JOIN = contjoinsel);
COMMENT ON OPERATOR @@@ (text[], ftsquery) IS 'does the text match the full-text query?';
CREATE FUNCTION bm25_match(text[], bm25query) RETURNS boolean
	AS 'MODULE_PATHNAME', 'mv_bm25_match'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
	SUPPORT bm25_cost_support;
COMMENT ON FUNCTION bm25_match(text[], bm25query) IS 'does the text match the full-text query?';
CREATE OPERATOR @@@ (LEFTARG = text[], RIGHTARG = bm25query, FUNCTION = bm25_match,
	RESTRICT = bm25_matchsel, JOIN = contjoinsel);
COMMENT ON OPERATOR @@@ (text[], bm25query) IS 'does the text match the full-text query?';

-- Planned as the expressions that they are.
CREATE FUNCTION bm25_score(body text, query text) RETURNS float8
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN 0 - (body <@> query);
COMMENT ON FUNCTION bm25_score(text, text) IS 'BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_score(body text, query ftsquery) RETURNS float8
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN 0 - (body <@> query);
COMMENT ON FUNCTION bm25_score(text, ftsquery) IS 'BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_score(body text, query bm25query) RETURNS float8
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN 0 - (body <@> query);
COMMENT ON FUNCTION bm25_score(text, bm25query) IS 'BM25 score, 0 where nothing matches';
CREATE FUNCTION text_match(body text, words text, min_should_match int DEFAULT 1) RETURNS boolean
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN body @@@ ftsquery_any(words, min_should_match);
COMMENT ON FUNCTION text_match(text, text, int) IS 'are so many of the words in the text?';
CREATE FUNCTION phrase_match(body text, words text, slop int DEFAULT 0) RETURNS boolean
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN body @@@ ftsquery_phrase(words, slop);
COMMENT ON FUNCTION phrase_match(text, text, int) IS 'are the words in the text in a row, or about in a row?';
CREATE FUNCTION bm25_score(body text[], query text) RETURNS float8
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN 0 - (body <@> query);
COMMENT ON FUNCTION bm25_score(text[], text) IS 'BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_score(body text[], query ftsquery) RETURNS float8
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN 0 - (body <@> query);
COMMENT ON FUNCTION bm25_score(text[], ftsquery) IS 'BM25 score, 0 where nothing matches';
CREATE FUNCTION bm25_score(body text[], query bm25query) RETURNS float8
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN 0 - (body <@> query);
COMMENT ON FUNCTION bm25_score(text[], bm25query) IS 'BM25 score, 0 where nothing matches';
CREATE FUNCTION text_match(body text[], words text, min_should_match int DEFAULT 1) RETURNS boolean
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN body @@@ ftsquery_any(words, min_should_match);
COMMENT ON FUNCTION text_match(text[], text, int) IS 'are so many of the words in the text?';
CREATE FUNCTION phrase_match(body text[], words text, slop int DEFAULT 0) RETURNS boolean
	LANGUAGE SQL STABLE PARALLEL SAFE
	RETURN body @@@ ftsquery_phrase(words, slop);
COMMENT ON FUNCTION phrase_match(text[], text, int) IS 'are the words in the text in a row, or about in a row?';

-- what analyzers and indexes say

CREATE FUNCTION bm25_analyze(words text, config regconfig, OUT term text, OUT "position" bigint) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'mv_bm25_analyze'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25_analyze(text, regconfig) IS 'terms of a text as a bm25 index with that text_config has them';

CREATE FUNCTION bm25_stats(index regclass, OUT field text, OUT documents bigint, OUT terms bigint, OUT average_length float8) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'mv_bm25_stats'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION bm25_stats(regclass) IS 'what the scores of an index are computed from';

CREATE FUNCTION bm25_segment_terms(index regclass, prefix text, OUT field text, OUT term text, OUT documents bigint) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'mv_bm25_segment_terms'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION bm25_segment_terms(regclass, text) IS 'terms of an index, segment by segment, and in how many documents they are';

CREATE FUNCTION bm25_terms(index regclass, prefix text DEFAULT '') RETURNS TABLE (field text, term text, documents bigint)
	LANGUAGE SQL VOLATILE PARALLEL RESTRICTED
BEGIN ATOMIC
	SELECT t.field, t.term, sum(t.documents)::bigint FROM bm25_segment_terms(index, prefix) t
		GROUP BY t.field, t.term ORDER BY 3 DESC, 2, 1;
END;
COMMENT ON FUNCTION bm25_terms(regclass, text) IS 'terms of an index, and in how many documents they are';

CREATE FUNCTION bm25_optimize(index regclass) RETURNS void
	AS 'MODULE_PATHNAME', 'mv_bm25_optimize'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION bm25_optimize(regclass) IS 'make one segment of a bm25 index, without dead documents';

-- text columns

CREATE FUNCTION bm25_field(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_bm25_field'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION bm25_field(internal) IS 'marks operator classes of text to search in';

CREATE OPERATOR CLASS text_ops
	DEFAULT FOR TYPE text USING bm25 AS
	OPERATOR 1 <@> (text, bm25query) FOR ORDER BY float_ops,
	OPERATOR 2 @@@ (text, bm25query),
	FUNCTION 1 bm25_field(internal);
COMMENT ON OPERATOR CLASS text_ops USING bm25 IS 'text to search in';
COMMENT ON OPERATOR FAMILY text_ops USING bm25 IS 'text to search in';
CREATE OPERATOR CLASS text_array_ops
	DEFAULT FOR TYPE text[] USING bm25 AS
	OPERATOR 1 <@> (text[], bm25query) FOR ORDER BY float_ops,
	OPERATOR 2 @@@ (text[], bm25query),
	FUNCTION 1 bm25_field(internal);
COMMENT ON OPERATOR CLASS text_array_ops USING bm25 IS 'texts to search in';
COMMENT ON OPERATOR FAMILY text_array_ops USING bm25 IS 'texts to search in';

-- attributes, by which results are filtered

CREATE OPERATOR CLASS keyword_ops
	FOR TYPE text USING bm25 AS
	OPERATOR 3 =;
COMMENT ON OPERATOR CLASS keyword_ops USING bm25 IS 'text that is compared as a whole';
COMMENT ON OPERATOR FAMILY keyword_ops USING bm25 IS 'text that is compared as a whole';
CREATE OPERATOR FAMILY integer_ops USING bm25;
COMMENT ON OPERATOR FAMILY integer_ops USING bm25 IS 'attributes of integer types';
CREATE OPERATOR CLASS int2_ops
	DEFAULT FOR TYPE int2 USING bm25 FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int2_ops USING bm25 IS 'attribute of type int2';
CREATE OPERATOR CLASS int4_ops
	DEFAULT FOR TYPE int4 USING bm25 FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int4_ops USING bm25 IS 'attribute of type int4';
CREATE OPERATOR CLASS int8_ops
	DEFAULT FOR TYPE int8 USING bm25 FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int8_ops USING bm25 IS 'attribute of type int8';
ALTER OPERATOR FAMILY integer_ops USING bm25 ADD
	OPERATOR 1 < (int2, int4),
	OPERATOR 2 <= (int2, int4),
	OPERATOR 3 = (int2, int4),
	OPERATOR 4 >= (int2, int4),
	OPERATOR 5 > (int2, int4),
	OPERATOR 1 < (int2, int8),
	OPERATOR 2 <= (int2, int8),
	OPERATOR 3 = (int2, int8),
	OPERATOR 4 >= (int2, int8),
	OPERATOR 5 > (int2, int8),
	OPERATOR 1 < (int4, int2),
	OPERATOR 2 <= (int4, int2),
	OPERATOR 3 = (int4, int2),
	OPERATOR 4 >= (int4, int2),
	OPERATOR 5 > (int4, int2),
	OPERATOR 1 < (int4, int8),
	OPERATOR 2 <= (int4, int8),
	OPERATOR 3 = (int4, int8),
	OPERATOR 4 >= (int4, int8),
	OPERATOR 5 > (int4, int8),
	OPERATOR 1 < (int8, int2),
	OPERATOR 2 <= (int8, int2),
	OPERATOR 3 = (int8, int2),
	OPERATOR 4 >= (int8, int2),
	OPERATOR 5 > (int8, int2),
	OPERATOR 1 < (int8, int4),
	OPERATOR 2 <= (int8, int4),
	OPERATOR 3 = (int8, int4),
	OPERATOR 4 >= (int8, int4),
	OPERATOR 5 > (int8, int4);
CREATE OPERATOR FAMILY float_ops USING bm25;
COMMENT ON OPERATOR FAMILY float_ops USING bm25 IS 'attributes of floating-point types';
CREATE OPERATOR CLASS float4_ops
	DEFAULT FOR TYPE float4 USING bm25 FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float4_ops USING bm25 IS 'attribute of type float4';
CREATE OPERATOR CLASS float8_ops
	DEFAULT FOR TYPE float8 USING bm25 FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float8_ops USING bm25 IS 'attribute of type float8';
ALTER OPERATOR FAMILY float_ops USING bm25 ADD
	OPERATOR 1 < (float4, float8),
	OPERATOR 2 <= (float4, float8),
	OPERATOR 3 = (float4, float8),
	OPERATOR 4 >= (float4, float8),
	OPERATOR 5 > (float4, float8),
	OPERATOR 1 < (float8, float4),
	OPERATOR 2 <= (float8, float4),
	OPERATOR 3 = (float8, float4),
	OPERATOR 4 >= (float8, float4),
	OPERATOR 5 > (float8, float4);
CREATE OPERATOR CLASS numeric_ops
	DEFAULT FOR TYPE numeric USING bm25 AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS numeric_ops USING bm25 IS 'attribute of type numeric';
COMMENT ON OPERATOR FAMILY numeric_ops USING bm25 IS 'attribute of type numeric';
CREATE OPERATOR CLASS date_ops
	DEFAULT FOR TYPE date USING bm25 AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS date_ops USING bm25 IS 'attribute of type date';
COMMENT ON OPERATOR FAMILY date_ops USING bm25 IS 'attribute of type date';
CREATE OPERATOR CLASS timestamp_ops
	DEFAULT FOR TYPE timestamp USING bm25 AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamp_ops USING bm25 IS 'attribute of type timestamp';
COMMENT ON OPERATOR FAMILY timestamp_ops USING bm25 IS 'attribute of type timestamp';
CREATE OPERATOR CLASS timestamptz_ops
	DEFAULT FOR TYPE timestamptz USING bm25 AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamptz_ops USING bm25 IS 'attribute of type timestamptz';
COMMENT ON OPERATOR FAMILY timestamptz_ops USING bm25 IS 'attribute of type timestamptz';
CREATE OPERATOR CLASS bool_ops
	DEFAULT FOR TYPE bool USING bm25 AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS bool_ops USING bm25 IS 'attribute of type bool';
COMMENT ON OPERATOR FAMILY bool_ops USING bm25 IS 'attribute of type bool';
CREATE OPERATOR CLASS uuid_ops
	DEFAULT FOR TYPE uuid USING bm25 AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS uuid_ops USING bm25 IS 'attribute of type uuid';
COMMENT ON OPERATOR FAMILY uuid_ops USING bm25 IS 'attribute of type uuid';

-- cagra: a graph over the rows of an ivf index

CREATE FUNCTION cagra_handler(internal) RETURNS index_am_handler
	AS 'MODULE_PATHNAME', 'mv_cagra_handler' LANGUAGE C;
COMMENT ON FUNCTION cagra_handler(internal) IS 'handler of access method cagra';

CREATE ACCESS METHOD cagra TYPE INDEX HANDLER cagra_handler;
COMMENT ON ACCESS METHOD cagra IS 'nearest neighbours by walking a graph of them';

CREATE OPERATOR CLASS vector_l2_ops
	FOR TYPE vector USING cagra AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_vector_l2_metric(internal);
COMMENT ON OPERATOR CLASS vector_l2_ops USING cagra IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY vector_l2_ops USING cagra IS 'Euclidean distance';
CREATE OPERATOR CLASS vector_ip_ops
	FOR TYPE vector USING cagra AS
	OPERATOR 1 <#> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_vector_ip_metric(internal);
COMMENT ON OPERATOR CLASS vector_ip_ops USING cagra IS 'negative inner product';
COMMENT ON OPERATOR FAMILY vector_ip_ops USING cagra IS 'negative inner product';
CREATE OPERATOR CLASS vector_cosine_ops
	FOR TYPE vector USING cagra AS
	OPERATOR 1 <=> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_vector_cosine_metric(internal);
COMMENT ON OPERATOR CLASS vector_cosine_ops USING cagra IS 'cosine distance';
COMMENT ON OPERATOR FAMILY vector_cosine_ops USING cagra IS 'cosine distance';
CREATE OPERATOR CLASS halfvec_l2_ops
	FOR TYPE halfvec USING cagra AS
	OPERATOR 1 <-> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_halfvec_l2_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_l2_ops USING cagra IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY halfvec_l2_ops USING cagra IS 'Euclidean distance';
CREATE OPERATOR CLASS halfvec_ip_ops
	FOR TYPE halfvec USING cagra AS
	OPERATOR 1 <#> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_halfvec_ip_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_ip_ops USING cagra IS 'negative inner product';
COMMENT ON OPERATOR FAMILY halfvec_ip_ops USING cagra IS 'negative inner product';
CREATE OPERATOR CLASS halfvec_cosine_ops
	FOR TYPE halfvec USING cagra AS
	OPERATOR 1 <=> (halfvec, halfvec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_halfvec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS halfvec_cosine_ops USING cagra IS 'cosine distance';
COMMENT ON OPERATOR FAMILY halfvec_cosine_ops USING cagra IS 'cosine distance';
CREATE OPERATOR CLASS int8vec_l2_ops
	FOR TYPE int8vec USING cagra AS
	OPERATOR 1 <-> (int8vec, int8vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_int8vec_l2_metric(internal);
COMMENT ON OPERATOR CLASS int8vec_l2_ops USING cagra IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY int8vec_l2_ops USING cagra IS 'Euclidean distance';
CREATE OPERATOR CLASS int8vec_ip_ops
	FOR TYPE int8vec USING cagra AS
	OPERATOR 1 <#> (int8vec, int8vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_int8vec_ip_metric(internal);
COMMENT ON OPERATOR CLASS int8vec_ip_ops USING cagra IS 'negative inner product';
COMMENT ON OPERATOR FAMILY int8vec_ip_ops USING cagra IS 'negative inner product';
CREATE OPERATOR CLASS int8vec_cosine_ops
	FOR TYPE int8vec USING cagra AS
	OPERATOR 1 <=> (int8vec, int8vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_int8vec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS int8vec_cosine_ops USING cagra IS 'cosine distance';
COMMENT ON OPERATOR FAMILY int8vec_cosine_ops USING cagra IS 'cosine distance';
CREATE OPERATOR CLASS bf16vec_l2_ops
	FOR TYPE bf16vec USING cagra AS
	OPERATOR 1 <-> (bf16vec, bf16vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bf16vec_l2_metric(internal);
COMMENT ON OPERATOR CLASS bf16vec_l2_ops USING cagra IS 'Euclidean distance';
COMMENT ON OPERATOR FAMILY bf16vec_l2_ops USING cagra IS 'Euclidean distance';
CREATE OPERATOR CLASS bf16vec_ip_ops
	FOR TYPE bf16vec USING cagra AS
	OPERATOR 1 <#> (bf16vec, bf16vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bf16vec_ip_metric(internal);
COMMENT ON OPERATOR CLASS bf16vec_ip_ops USING cagra IS 'negative inner product';
COMMENT ON OPERATOR FAMILY bf16vec_ip_ops USING cagra IS 'negative inner product';
CREATE OPERATOR CLASS bf16vec_cosine_ops
	FOR TYPE bf16vec USING cagra AS
	OPERATOR 1 <=> (bf16vec, bf16vec) FOR ORDER BY float_ops,
	FUNCTION 7 milvus_bf16vec_cosine_metric(internal);
COMMENT ON OPERATOR CLASS bf16vec_cosine_ops USING cagra IS 'cosine distance';
COMMENT ON OPERATOR FAMILY bf16vec_cosine_ops USING cagra IS 'cosine distance';

-- hybrid search

CREATE FUNCTION milvus_rrf_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_rrf_support' LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_rrf_support(internal) IS 'planner support of rrf()';
CREATE FUNCTION rrf(l1 float8, l2 float8 DEFAULT NULL, l3 float8 DEFAULT NULL, l4 float8 DEFAULT NULL, l5 float8 DEFAULT NULL,
		l6 float8 DEFAULT NULL, l7 float8 DEFAULT NULL, l8 float8 DEFAULT NULL, k int DEFAULT 60, weights float8[] DEFAULT NULL)
	RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_rrf' LANGUAGE C STABLE PARALLEL RESTRICTED SUPPORT milvus_rrf_support;
COMMENT ON FUNCTION rrf(float8, float8, float8, float8, float8, float8, float8, float8, int, float8[])
	IS 'reciprocal rank fusion of up to 8 legs, for ORDER BY: - sum of weight / (k + rank)';

CREATE FUNCTION weighted(legs float8[], weights float8[] DEFAULT NULL, norm text DEFAULT 'atan') RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_weighted' LANGUAGE C STABLE PARALLEL RESTRICTED SUPPORT milvus_rrf_support;
COMMENT ON FUNCTION weighted(float8[], float8[], text) IS 'weighted sum of normalised legs, for ORDER BY: - sum of weight * norm(leg)';
CREATE FUNCTION leg(distance float8, filter boolean DEFAULT true, depth int DEFAULT NULL) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_leg' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION leg(float8, boolean, int) IS 'leg of rrf() or weighted() with a condition and a depth of its own';

CREATE FUNCTION decay_gauss(x float8, origin float8, scale float8, "offset" float8 DEFAULT 0, decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_gauss' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_gauss(float8, float8, float8, float8, float8) IS 'decay ^ ((z / scale) ^ 2) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_gauss(x timestamptz, origin timestamptz, scale interval, "offset" interval DEFAULT '0', decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_gauss_time' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_gauss(timestamptz, timestamptz, interval, interval, float8) IS 'decay ^ ((z / scale) ^ 2) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_exp(x float8, origin float8, scale float8, "offset" float8 DEFAULT 0, decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_exp' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_exp(float8, float8, float8, float8, float8) IS 'decay ^ (z / scale) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_exp(x timestamptz, origin timestamptz, scale interval, "offset" interval DEFAULT '0', decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_exp_time' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_exp(timestamptz, timestamptz, interval, interval, float8) IS 'decay ^ (z / scale) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_linear(x float8, origin float8, scale float8, "offset" float8 DEFAULT 0, decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_linear' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_linear(float8, float8, float8, float8, float8) IS 'max(0, 1 - (1 - decay) * z / scale) of z = max(0, |x - origin| - offset)';
CREATE FUNCTION decay_linear(x timestamptz, origin timestamptz, scale interval, "offset" interval DEFAULT '0', decay float8 DEFAULT 0.5) RETURNS float8
	AS 'MODULE_PATHNAME', 'mv_decay_linear_time' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION decay_linear(timestamptz, timestamptz, interval, interval, float8) IS 'max(0, 1 - (1 - decay) * z / scale) of z = max(0, |x - origin| - offset)';
-- attributes: further columns of vector indexes, to filter by

CREATE OPERATOR CLASS text_ops
	DEFAULT FOR TYPE text USING ivf AS
	OPERATOR 3 =;
COMMENT ON OPERATOR CLASS text_ops USING ivf IS 'attribute of type text';
COMMENT ON OPERATOR FAMILY text_ops USING ivf IS 'attribute of type text';
CREATE OPERATOR FAMILY integer_ops USING ivf;
COMMENT ON OPERATOR FAMILY integer_ops USING ivf IS 'attributes of integer types';
CREATE OPERATOR CLASS int2_ops
	DEFAULT FOR TYPE int2 USING ivf FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int2_ops USING ivf IS 'attribute of type int2';
CREATE OPERATOR CLASS int4_ops
	DEFAULT FOR TYPE int4 USING ivf FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int4_ops USING ivf IS 'attribute of type int4';
CREATE OPERATOR CLASS int8_ops
	DEFAULT FOR TYPE int8 USING ivf FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int8_ops USING ivf IS 'attribute of type int8';
ALTER OPERATOR FAMILY integer_ops USING ivf ADD
	OPERATOR 1 < (int2, int4),
	OPERATOR 2 <= (int2, int4),
	OPERATOR 3 = (int2, int4),
	OPERATOR 4 >= (int2, int4),
	OPERATOR 5 > (int2, int4),
	OPERATOR 1 < (int2, int8),
	OPERATOR 2 <= (int2, int8),
	OPERATOR 3 = (int2, int8),
	OPERATOR 4 >= (int2, int8),
	OPERATOR 5 > (int2, int8),
	OPERATOR 1 < (int4, int2),
	OPERATOR 2 <= (int4, int2),
	OPERATOR 3 = (int4, int2),
	OPERATOR 4 >= (int4, int2),
	OPERATOR 5 > (int4, int2),
	OPERATOR 1 < (int4, int8),
	OPERATOR 2 <= (int4, int8),
	OPERATOR 3 = (int4, int8),
	OPERATOR 4 >= (int4, int8),
	OPERATOR 5 > (int4, int8),
	OPERATOR 1 < (int8, int2),
	OPERATOR 2 <= (int8, int2),
	OPERATOR 3 = (int8, int2),
	OPERATOR 4 >= (int8, int2),
	OPERATOR 5 > (int8, int2),
	OPERATOR 1 < (int8, int4),
	OPERATOR 2 <= (int8, int4),
	OPERATOR 3 = (int8, int4),
	OPERATOR 4 >= (int8, int4),
	OPERATOR 5 > (int8, int4);
CREATE OPERATOR FAMILY float_ops USING ivf;
COMMENT ON OPERATOR FAMILY float_ops USING ivf IS 'attributes of floating-point types';
CREATE OPERATOR CLASS float4_ops
	DEFAULT FOR TYPE float4 USING ivf FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float4_ops USING ivf IS 'attribute of type float4';
CREATE OPERATOR CLASS float8_ops
	DEFAULT FOR TYPE float8 USING ivf FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float8_ops USING ivf IS 'attribute of type float8';
ALTER OPERATOR FAMILY float_ops USING ivf ADD
	OPERATOR 1 < (float4, float8),
	OPERATOR 2 <= (float4, float8),
	OPERATOR 3 = (float4, float8),
	OPERATOR 4 >= (float4, float8),
	OPERATOR 5 > (float4, float8),
	OPERATOR 1 < (float8, float4),
	OPERATOR 2 <= (float8, float4),
	OPERATOR 3 = (float8, float4),
	OPERATOR 4 >= (float8, float4),
	OPERATOR 5 > (float8, float4);
CREATE OPERATOR CLASS numeric_ops
	DEFAULT FOR TYPE numeric USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS numeric_ops USING ivf IS 'attribute of type numeric';
COMMENT ON OPERATOR FAMILY numeric_ops USING ivf IS 'attribute of type numeric';
CREATE OPERATOR CLASS date_ops
	DEFAULT FOR TYPE date USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS date_ops USING ivf IS 'attribute of type date';
COMMENT ON OPERATOR FAMILY date_ops USING ivf IS 'attribute of type date';
CREATE OPERATOR CLASS timestamp_ops
	DEFAULT FOR TYPE timestamp USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamp_ops USING ivf IS 'attribute of type timestamp';
COMMENT ON OPERATOR FAMILY timestamp_ops USING ivf IS 'attribute of type timestamp';
CREATE OPERATOR CLASS timestamptz_ops
	DEFAULT FOR TYPE timestamptz USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamptz_ops USING ivf IS 'attribute of type timestamptz';
COMMENT ON OPERATOR FAMILY timestamptz_ops USING ivf IS 'attribute of type timestamptz';
CREATE OPERATOR CLASS bool_ops
	DEFAULT FOR TYPE bool USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS bool_ops USING ivf IS 'attribute of type bool';
COMMENT ON OPERATOR FAMILY bool_ops USING ivf IS 'attribute of type bool';
CREATE OPERATOR CLASS uuid_ops
	DEFAULT FOR TYPE uuid USING ivf AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS uuid_ops USING ivf IS 'attribute of type uuid';
COMMENT ON OPERATOR FAMILY uuid_ops USING ivf IS 'attribute of type uuid';

CREATE OPERATOR CLASS text_ops
	DEFAULT FOR TYPE text USING cagra AS
	OPERATOR 3 =;
COMMENT ON OPERATOR CLASS text_ops USING cagra IS 'attribute of type text';
COMMENT ON OPERATOR FAMILY text_ops USING cagra IS 'attribute of type text';
CREATE OPERATOR FAMILY integer_ops USING cagra;
COMMENT ON OPERATOR FAMILY integer_ops USING cagra IS 'attributes of integer types';
CREATE OPERATOR CLASS int2_ops
	DEFAULT FOR TYPE int2 USING cagra FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int2_ops USING cagra IS 'attribute of type int2';
CREATE OPERATOR CLASS int4_ops
	DEFAULT FOR TYPE int4 USING cagra FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int4_ops USING cagra IS 'attribute of type int4';
CREATE OPERATOR CLASS int8_ops
	DEFAULT FOR TYPE int8 USING cagra FAMILY integer_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS int8_ops USING cagra IS 'attribute of type int8';
ALTER OPERATOR FAMILY integer_ops USING cagra ADD
	OPERATOR 1 < (int2, int4),
	OPERATOR 2 <= (int2, int4),
	OPERATOR 3 = (int2, int4),
	OPERATOR 4 >= (int2, int4),
	OPERATOR 5 > (int2, int4),
	OPERATOR 1 < (int2, int8),
	OPERATOR 2 <= (int2, int8),
	OPERATOR 3 = (int2, int8),
	OPERATOR 4 >= (int2, int8),
	OPERATOR 5 > (int2, int8),
	OPERATOR 1 < (int4, int2),
	OPERATOR 2 <= (int4, int2),
	OPERATOR 3 = (int4, int2),
	OPERATOR 4 >= (int4, int2),
	OPERATOR 5 > (int4, int2),
	OPERATOR 1 < (int4, int8),
	OPERATOR 2 <= (int4, int8),
	OPERATOR 3 = (int4, int8),
	OPERATOR 4 >= (int4, int8),
	OPERATOR 5 > (int4, int8),
	OPERATOR 1 < (int8, int2),
	OPERATOR 2 <= (int8, int2),
	OPERATOR 3 = (int8, int2),
	OPERATOR 4 >= (int8, int2),
	OPERATOR 5 > (int8, int2),
	OPERATOR 1 < (int8, int4),
	OPERATOR 2 <= (int8, int4),
	OPERATOR 3 = (int8, int4),
	OPERATOR 4 >= (int8, int4),
	OPERATOR 5 > (int8, int4);
CREATE OPERATOR FAMILY float_ops USING cagra;
COMMENT ON OPERATOR FAMILY float_ops USING cagra IS 'attributes of floating-point types';
CREATE OPERATOR CLASS float4_ops
	DEFAULT FOR TYPE float4 USING cagra FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float4_ops USING cagra IS 'attribute of type float4';
CREATE OPERATOR CLASS float8_ops
	DEFAULT FOR TYPE float8 USING cagra FAMILY float_ops AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS float8_ops USING cagra IS 'attribute of type float8';
ALTER OPERATOR FAMILY float_ops USING cagra ADD
	OPERATOR 1 < (float4, float8),
	OPERATOR 2 <= (float4, float8),
	OPERATOR 3 = (float4, float8),
	OPERATOR 4 >= (float4, float8),
	OPERATOR 5 > (float4, float8),
	OPERATOR 1 < (float8, float4),
	OPERATOR 2 <= (float8, float4),
	OPERATOR 3 = (float8, float4),
	OPERATOR 4 >= (float8, float4),
	OPERATOR 5 > (float8, float4);
CREATE OPERATOR CLASS numeric_ops
	DEFAULT FOR TYPE numeric USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS numeric_ops USING cagra IS 'attribute of type numeric';
COMMENT ON OPERATOR FAMILY numeric_ops USING cagra IS 'attribute of type numeric';
CREATE OPERATOR CLASS date_ops
	DEFAULT FOR TYPE date USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS date_ops USING cagra IS 'attribute of type date';
COMMENT ON OPERATOR FAMILY date_ops USING cagra IS 'attribute of type date';
CREATE OPERATOR CLASS timestamp_ops
	DEFAULT FOR TYPE timestamp USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamp_ops USING cagra IS 'attribute of type timestamp';
COMMENT ON OPERATOR FAMILY timestamp_ops USING cagra IS 'attribute of type timestamp';
CREATE OPERATOR CLASS timestamptz_ops
	DEFAULT FOR TYPE timestamptz USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS timestamptz_ops USING cagra IS 'attribute of type timestamptz';
COMMENT ON OPERATOR FAMILY timestamptz_ops USING cagra IS 'attribute of type timestamptz';
CREATE OPERATOR CLASS bool_ops
	DEFAULT FOR TYPE bool USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS bool_ops USING cagra IS 'attribute of type bool';
COMMENT ON OPERATOR FAMILY bool_ops USING cagra IS 'attribute of type bool';
CREATE OPERATOR CLASS uuid_ops
	DEFAULT FOR TYPE uuid USING cagra AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >;
COMMENT ON OPERATOR CLASS uuid_ops USING cagra IS 'attribute of type uuid';
COMMENT ON OPERATOR FAMILY uuid_ops USING cagra IS 'attribute of type uuid';

CREATE FUNCTION milvus_group_limit_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'mv_group_limit_support' LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION milvus_group_limit_support(internal) IS 'planner support of group_limit()';
CREATE FUNCTION group_limit(value anyelement, rows int) RETURNS boolean
	AS 'MODULE_PATHNAME', 'mv_group_limit' LANGUAGE C STABLE PARALLEL RESTRICTED SUPPORT milvus_group_limit_support;
COMMENT ON FUNCTION group_limit(anyelement, int) IS 'condition of a query ordered by rrf() or weighted(): of rows of the same value the best ones';

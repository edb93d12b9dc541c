
-- tools around indexes

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

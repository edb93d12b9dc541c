-- The library says which version it is and what it runs on.
SELECT milvus_version() ~ format('^milvus_pg %s \(simd (plain|avx2|avx512|neon)\)$', extversion) AS version_agrees
	FROM pg_extension WHERE extname = 'milvus_pg';
SELECT extname, extversion, extrelocatable FROM pg_extension WHERE extname IN ('vector', 'milvus_pg') ORDER BY extname;

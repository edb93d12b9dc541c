SELECT title, path, body <@> bm25query('limit memory used for sorting', 'manual_words') AS distance
FROM manual
ORDER BY distance
LIMIT 5;

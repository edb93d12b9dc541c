SELECT title, path, body <@> 'limit memory used for sorting' AS distance
FROM manual
ORDER BY distance
LIMIT 5;

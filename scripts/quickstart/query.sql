SELECT title, path, embedding <=> (SELECT embedding FROM question WHERE id = 1) AS distance
FROM manual
WHERE meta @@ '$.part == "Server Administration" && $.words > 50'
ORDER BY distance
LIMIT 5;

-- What the two extensions hold.  A change here needs an upgrade script.
CREATE TEMP VIEW members AS
	SELECT extname, classid, objid, objsubid, pg_describe_object(classid, objid, objsubid) AS object
	FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	WHERE deptype = 'e' AND extname IN ('vector', 'milvus_pg')
		-- From PostgreSQL 17 on, array types are members too.
		AND NOT EXISTS (SELECT FROM pg_type t WHERE classid = 'pg_type'::regclass AND t.oid = objid AND t.typcategory = 'A');

-- Objects without COMMENT: none.
SELECT object FROM members m WHERE obj_description(objid, classid::regclass::name) IS NULL;

-- Functions not of our library, not strict, not immutable, or not parallel safe.
SELECT object, provolatile FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	WHERE prokind = 'f' AND (probin <> '$libdir/milvus_pg' OR NOT proisstrict OR provolatile <> 'i' OR proparallel <> 's') ORDER BY 1;

-- Distances without planner support.
SELECT object FROM members m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	WHERE proname ~ 'distance|product' AND NOT proname ~ 'support' AND prosupport = 0 ORDER BY 1;

-- Operators whose commutator or negator is missing or not mutual.
SELECT object FROM members m JOIN pg_operator o ON m.classid = 'pg_operator'::regclass AND o.oid = m.objid
	WHERE oprcom <> 0 AND NOT EXISTS (SELECT FROM pg_operator c WHERE c.oid = o.oprcom AND c.oprcom = o.oid)
	OR oprname IN ('<->', '<#>', '<=>', '<+>', '<~>', '<%>', '=', '<', '>') AND oprcom = 0
	OR oprname IN ('=', '<', '>') AND oprnegate = 0;

SELECT extname, object FROM members ORDER BY extname DESC, object COLLATE "C";

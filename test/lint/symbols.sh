#!/bin/sh
# The library exports mv_* and what PostgreSQL looks up, nothing else: it is
# loaded with RTLD_GLOBAL, perhaps beside another vector library.
# $MV_SO names the library, default ./milvus_pg.so.
cd "$(dirname "$0")/../.." || exit 2
so=${MV_SO:-milvus_pg.so}
[ -f "$so" ] || { echo "no $so: run make"; exit 1; }
names=$(nm -D --defined-only "$so" | awk '{ print $NF }')
[ -n "$names" ] || { echo "$so exports nothing"; exit 1; }
others=$(printf '%s\n' "$names" | grep -Ev '^(mv_|pg_finfo_mv_|_PG_init$|Pg_magic_func$|_init$|_fini$)')
[ -z "$others" ] || { echo "$so exports:"; echo "$others"; exit 1; }

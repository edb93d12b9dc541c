#!/bin/sh
# Settings are defined in the order of their names within a file, and each is
# milvus.*, or one of pgvector's hnsw.* and ivfflat.*.
cd "$(dirname "$0")/../.." || exit 2
bad=0
for f in $(grep -rlE 'DefineCustom[A-Za-z]+Variable' src --include='*.c' | sort); do
	# The name is the first string after the call, perhaps on a later line.
	names=$(tr '\n' ' ' <"$f" | grep -oE 'DefineCustom[A-Za-z]+Variable *\([^"]*"[^"]*"' | sed 's/.*("*[^"]*"\(.*\)"$/\1/')
	printf '%s\n' "$names" | LC_ALL=C sort -c || { echo "$f: settings are not sorted by name"; bad=1; }
	others=$(printf '%s\n' "$names" | grep -vE '^(milvus|hnsw|ivfflat)\.[a-z0-9_]+$')
	[ -z "$others" ] || { echo "$f: unexpected name $others"; bad=1; }
done
exit $bad

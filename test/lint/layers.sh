#!/bin/sh
# Fail on an #include of ours that src/LAYERS does not grant, on one that is not
# by full path from src/, and on a folder of src/ that LAYERS does not name.
cd "$(dirname "$0")/../../src" || exit 2
for d in */; do
	grep -q "^${d%/} *:" LAYERS || { echo "src/$d is not in src/LAYERS"; exit 1; }
done
find . \( -name '*.[ch]' -o -name '*.cu' \) -print | sort | xargs awk '
	BEGIN {
		while ((getline line < "LAYERS") > 0) {
			if (line !~ /^[a-z]+ *:/) continue
			split(line, side, ":"); sub(/ +$/, "", side[1]); known[side[1]]
			n = split(side[2], word, " ")
			for (i = 1; i <= n; i++) may[side[1], word[i]]
		}
	}
	/^[ \t]*#[ \t]*include/ {
		split(FILENAME, path, "/"); from = path[2]
		target = $0; sub(/^[^<"]*/, "", target)
		split(target, inc, /[<>"\/]/); to = inc[2]
		ours = target ~ /^"/
		why = ""
		if (from == "core" && !ours && target !~ /^<[a-z0-9_]+\.h>/)
			why = "core includes libc only"
		else if (from == "core" && ours && to != "core")
			why = "core includes core only"
		else if (from in known && to in known && to != from && !((from, to) in may))
			why = from " may not include " to
		else if (target ~ /\.\./)
			why = "include by full path from src/"
		if (why != "") { print FILENAME ":" FNR ": " why ": " $0; bad = 1 }
	}
	END { exit bad }'

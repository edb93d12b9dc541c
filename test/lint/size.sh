#!/bin/sh
# Functions of at most 100 lines and 7 parameters, files of at most 800 lines.
# size.exceptions lists `FILE[:FUNCTION] reason`; a stale line fails too.
cd "$(dirname "$0")/../.." || exit 2
files=$(find src test bench -name '*.[ch]' -o -name '*.cu' | sort)
[ -n "$files" ] || exit 0
{
	# shellcheck disable=SC2086
	ctags -x --_xformat='%F	%N	%n	%e	%S' --languages=C,C++ --kinds-c=f --kinds-c++=f --fields=+neS $files
	# shellcheck disable=SC2086
	awk '{ n[FILENAME]++ } END { for (f in n) print f "\t\t\t" n[f] "\t" }' $files
} | awk -F'\t' '
	BEGIN {
		while ((getline line < "test/lint/size.exceptions") > 0)
			if (line !~ /^(#|$)/) {
				split(line, w, " "); allowed[w[1]] = 1
				if (w[2] == "") { print w[1] ": exception without a reason"; bad = 1 }
			}
	}
	{
		key = $2 == "" ? $1 : $1 ":" $2
		lines = $2 == "" ? $4 : $4 - $3 + 1
		limit = $2 == "" ? 800 : 100
		args = $5; gsub(/\([^()]*\) *\(/, "(", args); parameters = gsub(/,/, ",", args) + 1
		why = ""
		if (lines > limit) why = lines " lines, limit " limit
		else if ($2 != "" && parameters > 7) why = parameters " parameters, limit 7"
		if (why == "") next
		if (key in allowed) { used[key]; next }
		print key ": " why; bad = 1
	}
	END {
		for (k in allowed) if (!(k in used)) { print k ": needs no exception any more"; bad = 1 }
		exit bad
	}'

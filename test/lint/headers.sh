#!/bin/sh
# Each header compiles alone: after postgres.h, those of src/core with libc.
# Each begins with #pragma once; none includes postgres.h.
cd "$(dirname "$0")/../.." || exit 2
server=$("${PG_CONFIG:-pg_config}" --includedir-server)
bad=0
for h in $(find src -name '*.h' | sort); do
	inc=${h#src/}
	grep -q '^#pragma once' "$h" || { echo "$h: no #pragma once"; bad=1; }
	! grep -q '^#include "postgres.h"' "$h" || { echo "$h: includes postgres.h"; bad=1; }
	case $h in
		src/core/*) set -- -std=c11 ;;
		*) set -- -include postgres.h -I"$server" -D_GNU_SOURCE ;;
	esac
	echo "#include \"$inc\"" |
		"${CC:-gcc}" "$@" -Isrc -Wall -Werror -Wno-unused-function -fsyntax-only -x c - || bad=1
done
exit $bad

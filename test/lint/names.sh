#!/bin/sh
# Base names of .c files are unique (PostgreSQL's error LOCATION prints nothing
# else), and every test has the companion without which it would not run.
cd "$(dirname "$0")/../.." || exit 2
bad=0
twice=$(find src test bench -name '*.c' -exec basename {} \; | sort | uniq -d)
[ -z "$twice" ] || { echo "more than one file is called: $twice"; bad=1; }
pair() { [ -e "$2" ] || { echo "$1 without $2"; bad=1; }; }
for f in sql/*.sql;                do [ -e "$f" ] && pair "$f" "expected/$(basename "$f" .sql).out"; done
for f in expected/*.out;           do [ -e "$f" ] && pair "$f" "sql/$(basename "$f" .out | sed 's/_[0-9]$//').sql"; done
for f in test/isolation/specs/*;   do [ -e "$f" ] && pair "$f" "test/isolation/expected/$(basename "$f" .spec).out"; done
for f in test/fuzz/fuzz_*.c;       do n=$(basename "$f" .c); [ -e "$f" ] && pair "$f" "test/fuzz/corpus/${n#fuzz_}"; done
for f in test/unit/*.c test/fuzz/*.c bench/*.c test/t/* test/lint/*.sh; do
	[ -e "$f" ] || continue
	case $f in
		test/unit/test_*.c|test/fuzz/fuzz_*.c|bench/*_bench.c|bench/*_client.c|test/t/[0-9][0-9][0-9]_*.pl|test/t/lib) ;;
		test/lint/*.sh) [ -x "$f" ] || { echo "$f is not executable"; bad=1; } ;;
		test/*/*.h) ;;
		*) echo "$f: not found by any wildcard of scripts/test.sh"; bad=1 ;;
	esac
done
exit $bad

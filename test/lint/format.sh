#!/bin/sh
# scripts/format.py has nothing to change, by clang-format 14 (versions differ in
# details; without that one the check is skipped).  `make format` mends it.
cd "$(dirname "$0")/../.." || exit 2
command -v clang-format-14 >/dev/null || { echo "skipped: no clang-format-14"; exit 0; }
files=$(find src test bench -name '*.[ch]' -o -name '*.cu' | sort)
[ -n "$files" ] || exit 0
# shellcheck disable=SC2086
scripts/format.py --check $files

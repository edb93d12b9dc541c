#!/bin/sh
# Shell scripts pass shellcheck, Python and Perl files parse.
cd "$(dirname "$0")/../.." || exit 2
bad=0
list=$(git ls-files -co --exclude-standard 2>/dev/null || find . -type f ! -path './build/*')
for f in $list; do
	[ -f "$f" ] || continue
	case $f in
		*.py) python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$f" || bad=1 ;;
		*.sh|.ci/run) shellcheck -x "$f" || bad=1 ;;
		*.pl|*.pm) perl -e 'my $s = do { local (@ARGV, $/) = shift; <> };
				die "no use strict\n" unless $s =~ /^use strict;/m; die "no use warnings\n" unless $s =~ /^use warnings/m' "$f" ||
			{ echo "$f: use strict and warnings"; bad=1; } ;;
	esac
done
exit $bad

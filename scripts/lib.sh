# shellcheck shell=sh
# lib.sh -- sourced by every script: who runs, where things go, which server.
#
#   top       root of the source tree; the current directory afterwards
#   build     scratch folder, never committed: $top/build, or what that links to
#   user      unprivileged user that owns servers (root switches to `postgres`)
#
# A server is always a private copy of the distribution's install tree, so that
# `make install` touches nothing outside $build (private_tree).

set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top"

# What gcc's flags and PostgreSQL's headers make clang say.
# shellcheck disable=SC2034
clang_quiet='-Wno-unknown-warning-option -Wno-ignored-optimization-argument -Wno-ignored-attributes'

say()  { printf '== %s\n' "$*"; }
die()  { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

as_root()
{
	if [ "$(id -u)" = 0 ]; then "$@"
	elif have sudo; then sudo "$@"
	else die "this step needs root or sudo: $*"
	fi
}

# need_packages PACKAGE... -- install the missing ones from the distribution.
need_packages()
{
	missing=
	for p; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	have apt-get || die "please install:$missing"
	say "installing$missing"
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive sh -c '
		apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }' - $missing
}

# package_lists -- a fresh machine has none; then they are fetched.
package_lists()
{
	! have apt-get || ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || as_root apt-get update -qq
}

# The newest PostgreSQL the distribution offers, or $PG_MAJOR.  With $PG_PREFIX
# (an installation outside the distribution, with headers) that one's.
pg_major()
{
	[ -z "${PG_PREFIX:-}" ] || { "$PG_PREFIX/bin/pg_config" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/'; return; }
	[ -z "${PG_MAJOR:-}" ] || { echo "$PG_MAJOR"; return; }
	for d in /usr/lib/postgresql/*/bin/postgres; do
		[ -x "$d" ] && echo "$d" | cut -d/ -f5
	done | sort -n | tail -n 1 | grep . && return
	package_lists
	apt-cache search --names-only '^postgresql-server-dev-[0-9]+$' 2>/dev/null |
		sed 's/^postgresql-server-dev-\([0-9]*\).*/\1/' | sort -n | tail -n 1 | grep . ||
		die "no PostgreSQL found: install one, or set PG_MAJOR"
}

# need_server -- packages to build against and run major version $1.
# create_main_cluster is switched off: no server of the distribution is started.
need_server()
{
	[ -z "${PG_PREFIX:-}" ] || { need_packages gcc make libc6-dev; return; }
	if [ ! -e /etc/postgresql-common/createcluster.conf ] && have apt-get; then
		as_root mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
	fi
	need_packages gcc make libc6-dev "postgresql-$1" "postgresql-server-dev-$1"
}

# Who owns servers.  After need_server, so that `postgres` exists for root.
user()    { if [ "$(id -u)" = 0 ]; then echo postgres; else id -un; fi; }
as_user()
{
	if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# build_dir -- make and print the scratch folder.  Where the server's user can
# not reach the source tree (a clone in /root), build/ is a link to /var/tmp.
build_dir()
{
	if [ ! -e build ]; then
		if as_user test -x "$top"; then mkdir build
		else
			b=/var/tmp/milvus_pg-$(printf '%s' "$top" | cksum | cut -d' ' -f1)
			mkdir -p "$b" && ln -sfn "$b" build
		fi
	fi
	[ -O build/ ] || die "$(readlink -f build) belongs to someone else"
	readlink -f build
}

# private_tree MAJOR DIR [keep] -- a copy of the server's install tree under DIR;
# prints its pg_config.  PostgreSQL finds its files relative to its binaries.
# Made anew when the distribution's server is not the copied one any more.
# A pgvector that is installed beside the server is left out, without `keep`.
private_tree()
{
	if [ -n "${PG_PREFIX:-}" ]; then
		from=$PG_PREFIX bindir=$2/bin
	else
		from=/usr/lib/postgresql/$1 bindir=$2/lib/postgresql/$1/bin
	fi
	if ! cmp -s "$from/bin/postgres" "$bindir/postgres" || [ ! -x "$bindir/pg_config" ]; then
		rm -rf "$2"
		if [ -n "${PG_PREFIX:-}" ]; then
			cp -a "$PG_PREFIX" "$2"
		else
			mkdir -p "$2/lib/postgresql" "$2/share/postgresql"
			cp -a "/usr/lib/postgresql/$1" "$2/lib/postgresql/"
			cp -a "/usr/share/postgresql/$1" "$2/share/postgresql/"
			ln -sfn /usr/include "$2/include"
		fi
		[ "${3:-}" = keep ] ||
			rm -f "$("$bindir/pg_config" --sharedir)/extension/vector"[.-]* "$("$bindir/pg_config" --pkglibdir)/vector.so"
	fi
	echo "$bindir/pg_config"
}

# export_tree DIR -- bring DIR up to date with the sources (tracked files and
# new ones that are not ignored), so that each compiler has objects of its own.
export_tree()
{
	mkdir -p "$1"
	if [ "$(git -c safe.directory="$top" rev-parse --show-toplevel 2>/dev/null)" = "$top" ]; then
		git -c safe.directory="$top" ls-files -co --exclude-standard
	else
		find . -type f ! -path './build/*' ! -name '*.[oa]' ! -name '*.so' | sed 's|^\./||'
	fi | while IFS= read -r f; do [ ! -f "$f" ] || printf '%s\n' "$f"; done | LC_ALL=C sort >"$1/.sources.new"
	if [ -f "$1/.sources" ]; then
		LC_ALL=C comm -23 "$1/.sources" "$1/.sources.new" | (cd "$1" && tr '\n' '\0' | xargs -0 rm -f --)
	fi
	tar -cf - -T "$1/.sources.new" | tar -xf - -C "$1" --no-same-owner --no-overwrite-dir
	mv "$1/.sources.new" "$1/.sources"
}

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

# The newest PostgreSQL the distribution offers, or $PG_MAJOR.
pg_major()
{
	[ -z "${PG_MAJOR:-}" ] || { echo "$PG_MAJOR"; return; }
	for d in /usr/lib/postgresql/*/bin/postgres; do
		[ -x "$d" ] && echo "$d" | cut -d/ -f5
	done | sort -n | tail -n 1 | grep . && return
	apt-cache search --names-only '^postgresql-server-dev-[0-9]+$' 2>/dev/null |
		sed 's/^postgresql-server-dev-\([0-9]*\).*/\1/' | sort -n | tail -n 1 | grep . ||
		die "no PostgreSQL found: run apt-get update, or set PG_MAJOR"
}

# need_server -- packages to build against and run major version $1.
# create_main_cluster is switched off: no server of the distribution is started.
need_server()
{
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
			mkdir -p "$b" && ln -s "$b" build
		fi
	fi
	readlink -f build
}

# private_tree MAJOR DIR -- a copy of the server's install tree under DIR;
# prints its pg_config.  PostgreSQL finds its files relative to its binaries.
private_tree()
{
	if [ ! -x "$2/lib/postgresql/$1/bin/pg_config" ]; then
		mkdir -p "$2/lib/postgresql" "$2/share/postgresql"
		cp -a "/usr/lib/postgresql/$1" "$2/lib/postgresql/"
		cp -a "/usr/share/postgresql/$1" "$2/share/postgresql/"
		ln -sfn /usr/include "$2/include"
		# Not the distribution's pgvector, should it be there.
		rm -f "$2/share/postgresql/$1/extension/vector"[.-]* "$2/lib/postgresql/$1/lib/vector.so"
	fi
	echo "$2/lib/postgresql/$1/bin/pg_config"
}

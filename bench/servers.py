"""One server of a benchmark: load a table, build an index, look at plans, pages, memory and WAL.

The table is always `bench (id bigint, v TYPE(dim))`, id = row number of the
data set, in a schema of its own that each run drops first.
"""
import collections
import json
import pathlib
import re
import threading
import time

import numpy as np
import psycopg

SCHEMA = "milvus_bench"
TABLE = f"{SCHEMA}.bench"
INDEX = "bench_v_idx"
DIRECT = {"vector": ">f4", "halfvec": ">f2"}  # types whose wire format COPY writes; others are cast from vector
MAX_PLAIN = 8000  # bytes of a value that fits a page with STORAGE PLAIN
SETTINGS = (
    "shared_buffers work_mem effective_cache_size fsync synchronous_commit full_page_writes wal_level max_wal_size "
    "jit autovacuum max_worker_processes max_parallel_workers"
).split()

class Failure(Exception):
    """A measurement that cannot be trusted or made; the run goes on with the next index."""


Server = collections.namedtuple("Server", "name dsn")
Spec = collections.namedtuple("Spec", "server am options text")


def connect(server, settings=()):
    conn = psycopg.connect(server.dsn, autocommit=True)
    for sql in settings:
        conn.execute(sql)
    return conn


def scalar(conn, sql, *args):
    return conn.execute(sql, args or None).fetchone()[0]


def parse_server(text):
    name, equals, dsn = text.partition("=")
    if not (name and equals and dsn):
        raise ValueError(f"expected NAME=CONNINFO, got {text!r}")
    return Server(name, dsn)


def parse_spec(text):
    """'peer:hnsw(m=16,ef_construction=64)' -> Spec; 'exact' stands for no index."""
    found = re.fullmatch(r"(\w+):(\w+)(?:\((.*)\))?", text, re.S)
    if not found:
        raise ValueError(f"expected SERVER:AM or SERVER:AM(option=value,...), got {text!r}")
    server, am, inside = found.groups()
    options = {}
    for part in filter(None, (inside or "").split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"option without a value in {text!r}: {part!r}")
        options[key.strip()] = value.strip()
    return Spec(server, am, options, text)


def with_clause(am, options, metric):
    """WITH (...) of CREATE INDEX."""
    if am == "vchordrq":
        return f"WITH (options = $${vchordrq_options(options, metric)}$$)"
    if not options:
        return ""
    return "WITH (" + ", ".join(f"{k} = '{v}'" for k, v in options.items()) + ")"


def vchordrq_options(options, metric):
    """Its TOML: lists=400 and other keys of build.internal, residual_quantization; centroids as its manual advises."""
    inside = {"spherical_centroids": "false" if metric == "l2" else "true", **options}
    residual = inside.pop("residual_quantization", "true" if metric == "l2" else "false")
    inside["lists"] = f"[{inside.get('lists', '1000')}]"
    return f"residual_quantization = {residual}\n[build.internal]\n" + "".join(f"{k} = {v}\n" for k, v in inside.items())


def describe(server):
    """Version, extensions and the settings that decide about speed."""
    with connect(server) as conn:
        conn.execute("CREATE EXTENSION IF NOT EXISTS vector")
        for name in ("milvus_pg", "vchord", "vectorscale", "pg_textsearch"):
            if conn.execute("SELECT 1 FROM pg_available_extensions WHERE name = %s", (name,)).fetchone():
                conn.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
        extensions = conn.execute(
            "SELECT extname, extversion FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1").fetchall()
        return {
            "version": scalar(conn, "SELECT version()"),
            "extensions": dict(extensions),
            "settings": {s: scalar(conn, f"SHOW {s}") for s in SETTINGS},
        }


# ---- rows

def copy_blocks(ids, vectors, kind, more=None, block=2000):
    """Rows in COPY BINARY format, as byte strings of many rows."""
    dim = vectors.shape[1]
    element = np.dtype(DIRECT[kind])
    more = more or {}
    columns = [field for name in more for field in ((f"{name} length", ">i4"), (name, ">i4"))]
    row = np.dtype([("fields", ">i2"), ("len0", ">i4"), ("id", ">i8"), ("len1", ">i4"),
                    ("dim", ">u2"), ("zero", ">u2"), ("v", element, (dim,)), *columns])
    for at in range(0, len(ids), block):
        out = np.zeros(len(ids[at : at + block]), row)
        out["fields"], out["len0"], out["len1"], out["dim"] = 2 + len(more), 8, 4 + dim * element.itemsize, dim
        out["id"], out["v"] = ids[at : at + block], vectors[at : at + block]
        for name, values in more.items():
            out[f"{name} length"], out[name] = 4, values[at : at + block]
        yield out.tobytes()


def copy_rows(conn, table, ids, vectors, kind, more=None):
    """more: further columns of type int, name -> values."""
    with conn.cursor().copy(f"COPY {table} ({', '.join(['id', 'v', *(more or ())])}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for data in copy_blocks(ids, vectors, kind, more):
            copy.write(data)
        copy.write(b"\xff\xff")


def load_table(server, base, kind, more=None):
    """A fresh table with rows 0 .. len(base) - 1 and more columns of type int, name -> values; what it cost."""
    dim = base.shape[1]
    written = kind if kind in DIRECT else "vector"
    with connect(server) as conn:
        conn.execute("SET client_min_messages = warning")
        conn.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        conn.execute(f"CREATE SCHEMA {SCHEMA}")
        conn.execute(f"CREATE SEQUENCE {SCHEMA}.ids MINVALUE 0 START {len(base)}")
        conn.execute(f"CREATE TABLE {TABLE} (id bigint NOT NULL DEFAULT nextval('{SCHEMA}.ids'), v {written}({dim})"
                     + "".join(f", {name} int" for name in more or ()) + ")"
                     " WITH (autovacuum_enabled = off)")
        storage = "plain" if dim * 4 + 8 <= MAX_PLAIN else "external"
        conn.execute(f"ALTER TABLE {TABLE} ALTER v SET STORAGE {storage}")
        started = time.perf_counter()
        copy_rows(conn, TABLE, np.arange(len(base)), base, written, more)
        seconds = time.perf_counter() - started
        if written != kind:
            conn.execute(f"ALTER TABLE {TABLE} ALTER v TYPE {kind}({dim}) USING v::{kind}")
            conn.execute(f"ALTER TABLE {TABLE} ALTER v SET STORAGE {storage}")
        conn.execute(f"VACUUM (ANALYZE, FREEZE) {TABLE}")
        conn.execute("CHECKPOINT")
        return {"copy_s": round(seconds, 2), "storage": storage,
                "table_mb": mb(scalar(conn, f"SELECT pg_table_size('{TABLE}')"))}


def mb(size):
    return round(size / 1e6, 2)


# ---- memory of a backend and its parallel workers, where /proc shows it

def own_backend(conn):
    """Process id of the backend if it runs on this machine and /proc can be read, else None."""
    try:
        status = pathlib.Path(f"/proc/{conn.info.backend_pid}/cmdline").read_text()
        pathlib.Path(f"/proc/{conn.info.backend_pid}/maps").read_text()
        return conn.info.backend_pid if "postgres" in status else None
    except OSError:
        return None


def workers_of(pid):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"parallel worker for PID {pid}" in path.read_text():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def status_kb(pid, field):
    try:
        found = re.search(rf"^{field}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
        return int(found.group(1)) if found else 0
    except OSError:
        return 0


def shared_segments_kb(pid):
    """Dynamic shared memory mapped by a backend (where a parallel build keeps what it shares), not shared_buffers."""
    try:
        text = pathlib.Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return 0
    ranges = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) .*/dev/shm/PostgreSQL", text, re.M)
    return sum(int(b, 16) - int(a, 16) for a, b in ranges) // 1024


class MemoryWatch:
    """Samples memory while the block runs: private memory of leader and workers, plus dynamic shared memory."""

    def __init__(self, conn, interval=0.05):
        self.pid, self.interval = own_backend(conn), interval
        self.peak_kb = self.high_water_kb = self.workers = 0
        self.done = threading.Event()

    def sample(self):
        workers = workers_of(self.pid)
        kb = sum(status_kb(p, "RssAnon") for p in [self.pid, *workers]) + shared_segments_kb(self.pid)
        self.peak_kb, self.workers = max(self.peak_kb, kb), max(self.workers, len(workers))
        self.high_water_kb = status_kb(self.pid, "VmHWM") or self.high_water_kb

    def watch(self):
        while not self.done.wait(self.interval):
            self.sample()

    def __enter__(self):
        if self.pid:
            self.sample()
            self.thread = threading.Thread(target=self.watch)
            self.thread.start()
        return self

    def __exit__(self, *_):
        if self.pid:
            self.done.set()
            self.thread.join()
            self.sample()

    def result(self):
        """peak_memory_mb: private + dynamic shared.  vm_hwm_mb: the leader's VmHWM, shared_buffers it touched included."""
        if not self.pid:
            return {"peak_memory_mb": None, "vm_hwm_mb": None, "workers": None}
        return {"peak_memory_mb": mb(self.peak_kb * 1024), "vm_hwm_mb": mb(self.high_water_kb * 1024),
                "workers": self.workers}


# ---- indexes

def timed(conn, sql):
    """Run sql; its seconds and the WAL the whole server wrote meanwhile."""
    before = scalar(conn, "SELECT pg_current_wal_insert_lsn()")
    started = time.perf_counter()
    conn.execute(sql)
    seconds = time.perf_counter() - started
    wal = scalar(conn, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)", before)
    return {"seconds": round(seconds, 3), "wal_mb": mb(int(wal))}


def index_size_mb(server):
    with connect(server) as conn:
        size = scalar(conn, "SELECT pg_relation_size(to_regclass(%s))", f"{SCHEMA}.{INDEX}")
        return None if size is None else mb(size)


def drop_index(server):
    with connect(server) as conn:
        conn.execute("SET client_min_messages = warning")
        conn.execute(f"DROP INDEX IF EXISTS {SCHEMA}.{INDEX}")


def build_index(server, spec, kind, metric, memory, workers, more=()):
    """Build; seconds, WAL, memory and size.  The operator class is named as pgvector names its own; more: further columns."""
    drop_index(server)
    columns = ", ".join([f"v {kind}_{metric}_ops", *more])
    sql = f"CREATE INDEX {INDEX} ON {TABLE} USING {spec.am} ({columns}) {with_clause(spec.am, spec.options, metric)}"
    settings = [f"SET maintenance_work_mem = '{memory}'", f"SET max_parallel_maintenance_workers = {workers}"]
    notices = []
    with connect(server, settings) as conn:
        conn.add_notice_handler(lambda n: notices.append(n.message_primary))
        conn.execute("CHECKPOINT")
        with MemoryWatch(conn) as watch:
            cost = timed(conn, sql)
    with connect(server) as conn:
        conn.execute("CHECKPOINT")
    return {"sql": sql, "maintenance_work_mem": memory, "max_parallel_maintenance_workers": workers, **cost,
            **watch.result(), "index_mb": index_size_mb(server), "notices": notices}


# ---- plans and pages

def plan_indexes(plan):
    """Names of all indexes in a plan of EXPLAIN (FORMAT JSON)."""
    found = [plan["Index Name"]] if "Index Name" in plan else []
    return found + [name for child in plan.get("Plans", []) for name in plan_indexes(child)]


def literal(vector):
    return "[" + ",".join(f"{x:.9g}" for x in vector) + "]"


def check_plan(server, query, vector, settings, expected):
    """Both plans the timed statement may get, custom and generic, must use the index (none: expected None)."""
    with connect(server, settings) as conn:
        conn.execute(f"PREPARE knn AS {query}")
        for mode in ("force_custom_plan", "force_generic_plan"):
            conn.execute(f"SET plan_cache_mode = {mode}")
            plan = scalar(conn, f"EXPLAIN (FORMAT JSON) EXECUTE knn('{literal(vector)}')")[0]["Plan"]
            found = plan_indexes(plan)
            if found != ([expected] if expected else []):
                raise Failure(f"plan uses {found or 'no index'}, not {expected or 'a scan'} ({mode}): {json.dumps(plan)[:2000]}")


def move_out_of_cache(conn, indexed):
    """Give table and index new files, which no shared buffer holds (superuser; PostgreSQL 15 or newer)."""
    conn.execute("SET allow_in_place_tablespaces = on")
    if not conn.execute("SELECT 1 FROM pg_tablespace WHERE spcname = 'milvus_bench'").fetchone():
        conn.execute("CREATE TABLESPACE milvus_bench LOCATION ''")
    for kind, name in [("TABLE", TABLE)] + [("INDEX", f"{SCHEMA}.{INDEX}")] * indexed:
        here = scalar(conn, "SELECT reltablespace FROM pg_class WHERE oid = %s::regclass", name)
        conn.execute(f"ALTER {kind} {name} SET TABLESPACE {'milvus_bench' if here == 0 else 'pg_default'}")


def page_reads(server, query, vectors, settings, indexed):
    """8 kB pages of a query on a new connection: read when shared_buffers holds none of them, and touched in all."""
    read, touched = [], []
    for vector in vectors:
        with connect(server) as conn:
            move_out_of_cache(conn, indexed)
        with connect(server, settings) as conn:
            conn.execute(f"PREPARE knn AS {query}")
            sql = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE knn('{literal(vector)}')"
            plan = scalar(conn, sql)[0]["Plan"]
            read.append(plan["Shared Read Blocks"])
            touched.append(plan["Shared Read Blocks"] + plan["Shared Hit Blocks"])
    return {"queries": len(read), "read_pages": round(float(np.mean(read)), 1),
            "touched_pages": round(float(np.mean(touched)), 1)}


def drop_everything(server):
    with connect(server) as conn:
        conn.execute("SET client_min_messages = warning")
        conn.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        conn.execute("DROP TABLESPACE IF EXISTS milvus_bench")

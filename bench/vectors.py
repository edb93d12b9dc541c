#!/usr/bin/env python3
"""Vector indexes of any number of servers, measured in one run.

    bench/vectors.py --server ours='host=/tmp port=5432' --server peer='host=/tmp port=5433' --data minilm \\
        --index peer:exact --index 'peer:hnsw(m=16,ef_construction=64)' --index ours:exact --all --save minilm

Each --index is built in turn, then measured by the parts asked for: --sweep,
--first, --cold, --writes.  bench/README.md says what they mean; bench/report.py
prints and draws the result.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shlex
import shutil
import sys
import time

import numpy as np

import client
import datasets
import servers

HERE = pathlib.Path(__file__).resolve().parent
PARTS = ("sweep", "first", "cold", "writes")


def one(setting, values):
    return [{setting: value} for value in values]


# effort settings of each access method, cheapest first; --effort replaces them
SWEEPS = {
    "exact": [{}],
    "hnsw": one("hnsw.ef_search", [40, 100, 200, 400, 600, 1000]),
    "ivfflat": one("ivfflat.probes", [1, 3, 10, 20, 40, 100]),
    "vchordrq": one("vchordrq.probes", [5, 10, 20, 40, 80, 160]),
    "diskann": [{"diskann.query_search_list_size": n, "diskann.query_rescore": r}
                for n, r in ((50, 30), (100, 50), (200, 100), (400, 200), (800, 400))],
    "ivf": one("milvus.probes", [20, 40, 80, 160, 320, 640, 1280]),
}


def parse_effort(text):
    """'hnsw:hnsw.ef_search=40,100' -> ('hnsw', [{'hnsw.ef_search': '40'}, ...])"""
    found = re.fullmatch(r"(\w+):([\w.]+)=(.+)", text)
    if not found:
        raise ValueError(f"expected AM:setting=value,value,..., got {text!r}")
    am, setting, values = found.groups()
    return am, one(setting, values.split(","))


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--server", action="append", required=True, metavar="NAME=CONNINFO", help="may be repeated")
    p.add_argument("--index", action="append", required=True, metavar="SERVER:AM(OPTIONS)", help="may be repeated; AM exact: none")
    p.add_argument("--data", default="minilm", choices=list(datasets.SETS))
    p.add_argument("--data-dir", type=pathlib.Path, default=datasets.DEFAULT_DIR, help="folder of the real sets")
    p.add_argument("--rows", type=int, help="only the first rows of the set")
    p.add_argument("--queries", type=int, help="only the first queries of the set")
    p.add_argument("--type", default="vector", help="column type, as halfvec")
    p.add_argument("--metric", choices=list(datasets.METRICS), help="instead of the set's own")
    p.add_argument("-k", type=int, default=10, help="rows a query asks for")
    for part in PARTS:
        p.add_argument(f"--{part}", action="store_true", help=f"measure this part: {part}")
    p.add_argument("--all", action="store_true", help="all parts")
    p.add_argument("--clients", default="1,2,8", help="numbers of connections of the sweep")
    p.add_argument("--seconds", type=float, default=5, help="least duration of one measurement")
    p.add_argument("--limit", type=float, default=30, help="most seconds of one measurement, even if queries are left")
    p.add_argument("--rounds", type=int, default=1, help="repeat each measurement, keep the fastest")
    p.add_argument("--effort", action="append", default=[], metavar="AM:SETTING=V,V", help="replaces the sweep of an AM")
    p.add_argument("--set", action="append", default=[], metavar="SQL", help="run by every measuring session")
    p.add_argument("--parallel", type=int, default=0, help="max_parallel_workers_per_gather of queries")
    p.add_argument("--planner", action="store_true", help="let the planner choose: no enable_seqscan = off")
    p.add_argument("--maintenance-work-mem", default="2GB")
    p.add_argument("--workers", type=int, default=1, help="max_parallel_maintenance_workers")
    p.add_argument("--cold-queries", type=int, default=10)
    p.add_argument("--first-connections", type=int, default=20)
    p.add_argument("--inserts", type=int, default=1000, help="single-row inserts of --writes")
    p.add_argument("--bulk", type=int, default=10_000, help="rows of INSERT .. SELECT of --writes")
    p.add_argument("--write-limit", type=float, default=600, help="seconds after which a write statement is given up")
    p.add_argument("--save", metavar="NAME", help="keep the result as bench/results/NAME.json")
    p.add_argument("--keep-table", action="store_true", help="do not drop the tables at the end")
    args = p.parse_args()
    args.parts = [part for part in PARTS if args.all or getattr(args, part)]
    args.client_counts = [int(c) for c in args.clients.split(",")]
    return args


def host():
    info = pathlib.Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.*)", info.read_text()) if info.exists() else None
    return {"cpu": model.group(1) if model else platform.processor(), "cores": os.cpu_count(),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "kernel": platform.release(), "load": load_average()}


def load_average():
    return [round(x, 2) for x in os.getloadavg()]


def redacted(text):
    """text without the passwords of connection strings."""
    return re.sub(r"(password=|://[^:/@ ]*:)[^ @]*", r"\1***", text)


def command_line():
    return redacted(shlex.join(["bench/vectors.py", *sys.argv[1:]]))


# ---- statements

def query_sql(args, metric):
    cast = "$1::vector" if args.type == "vector" else f"$1::vector::{args.type}"
    return f"SELECT id FROM {servers.TABLE} ORDER BY v {datasets.METRICS[metric]} {cast} LIMIT {args.k}"


def session(args, spec, effort):
    """SQL of a measuring session."""
    out = [f"SET max_parallel_workers_per_gather = {args.parallel}", *args.set]
    if spec.am != "exact" and not args.planner:
        out.append("SET enable_seqscan = off")
    return out + [f"SET {name} = {value}" for name, value in effort.items()]


def measure(args, job, settings, clients):
    """The fastest of --rounds runs; ids of the last."""
    best = None
    for _ in range(args.rounds):
        result, ids = client.run(job["server"].dsn, job["query"], job["data"]["queries"], settings, ids=True,
                                 c=clients, w=20, t=args.seconds, m=args.limit, k=args.k)
        if best is None or result["qps"] > best["qps"]:
            best = result
    return best, ids


# ---- parts

def sweep(args, job):
    """One point per effort: recall, and QPS with percentiles for each number of clients."""
    data, points = job["data"], []
    client.run(job["server"].dsn, job["query"], data["queries"], session(args, job["spec"], job["efforts"][-1]), m=10)
    for effort in job["efforts"]:
        settings = session(args, job["spec"], effort)
        point = {"effort": effort, "clients": {}}
        for count in args.client_counts:
            result, ids = measure(args, job, settings, count)
            point["clients"][str(count)] = result
            if "recall" not in point:
                point["recall"], point["asked"] = datasets.recall(
                    ids, data["base"], data["queries"], data["gt"], data["metric"], args.k)
        points.append(point)
        rates = " ".join(f"{c}: {r['qps']:.0f}" for c, r in point["clients"].items())
        print(f"    {label(effort):34} recall {point['recall']:.4f}  QPS {rates}", flush=True)
    return points


def label(effort):
    return " ".join(f"{k.partition('.')[2] or k}={v}" for k, v in effort.items()) or "-"


def usual_effort(job):
    """The cheapest effort of the sweep with recall .95, or its best; without a sweep the middle one."""
    points = job.get("points")
    if not points:
        return job["efforts"][len(job["efforts"]) // 2]
    good = [p for p in points if p["recall"] >= 0.95]
    return (good[0] if good else max(points, key=lambda p: p["recall"]))["effort"]


def first(args, job):
    """First queries of new connections, unprepared."""
    effort = usual_effort(job)
    result = client.run(job["server"].dsn, job["query"], job["data"]["queries"], session(args, job["spec"], effort),
                        F=args.first_connections)
    return {"effort": effort, **result}


def cold(args, job):
    effort = usual_effort(job)
    try:
        pages = servers.page_reads(job["server"], job["query"], job["data"]["queries"][: args.cold_queries],
                                   session(args, job["spec"], effort), job["spec"].am != "exact")
    except servers.psycopg.Error as error:
        pages = {"error": str(error).splitlines()[0]}
    return {"effort": effort, **pages}


def writes(args, job):
    """Inserts one by one, in bulk, DELETE of a tenth, VACUUM; then speed, recall and size again."""
    server, base = job["server"], job["data"]["base"]
    extra = datasets.extra_rows(base, args.inserts + args.bulk)
    cast = "$1::vector" if args.type == "vector" else f"$1::vector::{args.type}"
    single = client.run(server.dsn, f"INSERT INTO {servers.TABLE} (v) VALUES ({cast})", extra[: args.inserts],
                        n=args.inserts, m=args.write_limit)
    out = {"effort": usual_effort(job), "single": single, "limit_s": args.write_limit}
    more, kind = f"{servers.SCHEMA}.more", args.type if args.type in servers.DIRECT else "vector"
    with servers.connect(server) as conn:
        conn.execute(f"CREATE TABLE {more} (id bigint, v {kind})")
        ids = len(base) + np.arange(args.inserts, len(extra))
        servers.copy_rows(conn, more, ids, extra[args.inserts :], kind)
        conn.execute("CHECKPOINT")
        conn.execute(f"SET statement_timeout = '{args.write_limit}s'")
        steps = {"bulk": f"INSERT INTO {servers.TABLE} SELECT id, v::{args.type} FROM {more}",
                 "delete": f"DELETE FROM {servers.TABLE} WHERE id % 10 = 3", "vacuum": f"VACUUM {servers.TABLE}"}
        for name, sql in steps.items():
            try:
                out[name] = servers.timed(conn, sql)
            except servers.psycopg.errors.QueryCanceled:
                out[name] = {"seconds": None, "gave_up_after_s": args.write_limit}
        live = np.array([row[0] for row in conn.execute(f"SELECT id FROM {servers.TABLE} ORDER BY id")])
    out["index_mb"] = servers.index_size_mb(server)
    out["after"] = after_writes(args, job, np.concatenate([base, extra]), live)
    return out


def after_writes(args, job, rows, live):
    data = job["data"]
    truth = live[datasets.nearest(rows[live], data["queries"], data["metric"], args.k)]
    result, ids = measure(args, job, session(args, job["spec"], usual_effort(job)), 1)
    result["recall"], _ = datasets.recall(ids, rows, data["queries"], truth, data["metric"], args.k)
    return result


def build(args, job, out):
    """The index, if there is to be one, and proof that queries use it."""
    server, spec, data = job["server"], job["spec"], job["data"]
    servers.drop_index(server)
    if spec.am != "exact":
        out["build"] = servers.build_index(server, spec, args.type, data["metric"], args.maintenance_work_mem, args.workers)
        print("   ", {k: out["build"][k] for k in ("seconds", "peak_memory_mb", "index_mb", "wal_mb")}, flush=True)
    expected = None if spec.am == "exact" else servers.INDEX
    for effort in (job["efforts"][0], job["efforts"][-1]):
        servers.check_plan(server, job["query"], data["queries"][0], session(args, spec, effort), expected)


def measure_index(args, server, spec, data, efforts):
    """Build one index and measure the parts asked for.  What fails is recorded and ends this index only."""
    job = {"server": server, "spec": spec, "data": data, "efforts": efforts, "query": query_sql(args, data["metric"])}
    out = {"index": spec.text, "server": spec.server, "am": spec.am, "options": spec.options, "load": load_average(),
           "session": session(args, spec, {})}
    try:
        build(args, job, out)
        for part in args.parts:
            out[part] = globals()[part](args, job)
            if part == "sweep":
                job["points"] = out[part]
            else:
                print(f"    {part}: {json.dumps(out[part])}", flush=True)
    except (servers.psycopg.Error, servers.Failure) as error:
        out["error"] = str(error)
        print(f"    error: {error}", file=sys.stderr, flush=True)
    return out


def prepare(args):
    """Servers by name, index specs and efforts; errors before anything is loaded."""
    try:
        named = {s.name: s for s in map(servers.parse_server, args.server)}
        specs = [servers.parse_spec(text) for text in args.index]
        efforts = {**SWEEPS, **dict(map(parse_effort, args.effort))}
    except ValueError as error:
        raise SystemExit(str(error)) from error
    for spec in specs:
        if spec.server not in named:
            raise SystemExit(f"--index {spec.text}: no --server {spec.server}")
        if spec.am not in efforts:
            raise SystemExit(f"--index {spec.text}: no sweep known for {spec.am}; give --effort {spec.am}:setting=values")
    return named, specs, efforts


def new_run(args, data, named):
    """The head of a result: where, when, on what."""
    run = {"command": command_line(), "started": datetime.datetime.now().isoformat(timespec="seconds"), "host": host(),
           "data": {"name": data["name"], "rows": len(data["base"]), "dim": data["base"].shape[1], "type": args.type,
                    "queries": len(data["queries"]), "metric": data["metric"], "k": args.k}, "servers": {}, "indexes": []}
    if run["host"]["load"][0] > 1:
        print(f"warning: load average {run['host']['load'][0]}, this machine is not quiet", file=sys.stderr)
    for server in named.values():
        run["servers"][server.name] = servers.describe(server)
    return run


def load_server(args, server, data, run):
    about = run["servers"][server.name]
    about["load"] = servers.load_table(server, data["base"], args.type)
    about["round_trip"] = client.run(server.dsn, "SELECT 1 WHERE $1::vector IS NOT NULL", data["queries"], w=20,
                                     t=min(1, args.seconds))


def measure_all(args, named, specs, efforts, data, run):
    """Every index, server by server; yields after each."""
    loaded = set()
    for spec in sorted(specs, key=lambda s: list(named).index(s.server)):
        server = named[spec.server]
        if spec.server not in loaded:
            load_server(args, server, data, run)
            loaded.add(spec.server)
        print(f"{spec.text}  load {load_average()[0]}", flush=True)
        started = time.perf_counter()
        result = measure_index(args, server, spec, data, efforts[spec.am])
        result["took_s"] = round(time.perf_counter() - started, 1)
        run["indexes"].append(result)
        if "writes" in args.parts:
            loaded.discard(spec.server)
        yield result


def main():
    args = arguments()
    named, specs, efforts = prepare(args)
    data = datasets.load(args.data, args.data_dir, args.rows, args.queries, args.metric)
    path = client.BUILD / "results" / f"{datetime.datetime.now():%Y%m%d-%H%M%S}-{args.data}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    run = new_run(args, data, named)
    for _ in measure_all(args, named, specs, efforts, data, run):
        path.write_text(json.dumps(run, indent=1) + "\n")
    for server in named.values():
        if not args.keep_table:
            servers.drop_everything(server)
    run["host"]["load_at_end"] = load_average()
    path.write_text(json.dumps(run, indent=1) + "\n")
    if args.save:
        (HERE / "results").mkdir(exist_ok=True)
        path = shutil.copy(path, HERE / "results" / f"{args.save}.json")
    print(f"bench/report.py {os.path.relpath(path)}")
    if any("error" in entry for entry in run["indexes"]):
        sys.exit(1)


if __name__ == "__main__":
    main()

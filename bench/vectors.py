#!/usr/bin/env python3
"""Vector indexes of any number of servers, measured in one run.

    bench/vectors.py --server ours='host=/tmp port=5432' --server peer='host=/tmp port=5433' --data minilm \\
        --index peer:exact --index 'peer:hnsw(m=16,ef_construction=64)' --index ours:exact --all --save minilm

An index of each server is built, then they are measured by the parts asked for:
--sweep, whose rounds go from one to the other so that all see the same moods of
the machine, --first, --cold, --writes; then the servers' next indexes.
bench/README.md says what the parts mean; bench/report.py prints and draws the result.
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
    "ivf": one("milvus.target_recall", [0.8, 0.9, 0.95, 0.97, 0.99, 0.995]),
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
    p.add_argument("--rounds", type=int, default=1, help="times each measurement is repeated; the fastest counts")
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


def run_once(args, job, settings, clients):
    """(result, ids) of one run."""
    return client.run(job["server"].dsn, job["query"], job["data"]["queries"], settings, ids=True,
                      c=clients, w=20, t=args.seconds, m=args.limit, k=args.k)


def faster(a, b):
    return b if a is None or b["qps"] > a["qps"] else a


# ---- parts

def sweep_round(job, args):
    """Every point of an index once; a point keeps the fastest run of its number of clients."""
    data = job["data"]
    for point in job["points"]:
        for count in map(str, args.client_counts):
            result, ids = run_once(args, job, session(args, job["spec"], point["effort"]), int(count))
            point["clients"][count] = faster(point["clients"].get(count), result)
            if "recall" not in point:
                point["recall"], point["asked"] = datasets.recall(
                    ids, data["base"], data["queries"], data["gt"], data["metric"], args.k)


def warm(job, args):
    job["points"] = [{"effort": effort, "clients": {}} for effort in job["efforts"]]
    client.run(job["server"].dsn, job["query"], job["data"]["queries"], session(args, job["spec"], job["efforts"][-1]), m=10)


def sweep(args, jobs):
    """One point per effort of every index: recall, and QPS with percentiles for each number of clients."""
    for job in jobs:
        attempt(job, warm, args)
    for _ in range(args.rounds):
        for job in jobs:
            attempt(job, sweep_round, args)
    for job in filter(works, jobs):
        job["out"]["sweep"] = job["points"]
        print(job["spec"].text)
        for point in job["points"]:
            rates = " ".join(f"{c}: {r['qps']:.0f}" for c, r in point["clients"].items())
            print(f"    {label(point['effort']):34} recall {point['recall']:.4f}  QPS {rates}", flush=True)


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
    result = None
    for _ in range(args.rounds):
        once, ids = run_once(args, job, session(args, job["spec"], usual_effort(job)), 1)
        result = faster(result, once)
    result["recall"], _ = datasets.recall(ids, rows, data["queries"], truth, data["metric"], args.k)
    return result


def build(job, args):
    """The index, if there is to be one, and proof that queries use it."""
    server, spec, data, out = job["server"], job["spec"], job["data"], job["out"]
    print(f"{spec.text}  load {load_average()[0]}", flush=True)
    servers.drop_index(server)
    if spec.am != "exact":
        out["build"] = servers.build_index(server, spec, args.type, data["metric"], args.maintenance_work_mem, args.workers)
        print("   ", {k: out["build"][k] for k in ("seconds", "peak_memory_mb", "index_mb", "wal_mb")}, flush=True)
    expected = None if spec.am == "exact" else servers.INDEX
    for effort in (job["efforts"][0], job["efforts"][-1]):
        servers.check_plan(server, job["query"], data["queries"][0], session(args, spec, effort), expected)


def results_path(name):
    """Where the result of a run is written; the folder is made."""
    path = client.BUILD / "results" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def keep(path, name):
    """Copy a result to bench/results if it was given a name there; where it then is."""
    if not name:
        return path
    (HERE / "results").mkdir(exist_ok=True)
    return pathlib.Path(shutil.copy(path, HERE / "results" / f"{name}.json"))


# ---- the run

def works(job):
    return "error" not in job["out"]


def attempt(job, step, *more):
    """Do a step of an index.  What fails is recorded and ends this index only."""
    if not works(job):
        return
    try:
        step(job, *more)
    except (servers.psycopg.Error, servers.Failure) as error:
        job["out"]["error"] = str(error)
        print(f"    {job['spec'].text}: error: {error}", file=sys.stderr, flush=True)


def other_parts(job, args):
    for part in args.parts:
        if part != "sweep":
            job["out"][part] = globals()[part](args, job)
            print(f"    {job['spec'].text} {part}: {json.dumps(job['out'][part])}", flush=True)


def new_job(args, server, spec, data, efforts):
    return {"server": server, "spec": spec, "data": data, "efforts": efforts, "query": query_sql(args, data["metric"]),
            "out": {"index": spec.text, "server": spec.server, "am": spec.am, "options": spec.options,
                    "load": load_average(), "session": session(args, spec, {})}}


def measure_turn(args, jobs):
    """Build an index on each of some servers, and measure the parts asked for."""
    for job in jobs:
        attempt(job, build, args)
    if "sweep" in args.parts:
        sweep(args, jobs)
    for job in jobs:
        attempt(job, other_parts, args)


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


def turns(specs):
    """The indexes in groups that are measured together: the first of every server, the second, ..."""
    out = []
    for i, spec in enumerate(specs):
        turn = sum(other.server == spec.server for other in specs[:i])
        if turn == len(out):
            out.append([])
        out[turn].append(spec)
    return out


def measure_all(args, named, specs, efforts, data, run):
    """Every index, turn by turn; yields after each turn."""
    loaded = set()
    for turn in turns(specs):
        jobs = [new_job(args, named[spec.server], spec, data, efforts[spec.am]) for spec in turn]
        for job in jobs:
            if job["server"].name not in loaded:
                load_server(args, job["server"], data, run)
                loaded.add(job["server"].name)
        measure_turn(args, jobs)
        run["indexes"] += [job["out"] for job in jobs]
        if "writes" in args.parts:
            loaded.clear()
        yield


def main():
    args = arguments()
    named, specs, efforts = prepare(args)
    data = datasets.load(args.data, args.data_dir, args.rows, args.queries, args.metric)
    path = results_path(f"{datetime.datetime.now():%Y%m%d-%H%M%S}-{args.data}")
    run = new_run(args, data, named)
    for _ in measure_all(args, named, specs, efforts, data, run):
        path.write_text(json.dumps(run, indent=1) + "\n")
    for server in named.values():
        if not args.keep_table:
            servers.drop_everything(server)
    run["host"]["load_at_end"] = load_average()
    path.write_text(json.dumps(run, indent=1) + "\n")
    path = keep(path, args.save)
    print(f"bench/report.py {os.path.relpath(path)}")
    if any("error" in entry for entry in run["indexes"]):
        sys.exit(1)


if __name__ == "__main__":
    main()

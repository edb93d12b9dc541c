#!/usr/bin/env python3
"""Nearest rows under a WHERE, by selectivity and by where the matching rows lie.

    bench/filters.py --server ours='host=/tmp port=5432' --server peer='host=/tmp port=5433' --data minilm \\
        --index 'ours:hnsw' --index 'peer:hnsw(m=16,ef_construction=64)' --save filters_minilm

The table has two columns beside the vector, each a permutation of 0 .. rows - 1:
`shuffled` without relation to the vector, `axis` the rank along the first principal
axis.  The condition is a range of one of them, as wide as the selectivity wants:

    random    a range of `shuffled`, for each query another
    near      the range of `axis` around the query's own place: correlated
    far       the range at the other end of `axis`: anti-correlated
    tenant    rows of one of 1,000 tenants whose sizes follow Zipf's law

Each index is measured in up to three ways (--ways): `column`, the filter columns
in the vector's index; `btree`, a btree on each of them beside it; `none`, nothing
on them.  For every case the efforts are tried in turn until one has recall
--recall; that point counts, with the rows that were missing.  Exact answers are
those of the matching rows alone.
"""
import argparse
import json
import pathlib

import numpy as np

import client
import datasets
import servers
import vectors

TENANTS = 1000
SHARES = (0.5, 0.1, 0.01, 0.001)
WAYS = ("column", "btree", "none")
EFFORTS = {
    "hnsw": vectors.one("hnsw.ef_search", [40, 100, 200, 400, 1000]),
    "ivf": vectors.one("milvus.target_recall", [0.95, 0.97, 0.99, 0.999]),
    "vchordrq": vectors.one("vchordrq.probes", [10, 20, 40, 80, 160, 320]),
}


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--server", action="append", default=[], metavar="NAME=CONNINFO", help="may be repeated")
    p.add_argument("--index", action="append", default=[], metavar="SERVER:AM(OPTIONS)", help="may be repeated")
    p.add_argument("--ways", action="append", default=[], metavar="SERVER:WAY,WAY", help="instead of all; peers have no `column`")
    p.add_argument("--set", action="append", default=[], metavar="SERVER:SQL", help="run by every session of that server")
    p.add_argument("--effort", action="append", default=[], metavar="AM:SETTING=V,V", help="replaces the efforts of an AM")
    p.add_argument("--data", default="minilm", choices=list(datasets.SETS))
    p.add_argument("--data-dir", type=pathlib.Path, default=datasets.DEFAULT_DIR)
    p.add_argument("--queries", type=int, default=300)
    p.add_argument("--places", default="random,near,far,tenant")
    p.add_argument("--shares", default=",".join(map(str, SHARES)))
    p.add_argument("--recall", type=float, default=0.95, help="wanted")
    p.add_argument("-k", type=int, default=10)
    p.add_argument("--seconds", type=float, default=1)
    p.add_argument("--limit", type=float, default=10, help="most seconds of one measurement, even if queries are left")
    p.add_argument("--save", metavar="NAME")
    p.add_argument("--draw", metavar="RESULT.json", help="only draw and print an older result")
    return p.parse_args()


# ---- columns, conditions, exact answers

def axis_places(base, queries):
    """Places of rows and queries along the first principal axis of the rows."""
    sample = base[:: max(1, len(base) // 5000)].astype(np.float64)
    mean = sample.mean(axis=0)
    axis = np.linalg.svd(sample - mean, full_matrices=False)[2][0]
    return (base - mean) @ axis, (queries - mean) @ axis


def columns(data, seed=17):
    """Columns of the table, and the rank of each query on `axis`."""
    rng = np.random.default_rng(seed)
    rows, asked = axis_places(data["base"], data["queries"])
    order = np.argsort(rows, kind="stable")
    ranks = np.empty(len(rows), np.int32)
    ranks[order] = np.arange(len(rows))
    share = 1 / np.arange(1, TENANTS + 1)
    tenants = rng.choice(TENANTS, len(rows), p=share / share.sum()).astype(np.int32)
    return ({"shuffled": rng.permutation(len(rows)).astype(np.int32), "axis": ranks, "tenant": tenants},
            np.searchsorted(rows[order], asked))


def conditions(place, share, more, asked_rank, queries, seed=23):
    """(SQL condition, parameters int32 [queries, n], rows that match each query)."""
    rng = np.random.default_rng(seed)
    n = len(more["shuffled"])
    if place == "tenant":
        tenants = rng.integers(0, TENANTS, queries).astype(np.int32)
        return "tenant = $2", tenants[:, None], [np.flatnonzero(more["tenant"] == t) for t in tenants]
    width = max(1, round(n * share))
    if place == "random":
        column, low = "shuffled", rng.integers(0, n - width + 1, queries)
    elif place == "near":
        column, low = "axis", np.clip(asked_rank - width // 2, 0, n - width)
    else:
        column, low = "axis", np.where(asked_rank < n / 2, n - width, 0)
    at = np.argsort(more[column])
    params = np.stack([low, low + width], axis=1).astype(np.int32)
    return f"{column} >= $2 AND {column} < $3", params, [at[a:b] for a, b in params]


def answers(data, matching, k):
    """The k nearest of the rows that match, for each query; fewer where fewer match."""
    out = []
    for query, rows in zip(data["queries"], matching):
        distance = datasets.distances(query, data["base"][rows], data["metric"])
        out.append(rows[np.argsort(distance, kind="stable")[:k]])
    return out


def judge(data, found, truth):
    """(recall, rows that should have come and did not): ties count as in datasets.recall."""
    hits = wanted = missing = 0
    for i, best in enumerate(truth):
        if found[i][0] == -2 or len(best) == 0:
            continue
        ids = np.unique(found[i][found[i] >= 0])
        worst = datasets.distances(data["queries"][i], data["base"][best[-1:]], data["metric"])[0]
        near = datasets.distances(data["queries"][i], data["base"][ids], data["metric"]) if len(ids) else np.zeros(0)
        hits += min(int((near <= worst + 1e-6 * abs(worst) + 1e-9).sum()), len(best))
        wanted += len(best)
        missing += max(len(best) - len(ids), 0)
    return hits / max(wanted, 1), missing


# ---- measuring

def cases(args, data, more, asked_rank):
    for place in args.places.split(","):
        for share in [None] if place == "tenant" else map(float, args.shares.split(",")):
            where, params, matching = conditions(place, share, more, asked_rank, len(data["queries"]))
            yield {"place": place, "share": share, "where": where, "params": params,
                   "truth": answers(data, matching, args.k)}
    every = [np.arange(len(data["base"]))] * len(data["queries"])
    yield {"place": "unfiltered", "share": 1.0, "where": "true", "params": None, "truth": answers(data, every, args.k)}


def measure(args, server, spec, data, case, efforts, settings):
    """The first effort with enough recall, or the last."""
    sql = (f"SELECT id FROM {servers.TABLE} WHERE {case['where']} "
           f"ORDER BY v {datasets.METRICS[data['metric']]} $1::vector LIMIT {args.k}")
    for effort in efforts:
        session = settings + [f"SET {name} = {value}" for name, value in effort.items()]
        result, ids = client.run(server.dsn, sql, data["queries"], session, ids=True, ints=case["params"],
                                 w=10, t=args.seconds, m=args.limit, k=args.k)
        result["recall"], result["missing"] = judge(data, ids, case["truth"])
        result["effort"] = effort
        if result["recall"] >= args.recall and result["missing"] == 0:
            break
    return {"place": case["place"], "share": case["share"], **result}


def bitmap_ms(server, data, case):
    """Time of the btree's bitmap alone, from EXPLAIN ANALYZE of a plan that has only that; median."""
    times = []
    with servers.connect(server, ["SET enable_seqscan = off", "SET enable_indexscan = off"]) as conn:
        for params in case["params"][:20]:
            where = case["where"]
            for i, value in enumerate(params):
                where = where.replace(f"${i + 2}", str(value))
            plan = servers.scalar(conn, f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM {servers.TABLE} WHERE {where}")
            node = plan[0]["Plan"]
            while node["Node Type"] != "Bitmap Index Scan":
                node = node["Plans"][0]
            times.append(node["Actual Total Time"])
    return float(np.median(times))


def prepare_way(server, spec, data, way, more):
    """Indexes for a way; what the vector's index cost."""
    with servers.connect(server) as conn:
        for name in more:
            conn.execute(f"DROP INDEX IF EXISTS {servers.SCHEMA}.btree_{name}")
            if way == "btree":
                conn.execute(f"CREATE INDEX btree_{name} ON {servers.TABLE} ({name})")
    inside = list(more) if way == "column" else ()
    out = servers.build_index(server, spec, "vector", data["metric"], "2GB", 1, inside)
    with servers.connect(server) as conn:
        conn.execute(f"VACUUM ANALYZE {servers.TABLE}")
    return out


def session(args, server):
    own = [sql.partition(":")[2] for sql in args.set if sql.startswith(server.name + ":")]
    return ["SET max_parallel_workers_per_gather = 0", "SET jit = off", "SET plan_cache_mode = force_custom_plan", *own]


def measure_index(args, server, spec, data, more, all_cases, efforts, ways):
    for way in ways:
        out = {"index": spec.text, "server": spec.server, "way": way, "cases": []}
        try:
            out["build"] = prepare_way(server, spec, data, way, more)
            for case in all_cases:
                point = measure(args, server, spec, data, case, efforts, session(args, server))
                if way == "btree" and case["params"] is not None:
                    point["bitmap_ms"] = bitmap_ms(server, data, case)
                out["cases"].append(point)
                print(f"  {spec.text:30} {way:7}{case['place']:11}{case['share'] or '':<6} recall {point['recall']:.3f} "
                      f"missing {point['missing']:<4} {point['mean_ms']:8.3f} ms  {point['effort']}", flush=True)
        except (servers.psycopg.Error, servers.Failure) as error:
            out["error"] = str(error)
            print(f"  {spec.text} {way}: error: {error}", flush=True)
        yield out


# ---- tables and pictures

def name_of(entry):
    return f"{entry['index']}, {entry['way']}"


def table(result):
    """Mean ms of a query; recall where it is short, rows missing where there are any."""
    points = {(name_of(e), p["place"], p["share"]): p for e in result["indexes"] for p in e["cases"]}
    entries = list(dict.fromkeys(name for name, _, _ in points))
    lines = ["| rows | " + " | ".join(entries) + " |", "| --- |" + " --- |" * len(entries)]
    for place, share in dict.fromkeys((place, share) for _, place, share in points):
        cells = []
        for entry in entries:
            p = points.get((entry, place, share))
            short = "" if not p or p["recall"] >= result["recall"] else f" ({p['recall']:.2f})"
            cells.append("" if not p else f"{p['mean_ms']:.3g}{short}" + (f" -{p['missing']}" if p["missing"] else ""))
        what = place if share is None or place == "unfiltered" else f"{place} {100 * share:g} %"
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(result, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    places = [p for p in ("random", "near", "far") if any(c["place"] == p for e in result["indexes"] for c in e["cases"])]
    figure, axes = pyplot.subplots(1, len(places), figsize=(4.5 * len(places), 4), sharey=True, squeeze=False)
    for axis, place in zip(axes[0], places):
        for entry in result["indexes"]:
            points = [p for p in entry["cases"] if p["place"] == place]
            line, = axis.loglog([100 * p["share"] for p in points], [p["mean_ms"] for p in points], "o-", label=name_of(entry))
            short = [p for p in points if p["recall"] < result["recall"] or p["missing"]]
            axis.loglog([100 * p["share"] for p in short], [p["mean_ms"] for p in short], "x", color=line.get_color(), ms=12)
        axis.set(title=place, xlabel="rows that match, %")
        axis.grid(True, which="both", alpha=0.2)
    axes[0][0].set_ylabel("ms a query (x: recall below the wanted, or rows missing)")
    axes[0][-1].legend(fontsize=7)
    figure.suptitle(f"{result['data']['name']}, LIMIT {result['data']['k']}, recall {result['recall']}")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def show(result, path):
    print(table(result))
    draw(result, path.with_suffix(".png"))


def main():
    args = arguments()
    if args.draw:
        path = pathlib.Path(args.draw)
        show(json.loads(path.read_text()), path)
        return
    vectors.SWEEPS.update(EFFORTS)
    named, specs, efforts = vectors.prepare(args)
    data = datasets.load(args.data, args.data_dir, None, args.queries)
    more, asked_rank = columns(data)
    all_cases = list(cases(args, data, more, asked_rank))
    result = {"command": vectors.redacted("bench/filters.py " + vectors.command_line().partition(" ")[2]), "host": vectors.host(),
              "recall": args.recall, "data": {"name": data["name"], "rows": len(data["base"]), "queries": len(data["queries"]),
                                              "metric": data["metric"], "k": args.k}, "servers": {}, "indexes": []}
    ways = dict(text.split(":") for text in args.ways)
    loaded = set()
    for spec in specs:
        server = named[spec.server]
        if spec.server not in loaded:
            result["servers"][spec.server] = servers.describe(server)
            servers.load_table(server, data["base"], "vector", more)
            loaded.add(spec.server)
        wanted = ways.get(spec.server, ",".join(WAYS)).split(",")
        result["indexes"] += measure_index(args, server, spec, data, more, all_cases, efforts[spec.am], wanted)
    for name in loaded:
        servers.drop_everything(named[name])
    path = vectors.results_path(f"filters-{data['name']}")
    path.write_text(json.dumps(result, indent=1) + "\n")
    show(result, vectors.keep(path, args.save))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How queries slow down as a table grows: the same set at several sizes.

    bench/growth.py --server ours='host=/tmp port=5432' --data synth1m --index ours:hnsw \\
        --way 'ours:walk=SET milvus.graph_walk = on' --way 'ours:lists=SET milvus.graph_walk = off' --save growth_synth1m

For each size the table holds the first rows of the set; each index is built on it,
and swept once for each way of its server (without one: as it is), on the same
index.  Queries a second at a recall are interpolated as bench/report.py does.
"""
import argparse
import json
import pathlib

import datasets
import report
import servers
import vectors

RECALLS = (0.95, 0.99)
SIZES = "100000,200000,300000,500000,1000000"
SWEEP = vectors.one("milvus.target_recall", [0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995])


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--server", action="append", default=[], metavar="NAME=CONNINFO", help="may be repeated")
    p.add_argument("--index", action="append", default=[], metavar="SERVER:AM(OPTIONS)", help="may be repeated")
    p.add_argument("--way", action="append", default=[], metavar="SERVER:NAME=SQL", help="may be repeated")
    p.add_argument("--effort", action="append", default=[], metavar="AM:SETTING=V,V", help="replaces the sweep of an AM")
    p.add_argument("--data", default="synth1m", choices=list(datasets.SETS))
    p.add_argument("--data-dir", type=pathlib.Path, default=datasets.DEFAULT_DIR)
    p.add_argument("--sizes", default=SIZES, help="rows")
    p.add_argument("--queries", type=int, default=300)
    p.add_argument("-k", type=int, default=10)
    p.add_argument("--seconds", type=float, default=2, help="least duration of one measurement")
    p.add_argument("--limit", type=float, default=20, help="most seconds of one measurement, even if queries are left")
    p.add_argument("--maintenance-work-mem", default="2GB")
    p.add_argument("--workers", type=int, default=1, help="max_parallel_maintenance_workers")
    p.add_argument("--save", metavar="NAME")
    p.add_argument("--draw", metavar="RESULT.json", help="only draw and print an older result")
    p.set_defaults(type="vector", parts=["sweep"], client_counts=[1], rounds=1, parallel=0, planner=False, set=[])
    return p.parse_args()


def ways_of(args, server):
    """(name, SQL) of every way of a server."""
    named = [text.partition(":")[2].partition("=") for text in args.way if text.startswith(server + ":")]
    return [(name, sql) for name, _, sql in named] or [("", None)]


def measure_size(args, server, spec, data, efforts):
    """One index at one size: what it cost, and the points of each way."""
    job = vectors.new_job(args, server, spec, data, efforts)
    out = {"index": spec.text, "rows": len(data["base"]), "ways": {}}
    vectors.attempt(job, vectors.build, args)
    for name, sql in ways_of(args, spec.server):
        args.set = [sql] if sql else []
        vectors.sweep(args, [job])
        out["ways"][name] = job["out"].pop("sweep", [])
    return {**out, "build": job["out"].get("build"), "error": job["out"].get("error")}


def lines(result):
    """{(index, way): {rows: points}}"""
    out = {}
    for entry in result["sizes"]:
        for way, points in entry["ways"].items():
            out.setdefault((entry["index"], way), {})[entry["rows"]] = points
    return out


def at(points, recall):
    return report.qps_at([(p["recall"], p["clients"]["1"]["qps"]) for p in points], recall)


def table(result):
    rows = sorted({entry["rows"] for entry in result["sizes"]})
    out = ["| queries/s at recall | " + " | ".join(f"{n:,} rows" for n in rows) + " |", "| --- |" + " --- |" * len(rows)]
    for (index, way), sizes in lines(result).items():
        for recall in RECALLS:
            cells = [at(sizes.get(n, []), recall) for n in rows]
            out.append(f"| {index} {way} {recall} | " + " | ".join(f"{sign}{qps:.0f}" if qps else "" for qps, sign in cells) + " |")
    for index in dict.fromkeys(entry["index"] for entry in result["sizes"]):
        cost = {e["rows"]: e["build"] for e in result["sizes"] if e["index"] == index and e["build"]}
        for what, unit in (("seconds", "s"), ("index_mb", "MB"), ("peak_memory_mb", "MB of memory")):
            out.append(f"| {index} build, {unit} | " + " | ".join(str(cost[n][what]) if n in cost else "" for n in rows) + " |")
    return "\n".join(out)


def draw(result, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(RECALLS) + 1, figsize=(4.5 * (len(RECALLS) + 1), 4))
    for axis, recall in zip(axes, RECALLS):
        for (index, way), sizes in lines(result).items():
            points = [(n, at(p, recall)[0]) for n, p in sorted(sizes.items())]
            points = [p for p in points if p[1]]
            axis.loglog([n for n, _ in points], [qps for _, qps in points], "o-", label=f"{index} {way}")
        axis.set(title=f"recall {recall}", xlabel="rows", ylabel="queries a second")
        axis.legend(fontsize=7)
    for index in dict.fromkeys(entry["index"] for entry in result["sizes"]):
        cost = [(e["rows"], e["build"]["seconds"]) for e in result["sizes"] if e["index"] == index and e["build"]]
        axes[-1].loglog([n for n, _ in cost], [s for _, s in cost], "o-", label=index)
    axes[-1].set(title="build", xlabel="rows", ylabel="seconds")
    axes[-1].legend(fontsize=7)
    for axis in axes:
        axis.grid(True, which="both", alpha=0.2)
    figure.suptitle(f"{result['data']['name']}, {result['data']['dim']} dimensions, k = {result['data']['k']}")
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
    vectors.SWEEPS.update({am: SWEEP for am in ("hnsw", "ivf", "cagra")})
    named, specs, efforts = vectors.prepare(args)
    result = {"command": vectors.redacted("bench/growth.py " + vectors.command_line().partition(" ")[2]), "host": vectors.host(),
              "servers": {name: servers.describe(server) for name, server in named.items()}, "sizes": []}
    path = vectors.results_path(f"growth-{args.data}")
    for rows in map(int, args.sizes.split(",")):
        data = datasets.load(args.data, args.data_dir, rows, args.queries)
        result["data"] = {"name": data["name"], "dim": data["base"].shape[1], "queries": len(data["queries"]),
                          "metric": data["metric"], "k": args.k}
        for name in dict.fromkeys(spec.server for spec in specs):
            servers.load_table(named[name], data["base"], "vector")
            for spec in (s for s in specs if s.server == name):
                print(f"{rows} rows", flush=True)
                result["sizes"].append(measure_size(args, named[name], spec, data, efforts[spec.am]))
                path.write_text(json.dumps(result, indent=1) + "\n")
            servers.drop_everything(named[name])
    show(result, vectors.keep(path, args.save))


if __name__ == "__main__":
    main()

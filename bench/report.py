#!/usr/bin/env python3
"""Tables and pictures of what vectors.py measured.

    bench/report.py [RESULT.json ...] [--peer peer] [--clients 1] [--at .95,.99] [--png]

Without files: all of bench/results/.  Prints markdown: QPS at a recall,
interpolated between measured points, with its ratio to the best index of
--peer in the same file; build, writes, first query and page reads where
measured.  --png draws recall against QPS, build time and size next to the JSON
(for files under bench/results) or to the current folder.
"""
import argparse
import json
import math
import pathlib

HERE = pathlib.Path(__file__).resolve().parent


# ---- numbers

def frontier(points):
    """(recall, qps) pairs no other pair beats in both, by rising recall and so by falling QPS."""
    out = []
    for recall, qps in sorted(points, key=lambda p: (-p[0], -p[1])):
        if not out or qps > out[-1][1]:
            out.append((recall, qps))
    return out[::-1]


def qps_at(points, recall):
    """QPS at a recall: (value, sign), the logarithm of QPS being linear in recall between points of the frontier.

    sign '>' : even the cheapest point is better, the value is its QPS;
    value None: never reached.  Nothing is extrapolated.
    """
    line = frontier(points)
    if not line or line[-1][0] < recall:
        return None, ""
    if line[0][0] > recall:
        return line[0][1], ">"
    for (r0, q0), (r1, q1) in zip(line, line[1:]):
        if r0 <= recall <= r1:
            part = (recall - r0) / (r1 - r0)
            return math.exp(math.log(q0) + part * (math.log(q1) - math.log(q0))), ""
    return line[0][1], ""  # one point, exactly there


def sweep_points(entry, clients):
    """(recall, qps) of an index's sweep; points that used another number of clients are left out."""
    return [(p["recall"], p["clients"][clients]["qps"]) for p in entry.get("sweep", []) if clients in p["clients"]]


def digits(x):
    """Three significant digits, no more is ever known."""
    if x is None:
        return ""
    if x == 0:
        return "0"
    return f"{x:,.0f}".replace(",", " ") if abs(x) >= 100 else f"{x:.3g}"


# ---- markdown

def row(cells):
    return "| " + " | ".join(str(c) for c in cells) + " |"


def table(head, rows):
    return "\n".join([row(head), row(["---"] * len(head)), *map(row, rows)]) + "\n"


def entry_at(entry, clients, recall):
    """qps_at of an index; exact search answers every recall at its one speed."""
    points = sweep_points(entry, clients)
    if entry["am"] == "exact" and points:
        return points[0][1], ""
    return qps_at(points, recall)


def best_of_peer(run, peer, clients, recall):
    """The fastest of the peer's approximate indexes at a recall (its exact scan if no other reaches it)."""
    mine = [e for e in run["indexes"] if e["server"] == peer]
    for group in ([e for e in mine if e["am"] != "exact"], mine):
        found = [entry_at(e, clients, recall) for e in group]
        if any(qps for qps, _ in found):
            return max(f for f in found if f[0])
    return None, ""


def ratio(ours, reference):
    """Ratio of two results of qps_at as text; a bound stays a bound, of two bounds nothing is known."""
    (a, above), (b, b_above) = ours, reference
    if not a or not b or (above and b_above):
        return ""
    return f"{'>' if above else '<' if b_above else ''}{a / b:.2f}"


def speed_table(run, peer, clients, recalls):
    """One row per index; the ratio is to the best index of the peer at that recall."""
    rows = []
    for entry in run["indexes"]:
        if not sweep_points(entry, clients):
            continue
        cells = [entry["index"]]
        for recall in recalls:
            qps, sign = entry_at(entry, clients, recall)
            reference = best_of_peer(run, peer, clients, recall)
            cells += ["not reached" if qps is None else sign + digits(qps), ratio((qps, sign), reference)]
        rows.append(cells)
    head = ["index"] + [c for r in recalls for c in (f"QPS at {r:g}", f"/ {peer}")]
    return table(head, rows) if rows else ""


def build_table(run):
    rows = [[e["index"], digits(b["seconds"]), b["workers"], digits(b["peak_memory_mb"]), digits(b["index_mb"]), digits(b["wal_mb"])]
            for e in run["indexes"] for b in [e.get("build")] if b]
    return table(["index", "build s", "workers", "peak memory MB", "index MB", "WAL MB"], rows) if rows else ""


def sweep_table(run):
    rows = []
    for entry in run["indexes"]:
        for p in entry.get("sweep", []):
            effort = " ".join(f"{k.partition('.')[2]}={v}" for k, v in p["effort"].items()) or "-"
            for clients, r in p["clients"].items():
                rows.append([entry["index"], effort, f"{p['recall']:.4f}", clients, digits(r["qps"]),
                             *(f"{r[c]:.2f}" for c in ("p50_ms", "p95_ms", "p99_ms"))])
    return table(["index", "effort", "recall", "clients", "QPS", "p50 ms", "p95 ms", "p99 ms"], rows) if rows else ""


def step_seconds(step):
    if step["seconds"] is None:
        return f"> {step['gave_up_after_s']:g}"
    return digits(step["seconds"])


def writes_table(run):
    rows = []
    for entry in run["indexes"]:
        w = entry.get("writes")
        if w:
            rows.append([entry["index"], digits(w["single"]["qps"]), f"{w['single']['p99_ms']:.2f}",
                         *(step_seconds(w[s]) for s in ("bulk", "delete", "vacuum")),
                         f"{digits(w['after']['qps'])} at {w['after']['recall']:.3f}", digits(w["index_mb"])])
    return table(["index", "inserts/s", "p99 ms", "bulk s", "delete s", "vacuum s", "QPS after", "MB after"], rows) if rows else ""


def connection_table(run):
    rows = []
    for entry in run["indexes"]:
        f, c = entry.get("first"), entry.get("cold")
        if f or c:
            rows.append([entry["index"], *(digits(f[k]) if f else "" for k in ("query1_ms", "query2_ms", "query3_ms")),
                         *(digits(c.get(k)) if c else "" for k in ("read_pages", "touched_pages"))])
    return table(["index", "first query ms", "second", "third", "pages read", "pages touched"], rows) if rows else ""


def markdown(run, peer, clients, recalls, full):
    d, h = run["data"], run["host"]
    title = (f"**{d['name']}**, {d['rows']:,} x {d['dim']} {d['type']}, {d['metric']}, k = {d['k']}, "
             f"{d['queries']} queries, {clients} client(s)")
    parts = [title, f"{h['cpu']}, {h['cores']} cores; load average {h['load'][0]} at the start\n",
             speed_table(run, peer, clients, recalls), build_table(run), writes_table(run), connection_table(run)]
    if full:
        parts.append(sweep_table(run))
    parts += [f"{e['index']} failed: {e['error'][:200]}\n" for e in run["indexes"] if "error" in e]
    return "\n".join(p for p in parts if p)


# ---- pictures

def draw(run, clients, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, (speed, seconds, size) = plt.subplots(1, 3, figsize=(15, 5), width_ratios=[3, 1, 1])
    colours = {e["index"]: f"C{i % 10}" for i, e in enumerate(run["indexes"])}
    built = [e for e in run["indexes"] if "build" in e]
    for entry in run["indexes"]:
        points = sweep_points(entry, clients)
        if points:
            speed.plot(*zip(*sorted(points)), marker="o", markersize=4, label=entry["index"], color=colours[entry["index"]])
    speed.set(xlabel=f"recall@{run['data']['k']}", ylabel=f"queries per second, {clients} client(s)", yscale="log")
    speed.grid(True, which="both", alpha=0.3)
    speed.legend(fontsize=8)
    for ax, field, what in ((seconds, "seconds", "build, s"), (size, "index_mb", "index, MB")):
        bars = ax.bar(range(len(built)), [e["build"][field] for e in built], color=[colours[e["index"]] for e in built])
        ax.bar_label(bars, fmt="%.3g", fontsize=8)
        ax.set_title(what, fontsize=10)
        ax.set_xticks([])
    d = run["data"]
    fig.suptitle(f"{d['name']}: {d['rows']:,} x {d['dim']} {d['type']}, {d['metric']}")
    fig.tight_layout()
    fig.savefig(path, dpi=110)
    plt.close(fig)


def picture_path(result):
    kept = result.resolve().parent == HERE / "results"
    return (result.parent if kept else pathlib.Path()) / f"{result.stem}.png"


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("results", nargs="*", type=pathlib.Path)
    p.add_argument("--peer", default="peer", help="server the ratios are to")
    p.add_argument("--clients", default="1")
    p.add_argument("--at", default=".95,.99", help="recalls to interpolate at")
    p.add_argument("--full", action="store_true", help="every measured point, too")
    p.add_argument("--png", action="store_true")
    args = p.parse_args()
    recalls = [float(r) for r in args.at.split(",")]
    for path in args.results or sorted((HERE / "results").glob("*.json")):
        run = json.loads(path.read_text())
        if "indexes" not in run:  # a result of another benchmark
            continue
        print(markdown(run, args.peer, args.clients, recalls, args.full))
        if args.png:
            draw(run, args.clients, picture_path(path))


if __name__ == "__main__":
    main()

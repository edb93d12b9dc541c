#!/usr/bin/env python3
"""Exact search by sequential scan, ours beside a peer with pgvector's SQL.

    bench/exact_scan.py --ours DSN --peer DSN [--rounds 15] [--data ../shared/data]

Both servers get the same tables.  Each query runs `rounds` times on either
server in turn, in one process and then with two parallel workers; a figure is
the minimum.  Ratio = peer / ours: above 1 ours is faster.  Needs psycopg and
numpy; writes bench/results/exact_scan.json and .png.
"""
import argparse
import json
import pathlib
import time

import numpy as np
import psycopg

RESULTS = pathlib.Path(__file__).parent / "results"

# name, type, dimensions, rows; None: the real embeddings
TABLES = [
    ("minilm", "vector", 384, None),
    ("f32_128", "vector", 128, 200_000),
    ("f32_768", "vector", 768, 40_000),
    ("f32_1536", "vector", 1536, 20_000),
    ("f16_768", "halfvec", 768, 60_000),
    ("bit_1024", "bit", 1024, 200_000),
]
OPERATORS = {"vector": ["<->", "<#>", "<=>", "<+>"], "halfvec": ["<->", "<#>", "<=>", "<+>"], "bit": ["<~>", "<%>"]}


def rows(kind, dim, count, data):
    """Text literals of a table's values."""
    if count is None:
        for v in np.load(data / "enwiki100k_minilm.npy").astype(np.float32):
            yield "[" + ",".join(map(str, v)) + "]"
        return
    rng = np.random.default_rng(7)
    for start in range(0, count, 1000):
        block = rng.standard_normal((min(1000, count - start), dim)).astype(np.float32)
        for v in block:
            if kind == "bit":
                yield "".join("1" if x > 0 else "0" for x in v)
            else:
                yield "[" + ",".join(f"{x:.5f}" for x in v) + "]"


def load(conn, name, kind, dim, count, data):
    conn.execute(f"DROP TABLE IF EXISTS {name}")
    conn.execute(f"CREATE TABLE {name} (id int, v {kind}({dim})) WITH (parallel_workers = 2)")
    started = time.perf_counter()
    with conn.cursor().copy(f"COPY {name} FROM STDIN") as copy:
        for i, text in enumerate(rows(kind, dim, count, data)):
            copy.write_row((i, text))
    loaded = time.perf_counter() - started
    conn.execute(f"VACUUM ANALYZE {name}")
    return loaded


def connect(dsn):
    """Without prepared statements: their plans would outlive the settings compared."""
    return psycopg.connect(dsn, autocommit=True, prepare_threshold=None)


def once(conn, sql):
    started = time.perf_counter()
    result = conn.execute(sql).fetchall()
    return time.perf_counter() - started, [r[0] for r in result]


def compare(ours, peer, name, operator, workers, rounds):
    query = ours.execute(f"SELECT v::text FROM {name} WHERE id = 17").fetchone()[0]
    sql = f"SELECT id FROM {name} ORDER BY v {operator} '{query}', id LIMIT 10"
    best = {}
    answers = {}
    for conn in (ours, peer):
        conn.execute(f"SET max_parallel_workers_per_gather = {workers}")
        conn.execute("SET parallel_setup_cost = 0" if workers else "RESET parallel_setup_cost")
    for _ in range(rounds):
        for who, conn in (("ours", ours), ("peer", peer)):
            seconds, answers[who] = once(conn, sql)
            best[who] = min(best.get(who, 1e9), seconds)
    return {
        "table": name, "operator": operator, "workers": workers,
        "ours_ms": round(best["ours"] * 1e3, 3), "peer_ms": round(best["peer"] * 1e3, 3),
        "ratio": round(best["peer"] / best["ours"], 3), "same_rows": answers["ours"] == answers["peer"],
    }


def plot(results):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    labels = [f"{r['table']} {r['operator']} {r['workers'] or ''}" for r in results]
    fig, ax = plt.subplots(figsize=(8, 0.22 * len(labels) + 1))
    ax.barh(labels, [r["ratio"] for r in results])
    ax.axvline(1, color="black", linewidth=0.8)
    ax.invert_yaxis()
    ax.set_xlabel("peer's time / ours (exact top 10, sequential scan; trailing number: parallel workers)")
    fig.tight_layout()
    fig.savefig(RESULTS / "exact_scan.png", dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", required=True)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--data", type=pathlib.Path, default=pathlib.Path("../shared/data"))
    args = parser.parse_args()

    RESULTS.mkdir(exist_ok=True)
    results, loads = [], []
    with connect(args.ours) as ours, connect(args.peer) as peer:
        for conn in (ours, peer):
            conn.execute("CREATE EXTENSION IF NOT EXISTS vector")
        for name, kind, dim, count in TABLES:
            seconds = [load(conn, name, kind, dim, count, args.data) for conn in (ours, peer)]
            loads.append({"table": name, "ours_s": round(seconds[0], 2), "peer_s": round(seconds[1], 2)})
            for operator in OPERATORS[kind]:
                for workers in (0, 2):
                    results.append(compare(ours, peer, name, operator, workers, args.rounds))
                    print(results[-1], flush=True)
        version = {"ours": ours.execute("SELECT version()").fetchone()[0]}
        version["peer"] = peer.execute("SELECT 'vector ' || extversion FROM pg_extension WHERE extname = 'vector'").fetchone()[0]
    (RESULTS / "exact_scan.json").write_text(json.dumps({"versions": version, "load": loads, "scan": results}, indent=1) + "\n")
    plot(results)


if __name__ == "__main__":
    main()

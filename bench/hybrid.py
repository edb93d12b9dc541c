#!/usr/bin/env python3
"""Hybrid search: rrf() beside its legs alone, and beside the two-CTE SQL, on the same indexes.

    bench/hybrid.py --dsn 'host=/tmp dbname=bench' --save hybrid_enwiki

Articles with text and embedding, hnsw and bm25 indexes; real queries, as text and
as embedding, prepared, one client unless --clients says otherwise.  R is the same
round trip without a search.  `legs` is the sum of both legs, R counted once;
`over` is what a form costs beyond it.  The rows of both forms are compared.
"""
import argparse
import gzip
import json
import pathlib

import numpy as np

import client
import datasets
import servers
import vectors

DATA = datasets.DEFAULT_DIR
GIVEN = "$1::vector IS NOT NULL AND $2::text IS NOT NULL"
TABLE = servers.TABLE


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--dsn", required=True)
    p.add_argument("--data-dir", type=pathlib.Path, default=DATA)
    p.add_argument("--depth", type=int, default=50, help="rows of each leg")
    p.add_argument("-k", type=int, default=10, help="rows a query asks for")
    p.add_argument("--recall", type=float, default=0.99, help="milvus.target_recall")
    p.add_argument("--where", default="true", help="condition of every query, as \"shelf < 100\"")
    p.add_argument("--clients", type=int, default=1)
    p.add_argument("--seconds", type=float, default=3)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--save", metavar="NAME")
    return p.parse_args()


def articles(folder):
    with gzip.open(folder / "enwiki100k.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


def load(server, folder):
    """The table with both indexes, and the queries: vectors, texts."""
    base = np.load(folder / "enwiki100k_minilm.npy").astype(np.float32)
    asked = np.load(folder / "enwiki100k_queries_minilm.npy").astype(np.float32)
    texts = [json.loads(line)["text"].replace("\n", " ") for line in (folder / "enwiki100k_queries.jsonl").open(encoding="utf-8")]
    order = datasets.minilm_order(len(asked))
    servers.load_table(server, base, "vector", {"shelf": (np.arange(len(base)) * 7919 % 1000).astype(np.int32)})
    with servers.connect(server) as conn:
        conn.execute(f"CREATE TABLE {servers.SCHEMA}.texts (id bigint, body text)")
        with conn.cursor().copy(f"COPY {servers.SCHEMA}.texts FROM STDIN") as copy:
            for i, text in enumerate(articles(folder)):
                copy.write_row((i, text))
        conn.execute(f"CREATE TABLE {servers.SCHEMA}.docs AS SELECT b.*, t.body FROM {TABLE} b JOIN {servers.SCHEMA}.texts t USING (id) ORDER BY id")
        conn.execute(f"DROP TABLE {TABLE}, {servers.SCHEMA}.texts")
        conn.execute(f"ALTER TABLE {servers.SCHEMA}.docs RENAME TO bench")
        conn.execute("SET maintenance_work_mem = '2GB'")
        conn.execute(f"CREATE INDEX bench_v_idx ON {TABLE} USING hnsw (v vector_cosine_ops)")
        conn.execute(f"CREATE INDEX bench_body_idx ON {TABLE} USING bm25 (body) WITH (text_config = 'english')")
        conn.execute(f"CREATE INDEX bench_shelf_idx ON {TABLE} (shelf)")
        conn.execute(f"VACUUM ANALYZE {TABLE}")
    return asked[order], [texts[i] for i in order]


def statements(args):
    near, matching = "v <=> $1", "body <@> $2"
    leg = f"SELECT id FROM {TABLE} WHERE {args.where} AND {GIVEN} ORDER BY {{}} LIMIT {args.depth}"
    ranked = (f"SELECT id, row_number() OVER (ORDER BY d) AS rank FROM (SELECT id, {{0}} AS d FROM {TABLE} "
              f"WHERE {args.where} ORDER BY {{0}} LIMIT {args.depth}) x")
    return {
        "R": f"SELECT 1 WHERE {GIVEN}",
        "vector leg": leg.format(near),
        "text leg": leg.format(matching),
        "rrf": f"SELECT id FROM {TABLE} WHERE {args.where} ORDER BY rrf({near}, {matching}) LIMIT {args.k}",
        "two CTEs": f"WITH a AS ({ranked.format(near)}), b AS ({ranked.format(matching)} WHERE d < 0) "
                    "SELECT coalesce(a.id, b.id) AS id FROM a FULL JOIN b ON a.id = b.id "
                    f"ORDER BY coalesce(1.0::float8 / (60 + a.rank), 0) + coalesce(1.0::float8 / (60 + b.rank), 0) DESC LIMIT {args.k}",
    }


def measure(args, server, asked, texts):
    settings = ["SET jit = off", "SET max_parallel_workers_per_gather = 0", f"SET milvus.target_recall = {args.recall}",
                f"SET milvus.hybrid_depth = {args.depth}"]
    out, rows = {}, {}
    for name, sql in statements(args).items():
        for _ in range(args.rounds):
            result, ids = client.run(server.dsn, sql, asked, settings, ids=True, texts=texts, c=args.clients, w=50, t=args.seconds,
                                     k=args.k)
            if name not in out or result["mean_ms"] < out[name]["mean_ms"]:
                out[name], rows[name] = result, ids
        print(f"  {name:12} {out[name]['mean_ms']:7.3f} ms  p99 {out[name]['p99_ms']:7.3f}", flush=True)
    same = np.mean([len(set(a) & set(b)) / len(set(b)) for a, b in zip(rows["rrf"], rows["two CTEs"])])
    legs = out["vector leg"]["mean_ms"] + out["text leg"]["mean_ms"] - out["R"]["mean_ms"]
    return {"tests": out, "legs_ms": legs, "rrf_to_legs": out["rrf"]["mean_ms"] / legs,
            "over_ms": {name: out[name]["mean_ms"] - legs for name in ("rrf", "two CTEs")}, "same_rows": float(same)}


def main():
    args = arguments()
    server = servers.Server("ours", args.dsn)
    about = servers.describe(server)
    asked, texts = load(server, args.data_dir)
    result = {"command": vectors.redacted("bench/hybrid.py " + vectors.command_line().partition(" ")[2]), "host": vectors.host(),
              "server": about, **measure(args, server, asked, texts)}
    servers.drop_everything(server)
    print(json.dumps({k: result[k] for k in ("legs_ms", "rrf_to_legs", "over_ms", "same_rows")}, indent=1))
    if args.save:
        path = pathlib.Path(__file__).resolve().parent / "results" / f"{args.save}.json"
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

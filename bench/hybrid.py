#!/usr/bin/env python3
"""Hybrid search beside its legs alone and beside the two-CTE SQL: how fast, and how well it ranks.

    bench/hybrid.py --dsn 'host=/tmp dbname=bench' --peer 'host=/tmp port=5433 dbname=bench' --save hybrid_enwiki
    bench/hybrid.py --dsn 'host=/tmp dbname=bench' --quality --save hybrid_quality

Speed: articles with text and embedding, hnsw and bm25 indexes; real queries, as text
and as embedding, prepared; for every condition and number of clients the legs, each
ranker, and reciprocal ranks by two CTEs on the same indexes.  R is the same round trip
without a search.  `legs` is the sum of both legs, R counted once; `over` is what a form
costs beyond it.  The peer has pgvector and pg_textsearch; each server gets the cheapest
effort at which its vector leg has the wanted recall.  `best` is the share of rows that
are those of the exact mode.

Quality: test collections (docs.jsonl, queries.tsv, qrels.tsv, *_minilm.npy), nDCG@10 of
the legs, of each ranker, and of the same ranker over all rows' scores, in numpy.
"""
import argparse
import gzip
import itertools
import json
import pathlib

import numpy as np

import client
import datasets
import fulltext
import servers
import vectors

DATA = datasets.DEFAULT_DIR
GIVEN = "$1::vector IS NOT NULL AND $2::text IS NOT NULL"
TABLE = servers.TABLE
TEXT_INDEX = "bench_body_idx"
RANKERS = {
    "rrf": "rrf({near}, {matching})",
    "weighted": "weighted(ARRAY[{near}, {matching}], '{{0.7,0.3}}')",
    "minmax": "weighted(ARRAY[{near}, {matching}], '{{0.7,0.3}}', 'minmax')",
    "sum": "0.7 * ({near}) + 0.02 * ({matching})",
}
MATCHING = {"ours": "body <@> {}", "peer": "body <@> to_bm25query({}, '" + f"{servers.SCHEMA}.{TEXT_INDEX}" + "')"}
EFFORTS = {
    "ours": [f"SET milvus.target_recall = {r}" for r in (0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.993, 0.996, 0.998, 0.999)],
    "peer": [f"SET hnsw.ef_search = {n}" for n in (50, 80, 120, 160, 200, 250, 300, 400, 500, 700, 1000)],
}
SETTINGS = ["SET jit = off", "SET max_parallel_workers_per_gather = 0"]
CTES = "two CTEs"


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--dsn", required=True)
    p.add_argument("--peer", metavar="DSN", help="a server with pgvector and pg_textsearch")
    p.add_argument("--data-dir", type=pathlib.Path, default=DATA)
    p.add_argument("--rows", type=int, help="the first so many")
    p.add_argument("--queries", type=int, help="the first so many")
    p.add_argument("--depth", type=int, default=50, help="rows of each leg")
    p.add_argument("-k", type=int, default=10, help="rows a query asks for")
    p.add_argument("--recall", type=float, default=0.99, help="of the vector legs' rows")
    p.add_argument("--ranker", nargs="+", choices=list(RANKERS), default=list(RANKERS))
    p.add_argument("--where", nargs="+", default=["true", "shelf < 100", "shelf < 10"], help="conditions of every query, one after the other")
    p.add_argument("--clients", type=int, nargs="+", default=[1, 2])
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--exact", type=int, default=100, metavar="N", help="queries also asked in exact mode")
    p.add_argument("--quality", action="store_true", help="nDCG@10 of test collections instead")
    p.add_argument("--collections", nargs="+", default=["scifact", "cranfield", "npl_vaswani"], help="folders in ir/ of --data-dir")
    p.add_argument("--save", metavar="NAME")
    return p.parse_args()


def load(server, base, texts, more=None):
    """Rows with vector and text, an index of each."""
    servers.load_table(server, base, "vector", more)
    with servers.connect(server) as conn:
        conn.execute(f"CREATE TABLE {servers.SCHEMA}.texts (id bigint, body text)")
        with conn.cursor().copy(f"COPY {servers.SCHEMA}.texts FROM STDIN") as copy:
            for i, text in enumerate(texts):
                copy.write_row((i, text))
        conn.execute(f"CREATE TABLE {servers.SCHEMA}.docs AS SELECT b.*, t.body FROM {TABLE} b JOIN {servers.SCHEMA}.texts t USING (id) ORDER BY id")
        conn.execute(f"DROP TABLE {TABLE}, {servers.SCHEMA}.texts")
        conn.execute(f"ALTER TABLE {servers.SCHEMA}.docs RENAME TO bench")
        conn.execute("SET maintenance_work_mem = '2GB'")
        conn.execute(f"CREATE INDEX {servers.INDEX} ON {TABLE} USING hnsw (v vector_cosine_ops)")
        conn.execute(f"CREATE INDEX {TEXT_INDEX} ON {TABLE} USING bm25 (body) WITH (text_config = 'english')")
        for name in more or ():
            conn.execute(f"CREATE INDEX ON {TABLE} ({name})")
        conn.execute(f"VACUUM ANALYZE {TABLE}")


# ---- speed

def articles(folder):
    with gzip.open(folder / "enwiki100k.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


def leg(distance, where, depth):
    return f"SELECT id FROM {TABLE} WHERE {where} AND {GIVEN} ORDER BY {distance} LIMIT {depth}"


def legs(server, where, depth):
    return {f"vector leg {depth}": leg("v <=> $1", where, depth), f"text leg {depth}": leg(MATCHING[server.name].format("$2"), where, depth)}


def statements(args, server, where):
    near, matching = "v <=> $1", MATCHING[server.name].format("$2")
    ranked = (f"SELECT id, row_number() OVER (ORDER BY d) AS rank FROM (SELECT id, {{0}} AS d FROM {TABLE} "
              f"WHERE {where} ORDER BY {{0}} LIMIT {args.depth}) x")
    matched = " WHERE d < 0"
    if server.name == "peer":  # where a score in the target list is computed again, and rows that do not match are not returned
        ranked, matched = f"SELECT id, row_number() OVER () AS rank FROM (SELECT id FROM {TABLE} ORDER BY {{0}} LIMIT {args.depth}) x", ""
    out = {"R": f"SELECT 1 WHERE {GIVEN}", **legs(server, where, args.depth)}
    for name in args.ranker if server.name == "ours" else []:
        order = RANKERS[name].format(near=near, matching=matching)
        out[name] = f"SELECT id FROM {TABLE} WHERE {where} ORDER BY {order} LIMIT {args.k}"
    out[CTES] = (f"WITH a AS ({ranked.format(near)}), b AS ({ranked.format(matching)}{matched}) "
                 "SELECT coalesce(a.id, b.id) AS id FROM a FULL JOIN b ON a.id = b.id "
                 f"ORDER BY coalesce(1.0::float8 / (60 + a.rank), 0) + coalesce(1.0::float8 / (60 + b.rank), 0) DESC LIMIT {args.k}")
    return out


def shared(found, wanted):
    """Mean share of the wanted rows that were found; below 0 stands for no row."""
    pairs = [({i for i in a if i >= 0}, {i for i in b if i >= 0}) for a, b in zip(found, wanted)]
    return float(np.mean([len(a & b) / max(len(b), 1) for a, b in pairs]))


def effort(args, server, asked, texts, exact):
    """The first setting with the recall, and what that is."""
    for setting in EFFORTS[server.name]:
        _, ids = client.run(server.dsn, leg("v <=> $1", "true", args.depth), asked, [*SETTINGS, setting], ids=True, texts=texts, k=args.depth)
        recall = shared(ids, exact)
        if recall >= args.recall:
            return setting, recall
    raise servers.Failure(f"{server.name} does not reach recall {args.recall}")


def depth_used(args, server, sql, settings, asked, texts):
    """How deep the node reads the legs, on average."""
    depths = []
    with servers.connect(server, settings) as conn:
        for vector, text in zip(asked[:30], texts):
            values = sql.replace("$1", f"'{servers.literal(vector)}'").replace("$2", "'" + text.replace("'", "''") + "'")
            plan = servers.scalar(conn, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + values)[0]["Plan"]
            while plan.get("Custom Plan Provider") != "Fused Scan" and "Plans" in plan:
                plan = plan["Plans"][0]
            depths.append(plan.get("Depth", 0))
    return max(args.depth, round(float(np.mean(depths))))


def measure(args, server, where, clients, settings, asked, texts):
    """The best of some rounds of each statement; the legs are also measured at the depths that rankers use."""
    sqls = statements(args, server, where)
    depths = {CTES: args.depth}
    for name in args.ranker if server.name == "ours" else []:
        depths[name] = depth_used(args, server, sqls[name], settings, asked, texts)
        sqls.update(legs(server, where, depths[name]))
    out, rows = {}, {}
    for _ in range(args.rounds):
        for name, sql in sqls.items():
            result, ids = client.run(server.dsn, sql, asked, settings, ids=True, texts=texts, c=clients, w=50, t=args.seconds, k=args.k)
            if name not in out or result["mean_ms"] < out[name]["mean_ms"]:
                out[name], rows[name] = result, ids
    alone = {name: sum(out[one]["mean_ms"] for one in legs(server, where, depth)) - out["R"]["mean_ms"] for name, depth in depths.items()}
    return {"server": server.name, "where": where, "clients": clients, "tests": out, "depths": depths, "legs_ms": alone,
            "to_legs": {name: out[name]["mean_ms"] / alone[name] for name in depths},
            "over_ms": {name: out[name]["mean_ms"] - alone[name] for name in depths}}, rows


def show(run):
    print(f"{run['server']}, {run['where']}, {run['clients']} clients", flush=True)
    for name, test in run["tests"].items():
        times = f" {run['to_legs'][name]:5.2f} x legs to {run['depths'][name]}" if name in run["depths"] else ""
        best = f"  best {run['best'][name]:.4f}" if name in run.get("best", ()) else ""
        print(f"  {name:12} {test['mean_ms']:7.3f} ms  p99 {test['p99_ms']:7.3f}{times}{best}", flush=True)


def best_rows(args, server, where, settings, asked, texts, rows):
    """Of each ranker the share of rows that are those of the exact mode."""
    n = min(args.exact, len(asked))
    exact = [*settings, "SET milvus.hybrid_exact = on"]
    out = {}
    for name in args.ranker:
        sql = statements(args, server, where)[name]
        _, ids = client.run(server.dsn, sql, asked[:n], exact, ids=True, texts=texts[:n], k=args.k)
        out[name] = shared(rows[name][:n], ids)
    return out


def measure_server(args, server, data, texts):
    setting, recall = effort(args, server, data["queries"], texts, data["gt"][:, : args.depth])
    settings = [*SETTINGS, setting] + [f"SET milvus.hybrid_depth = {args.depth}"] * (server.name == "ours")
    print(f"{server.name}: {setting}, recall@{args.depth} {recall:.4f}", flush=True)
    runs = []
    for where in args.where if server.name == "ours" else ["true"]:
        for clients in args.clients:
            run, rows = measure(args, server, where, clients, settings, data["queries"], texts)
            if "rrf" in rows:
                run["removed"] = 1 - run["over_ms"]["rrf"] / run["over_ms"][CTES]
                run["same_rows"] = shared(rows["rrf"], rows[CTES])
            if server.name == "ours" and args.exact > 0 and clients == args.clients[0]:
                run["best"] = best_rows(args, server, where, settings, data["queries"], texts, rows)
            show(run)
            runs.append(run)
    return {"effort": setting, "recall": recall, "runs": runs}


def speed(args, ours):
    asked = [servers.Server("peer", args.peer)] if args.peer else []
    data = datasets.load("minilm", args.data_dir, args.rows, args.queries)
    queries = [json.loads(line)["text"].replace("\n", " ") for line in (args.data_dir / "enwiki100k_queries.jsonl").open(encoding="utf-8")]
    texts = [queries[i] for i in datasets.minilm_order(len(queries))][: args.queries]
    result = {}
    for server in [ours, *asked]:
        about = servers.describe(server)
        load(server, data["base"], itertools.islice(articles(args.data_dir), args.rows), {"shelf": (np.arange(len(data["base"])) * 7919 % 1000).astype(np.int32)})
        result[server.name] = {"about": about, **measure_server(args, server, data, texts)}
        servers.drop_everything(server)
    if asked:
        pairs = zip(result["peer"]["runs"], [run for run in result["ours"]["runs"] if run["where"] == "true"])
        result["times_faster"] = {a["clients"]: a["tests"][CTES]["mean_ms"] / b["tests"]["rrf"]["mean_ms"] for a, b in pairs if "rrf" in b["tests"]}
        print("rrf is faster than the peer's two CTEs by clients:", result["times_faster"])
    return result


# ---- quality

def ranks(values):
    """Ranks from 1 of all rows with a value, in the order of value and row; infinity for the others."""
    order = np.lexsort((np.arange(len(values)), values))
    out = np.full(len(values), np.inf)
    found = order[np.isfinite(values[order])]
    out[found] = np.arange(1, len(found) + 1)
    return out


def minmax(values, depth):
    among = ranks(values) <= depth
    out = np.zeros(len(values))
    if among.any():
        first, last = values[among].min(), values[among].max()
        out[among] = (last - values[among]) / (last - first) if last > first else 1
    return out


def fused(ranker, near, matching, depth):
    """What a ranker says of all rows, by the values of all rows; matching: infinity where nothing matches."""
    if ranker == "rrf":
        return -sum(np.where(r <= depth, 1 / (60 + r), 0) for r in (ranks(near), ranks(matching)))
    score = np.where(np.isfinite(matching), matching, 0)
    if ranker == "weighted":
        return -0.7 * (1 - near / 2) + 0.3 * 2 * np.arctan(score) / np.pi
    if ranker == "minmax":
        return -0.7 * minmax(near, depth) - 0.3 * minmax(matching, depth)
    return 0.7 * near + 0.02 * score


def best(values, k=10):
    """The first rows in the order of value and row that have one."""
    order = np.lexsort((np.arange(len(values)), values))[:k]
    return [int(i) for i in order if np.isfinite(values[i])]


def matches(conn, text, n):
    """The text leg's value of every row, from the index."""
    out = np.full(n, np.inf)
    for i, score in conn.execute(f"SELECT id, s FROM (SELECT id, body <@> %s::text AS s FROM {TABLE} ORDER BY s LIMIT {n}) x WHERE s < 0", (text,)):
        out[i] = score
    return out


def judge(args, server, folder):
    """nDCG@10 of a collection: of the legs, and of each ranker (by the node, over all rows)."""
    grades, queries = fulltext.judged(folder)
    names = [(d["id"], f"{d.get('title', '')} {d['text']}".strip()) for d in fulltext.lines(folder / "docs.jsonl")]
    base = np.load(folder / "docs_minilm.npy").astype(np.float32)
    asked = np.load(folder / "queries_minilm.npy").astype(np.float32)
    load(server, base, (text for _, text in names))
    gains = {}
    with servers.connect(server, SETTINGS) as conn:
        servers.scalar(conn, "SELECT milvus_version()")  # loads the library, and with it the settings
        depth = int(servers.scalar(conn, "SHOW milvus.hybrid_depth"))
        for (query, text), vector in zip(queries, asked):
            if query not in grades:
                continue
            near, matching = datasets.distances(vector, base, "cosine"), matches(conn, text, len(base))
            found = {"vector leg": best(near), "text leg": best(matching)}
            for name in args.ranker:
                order = RANKERS[name].format(near="v <=> %s::vector", matching="body <@> %s::text")
                found[name] = [row[0] for row in conn.execute(f"SELECT id FROM {TABLE} ORDER BY {order} LIMIT 10", (servers.literal(vector), text))]
                found[f"{name}, all rows"] = best(fused(name, near, matching, np.inf if name == "rrf" else depth))
                found[f"{name}, to the depth"] = best(fused(name, near, matching, depth))
            for name, rows in found.items():
                gains.setdefault(name, []).append(fulltext.ndcg([names[i][0] for i in rows], grades[query]))
    out = {name: float(np.mean(gain)) for name, gain in gains.items()}
    print(f"{folder.name}, {len(gains['text leg'])} queries: vector leg {out['vector leg']:.4f}, text leg {out['text leg']:.4f}", flush=True)
    for name in args.ranker:
        print(f"  {name:12} {out[name]:.4f}, over all rows {out[f'{name}, all rows']:.4f}, of exact legs to the depth "
              f"{out[f'{name}, to the depth']:.4f}", flush=True)
    return {"rows": len(base), "queries": len(gains["text leg"]), "ndcg10": out}


def quality(args, ours):
    about = servers.describe(ours)
    result = {name: judge(args, ours, args.data_dir / "ir" / name) for name in args.collections}
    servers.drop_everything(ours)
    return {"about": about, "collections": result}


def main():
    args = arguments()
    ours = servers.Server("ours", args.dsn)
    result = {"command": vectors.redacted("bench/hybrid.py " + vectors.command_line().partition(" ")[2]), "host": vectors.host(),
              **(quality if args.quality else speed)(args, ours)}
    path = vectors.results_path("hybrid-quality" if args.quality else "hybrid-minilm")
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"wrote {vectors.keep(path, args.save)}")


if __name__ == "__main__":
    main()

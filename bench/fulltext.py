#!/usr/bin/env python3
"""Full-text search: how fast by shape of query, and how well it ranks.

    bench/fulltext.py --dsn 'host=/tmp dbname=bench' --speed --save enwiki
    bench/fulltext.py --dsn 'host=/tmp dbname=bench' --quality

--speed loads articles ({id,title,text} lines), builds the index, and times the
queries of a file ({query, tags} lines) shape by shape with pgbench, prepared,
parallel and JIT off.  Beside each time stands the net time: without R, what the
same statement takes with a word that is not in the index.  --quality loads test
collections (docs.jsonl, queries.tsv, qrels.tsv) and prints nDCG@10.  Everything
is written to the schema milvus_bench, which is dropped at start.
"""
import argparse
import collections
import gzip
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import psycopg

TOP = pathlib.Path(__file__).resolve().parent.parent
DATA = TOP.parent / "shared" / "data"
NO_SUCH_WORD = "zzyzxqwv"
MAX_SCRIPTS = 100  # of one pgbench, which takes 128
SETTINGS = "SET search_path = milvus_bench, public; SET jit = off; SET max_parallel_workers_per_gather = 0;"

# name: which queries, SQL with the query as ftsquery
TESTS = {
    "or10": ("union", "SELECT id FROM docs ORDER BY body <@> {q} LIMIT 10"),
    "or100": ("union", "SELECT id FROM docs ORDER BY body <@> {q} LIMIT 100"),
    "or1000": ("union", "SELECT id FROM docs ORDER BY body <@> {q} LIMIT 1000"),
    "or10_score": ("union", "SELECT id, body <@> {q} FROM docs ORDER BY body <@> {q} LIMIT 10"),
    "or10_10%": ("union", "SELECT id FROM docs WHERE shelf < 100 ORDER BY body <@> {q} LIMIT 10"),
    "or10_1%": ("union", "SELECT id FROM docs WHERE shelf < 10 ORDER BY body <@> {q} LIMIT 10"),
    "and10": ("intersection", "SELECT id FROM docs WHERE body @@@ {q} ORDER BY body <@> {q} LIMIT 10"),
    "and100": ("intersection", "SELECT id FROM docs WHERE body @@@ {q} ORDER BY body <@> {q} LIMIT 100"),
    "phrase10": ("phrase", "SELECT id FROM docs WHERE body @@@ {q} ORDER BY body <@> {q} LIMIT 10"),
    "count_or": ("union", "SELECT count(*) FROM docs WHERE body @@@ {q}"),
    "count_and": ("intersection", "SELECT count(*) FROM docs WHERE body @@@ {q}"),
    "count_phrase": ("phrase", "SELECT count(*) FROM docs WHERE body @@@ {q}"),
}


def lines(path):
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path, encoding="utf-8")
    with opened as file:
        for line in file:
            yield json.loads(line)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def load(connection, documents, fields):
    """A table docs of these fields with a bm25 index; returns rows, seconds of the build, bytes of the index."""
    connection.execute("DROP SCHEMA IF EXISTS milvus_bench CASCADE")
    connection.execute("CREATE SCHEMA milvus_bench")
    connection.execute(SETTINGS)
    connection.execute("CREATE TABLE docs (id text, shelf int, body text)")
    rows = 0
    with connection.cursor().copy("COPY docs FROM STDIN") as copy:
        for document in documents:
            body = " ".join(document.get(field, "") for field in fields).strip()
            copy.write_row((str(document["id"]), rows * 7919 % 1000, body))
            rows += 1
    connection.execute("VACUUM ANALYZE docs")
    start = time.monotonic()
    connection.execute("CREATE INDEX docs_bm25 ON docs USING bm25 (body, shelf) WITH (text_config = 'english')")
    seconds = time.monotonic() - start
    size = connection.execute("SELECT pg_relation_size('docs_bm25')").fetchone()[0]
    return rows, seconds, size


# ---- speed

def shape(query):
    tags = query["tags"]
    return next((t for t in ("union", "intersection", "phrase") if t in tags), None)


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * share) - 1)]


def pgbench(dsn, statements, clients, rounds):
    """Milliseconds of each execution, sorted; every statement is prepared once per client."""
    times = []
    options = "-c search_path=milvus_bench,public -c jit=off -c max_parallel_workers_per_gather=0"
    for at in range(0, len(statements), MAX_SCRIPTS):
        chunk = statements[at:at + MAX_SCRIPTS]
        with tempfile.TemporaryDirectory(prefix="fulltext") as folder:
            folder = pathlib.Path(folder)
            command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-t", str(rounds * len(chunk)), "-l",
                       f"--log-prefix={folder}/log"]
            for i, statement in enumerate(chunk):
                (folder / f"{i}.sql").write_text(statement + ";\n", encoding="utf-8")
                command += ["-f", str(folder / f"{i}.sql")]
            done = subprocess.run(command + [dsn], capture_output=True, text=True, check=False,
                                  env={**os.environ, "PGOPTIONS": options})
            if done.returncode != 0:
                sys.exit(done.stderr)
            for log in folder.glob("log*"):
                times += [int(line.split()[2]) / 1000 for line in log.read_text().splitlines()]
    return sorted(times)


def speed(options):
    queries = collections.defaultdict(list)
    for query in lines(options.queries):
        queries[shape(query)].append(query["query"])
    with psycopg.connect(options.dsn, autocommit=True) as connection:
        rows, seconds, size = load(connection, lines(options.documents), ["text"])
    result = {"rows": rows, "build_s": seconds, "index_mb": size / 2**20, "tests": {}}
    print(f"{rows} rows, built in {seconds:.1f} s, {size / 2**20:.1f} MB")
    print(f"{'test':14s} {'QPS':>8s} {'mean':>8s} {'net':>8s} {'p50':>8s} {'p95':>8s} {'p99':>8s}  ms")
    for name, (kind, sql) in TESTS.items():
        if options.only and name not in options.only:
            continue
        statements = [sql.format(q=quoted(q) + "::ftsquery") for q in queries[kind]]
        empty = [sql.format(q=quoted(NO_SUCH_WORD) + "::ftsquery")]
        pgbench(options.dsn, statements, 1, 2)
        base = pgbench(options.dsn, empty, 1, 1000)
        trip = sum(base) / len(base)
        times = pgbench(options.dsn, statements, options.clients, options.rounds)
        mean = sum(times) / len(times)
        test = {"qps": options.clients * 1000 / mean, "mean": mean, "net": mean - trip, "round_trip": trip,
                **{f"p{p}": percentile(times, p / 100) for p in (50, 95, 99)}}
        result["tests"][name] = test
        print(f"{name:14s} {test['qps']:8.0f} " +
              " ".join(f"{test[k]:8.3f}" for k in ("mean", "net", "p50", "p95", "p99")), flush=True)
    if options.save:
        out = TOP / "bench" / "results" / f"fulltext_{options.save}.json"
        out.write_text(json.dumps(result, indent=1) + "\n")


# ---- quality

def ndcg(found, grades, k=10):
    gain = sum(grades.get(d, 0) / math.log2(i + 2) for i, d in enumerate(found[:k]))
    best = sorted(grades.values(), reverse=True)[:k]
    ideal = sum(g / math.log2(i + 2) for i, g in enumerate(best))
    return gain / ideal if ideal else 0.0


def judged(folder):
    """Of a collection: query id -> document id -> grade above 0; all queries as (id, text)."""
    grades = collections.defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text().splitlines():
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            grades[query][document] = int(grade)
    queries = [line.split("\t", 1) for line in (folder / "queries.tsv").read_text(encoding="utf-8").splitlines()]
    return grades, queries


def quality(options):
    for folder in options.collections:
        grades, queries = judged(folder)
        with psycopg.connect(options.dsn, autocommit=True) as connection:
            load(connection, lines(folder / "docs.jsonl"), ["title", "text"])
            scores = []
            for query, text in queries:
                if query not in grades:
                    continue
                found = [row[0] for row in connection.execute(
                    "SELECT id FROM docs WHERE body @@@ ftsquery_any(%s::text) ORDER BY body <@> %s::text LIMIT 10", (text, text))]
                scores.append(ndcg(found, grades[query]))
        print(f"{folder.name:14s} {len(scores):5d} queries  nDCG@10 {sum(scores) / len(scores):.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--quality", action="store_true")
    parser.add_argument("--documents", type=pathlib.Path, default=DATA / "enwiki100k.jsonl.gz")
    parser.add_argument("--queries", type=pathlib.Path, default=DATA / "queries_search_benchmark_game.jsonl")
    parser.add_argument("--collections", type=pathlib.Path, nargs="+",
                        default=[DATA / "ir" / name for name in ("scifact", "cranfield", "npl_vaswani")])
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=list(TESTS))
    parser.add_argument("--save", help="write bench/results/fulltext_NAME.json")
    options = parser.parse_args()
    if options.quality:
        quality(options)
    if options.speed:
        speed(options)


if __name__ == "__main__":
    main()

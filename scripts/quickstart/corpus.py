"""The corpus of the quickstart: vectors for its texts, and rows for COPY.

    corpus.py embed SECTIONS QUESTIONS CACHE     vectors of what CACHE lacks
    corpus.py sections SECTIONS CACHE            rows of the table manual that have one, as CSV
    corpus.py questions QUESTIONS CACHE          rows of the table question, as CSV
    corpus.py vector TEXT                        one vector, as PostgreSQL writes it

CACHE is a sequence of records (hash of the text, vector), only ever appended
to: an interrupted run goes on where it was, and text that did not change in a
new version of the manual is not embedded again.  QUICKSTART_SECONDS (270) ends
the work on a slow machine; beginnings of sections come first.
"""

import csv
import hashlib
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"        # batches run side by side, each on one core
import numpy as np  # noqa: E402

RECORD = np.dtype([("key", "S32"), ("vector", "<f4", 384)])


def sections(path):
    """Rows and their embedded texts: a title says what its section's pieces are about."""
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row, f"{row['title']}\n{row['body']}"


def questions(path):
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        yield line.split("\t")


def key(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().encode()


def read_cache(path):
    """Whole records only: an interrupted run may have left a part of one."""
    try:
        whole = os.path.getsize(path) // RECORD.itemsize
    except FileNotFoundError:
        return {}
    records = np.fromfile(path, RECORD, whole)
    return dict(zip(records["key"].tolist(), records["vector"]))


def wanted(sections_path, questions_path):
    """Key, text and rank of what is embedded; a lower rank comes first."""
    for text, _ in questions(questions_path):
        yield key(text), text, 0
    for row, text in sections(sections_path):
        meta = row["meta"]
        yield key(text), text, 1 + (meta.get("piece", 1) > 2) + (meta["kind"] == "release note")


def embed(sections_path, questions_path, cache_path):
    cache = read_cache(cache_path)
    missing = {k: (text, rank) for k, text, rank in wanted(sections_path, questions_path) if k not in cache}
    if not missing:
        print("   the vectors are there", file=sys.stderr)
        return

    import minilm
    model = minilm.MiniLM()
    minilm.check(model)
    print(f"   {len(missing)} texts, by {model.layers.name}", file=sys.stderr)
    # Of like length together; the long ones first, so that the estimate errs to the safe side.
    work = [(k, rank, tokens) for (k, (_, rank)), tokens
            in zip(missing.items(), model.tokens([text for text, _ in missing.values()]))]
    work.sort(key=lambda w: (w[1], -len(w[2])))
    batches = [list(zip(*work[i:i + model.layers.batch])) for i in range(0, len(work), model.layers.batch)]
    progress = Progress(sum(len(tokens) for _, _, tokens in work))
    limit = float(os.environ.get("QUICKSTART_SECONDS") or 270)
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        with open(cache_path, "ab") as out:
            out.truncate(len(cache) * RECORD.itemsize)
            for (keys, _, tokens), vectors in zip(batches, pool.map(model.embed, [b[2] for b in batches])):
                records = np.zeros(len(keys), RECORD)
                records["key"], records["vector"] = keys, vectors
                out.write(records.tobytes())
                if progress.add(sum(map(len, tokens))) > limit:
                    print(f"\n   {limit:.0f} s are over: the rest, ends of long sections, is left to the next start",
                          file=sys.stderr)
                    break
    finally:
        pool.shutdown(cancel_futures=True)


class Progress:
    """A line that moves on a terminal, one in ten seconds in a log."""

    def __init__(self, total):
        self.total, self.done, self.start, self.shown = total, 0, time.monotonic(), 0
        self.terminal = sys.stderr.isatty()

    def add(self, n):
        self.done += n
        now = time.monotonic() - self.start
        if now - self.shown > (.3 if self.terminal else 10) or self.done == self.total:
            self.shown = now
            print(f"   {100 * self.done // self.total:3} %   {now:.0f} s, "
                  f"{now * (self.total - self.done) / self.done:.0f} s left   ",
                  end="\r" if self.terminal and self.done < self.total else "\n", file=sys.stderr, flush=True)
        return now


def literal(vector):
    return "[" + ",".join(f"{x:.9g}" for x in vector.tolist()) + "]"


def main(action, *args):
    rows = csv.writer(sys.stdout, quoting=csv.QUOTE_ALL)    # an empty string is not NULL
    if action == "embed":
        embed(*args)
    elif action == "sections":
        cache = read_cache(args[1])
        for row, text in sections(args[0]):
            if key(text) not in cache:
                continue
            rows.writerow([row["id"], row["title"], row["path"], row["body"],
                           json.dumps(row["meta"], ensure_ascii=False), literal(cache[key(text)])])
    elif action == "questions":
        cache = read_cache(args[1])
        for i, (text, answer) in enumerate(questions(args[0]), 1):
            rows.writerow([i, text, answer, literal(cache[key(text)])])
    elif action == "vector":
        import minilm
        model = minilm.MiniLM()
        print(literal(model.embed(model.tokens(args))[0]))
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        raise SystemExit(130)

"""Named data sets: base rows, held-out queries, exact nearest neighbours.

    minilm    100,000 x 384  sentence embeddings of encyclopedia articles, 906 text queries
    mlnotes    11,935 x 384  embeddings of study notes, 500 held-out rows as queries
    sift5k      4,800 x 128  SIFT descriptors, 200 held-out rows as queries
    synth200k 200,000 x 768  power-law spectrum, clusters, unit length, 1,000 held-out queries
    synth10k   10,000 x 128  the same generator, small
    synth1m 1,000,000 x 128  the same, large
    synth500k 500,000 x 384  the same

Everything derived is cached as .npy under build/bench/data; deleting that
folder is always safe.  Real sets are read from the folder given by --data-dir.
"""
import pathlib

import numpy as np

TOP = pathlib.Path(__file__).resolve().parent.parent
CACHE = TOP / "build" / "bench" / "data"
DEFAULT_DIR = TOP.parent / "shared" / "data"
GT_K = 100  # neighbours kept by the cached ground truth
METRICS = {"l2": "<->", "ip": "<#>", "cosine": "<=>"}


# ---- generator

def power_law(dim, alpha=0.7):
    """Standard deviations of the axes: eigenvalues fall as rank ** -alpha; total variance 1."""
    eigenvalues = np.arange(1, dim + 1, dtype=np.float64) ** -alpha
    return np.sqrt(eigenvalues / eigenvalues.sum())


def synthetic(rows, dim, clusters, seed, block=20_000):
    """Unit vectors like text embeddings: a common mean, Zipf-sized clusters, power-law axes, rotated.

    Chosen beside 10,000 rows of minilm: effective dimension 97 here and 87 there
    (sum of eigenvalues squared over sum of their squares), cosine of the nearest
    row .52 and .45-.52, of random pairs .06 and .06; true top 10 inside the
    nearest 10 of 100 k-means cells .79 and .78.  The rotation keeps a codec from
    profiting from aligned axes.  Rows are drawn block by block, so a longer set
    starts with the rows of a shorter one.
    """
    rng = np.random.default_rng(seed)
    scale = power_law(dim).astype(np.float32)
    rotation = np.linalg.qr(rng.standard_normal((dim, dim)))[0].astype(np.float32)
    mean = 0.25 * rng.standard_normal(dim).astype(np.float32) / np.sqrt(dim)
    centres = 0.6 * rng.standard_normal((clusters, dim)).astype(np.float32) * scale
    share = 1.0 / (np.arange(clusters) + 10.0)
    share /= share.sum()
    out = np.empty((rows, dim), np.float32)
    for at in range(0, rows, block):
        cluster = rng.choice(clusters, block, p=share)
        x = rng.standard_normal((block, dim), dtype=np.float32) * (0.8 * scale)
        x = (x + centres[cluster] + mean)[: rows - at]
        out[at : at + block] = normalised(x @ rotation)
    return out


def normalised(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def extra_rows(base, count, seed=11):
    """New rows near the distribution of base: a row plus noise of half its length, scaled back to that length."""
    rng = np.random.default_rng(seed)
    x = base[rng.integers(0, len(base), count)].astype(np.float32)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    noise = rng.standard_normal(x.shape, dtype=np.float32) * (0.5 * length / np.sqrt(x.shape[1]))
    return (normalised(x + noise) * length).astype(np.float32)


# ---- the sets: name -> (metric, function of the data folder giving base and queries)

def held_out(x, count, seed=5):
    """Split rows at random into (base, queries)."""
    order = np.random.default_rng(seed).permutation(len(x))
    return x[np.sort(order[count:])], x[order[:count]]


def load_minilm(folder):
    queries = np.load(folder / "enwiki100k_queries_minilm.npy")
    return np.load(folder / "enwiki100k_minilm.npy"), queries[minilm_order(len(queries))]


def minilm_order(count):
    """The file has its queries by kind; shuffled, so that the first ones stand for all."""
    return np.random.default_rng(3).permutation(count)


def load_mlnotes(folder):
    return held_out(np.load(folder / "mlnotes384_vectors.npy"), 500)


def load_sift5k(folder):
    return held_out(np.load(folder / "sift5k.npy"), 200)


def load_synth200k(_folder):
    return held_out(synthetic(201_000, 768, 1000, seed=200), 1000)


def load_synth10k(_folder):
    return held_out(synthetic(10_200, 128, 100, seed=10), 200)


def load_synth1m(_folder):
    return held_out(synthetic(1_001_000, 128, 1000, seed=128), 1000)


def load_synth500k(_folder):
    return held_out(synthetic(501_000, 384, 1000, seed=384), 1000)


SETS = {
    "minilm": ("cosine", load_minilm),
    "mlnotes": ("cosine", load_mlnotes),
    "sift5k": ("l2", load_sift5k),
    "synth200k": ("cosine", load_synth200k),
    "synth10k": ("cosine", load_synth10k),
    "synth1m": ("cosine", load_synth1m),
    "synth500k": ("cosine", load_synth500k),
}


def cached(name, make):
    """Arrays of make() from CACHE/name.<i>.npy, made on first use."""
    CACHE.mkdir(parents=True, exist_ok=True)
    first = CACHE / f"{name}.0.npy"
    if not first.exists():
        arrays = make()
        for i in reversed(range(len(arrays))):  # file 0 last: it vouches for the others
            part = CACHE / f"{name}.{i}.part.npy"
            np.save(part, arrays[i])
            part.rename(CACHE / f"{name}.{i}.npy")
    count = len(list(CACHE.glob(f"{name}.[0-9].npy")))
    return [np.load(CACHE / f"{name}.{i}.npy") for i in range(count)]


def load(name, folder=DEFAULT_DIR, rows=None, queries=None, metric=None):
    """A data set as a dict: name, metric, base (float32), queries, gt (row numbers, best first).

    rows and queries keep the first so many; the ground truth is that of the kept rows.
    """
    if name not in SETS:
        raise SystemExit(f"no data set {name!r}; known: {', '.join(SETS)}")
    own_metric, make = SETS[name]
    metric = metric or own_metric
    base, asked = cached(name, lambda: [np.ascontiguousarray(x, dtype=np.float32) for x in make(pathlib.Path(folder))])
    base, asked = base[:rows], asked[:queries]
    (gt,) = cached(f"{name}-{metric}-{len(base)}-{len(asked)}", lambda: [nearest(base, asked, metric, GT_K)])
    return {"name": name, "metric": metric, "base": base, "queries": asked, "gt": gt}


# ---- exact answers

def distances(query, rows, metric):
    """Distances of one query to rows, in float64; smaller is nearer."""
    q, x = query.astype(np.float64), rows.astype(np.float64)
    if metric == "l2":
        return np.linalg.norm(x - q, axis=1)
    dot = x @ q
    if metric == "ip":
        return -dot
    return 1 - dot / (np.linalg.norm(x, axis=1) * np.linalg.norm(q))


def scores(queries, rows, metric):
    """[queries, rows] float32 numbers in the order of the distance, for choosing candidates."""
    dot = queries @ rows.T
    if metric == "l2":
        return (rows.astype(np.float64) ** 2).sum(axis=1).astype(np.float32) - 2 * dot
    if metric == "cosine":
        return -dot / np.linalg.norm(rows, axis=1)
    return -dot


def nearest(base, queries, metric, k, block=20_000):
    """int32 [queries, k]: exact nearest rows, best first, ties by row number.

    Candidates by blocked float32 products, k + 20 a block; their order by float64.
    """
    k = min(k, len(base))
    candidates = [[] for _ in queries]
    for at in range(0, len(base), block):
        s = scores(queries, base[at : at + block], metric)
        keep = min(k + 20, s.shape[1])
        best = np.argpartition(s, keep - 1, axis=1)[:, :keep] + at
        for i, found in enumerate(best):
            candidates[i].append(found)
    out = np.empty((len(queries), k), np.int32)
    for i, query in enumerate(queries):
        rows = np.sort(np.concatenate(candidates[i]))
        order = np.argsort(distances(query, base[rows], metric), kind="stable")
        out[i] = rows[order[:k]]
    return out


def recall(found, base, queries, gt, metric, k):
    """Mean share of the k nearest that were found; (recall, queries asked).

    found: int64 [queries, >= k] row numbers, -1 past the end of a result, -2 if
    the query was not asked.  A row as near as the true k-th counts, whichever of
    equals it is; a row given twice counts once.
    """
    total, asked = 0.0, 0
    for i, row in enumerate(found):
        if len(row) and row[0] == -2:
            continue
        asked += 1
        ids = np.unique(row[:k][row[:k] >= 0])
        worst = distances(queries[i], base[gt[i, k - 1 : k]], metric)[0]
        hits = (distances(queries[i], base[ids], metric) <= worst + 1e-6 * abs(worst) + 1e-9).sum() if len(ids) else 0
        total += min(int(hits), k) / k
    return (total / asked if asked else 0.0), asked

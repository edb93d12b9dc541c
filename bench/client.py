"""Builds knn_client.c and runs it: everything timed per query is timed there."""
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np

from servers import Failure

HERE = pathlib.Path(__file__).resolve().parent
BUILD = HERE.parent / "build" / "bench"


def build_client():
    """Path of the compiled client, rebuilt when its source is newer."""
    source, binary = HERE / "knn_client.c", BUILD / "knn_client"
    if binary.exists() and binary.stat().st_mtime > source.stat().st_mtime:
        return binary
    BUILD.mkdir(parents=True, exist_ok=True)
    pg_config = os.environ.get("PG_CONFIG", "pg_config")
    where = {k: subprocess.check_output([pg_config, f"--{k}dir"], text=True).strip() for k in ("include", "lib")}
    subprocess.run(
        [os.environ.get("CC", "cc"), "-std=c11", "-O2", "-Wall", "-Wextra", f"-I{where['include']}", str(source),
         "-o", str(binary), f"-L{where['lib']}", "-lpq", "-pthread"], check=True)
    return binary


def arguments(dsn, sql, dim, settings, options):
    out = ["-d", dsn, "-q", sql, "-D", str(dim)]
    for setting in settings:
        out += ["-s", setting]
    for flag, value in options.items():
        if value is not None:
            out += [f"-{flag}", str(value)]
    return out


def run(dsn, sql, vectors, settings=(), ids=False, texts=None, ints=None, **options):
    """One run of the client; options are its one-letter flags; texts, a line a vector, and ints [vectors, n] are the parameters after it.

    Returns its JSON as a dict; with ids=True also int64 [vectors, k].
    """
    with tempfile.TemporaryDirectory(prefix="knn_client") as folder:
        folder = pathlib.Path(folder)
        np.ascontiguousarray(vectors, np.float32).tofile(folder / "vectors")
        if ids:
            options["o"] = folder / "ids"
        if texts is not None:
            (folder / "texts").write_text("".join(text + "\n" for text in texts))
            options["T"] = folder / "texts"
        if ints is not None:
            np.ascontiguousarray(ints, np.int32).tofile(folder / "ints")
            options.update(i=folder / "ints", I=ints.shape[1])
        command = [str(build_client()), "-f", str(folder / "vectors")]
        command += arguments(dsn, sql, vectors.shape[1], settings, options)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"{done.stderr.strip()} ({sql})")
        result = json.loads(done.stdout)
        if not ids:
            return result
        return result, np.fromfile(folder / "ids", np.int64).reshape(len(vectors), -1)

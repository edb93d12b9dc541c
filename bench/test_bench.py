#!/usr/bin/env python3
"""Tests of the benchmark's own arithmetic; need numpy and psycopg, no server and no data.

    bench/test_bench.py
"""
import argparse
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import numpy as np

import client
import datasets
import filters
import growth
import hybrid
import report
import servers
import vectors


def brute_force(base, query, metric, k):
    """The definition, one row at a time."""
    def distance(row):
        if metric == "l2":
            return sum((float(a) - float(b)) ** 2 for a, b in zip(row, query)) ** 0.5
        dot = sum(float(a) * float(b) for a, b in zip(row, query))
        if metric == "ip":
            return -dot
        return 1 - dot / (sum(float(a) ** 2 for a in row) * sum(float(a) ** 2 for a in query)) ** 0.5

    return sorted(range(len(base)), key=lambda i: (distance(base[i]), i))[:k]


class Nearest(unittest.TestCase):
    def test_equals_brute_force_in_every_metric(self):
        rng = np.random.default_rng(1)
        base, queries = rng.standard_normal((300, 8), dtype=np.float32), rng.standard_normal((5, 8), dtype=np.float32)
        for metric in datasets.METRICS:
            found = datasets.nearest(base, queries, metric, 12, block=64)
            for i, query in enumerate(queries):
                self.assertEqual(list(found[i]), brute_force(base, query, metric, 12), metric)

    def test_ties_go_to_the_lower_row_across_blocks(self):
        base = np.tile(np.eye(4, dtype=np.float32), (10, 1))
        found = datasets.nearest(base, base[:1], "l2", 5, block=7)
        self.assertEqual(list(found[0]), [0, 4, 8, 12, 16])

    def test_fewer_rows_than_k(self):
        base = np.eye(3, dtype=np.float32)
        self.assertEqual(datasets.nearest(base, base[:1], "cosine", 100).shape, (1, 3))


class Fusion(unittest.TestCase):
    def test_ranks_by_value_and_row_without_those_that_have_none(self):
        self.assertEqual(list(hybrid.ranks(np.array([3.0, np.inf, 1.0, 3.0]))), [2, np.inf, 1, 3])

    def test_rrf_is_the_sum_of_both_legs(self):
        got = hybrid.fused("rrf", np.array([0.2, 0.1]), np.array([-5.0, np.inf]), 100)
        self.assertTrue(np.allclose(got, [-1 / 62 - 1 / 61, -1 / 61]))
        got = hybrid.fused("rrf", np.array([0.2, 0.1]), np.array([-5.0, np.inf]), 1)
        self.assertTrue(np.allclose(got, [-1 / 61, -1 / 61]))

    def test_minmax_is_over_the_first_rows(self):
        self.assertEqual(list(hybrid.minmax(np.array([1.0, 2.0, 5.0, 9.0]), 3)), [1, 0.75, 0, 0])
        self.assertEqual(list(hybrid.minmax(np.array([2.0, np.inf]), 3)), [1, 0])
        self.assertEqual(list(hybrid.minmax(np.full(2, np.inf), 3)), [0, 0])

    def test_best_rows_leave_out_what_has_no_value(self):
        self.assertEqual(hybrid.best(np.array([1.0, np.inf, 0.5, 1.0]), 3), [2, 0, 3])

    def test_shared_rows_ignore_missing_ones(self):
        self.assertEqual(hybrid.shared([[1, 2, -1]], [[2, 3, -1]]), 0.5)


class Turns(unittest.TestCase):
    def test_one_index_of_a_server_at_a_time(self):
        specs = [servers.parse_spec(text) for text in ("a:hnsw", "a:ivf", "b:hnsw", "a:exact", "b:exact")]
        texts = [[spec.text for spec in turn] for turn in vectors.turns(specs)]
        self.assertEqual(texts, [["a:hnsw", "b:hnsw"], ["a:ivf", "b:exact"], ["a:exact"]])

    def test_the_fastest_counts(self):
        runs = [{"qps": 3}, {"qps": 5}, {"qps": 4}]
        best = None
        for result in runs:
            best = vectors.faster(best, result)
        self.assertIs(best, runs[1])


class Recall(unittest.TestCase):
    def setUp(self):
        self.base = np.arange(1, 11, dtype=np.float32).reshape(10, 1)
        self.queries = np.zeros((2, 1), np.float32)
        self.gt = datasets.nearest(self.base, self.queries, "l2", 10)

    def recall(self, rows, k=4):
        return datasets.recall(np.array(rows, np.int64), self.base, self.queries, self.gt, "l2", k)

    def test_counts(self):
        self.assertEqual(self.recall([[3, 2, 1, 0], [0, 1, 8, 9]]), (0.75, 2))

    def test_short_results_lose(self):
        self.assertEqual(self.recall([[0, 1, 2, -1], [-1, -1, -1, -1]]), (0.375, 2))

    def test_repeated_rows_count_once(self):
        self.assertEqual(self.recall([[0, 0, 0, 0], [0, 1, 2, 3]]), (0.625, 2))

    def test_rows_past_k_do_not_count(self):
        self.assertEqual(self.recall([[9, 8, 0, 1], [0, 1, 9, 9]], k=2), (0.5, 2))

    def test_queries_not_asked_are_left_out(self):
        self.assertEqual(self.recall([[0, 1, 2, 9], [-2, -2, -2, -2]]), (0.75, 1))
        self.assertEqual(self.recall([[-2] * 4, [-2] * 4]), (0.0, 0))

    def test_equals_of_the_kth_count(self):
        self.base[4] = self.base[3]  # rows 3 and 4 are equally near; the truth names 3
        self.assertEqual(self.recall([[0, 1, 2, 4], [0, 1, 2, 3]]), (1.0, 2))

    def test_cannot_exceed_one(self):
        self.base[:] = 1
        self.assertEqual(self.recall([[0, 1, 2, 3], [6, 7, 8, 9]]), (1.0, 2))


class Generator(unittest.TestCase):
    def test_same_rows_each_time(self):
        a, b = (datasets.synthetic(500, 16, 5, seed=3) for _ in range(2))
        self.assertTrue(np.array_equal(a, b))
        self.assertFalse(np.array_equal(a, datasets.synthetic(500, 16, 5, seed=4)))

    def test_pinned(self):
        """Results are comparable only while the generator gives these numbers."""
        x = datasets.synthetic(200, 16, 5, seed=3)
        self.assertAlmostEqual(float(x[0, 0]), 0.42424, places=4)
        self.assertAlmostEqual(float(x[199, 15]), 0.1001, places=4)
        self.assertAlmostEqual(float(np.abs(x).sum()), 650.917, places=1)

    def test_longer_set_begins_with_the_shorter(self):
        a, b = (datasets.synthetic(n, 8, 3, seed=3, block=100) for n in (150, 250))
        self.assertTrue(np.allclose(a, b[:150], atol=1e-6))

    def test_shape(self):
        x = datasets.synthetic(4000, 64, 20, seed=3)
        self.assertTrue(np.allclose(np.linalg.norm(x, axis=1), 1, atol=1e-5))
        spectrum = np.linalg.eigvalsh(np.cov(x.T))[::-1]
        self.assertGreater(spectrum[0], 5 * spectrum[40])

    def test_held_out_rows_are_not_in_the_base(self):
        base, queries = datasets.held_out(np.arange(50).reshape(50, 1), 8)
        self.assertEqual(sorted(np.concatenate([base, queries])[:, 0]), list(range(50)))
        self.assertEqual(len(queries), 8)

    def test_extra_rows_keep_length_and_differ(self):
        base = 5 * datasets.synthetic(100, 64, 5, seed=3)
        extra = datasets.extra_rows(base, 40)
        self.assertTrue(np.allclose(np.linalg.norm(extra, axis=1), 5, atol=1e-3))
        best = (extra @ base.T).max(axis=1) / 25
        self.assertTrue((best > 0.75).all() and (best < 0.97).all())


class Interpolation(unittest.TestCase):
    points = [(0.90, 1000), (0.96, 100), (0.99, 10)]

    def test_log_linear(self):
        value, sign = report.qps_at(self.points, 0.93)
        self.assertAlmostEqual(value, 10 ** 2.5, places=6)
        self.assertEqual(sign, "")

    def test_measured_points_are_kept(self):
        for recall, qps in self.points:
            self.assertAlmostEqual(report.qps_at(self.points, recall)[0], qps, places=6)

    def test_nothing_is_extrapolated(self):
        self.assertEqual(report.qps_at(self.points, 0.995), (None, ""))
        self.assertEqual(report.qps_at(self.points, 0.80), (1000, ">"))
        self.assertEqual(report.qps_at([], 0.9), (None, ""))

    def test_beaten_points_do_not_pull_down(self):
        noisy = [*self.points, (0.93, 20), (0.90, 500)]
        self.assertEqual(report.frontier(noisy), report.frontier(self.points))
        self.assertAlmostEqual(report.qps_at(noisy, 0.93)[0], 10 ** 2.5, places=6)

    def test_exact_is_one_point(self):
        self.assertEqual(report.qps_at([(1.0, 12.0)], 1.0), (12.0, ""))
        self.assertEqual(report.qps_at([(1.0, 12.0)], 0.95), (12.0, ">"))

    def test_ratio_to_the_best_index_of_the_peer(self):
        def entry(server, am, points):
            sweep = [{"recall": r, "effort": {}, "clients": {"1": {"qps": q}}} for r, q in points]
            return {"index": f"{server}:{am}", "server": server, "am": am, "sweep": sweep}

        run = {"indexes": [entry("ours", "ivf", [(0.95, 600), (0.99, 300)]), entry("ours", "hnsw", [(0.97, 600), (0.98, 90)]),
                           entry("ours", "exact", [(1.0, 15)]), entry("peer", "hnsw", [(0.95, 300), (0.99, 30)]),
                           entry("peer", "ivfflat", [(0.95, 100)]), entry("peer", "exact", [(1.0, 5000)])]}
        lines = report.speed_table(run, "peer", "1", [0.95, 0.99]).splitlines()[2:]
        self.assertEqual(lines[0], "| ours:ivf | 600 | 2.00 | 300 | 10.00 |")
        self.assertEqual(lines[1], "| ours:hnsw | >600 | >2.00 | not reached |  |")
        self.assertEqual(lines[2], "| ours:exact | 15 | 0.05 | 15 | 0.50 |")
        self.assertEqual(lines[4], "| peer:ivfflat | 100 | 0.33 | not reached |  |")

    def test_ratio_of_bounds(self):
        self.assertEqual(report.ratio((100, ">"), (50, "")), ">2.00")
        self.assertEqual(report.ratio((100, ""), (50, ">")), "<2.00")
        self.assertEqual(report.ratio((100, ">"), (50, ">")), "")
        self.assertEqual(report.ratio((None, ""), (50, "")), "")


class Parsing(unittest.TestCase):
    def test_specs(self):
        spec = servers.parse_spec("peer:hnsw(m=16, ef_construction=64)")
        self.assertEqual((spec.server, spec.am, spec.options), ("peer", "hnsw", {"m": "16", "ef_construction": "64"}))
        self.assertEqual(servers.parse_spec("ours:exact").options, {})
        for wrong in ("hnsw", "peer:hnsw(m)", "peer:hnsw(m=1", ""):
            self.assertRaises(ValueError, servers.parse_spec, wrong)

    def test_with_clause(self):
        self.assertEqual(servers.with_clause("hnsw", {}, "l2"), "")
        self.assertEqual(servers.with_clause("hnsw", {"m": "16", "x": "on"}, "l2"), "WITH (m = '16', x = 'on')")
        self.assertEqual(servers.vchordrq_options({"lists": "400"}, "cosine"),
                         "residual_quantization = false\n[build.internal]\nspherical_centroids = true\nlists = [400]\n")

    def test_server(self):
        self.assertEqual(servers.parse_server("a=host=x port=1").dsn, "host=x port=1")
        self.assertRaises(ValueError, servers.parse_server, "host")

    def test_effort(self):
        self.assertEqual(vectors.parse_effort("hnsw:hnsw.ef_search=4,8"),
                         ("hnsw", [{"hnsw.ef_search": "4"}, {"hnsw.ef_search": "8"}]))

    def test_plan_indexes(self):
        plan = {"Plans": [{"Node Type": "Index Scan", "Index Name": "a"}, {"Plans": [{"Index Name": "b"}]}]}
        self.assertEqual(servers.plan_indexes(plan), ["a", "b"])
        self.assertEqual(servers.plan_indexes({"Node Type": "Seq Scan"}), [])

    def test_passwords_are_not_recorded(self):
        text = vectors.redacted("--server a=host=x password=secret dbname=d --server b=postgres://me:secret@h/d")
        self.assertNotIn("secret", text)
        self.assertIn("dbname=d", text)


class Wire(unittest.TestCase):
    def test_copy_rows(self):
        data = b"".join(servers.copy_blocks(np.array([7, 8]), np.array([[1, 2], [3, 4]], np.float32), "vector", block=1))
        expected = b"".join(struct.pack(">hiqiHHff", 2, 8, i, 12, 2, 0, a, b) for i, a, b in ((7, 1, 2), (8, 3, 4)))
        self.assertEqual(data, expected)

    def test_half_rows(self):
        (data,) = servers.copy_blocks(np.array([7]), np.array([[1, 2]], np.float32), "halfvec")
        self.assertEqual(data, struct.pack(">hiqiHHee", 2, 8, 7, 8, 2, 0, 1, 2))

    def test_literal_reads_back(self):
        x = np.float32([0.1, -1e-30, 3e30])
        self.assertTrue((np.float32(json.loads(servers.literal(x))) == x).all())


class Client(unittest.TestCase):
    def test_builds_and_refuses(self):
        binary = client.build_client()
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "v"
            file.write_bytes(bytes(20))
            common = [str(binary), "-d", "host=/nowhere", "-q", "SELECT 1", "-f", str(file)]
            for extra, message in ((["-D", "3"], "no multiple"), (["-D", "5"], "connection"), ([], "usage")):
                done = subprocess.run(common + extra, capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stderr)


class Filters(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(4)
        base = rng.standard_normal((400, 6), dtype=np.float32)
        self.data = {"base": base, "queries": base[:20] + np.float32(0.1), "metric": "l2"}
        self.more, self.rank = filters.columns(self.data)

    def test_conditions_match_what_they_say(self):
        for place, column in ("random", "shuffled"), ("near", "axis"), ("far", "axis"):
            _, params, matching = filters.conditions(place, 0.1, self.more, self.rank, 20)
            for (low, high), rows in zip(params, matching):
                values = self.more[column]
                self.assertEqual(set(rows), set(np.flatnonzero((values >= low) & (values < high))), place)
                self.assertEqual(len(rows), 40, place)

    def test_near_is_nearer_than_far(self):
        mean = {}
        for place in "near", "random", "far":
            _, _, matching = filters.conditions(place, 0.1, self.more, self.rank, 20)
            mean[place] = np.mean([datasets.distances(q, self.data["base"][r], "l2").mean()
                                   for q, r in zip(self.data["queries"], matching)])
        self.assertLess(mean["near"], mean["random"])
        self.assertLess(mean["random"], mean["far"])

    def test_judge(self):
        truth = filters.answers(self.data, [np.arange(3), np.arange(50)], 5)
        self.assertEqual(len(truth[0]), 3)
        found = np.full((20, 5), -2, np.int64)
        found[0] = [2, 1, 0, -1, -1]
        found[1] = list(truth[1][:4]) + [-1]
        self.assertEqual(filters.judge(self.data, found, truth), (7 / 8, 1))


class Growth(unittest.TestCase):
    def entry(self, rows, qps):
        points = [{"recall": r, "clients": {"1": {"qps": q}}} for r, q in zip((0.9, 0.96, 0.995), qps)]
        return {"index": "ours:hnsw", "rows": rows, "ways": {"walk": points}, "error": None,
                "build": {"seconds": rows / 1000, "index_mb": 1, "peak_memory_mb": 2}}

    def test_ways(self):
        args = argparse.Namespace(way=["ours:walk=SET a = on", "ours:lists=SET a = off", "peer:x=SET b = 1"])
        self.assertEqual(growth.ways_of(args, "ours"), [("walk", "SET a = on"), ("lists", "SET a = off")])
        self.assertEqual(growth.ways_of(args, "other"), [("", None)])

    def test_table_has_a_column_for_each_size(self):
        text = growth.table({"sizes": [self.entry(1000, (900, 600, 100)), self.entry(10000, (800, 500, 90))]})
        self.assertIn("| 1,000 rows | 10,000 rows |", text)
        self.assertRegex(text, r"ours:hnsw walk 0.95 \| 6\d\d \| 5\d\d \|")
        self.assertIn("build, s | 1.0 | 10.0 |", text)


if __name__ == "__main__":
    os.chdir(pathlib.Path(__file__).resolve().parent)
    unittest.main()

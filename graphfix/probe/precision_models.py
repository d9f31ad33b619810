"""The small models of which each form is measured: a convolutional one, a transformer block and a recurrent one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
Feed = dict[str, Array]

NORMALIZES_FROM = 17
"""The first opset that has LayerNormalization."""
SIZES = {"width": 32, "steps": 8, "hidden": 16, "image": 16}
SAMPLES = 8
"""Inputs that calibrate the static forms."""


class _Graph:
    """A graph that is being built, with seeded weights."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []

    def weight(self, *shape: int, name: str = "") -> str:
        """Add a weight of this shape, normally distributed and scaled by its inputs."""
        fan = max(1, int(np.prod(shape)) // max(1, shape[-1] if len(shape) == 2 else shape[0]))
        return self.constant(self.random.standard_normal(shape) / np.sqrt(fan), name)

    def constant(self, values: Any, name: str = "", dtype: Any = np.float32) -> str:
        """Add a constant."""
        name = name or f"constant_{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def add(self, op: str, *inputs: str, out: str = "", outputs: int = 1, **attributes: Any) -> str:
        """Add a node; returns its first output's name."""
        stem = out or f"{op.lower()}_{len(self.nodes)}"
        names = [stem, *(f"{stem}_{at}" for at in range(1, outputs))]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=f"node_{stem}", **attributes))
        return stem

    def model(self, shape: list[int], out: list[int], opset: int) -> ModelProto:
        """The checked model with the input `x` and the output `y`."""
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in (("x", shape), ("y", out))]
        graph = helper.make_graph(self.nodes, "probe", infos[:1], infos[1:], self.tensors)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        made.ir_version = min(made.ir_version, 10)
        onnx.checker.check_model(made, full_check=True)
        return made


def convolution(opset: int) -> ModelProto:
    """Conv, Relu, MaxPool, a second Conv with a residual sum, and Gemm."""
    made = _Graph(1)
    size = SIZES["image"]
    first = made.add("Relu", made.add("Conv", "x", made.weight(8, 3, 3, 3), made.weight(8), pads=[1] * 4))
    pooled = made.add("MaxPool", first, kernel_shape=[2, 2], strides=[2, 2])
    second = made.add("Conv", pooled, made.weight(8, 8, 3, 3), made.weight(8), pads=[1] * 4)
    joined = made.add("Relu", made.add("Add", second, pooled))
    flat = made.add("Flatten", made.add("GlobalAveragePool", joined))
    made.add("Gemm", flat, made.weight(8, 5), made.weight(5), out="y")
    return made.model([1, 3, size, size], [1, 5], opset)


def _normalized(made: _Graph, value: str, opset: int) -> str:
    """A layer normalisation: one node where the opset has it, else its parts."""
    width = SIZES["width"]
    scale, bias = made.constant(np.ones(width)), made.weight(width)
    if opset >= NORMALIZES_FROM:
        return made.add("LayerNormalization", value, scale, bias, axis=-1)
    axes: dict[str, Any] = {"axes": [-1]}
    centred = made.add("Sub", value, made.add("ReduceMean", value, **axes))
    spread = made.add("ReduceMean", made.add("Mul", centred, centred), **axes)
    root = made.add("Sqrt", made.add("Add", spread, made.constant(1e-5)))
    return made.add("Add", made.add("Mul", made.add("Div", centred, root), scale), bias)


def transformer(opset: int) -> ModelProto:
    """One head of attention and a feed-forward part, each behind a layer normalisation, with residual sums."""
    made = _Graph(2)
    width, steps = SIZES["width"], SIZES["steps"]
    inner = _normalized(made, "x", opset)
    query, key, value = (made.add("MatMul", inner, made.weight(width, width)) for _ in range(3))
    product = made.add("MatMul", query, made.add("Transpose", key, perm=[0, 2, 1]))
    weights = made.add("Softmax", made.add("Div", product, made.constant(np.sqrt(width))), axis=-1)
    attended = made.add("MatMul", made.add("MatMul", weights, value), made.weight(width, width))
    state = made.add("Add", "x", attended)
    hidden = made.add("MatMul", _normalized(made, state, opset), made.weight(width, 2 * width))
    active = made.add("Relu", made.add("Add", hidden, made.weight(2 * width)))
    made.add("Add", state, made.add("MatMul", active, made.weight(2 * width, width)), out="y")
    return made.model([1, steps, width], [1, steps, width], opset)


def recurrent(opset: int) -> ModelProto:
    """An LSTM layer and a projection of each step."""
    made = _Graph(3)
    width, steps, hidden = SIZES["hidden"], SIZES["steps"], SIZES["hidden"]
    layer = made.add(
        "LSTM", "x", made.weight(1, 4 * hidden, width), made.weight(1, 4 * hidden, hidden), made.weight(1, 8 * hidden),
        hidden_size=hidden, outputs=3,
    )  # fmt: skip
    flat = made.add("Squeeze", layer, made.constant([1], dtype=np.int64))
    rows = made.add("Reshape", flat, made.constant([steps, hidden], dtype=np.int64))
    made.add("Gemm", rows, made.weight(hidden, 6), made.weight(6), out="y")
    return made.model([steps, 1, width], [steps, 6], opset)


BUILDERS: dict[str, Callable[[int], ModelProto]] = {
    "convolution": convolution,
    "transformer": transformer,
    "recurrent": recurrent,
}
"""By the names that the tables have."""


def samples(model: ModelProto, count: int = SAMPLES) -> list[Feed]:
    """Return seeded inputs of one of these models."""
    random = np.random.default_rng(7)
    dims = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    return [{"x": random.standard_normal(dims).astype(np.float32)} for _ in range(count)]

"""Random small graphs of many operators, each valid by onnx's checker and run by onnxruntime.

A graph grows node by node: an operator is drawn from those below with operands among the values that exist, and stays
where onnxruntime runs it on them. The same seed gives the same graph. What an operator may look like is in
`random_operators.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorShapeProto, ValueInfoProto, helper, numpy_helper

from graphfix.verify.runtime import session

Array = np.ndarray[Any, Any]
IR = 8
DYNAMIC = 3
"""The size of the dynamic dim while the graph grows; it is run at another afterwards."""
MOST = 4096
"""The most elements of a value."""


@dataclass(slots=True)
class Draft:
    """A graph that grows, with the array that each of its values has on the inputs it was drawn with."""

    random: np.random.Generator
    opset: int
    inputs: dict[str, Array] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    made: dict[str, Array] = field(default_factory=dict)
    nodes: list[NodeProto] = field(default_factory=list)

    def chance(self, share: float) -> bool:
        """Return true with a probability."""
        return bool(self.random.random() < share)

    def one(self, options: Sequence[Any]) -> Any:
        """Return one of several."""
        return options[int(self.random.integers(len(options)))]

    def whole(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both possible."""
        return int(self.random.integers(low, high + 1))

    def array(self, name: str) -> Array:
        """Return what a value is on the inputs the graph is drawn with."""
        return next(held[name] for held in (self.made, self.inputs, self.constants) if name in held)

    def pick(self, dtypes: str = "float32", least: int = 0, most: int = 9) -> str | None:
        """Return a value of one of some dtypes and of a rank in a range, the latest most often; None where there is none."""
        names = [
            name for name, array in {**self.inputs, **self.made}.items()
            if str(array.dtype) in dtypes.split() and least <= array.ndim <= most and array.size
        ]  # fmt: skip
        if not names:
            return None
        return names[-1] if self.chance(0.5) else str(self.one(names))

    def constant(self, array: object, dtype: object = None) -> str:
        """Return the name of a new constant."""
        name = f"k{len(self.constants)}"
        self.constants[name] = np.asarray(array, dtype)  # type: ignore[call-overload]
        return name

    def weight(self, *dims: int, dtype: object = np.float32) -> str:
        """Return a new constant of small normal values."""
        return self.constant(self.random.standard_normal(dims) * 0.5, dtype)

    def node(self, op: str, operands: Sequence[str | None], outputs: int = 1, **attributes: Any) -> list[str] | None:
        """Append a node if onnxruntime runs it on what its operands are; return its outputs, None where it does not."""
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        node = helper.make_node(op, [name or "" for name in operands], names, **attributes)
        fed = {name: self.array(name) for name in operands if name}
        for item in node.attribute:
            if item.type == onnx.AttributeProto.GRAPH:
                fed |= {name: self.array(name) for inner in item.g.node for name in inner.input if self._known(name)}
        try:
            arrays = _run(_model([node], fed, {}, names, self.opset), fed)
        except Exception:  # not a form that onnxruntime runs
            return None
        if any(not isinstance(array, np.ndarray) or array.size > MOST or array.ndim > 5 for array in arrays):
            return None
        self.nodes.append(node)
        self.made |= dict(zip(names, arrays, strict=True))
        return names

    def _known(self, name: str) -> bool:
        return name in self.made or name in self.inputs or name in self.constants


Maker = Callable[[Draft], object]


def _run(model: ModelProto, feed: dict[str, Array]) -> list[Any]:
    with session(model) as loaded:
        return list(loaded.run(None, feed))


def _model(
    nodes: Sequence[NodeProto], inputs: dict[str, Array], constants: dict[str, Array], outputs: Sequence[str], opset: int
) -> ModelProto:
    infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs.items()]
    weights = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "g", infos, [ValueInfoProto(name=name) for name in outputs], weights)
    return helper.make_model(graph, ir_version=10 if opset > 20 else IR, opset_imports=[helper.make_opsetid("", opset)])


def draw_inputs(draft: Draft) -> None:
    """Give a graph one to three inputs, of images, sequences, tables, integers or booleans."""
    batch = DYNAMIC if draft.chance(0.5) else draft.one((1, 2))
    dims = draft.one(((batch, 4, 6, 6), (batch, 3, 5, 7), (batch, 4, 8), (batch, 6), (batch, 3, 2, 4, 4), (6,)))
    kind = draft.one(("float32",) * 10 + ("float16", "float64"))
    draft.inputs["x"] = draft.random.standard_normal(dims).astype(kind)
    if draft.chance(0.4):
        draft.inputs["z"] = draft.random.standard_normal(draft.one((dims, dims, dims[-1:], (dims[0], 5)))).astype(kind)
    if draft.chance(0.3):
        low, high = (0, 2) if draft.chance(0.5) else (-4, 4)
        draft.inputs["i"] = draft.random.integers(low, high, draft.one((dims, (4,), (2, 2)))).astype(
            draft.one(("int64", "int64", "int32", "uint8" if low == 0 else "int8"))
        )


def graph_of(seed: int, makers: Sequence[Maker]) -> ModelProto:
    """Return the random graph of a seed, made of the operators that `makers` add."""
    random = np.random.default_rng([seed, 17])
    for _ in range(20):
        draft = Draft(random, int(random.integers(13, 23)))
        draw_inputs(draft)
        wanted = draft.whole(2, 8)
        for _ in range(4 * wanted):
            draft.one(makers)(draft)
            if len(draft.nodes) >= wanted:
                break
        model = _finished(draft)
        if model is not None:
            return model
    raise AssertionError(f"seed {seed} gives no graph")


def _finished(draft: Draft) -> ModelProto | None:
    """Return the graph with dims and outputs declared; None where checker or onnxruntime refuse it."""
    read = {name for node in draft.nodes for name in node.input}
    read |= {name for node in draft.nodes for item in node.attribute for inner in item.g.node for name in inner.input}
    outputs = [name for name in draft.made if name not in read][-4:]
    inputs = {name: array for name, array in draft.inputs.items() if name in read}
    if not outputs or not inputs:
        return None
    constants = {name: array for name, array in draft.constants.items() if name in read}
    model = _model(draft.nodes, inputs, constants, outputs, draft.opset)
    try:
        whole = _run(model, inputs)
    except Exception:
        return None
    dynamic = any(array.shape[:1] == (DYNAMIC,) for array in inputs.values()) and _at_other_size(model, inputs)
    for info in model.graph.input if dynamic else ():
        dim = info.type.tensor_type.shape.dim
        if dim and dim[0].dim_value == DYNAMIC:
            dim[0].Clear()
            dim[0].dim_param = "N"
    for info, array in zip(model.graph.output, whole, strict=True):
        free = [TensorShapeProto.Dimension() for _ in array.shape]
        fixed = [TensorShapeProto.Dimension(dim_value=size) for size in array.shape]
        info.type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(array.dtype)
        info.type.tensor_type.shape.dim.extend(free if dynamic or _depends_on_values(draft) else fixed)
        info.type.tensor_type.shape.SetInParent()
    try:
        onnx.checker.check_model(model, full_check=True)
        _run(model, inputs)
    except Exception:
        return None
    return model


def _depends_on_values(draft: Draft) -> bool:
    return any(node.op_type in ("NonZero", "Unique", "Compress", "Range") for node in draft.nodes)


def _at_other_size(model: ModelProto, inputs: dict[str, Array]) -> bool:
    """Whether a graph also runs where its dynamic dim has another size."""
    made = ModelProto()
    made.CopyFrom(model)
    fed = {}
    for info in made.graph.input:
        array, dim = inputs[info.name], info.type.tensor_type.shape.dim
        if dim and dim[0].dim_value == DYNAMIC:
            dim[0].dim_value = DYNAMIC - 1
            array = array[: DYNAMIC - 1]
        fed[info.name] = array
    try:
        _run(made, fed)
    except Exception:
        return False
    return True

"""Operands of probes: graph inputs, initializers, or computations that a compiler may or may not fold."""

from __future__ import annotations

import zlib

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.facts import DTYPES
from graphfix.probe.form import Tensor
from graphfix.probe.graph_builder import SUPPORT_PREFIX, GraphBuilder
from graphfix.probe.refusal import Inexpressible
from graphfix.probe.schemas import allowed
from graphfix.probe.shape_operands import MAX_INPUT_RANK, from_shape

COMPUTED_DIMS = ("followed", "followed inside")
"""Dims classes of data with a dynamic batch whose fixed dims come from shape arithmetic: all of them, or all but the last."""
CODES = {name: code for code, name in DTYPES.items()}


def convert(given: Tensor, name: str, dtype: str = "") -> Array:
    """Return the operand's values in its dtype; random values are seeded by its name."""
    code = CODES.get(dtype or given.dtype or "float32", TensorProto.FLOAT)
    kind = helper.tensor_dtype_to_np_dtype(code)
    if given.values is not None:
        raw = np.asarray([str(one) for one in given.values], object) if kind.kind == "O" else np.asarray(given.values)
        if not dtype and not given.dtype:
            return raw
        return np.asarray(raw.reshape(given.shape if raw.size == int(np.prod(given.shape)) else raw.shape)).astype(kind)
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    word = dtype or given.dtype
    if word == "string":
        return np.full(given.shape, "a", object)
    if word == "bool":
        return np.asarray(generator.integers(0, 2, given.shape)).astype(bool)
    if word.startswith(("int", "uint")):
        low, high = (int(given.low), int(given.high) + 1) if given.low >= 0 else (-4, 5)
        low = max(low, 0) if word.startswith("uint") else low
        return np.asarray(generator.integers(low, high, given.shape)).astype(kind)
    return np.asarray(generator.uniform(given.low, given.high, given.shape)).astype(kind)


class OperandBuilder(GraphBuilder):
    """Builds the operands of a probe's node: graph inputs, initializers and supporting nodes."""

    __slots__ = ()

    def add(self, name: str, given: Tensor, dtype: str) -> str:
        """Add one operand; returns the name of its value."""
        array = convert(given, name, dtype)
        if given.source == "runtime":
            return self._input(name, array, CODES[dtype], given.dims)
        if given.source == "constant":
            return self.constant(name, array, CODES[dtype])
        if given.source == "node":
            value = numpy_helper.from_array(np.ascontiguousarray(array))
            self.nodes.append(helper.make_node("Constant", [], [name], value=value))
            return name
        if given.source == "folded":
            return self._folded(name, array, CODES[dtype])
        return from_shape(self, name, array, CODES[dtype], given.source)

    def joined(self, result: str, dtype: str) -> list[NodeProto]:
        """Return nodes that add a graph input to a result that depends on none, as models without inputs are special.

        For a result of a dtype that Cast does not accept, its sizes are added.
        """
        self._input(f"{SUPPORT_PREFIX}input", np.ones(1, np.float32), TensorProto.FLOAT, "static")
        kept, self.nodes = self.nodes, []
        if dtype and dtype not in allowed(self.schema("Cast", 1), "T1"):
            result = self.node("Shape", [result], f"{SUPPORT_PREFIX}shape", label="sizes")
        self.node("Cast", [result], f"{SUPPORT_PREFIX}float", label="cast", to=TensorProto.FLOAT)
        self.node("Add", [f"{SUPPORT_PREFIX}float", f"{SUPPORT_PREFIX}input"], f"{SUPPORT_PREFIX}sum", label="add")
        made, self.nodes = self.nodes, kept
        return made

    def flattened(self, result: str) -> NodeProto:
        """Return a node that flattens a result: some converters reject an output of a rank that they support elsewhere."""
        flat = self.constant(f"{SUPPORT_PREFIX}flat", np.asarray([-1], np.int64), TensorProto.INT64)
        return helper.make_node("Reshape", [result, flat], [f"{SUPPORT_PREFIX}result"], name=f"{SUPPORT_PREFIX}flatten")

    def _input(self, name: str, array: Array, code: int, dims: str) -> str:
        if array.ndim > MAX_INPUT_RANK and dims == "static":
            shape = self.constant(f"{name}_dims", np.asarray(array.shape, np.int64), TensorProto.INT64)
            array = array.reshape(*array.shape[: MAX_INPUT_RANK - 1], -1)
            self.feeds[f"{name}_folded"] = array
            self.inputs.append(helper.make_tensor_value_info(f"{name}_folded", code, array.shape))
            return self.node("Reshape", [f"{name}_folded", shape], name)
        if dims in COMPUTED_DIMS and array.ndim > 1:
            return self._followed(name, array, code, dims)
        self.feeds[name] = array
        self.inputs.append(helper.make_tensor_value_info(name, code, stated(array.shape, dims)))
        return name

    def _followed(self, name: str, array: Array, code: int, dims: str) -> str:
        """Add a graph input with a dynamic batch, reshaped as exporters write it: the batch size, fixed dims, and -1.

        For the second dims class a vector of zeros is added to it, from which shape inference gets the last dim.
        """
        flat = self._input(f"{name}_flat", array.reshape(array.shape[0], -1), code, "batch")
        shape = self.node("Shape", [flat], f"{name}_sizes")
        first = self.constant(f"{name}_first", np.zeros(1, np.int64), TensorProto.INT64)
        batch = self.node("Gather", [shape, first], f"{name}_batch", axis=0)
        rest = self.constant(f"{name}_rest", np.asarray([*array.shape[1:-1], -1], np.int64), TensorProto.INT64)
        target = self.node("Concat", [batch, rest], f"{name}_view", axis=0)
        if dims == COMPUTED_DIMS[0]:
            return self.node("Reshape", [flat, target], name)
        if array.dtype.kind == "O":
            raise Inexpressible("no operator leaves strings unchanged and determines their last dim")
        zeros = self.constant(f"{name}_zeros", np.zeros(array.shape[-1:], array.dtype), code)
        return self.node(
            "Or" if code == TensorProto.BOOL else "Add", [self.node("Reshape", [flat, target], f"{name}_viewed"), zeros], name
        )

    def _folded(self, name: str, array: Array, code: int) -> str:
        """Compute the operand from constants: two halves are concatenated, a scalar or a single row is reshaped."""
        if array.ndim == 0 or array.shape[0] < 2:
            flat = self.constant(f"{name}_flat", array.reshape(-1), code)
            shape = self.constant(f"{name}_shape", np.asarray(array.shape, np.int64), TensorProto.INT64)
            return self.node("Reshape", [flat, shape], name)
        half = array.shape[0] // 2
        parts = [self.constant(f"{name}_{i}", part, code) for i, part in enumerate((array[:half], array[half:]))]
        return self.node("Concat", parts, name, axis=0)


def stated(shape: tuple[int, ...], dims: str) -> list[int | str]:
    """Return the dims that an input declares: sizes, or symbols named by size."""
    if dims == "static" or not shape:
        return list(shape)
    if dims in ("batch", *COMPUTED_DIMS):
        return [f"d{shape[0]}", *shape[1:]]
    kept = {"spatial": {1}, "sequence": {len(shape) - 1}}.get(dims, set())
    return [size if at in kept or size == 1 else f"d{size}" for at, size in enumerate(shape)]

"""Operands as graph inputs, initializers, or small computations that a compiler may or may not see through."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from graphfix.facts import DTYPES
from graphfix.folding import Array
from graphfix.probe.form import Tensor, allowed
from graphfix.probe.refusal import BESIDE as BESIDE
from graphfix.probe.refusal import Inexpressible

HIGH = 5
"""The rank above which models have no inputs and outputs in practice, though they have values inside."""
FOLLOWED = ("followed", "followed inside")
"""The dims of data whose fixed sizes only shape arithmetic tells, beside a free batch: all of them, or all but the last."""
CODES = {name: code for code, name in DTYPES.items()}


def convert(given: Tensor, name: str, dtype: str = "") -> Array:
    """The operand's numbers in its dtype, random ones by its name."""
    code = CODES.get(dtype or given.dtype or "float32", TensorProto.FLOAT)
    kind = helper.tensor_dtype_to_np_dtype(code)
    if given.values is not None:
        raw = np.asarray([str(one) for one in given.values], object) if kind.kind == "O" else np.asarray(given.values)
        if not dtype and not given.dtype:
            return raw
        return np.asarray(raw.reshape(given.shape if raw.size == int(np.prod(given.shape)) else raw.shape)).astype(kind)
    chance = np.random.default_rng(zlib.crc32(name.encode()))
    word = dtype or given.dtype
    if word == "string":
        return np.full(given.shape, "a", object)
    if word == "bool":
        return np.asarray(chance.integers(0, 2, given.shape)).astype(bool)
    if word.startswith(("int", "uint")):
        low, high = (int(given.low), int(given.high) + 1) if given.low >= 0 else (-4, 5)
        low = max(low, 0) if word.startswith("uint") else low
        return np.asarray(chance.integers(low, high, given.shape)).astype(kind)
    return np.asarray(chance.uniform(given.low, given.high, given.shape)).astype(kind)


@dataclass(slots=True)
class Supply:
    """The inputs, initializers and nodes that give a probe's node its operands, and the arrays to feed.

    Inexpressible where `opset` has no operator, or a dtype none, that would make an operand as it is wanted.
    """

    opset: int
    inputs: list[ValueInfoProto] = field(default_factory=list)
    initializers: list[TensorProto] = field(default_factory=list)
    nodes: list[NodeProto] = field(default_factory=list)
    feeds: dict[str, Array] = field(default_factory=dict)

    def add(self, name: str, given: Tensor, dtype: str) -> str:
        """Provide one operand; the name of the value that carries it."""
        array = convert(given, name, dtype)
        if given.source == "runtime":
            return self._input(name, array, CODES[dtype], given.dims)
        if given.source == "constant":
            return self._constant(name, array, CODES[dtype])
        if given.source == "node":
            value = numpy_helper.from_array(np.ascontiguousarray(array))
            self.nodes.append(helper.make_node("Constant", [], [name], value=value))
            return name
        if given.source == "folded":
            return self._folded(name, array, CODES[dtype])
        return self._from_shape(name, array, CODES[dtype], given.source)

    def joined(self, result: str, dtype: str) -> list[NodeProto]:
        """Nodes that add a graph input to a result that needs none: a model without inputs is a case of its own.

        Of a result whose dtype Cast does not take, the sizes are added.
        """
        self._input(f"{BESIDE}input", np.ones(1, np.float32), TensorProto.FLOAT, "static")
        kept, self.nodes = self.nodes, []
        if dtype and dtype not in allowed(self._schema("Cast", 1), "T1"):
            result = self._node("Shape", [result], f"{BESIDE}shape", label="sizes")
        self._node("Cast", [result], f"{BESIDE}float", label="cast", to=TensorProto.FLOAT)
        self._node("Add", [f"{BESIDE}float", f"{BESIDE}input"], f"{BESIDE}sum", label="add")
        made, self.nodes = self.nodes, kept
        return made

    def flattened(self, result: str) -> NodeProto:
        """A node that makes a result flat: some converters refuse results of a rank that they accept inside."""
        flat = self._constant(f"{BESIDE}flat", np.asarray([-1], np.int64), TensorProto.INT64)
        return helper.make_node("Reshape", [result, flat], [f"{BESIDE}result"], name=f"{BESIDE}flatten")

    def _input(self, name: str, array: Array, code: int, dims: str) -> str:
        if array.ndim > HIGH and dims == "static":
            shape = self._constant(f"{name}_dims", np.asarray(array.shape, np.int64), TensorProto.INT64)
            array = array.reshape(*array.shape[: HIGH - 1], -1)
            self.feeds[f"{name}_folded"] = array
            self.inputs.append(helper.make_tensor_value_info(f"{name}_folded", code, array.shape))
            return self._node("Reshape", [f"{name}_folded", shape], name)
        if dims in FOLLOWED and array.ndim > 1:
            return self._followed(name, array, code, dims)
        self.feeds[name] = array
        self.inputs.append(helper.make_tensor_value_info(name, code, stated(array.shape, dims)))
        return name

    def _followed(self, name: str, array: Array, code: int, dims: str) -> str:
        """A graph input with an open batch, viewed as exporters view: by the size it has, the others, and what is left.

        A row of zeros added to it tells its last dim.
        """
        flat = self._input(f"{name}_flat", array.reshape(array.shape[0], -1), code, "batch")
        shape = self._node("Shape", [flat], f"{name}_sizes")
        first = self._constant(f"{name}_first", np.zeros(1, np.int64), TensorProto.INT64)
        batch = self._node("Gather", [shape, first], f"{name}_batch", axis=0)
        rest = self._constant(f"{name}_rest", np.asarray([*array.shape[1:-1], -1], np.int64), TensorProto.INT64)
        target = self._node("Concat", [batch, rest], f"{name}_view", axis=0)
        if dims == FOLLOWED[0]:
            return self._node("Reshape", [flat, target], name)
        if array.dtype.kind == "O":
            raise Inexpressible("no operator leaves strings as they are and tells their last dim")
        zeros = self._constant(f"{name}_zeros", np.zeros(array.shape[-1:], array.dtype), code)
        return self._node(
            "Or" if code == TensorProto.BOOL else "Add", [self._node("Reshape", [flat, target], f"{name}_viewed"), zeros], name
        )

    def _constant(self, name: str, array: Array, code: int) -> str:
        tensor = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        tensor.data_type = code
        self.initializers.append(tensor)
        return name

    def _schema(self, op: str, operands: int) -> onnx.defs.OpSchema:
        """The operator's schema; Inexpressible where the opset has none, or one that takes other operands."""
        if onnx.defs.has(op, self.opset, ""):
            schema = onnx.defs.get_schema(op, self.opset, "")
            if schema.min_input <= operands <= schema.max_input:
                return schema
        raise Inexpressible(f"{op} of {operands} operands in opset {self.opset}")

    def _node(self, op: str, inputs: list[str], output: str, label: str = "", **attributes: Any) -> str:
        schema = self._schema(op, len(inputs))
        if op == "Cast" and schema.attributes["to"].type == onnx.defs.OpSchema.AttrType.STRING:
            attributes["to"] = TensorProto.DataType.Name(attributes["to"])
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"{BESIDE}{label or output}", **attributes))
        return output

    def _folded(self, name: str, array: Array, code: int) -> str:
        """A computation of constants: halves joined, as exporters reorder gates; a scalar is squeezed or reshaped."""
        if array.ndim == 0 or array.shape[0] < 2:
            flat = self._constant(f"{name}_flat", array.reshape(-1), code)
            shape = self._constant(f"{name}_shape", np.asarray(array.shape, np.int64), TensorProto.INT64)
            return self._node("Reshape", [flat, shape], name)
        half = array.shape[0] // 2
        parts = [self._constant(f"{name}_{i}", part, code) for i, part in enumerate((array[:half], array[half:]))]
        return self._node("Concat", parts, name, axis=0)

    def _from_shape(self, name: str, array: Array, code: int, source: str) -> str:
        """A computation of sizes of a graph input, its own data where they fit; the dims are open unless the source is fixed."""
        if array.dtype.kind == "O":
            raise Inexpressible("no strings are computed from sizes")
        if array.dtype.kind == "f" or array.size > 8:
            return self._filled(name, array, code, source)
        flat = [int(v) for v in array.reshape(-1)]
        pieces = []
        for i, value in enumerate(flat):
            found = self._size_of(value, source)
            if found is None or value < 0:
                pieces.append(self._constant(f"{name}_c{i}", np.asarray([value], np.int64), TensorProto.INT64))
                continue
            measured, at = found
            shape = self._node("Shape", [measured], f"{name}_s{i}")
            index = self._constant(f"{name}_i{i}", np.asarray([at], np.int64), TensorProto.INT64)
            pieces.append(self._node("Gather", [shape, index], f"{name}_d{i}", axis=0))
        if not any(piece.startswith(f"{name}_d") for piece in pieces):
            pieces = [self._like(name, flat, source)]
        joined = self._node("Concat", pieces, f"{name}_v", axis=0) if len(pieces) > 1 else pieces[0]
        if array.ndim != 1:
            shape = self._constant(f"{name}_shape", np.asarray(array.shape, np.int64), TensorProto.INT64)
            joined = self._node("Reshape", [joined, shape], f"{name}_r")
        if source == "cast-shape" and code == TensorProto.INT64:
            joined = self._node("Cast", [joined], f"{name}_narrow", to=TensorProto.INT32)
            return self._node("Cast", [joined], name, to=TensorProto.INT64)
        return (
            self._node("Identity", [joined], name) if code == TensorProto.INT64 else self._node("Cast", [joined], name, to=code)
        )

    def _size_of(self, value: int, source: str) -> tuple[str, int] | None:
        """A dim of a graph input with that size, open or fixed as the source wants it."""
        for info in self.inputs:
            for at, dim in enumerate(info.type.tensor_type.shape.dim):
                if bool(dim.dim_param) != (source == "fixed-shape") and self.feeds[info.name].shape[at] == value:
                    return info.name, at
        return None

    def _like(self, name: str, flat: list[int], source: str) -> str:
        """Sizes of an extra input, shifted by constants where the wanted numbers cannot be sizes."""
        sizes = [max(value, 1) for value in flat]
        if source == "fixed-shape":
            return self._shifted(name, flat, self._picked(name, sizes))
        self.feeds[f"{name}_like"] = np.zeros(sizes, np.float32)
        dims = [f"{name}_{i}" for i in range(len(sizes))]
        self.inputs.append(helper.make_tensor_value_info(f"{name}_like", TensorProto.FLOAT, dims))
        shape = self._node("Shape", [f"{name}_like"], f"{name}_sizes")
        return self._shifted(name, flat, (shape, sizes))

    def _picked(self, name: str, sizes: list[int]) -> tuple[str, list[int]]:
        """A vector gathered from the fixed sizes of an extra input of a usual rank, and the numbers in it."""
        dims = sorted(set(sizes))[: HIGH - 1] or [1]
        self.feeds[f"{name}_like"] = np.zeros(dims, np.float32)
        self.inputs.append(helper.make_tensor_value_info(f"{name}_like", TensorProto.FLOAT, dims))
        shape = self._node("Shape", [f"{name}_like"], f"{name}_sizes")
        places = [dims.index(size) if size in dims else 0 for size in sizes]
        index = self._constant(f"{name}_places", np.asarray(places, np.int64), TensorProto.INT64)
        return self._node("Gather", [shape, index], f"{name}_picked", axis=0), [dims[place] for place in places]

    def _shifted(self, name: str, flat: list[int], found: tuple[str, list[int]]) -> str:
        """The vector found, with what it lacks of the wanted numbers added."""
        value, sizes = found
        if sizes == flat:
            return value
        gap = np.asarray(flat, np.int64) - np.asarray(sizes, np.int64)
        shift = self._constant(f"{name}_shift", gap, TensorProto.INT64)
        return self._node("Add", [value, shift], f"{name}_shifted")

    def _filled(self, name: str, array: Array, code: int, source: str) -> str:
        """An array of one number, filled in at sizes read from the data where they fit, as initial states are."""
        if source == "fixed-shape" and array.ndim == 0:
            one = self._filled(f"{name}_one", array.reshape(1), code, source)
            return self._node("Reshape", [one, self._constant(f"{name}_none", np.zeros(0, np.int64), TensorProto.INT64)], name)
        if source == "fixed-shape" or any(self._size_of(size, source) for size in array.shape):
            shape = self._from_shape(f"{name}_sizes", np.asarray(array.shape, np.int64), TensorProto.INT64, source)
        else:
            self.feeds[f"{name}_like"] = np.zeros(array.shape, np.float32)
            dims = [f"{name}_{i}" for i in range(array.ndim)]
            self.inputs.append(helper.make_tensor_value_info(f"{name}_like", TensorProto.FLOAT, dims))
            shape = self._node("Shape", [f"{name}_like"], f"{name}_sizes")
            if source == "cast-shape":
                narrow = self._node("Cast", [shape], f"{name}_narrow", to=TensorProto.INT32)
                shape = self._node("Cast", [narrow], f"{name}_wide", to=TensorProto.INT64)
        fill = array.reshape(-1)[:1] if array.size else np.zeros(1, array.dtype)
        value = numpy_helper.from_array(np.ascontiguousarray(fill))
        value.data_type = code
        if self.opset >= 9:
            return self._node("ConstantOfShape", [shape], name, value=value)
        one = self._constant(f"{name}_one", np.ascontiguousarray(fill).reshape([1] * array.ndim), code)
        return self._node("Expand" if self.opset == 8 else "Tile", [one, shape], name)


def stated(shape: tuple[int, ...], dims: str) -> list[int | str]:
    """The dims as an input states them: sizes, or symbols named by size."""
    if dims == "static" or not shape:
        return list(shape)
    if dims in ("batch", *FOLLOWED):
        return [f"d{shape[0]}", *shape[1:]]
    kept = {"spatial": {1}, "sequence": {len(shape) - 1}}.get(dims, set())
    return [size if at in kept or size == 1 else f"d{size}" for at, size in enumerate(shape)]

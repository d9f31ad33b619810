"""A decoder on caches of fixed length: sizes take the full length, positions the present one, sums leave out what is beyond.

Every value whose dim follows the length of the caches is full in the result, and right in its first rows, as many as are
written. What the length decides otherwise, such as where a table of angles is read, is computed from the position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import NodeProto, TensorProto, helper

from graphfix.ir.operator_set import is_standard
from graphfix.ir.value_names import ValueNames
from graphfix.rewrites.interface.cache_lengths import CacheLengths, Line, slices
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.emission import Protos

if TYPE_CHECKING:
    from onnx import ModelProto

STAMP = "static-cache"
POSITION = "cache_position"
BY_ROW = frozenset({
    "Abs", "Add", "And", "Cast", "CastLike", "Ceil", "Clip", "Concat", "ConstantOfShape", "Cos", "CumSum", "Div", "Equal",
    "Erf", "Exp", "Expand", "Floor", "Gather", "Gelu", "Gemm", "Greater", "GreaterOrEqual", "Identity", "IsInf", "IsNaN",
    "Less", "LessOrEqual", "Log", "LogSoftmax", "MatMul", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Range",
    "Reciprocal", "ReduceMax", "ReduceSum", "Relu", "Reshape", "Round", "Sigmoid", "Sign", "Sin", "Slice", "Softmax",
    "Split", "Sqrt", "Squeeze", "Sub", "Tanh", "Tile", "Transpose", "Trilu", "Unsqueeze", "Where", "Xor",
})  # fmt: skip
"""The operators after which the first rows are right where those of their operands are."""
SIZED = {"Reshape": 1, "Expand": 1, "Tile": 1, "ConstantOfShape": 0}
"""The operand that holds sizes."""
NEUTRAL = {"Softmax": "lowest", "LogSoftmax": "lowest", "ReduceMax": "lowest", "ReduceSum": "zero"}
"""What stands in the rows beyond the present length where an operator combines rows."""


class Unfit(Exception):
    """Raised where a node cannot work on a fixed length; `label` is its name."""

    def __init__(self, reason: str, label: str) -> None:
        super().__init__(reason)
        self.label = label


@dataclass(slots=True)
class FixedLength:
    """A model in which every node is rewritten in turn; `made` are the nodes so far."""

    model: ModelProto
    lengths: CacheLengths
    caches: Mapping[str, int]
    masks: Sequence[str]
    rows: int
    tokens: int
    build: Builder[str]
    position: str
    made: list[NodeProto] = field(default_factory=list)
    _shared: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, model: ModelProto, lengths: CacheLengths, caches: Mapping[str, int], masks: Sequence[str], rows: int, tokens: int
    ) -> FixedLength:
        """Return a copy to work on."""
        from onnx import ModelProto

        from graphfix.ir.bind_inputs import clear_annotations

        made = ModelProto()
        made.CopyFrom(model)
        clear_annotations(made)
        names = ValueNames.of(made.graph)
        return cls(made, lengths, caches, masks, rows, tokens, Builder(Protos(made.graph), names, STAMP), names.fresh(POSITION))

    def rewritten(self) -> tuple[ModelProto, str, dict[str, int]]:
        """Return the model, the name of the input with the position, and the axis of each output that is full now."""
        for node in list(self.model.graph.node):
            self.build = self.build.at(node.name or next(filter(None, node.output), node.op_type), self.build.pool)
            self._node(node)
            self.made += self.build.nodes
        grown = {}
        for output in self.model.graph.output:
            axes = self.lengths.varying_axes(output.name)
            if not axes:
                continue
            if not self._is_cache(output.name):
                raise Unfit(f"the output `{output.name}` has a row for each of the cache; leave it out with --drop-output", "")
            grown[output.name] = axes[0]
            output.type.tensor_type.shape.dim[axes[0]].dim_value = self.rows
        del self.model.graph.node[:]
        self.model.graph.node.extend(self.made)
        for info in self.model.graph.input:
            if info.name in self.caches or info.name in self.masks:
                for axis in [self.caches[info.name]] if info.name in self.caches else self.lengths.varying_axes(info.name):
                    info.type.tensor_type.shape.dim[axis].dim_value = self.rows
        self.model.graph.input.append(helper.make_tensor_value_info(self.position, TensorProto.INT64, [1]))
        return self.model, self.position, grown

    def _is_cache(self, name: str) -> bool:
        """Whether a value is a cache with the new rows in it."""
        maker = next((node for node in self.model.graph.node if name in node.output), None)
        while maker is not None and maker.op_type == "Identity":
            name = maker.input[0]
            maker = next((node for node in self.model.graph.node if name in node.output), None)
        return maker is not None and maker.op_type == "Concat" and maker.input[0] in self.caches

    def _node(self, node: NodeProto) -> None:
        """Add a node in the form for a fixed length."""
        label = node.name or node.output[0]
        line = self.lengths.numbers(node.output[0]) if len(node.output) == 1 else None
        if line is not None and (line.varies or node.op_type in ("Shape", "Size")):
            number = self._numbers(line) if line.varies else self.build.constant("sizes", line.base)
            self.made_as(node.output[0], number)
            return
        full = {name: axes for name in node.input if name and (axes := self.lengths.varying_axes(name))}
        moving = {name for name in node.input if name and (found := self.lengths.numbers(name)) is not None and found.varies}
        if any(item.HasField("g") for item in node.attribute) and (full or moving):
            raise Unfit(f"`{label}` has branches or a body that follow the length of the caches", label)
        if node.op_type == "Concat" and node.input[0] in self.caches:
            self._write(node)
            return
        if any(name in self.caches for name in node.input):
            raise Unfit(f"the cache `{next(n for n in node.input if n in self.caches)}` is read by `{node.op_type}`", label)
        grows = any(self.lengths.varying_axes(name) for name in node.output if name)
        if not full and not moving and not grows:
            self.build.nodes.append(node)
            return
        if node.op_type not in BY_ROW or not is_standard(node):
            raise Unfit(f"`{node.op_type}` follows the length of the caches, in a way that is not known at a fixed one", label)
        for name in node.output:
            self._check_dims(name, label)
        rule = {"Range": self._range, "Slice": self._slice}.get(node.op_type)
        if rule is not None:
            rule(node)
            return
        made = NodeProto()
        made.CopyFrom(node)
        if node.op_type in SIZED and len(node.input) > SIZED[node.op_type]:
            self._sizes(made, SIZED[node.op_type], label)
        self._combined(made, label)
        self.build.nodes.append(made)

    def made_as(self, name: str, source: str) -> None:
        """Let a value that is made already bear another name."""
        self.build.node("Identity", [source], [name])

    def _check_dims(self, name: str, label: str) -> None:
        """Raise Unfit where a dim follows the length of the caches, and is not that of the caches with the new rows."""
        dims = self.lengths.dims(name)
        full = dims.at(self.lengths.greatest) if dims is not None else ()
        if dims is not None and any(
            slope and (slope != 1 or size != self.rows) for slope, size in zip(dims.slope, full, strict=True)
        ):
            raise Unfit(f"a dim of `{name}` follows the length of the caches, and is not the same", label)

    def _numbers(self, line: Line) -> str:
        """Return whole numbers that follow the length, computed from the position."""
        if "scalar" not in self._shared:
            self._shared["scalar"] = self.build.op("Squeeze", self.position)
        made = self._shared["scalar"]
        if line.slope.ndim or np.any(line.slope != 1):
            made = self.build.op("Mul", made, self.build.constant("slope", line.slope))
        return self.build.op("Add", made, self.build.constant("base", line.base))

    def _write(self, node: NodeProto) -> None:
        """Put the new rows at their position into a cache."""
        past, new = node.input
        axis = self.caches[past]
        rank = len(self.lengths.dims(past).base)  # type: ignore[union-attr]
        shape = [-1 if place == axis else 1 for place in range(rank)][axis:]
        places = self.build.constant("rows", np.arange(self.rows, dtype=np.int64).reshape(shape))
        if self.tokens == 1:
            here = self._share(f"here{shape}", lambda: self.build.op("Equal", places, self.position))
            self.build.node("Where", [here, new, past], [node.output[0]])
            return

        def inside() -> str:
            offset = self.build.op("Sub", places, self.position)
            ahead = self.build.op("Less", offset, self.build.constant("zero", np.zeros(1, np.int64)))
            beyond = self.build.op("Less", offset, self.build.constant("tokens", np.full(1, self.tokens, np.int64)))
            return self.build.op("And", self.build.op("Not", ahead), beyond)

        def sources() -> str:
            flat = self.build.constant("flat", np.arange(self.rows, dtype=np.int64))
            offset = self.build.op("Sub", flat, self.position)
            capped = self.build.op("Min", offset, self.build.constant("last", np.full(1, self.tokens - 1, np.int64)))
            return self.build.op("Max", capped, self.build.constant("zero", np.zeros(1, np.int64)))

        spread = self.build.op("Gather", new, self._share("sources", sources), axis=axis)
        self.build.node("Where", [self._share(f"inside{shape}", inside), spread, past], [node.output[0]])

    def _share(self, key: str, make: Any) -> str:
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def _range(self, node: NodeProto) -> None:
        """Count from a start that follows the length, or as far as the full length."""
        start, step = self.lengths.numbers(node.input[0]), self.lengths.numbers(node.input[2])
        dims, value = self.lengths.dims(node.output[0]), self.lengths.value(node.output[0])
        if start is None or step is None or step.varies or dims is None or value is None:
            raise Unfit("a Range follows the length of the caches, and its start or step is not known", node.output[0])
        count = int(dims.at(self.lengths.greatest)[0])
        if dims.varies and start.varies:
            raise Unfit("both ends of a Range follow the length of the caches", node.output[0])
        steps = np.arange(count) * int(step.base)
        if not start.varies:
            made = self.build.constant("range", (int(start.base) + steps).astype(np.int64))
        else:
            made = self.build.op("Add", self.build.constant("steps", steps.astype(np.int64)), self._numbers(start))
        if value.dtype != "int64":
            made = self.build.op("Cast", made, to=helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype)))
        self.made_as(node.output[0], made)

    def _slice(self, node: NodeProto) -> None:
        """Take the rows from a place that follows the length by index, and all rows where as many are taken as there are."""
        label, data, given = node.name or node.output[0], node.input[0], slices(self.lengths, node)
        if given is None:
            raise Unfit("a Slice follows the length of the caches, and its ends are not known", label)
        made, before, after = data, self.lengths.dims(data), self.lengths.dims(node.output[0])
        if before is None or after is None:
            raise Unfit("a Slice follows the length of the caches, and its dims are not known", label)
        fixed: list[tuple[int, int, int, int]] = []
        for axis, start, step in given:
            count = int(after.at(self.lengths.greatest)[axis])
            if after.slope[axis] and (start.varies or int(start.base) or step != 1):
                raise Unfit("a Slice leaves out the first rows of what follows the length of the caches", label)
            if start.varies:
                index = self.build.op("Add", self.build.constant("steps", np.arange(count) * step), self._numbers(start))
                made = self.build.op("Gather", made, index, axis=axis)
            else:
                first = int(start.base)
                end = first + count * step
                fixed.append((axis, first, end if end >= 0 else -(2**31), step))
        if fixed:
            columns = [self.build.constant("slice", np.asarray(c, np.int64)) for c in zip(*fixed, strict=True)]
            made = self.build.op("Slice", made, columns[1], columns[2], columns[0], columns[3])
        self.made_as(node.output[0], made)

    def _sizes(self, node: NodeProto, place: int, label: str) -> None:
        """Let an operand that holds sizes hold the full ones."""
        line = self.lengths.numbers(node.input[place])
        if line is not None and line.varies:
            node.input[place] = self.build.constant("sizes", line.at(self.lengths.greatest))
        elif line is None and self.lengths.varying_axes(node.output[0]):
            raise Unfit(f"the sizes of `{label}` follow the length of the caches, and are not known", label)

    def _combined(self, node: NodeProto, label: str) -> None:
        """Cover what is beyond the present length where a node combines the rows of its operand."""
        axes = self.lengths.varying_axes(node.input[0])
        if not axes:
            return
        if node.op_type == "Gather" and next((item.i for item in node.attribute if item.name == "axis"), 0) in axes:
            line = self.lengths.numbers(node.input[1])
            if line is not None and np.any(line.at(self.lengths.greatest) < 0):
                raise Unfit(f"`{label}` counts from the end of what follows the length of the caches", label)
        if node.op_type not in NEUTRAL:
            return
        value = self.lengths.value(node.input[0])
        if value is None or value.shape is None or not value.dtype:
            raise Unfit(f"the dtype of `{node.input[0]}` is not known", label)
        dtype = np.dtype(value.dtype)
        lowest = np.finfo(dtype).min if dtype.kind == "f" else np.iinfo(dtype).min
        neutral = np.asarray(lowest if NEUTRAL[node.op_type] == "lowest" else 0, dtype)
        shape = [-1 if place == axes[0] else 1 for place in range(len(value.shape))][axes[0] :]
        places = np.arange(self.rows, dtype=np.int64).reshape(shape)

        def seen() -> str:
            end = self.build.op("Add", self.position, self.build.constant("tokens", np.full(1, self.tokens, np.int64)))
            return self.build.op("Less", self.build.constant("rows", places), end)

        covered = self._share(f"seen{shape}", seen)
        node.input[0] = self.build.op("Where", covered, node.input[0], self.build.constant("neutral", neutral))

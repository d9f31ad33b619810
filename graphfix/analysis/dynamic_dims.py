"""Names for dims that onnx does not infer and that are surely dynamic, such as the output dim of a window over a dynamic dim.

onnx names both a dim computed from a dynamic dim and a dim that it could not infer `unk__0`. The second may be fixed for a
compiler, the first is not; so the first gets a separate kind of name here.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import field, replace

from onnx import NodeProto

from graphfix.analysis.dim_names import FRESH, UNTOLD, is_untold
from graphfix.analysis.dim_transfer import BROADCASTING, COUNTED, MOVED, RESIZING, WINDOWED, Step, dims_on, told, transfer
from graphfix.analysis.dims import DimExpr, symbol
from graphfix.analysis.values import Dim, Value, is_unclear
from graphfix.analysis.window_extents import made
from graphfix.ir.operator_set import is_standard
from graphfix.ir.records import dataclass


@dataclass(slots=True)
class DynamicDims:
    """The names of dynamic dims found so far in one model; `any_dynamic` states whether it has dynamic dims at all."""

    any_dynamic: bool
    names: dict[Hashable, str] = field(default_factory=dict)
    """The names by the name that onnx gave, or by value and axis where it gave none."""
    extents: dict[str, DimExpr] = field(default_factory=dict)
    """The sizes of dims made by windows, slices and resizing, as expressions of the dims that they were computed from."""
    by_extent: dict[DimExpr, str] = field(default_factory=dict)
    broadcast: dict[frozenset[Dim], str] = field(default_factory=dict)
    """The names of dims made by broadcasting dims of different names, by these."""

    def settle(self, node: NodeProto, inputs: Sequence[Value | None], outputs: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return the outputs with names for the dims that are surely dynamic."""
        if not self.any_dynamic or not any(_has_unclear(value) for value in outputs):
            return outputs
        outputs = tuple(map(self._named, outputs))
        if not is_standard(node):
            return outputs
        found = []
        for place, value in enumerate(outputs):
            dims = list(value.shape or ())
            step = Step.of(node, inputs, value.shape or ())
            for axis in _dynamic(step) if place == 0 or node.op_type in COUNTED else ():
                dim = dims[axis]
                known: Hashable = dim if isinstance(dim, str) else (value.name, axis)
                if known not in self.names:
                    self.names[known] = self._name(replace(step, shape=tuple(dims)), axis)
                dims[axis] = self.names[known]
            found.append(replace(value, shape=tuple(dims)) if dims else value)
        return tuple(found)

    def _name(self, step: Step, axis: int) -> str:
        """Return a new name, or the name of a dim that has the same size for all inputs."""
        fresh, op = f"{FRESH}{len(self.names)}", step.node.op_type
        if (size := told(step, axis)) is not None:
            return size
        before = transfer(op).source(step, axis)
        if op in BROADCASTING and (unlike := dims_on(step, axis)) and before is None:
            fresh += UNTOLD if any(map(is_untold, unlike)) else ""
            return self.broadcast.setdefault(unlike, fresh)
        if not isinstance(before, str) or op not in WINDOWED | MOVED:
            return before if isinstance(before, str) else fresh + UNTOLD if op in RESIZING else fresh
        base = self.extents.get(before, symbol(before))
        extent = made(step.node, step.inputs, axis, base)
        fresh += UNTOLD if any(map(is_untold, base.symbols)) else ""
        if extent is None:
            return fresh if fresh.endswith(UNTOLD) else fresh + UNTOLD
        name = extent.name or self.by_extent.setdefault(extent, fresh)
        self.extents[name] = extent
        return name

    def _named(self, value: Value) -> Value:
        if value.shape is None or self.names.keys().isdisjoint(value.shape):
            return value
        return replace(value, shape=tuple(self.names.get(dim, dim) if isinstance(dim, str) else dim for dim in value.shape))


def _dynamic(step: Step) -> list[int]:
    """Return the axes of the first output that onnx did not infer and that are surely dynamic."""
    if step.data is None and step.node.op_type not in COUNTED:
        return []
    dynamic = transfer(step.node.op_type).dynamic
    return [axis for axis in step.unclear if dynamic(step, axis)]


def _has_unclear(value: Value) -> bool:
    return value.shape is not None and any(map(is_unclear, value.shape))

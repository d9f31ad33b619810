"""Which axis of a value holds one entry for each element that a NonZero selects, and whether a graph works entry by entry.

Shapes are inferred for two numbers of selected elements: a dim that differs is the axis of the entries, and a constant that
differs is a number derived from their count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from graphfix.analysis.cache import facts_of
from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import NodeFacts, Value
from graphfix.analysis.wide_chains import BROADCAST, REDUCTIONS, UNARY, VIEWS
from graphfix.ir.bind_inputs import clear_annotations
from graphfix.ir.traversal import graphs
from graphfix.rewrites.indexing.entry_axes import ALONG, entry_constant, keeps_entries, writes_own_rows

Array = npt.NDArray[Any]
MOST_PLACES = 1 << 16
"""The most elements among which a NonZero selects; everything is computed for all of them afterwards."""
COUNTS = (5, 7)
SIZED = {"Reshape": 1, "Expand": 1, "ConstantOfShape": 0, "Slice": 2}
"""The operand that holds sizes, or the end of a part that keeps all entries."""
PICKS = {"Gather": 1, "GatherND": 1}
"""The operand that holds indices."""
SINKS = REDUCTIONS | {"ScatterND"}
"""Operators that combine the entries into something of a fixed size."""
NUMBER = -1
"""What stands for an axis where a value is computed from the number of entries."""


class Unfit(Exception):
    """Raised where the entries are not treated alike; `label` is the node."""

    def __init__(self, reason: str, label: str) -> None:
        super().__init__(reason)
        self.label = label


@dataclass(slots=True)
class SelectedRows:
    """The values that depend on one NonZero: the axis of the entries in each, the nodes that combine them, and the indices.

    `counted` are the values that hold the place of each entry among those selected.
    """

    axes: dict[str, int] = field(default_factory=dict)
    sinks: list[NodeProto] = field(default_factory=list)
    indices: set[str] = field(default_factory=set)
    counted: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, model: ModelProto, nonzero: NodeProto, rank: int) -> SelectedRows:
        """Follow the entries from a NonZero of the main graph; raises Unfit where they are not treated alike."""
        both = [at_count(model, nonzero, rank, count) for count in COUNTS]
        found, name = cls(), nonzero.output[0]
        found.axes[name] = 1
        inner = [graph for graph in graphs(model.graph) if graph is not model.graph]
        outside = {each for graph in inner for node in graph.node for each in node.input}
        nodes = {node.proto.output[0]: node for node in both[0][0].nodes if not node.scope and node.proto.output}
        for node in model.graph.node:
            if node.output[0] == name or not any(each in found.axes for each in node.input):
                continue
            label = node.name or node.output[0]
            if len(node.output) != 1:
                raise Unfit(_reads(node), label)
            found._follow(node, nodes[node.output[0]], [values.get(node.output[0]) for _, values in both])
        if any(each in outside for each in found.axes):
            raise Unfit("a branch or loop reads the selected entries", nonzero.name or name)
        return found

    def results(self, model: ModelProto) -> list[str]:
        """Return the outputs that have an axis of entries; raises Unfit for one that is computed from their number."""
        names = [output.name for output in model.graph.output if output.name in self.axes]
        for name in names:
            if self.axes[name] == NUMBER:
                raise Unfit(f"the output `{name}` is computed from the number of selected elements", name)
        return names

    def computed(self, model: ModelProto, nonzero: NodeProto, places: Array, name: str) -> Array:
        """Return a value at all places where it depends on them and constants alone; raises Unfit where it does not."""
        facts, _ = at_count(model, nonzero, *places.shape)
        constants: dict[str, Array] = {nonzero.output[0]: places}
        constants |= {value.name: value.constant for node in facts.nodes if not node.scope
                      for value in (*node.inputs, *node.outputs) if value is not None and value.constant is not None}  # fmt: skip
        steps, open_names = list[NodeProto](), {name}
        for node in reversed(model.graph.node):
            if open_names.intersection(node.output) - set(constants):
                steps.insert(0, node)
                open_names.update(filter(None, node.input))
        free = {each for node in steps for each in node.input if each} - {each for node in steps for each in node.output}
        if name not in constants and (not steps or free - set(constants)):
            raise Unfit(f"the places `{name}` depend on data", name)
        if name in constants:
            return np.asarray(constants[name])
        given = [numpy_helper.from_array(np.asarray(constants[each]), each) for each in sorted(free)]
        graph = helper.make_graph(steps, "places", [], [helper.make_tensor_value_info(name, TensorProto.INT64, None)], given)
        session = ReferenceEvaluator(helper.make_model(graph, opset_imports=model.opset_import))
        results: Any = session.run(None, {})
        return np.asarray(results[0], np.int64)

    def _follow(self, node: NodeProto, facts: NodeFacts, made: Sequence[Value | None]) -> None:
        """Enter what a node makes of the entries."""
        label, (one, two) = node.name or node.output[0], made
        if one is None or two is None or one.shape is None or two.shape is None or len(one.shape) != len(two.shape):
            raise Unfit(f"the dims of `{node.output[0]}` are not known", label)
        differing = [axis for axis, pair in enumerate(zip(one.shape, two.shape, strict=True)) if pair[0] != pair[1]]
        if not differing and one.constant is not None and two.constant is not None:
            if (one.constant != two.constant).any():
                self.axes[node.output[0]] = NUMBER
            return
        rows = {place: self.axes[each] for place, each in enumerate(node.input) if each in self.axes}
        if len(differing) == 1 and (counts := entry_constant(one, two, differing[0])) is not None:
            self.axes[node.output[0]] = differing[0]
            self.counted |= {node.output[0]} if counts else set()
            return
        counted = [place for place, each in enumerate(node.input) if each in self.counted]
        if node.op_type == "ScatterND" and differing == [0] and writes_own_rows(facts, rows, counted):
            self.axes[node.output[0]] = 0
            return
        if counted:
            raise Unfit(f"`{node.op_type}` computes with the places among the selected entries", label)
        if any(axis == NUMBER and SIZED.get(node.op_type) != place for place, axis in rows.items()):
            raise Unfit(f"`{node.op_type}` computes with the number of selected elements", label)
        rows = {place: axis for place, axis in rows.items() if axis != NUMBER}
        if node.op_type in SINKS and not differing:
            _check_sink(node, facts, rows)
            self.sinks.append(node)
            return
        if len(differing) != 1 or (one.shape[differing[0]], two.shape[differing[0]]) != COUNTS:
            raise Unfit(_reads(node), label)
        if not all(_follows(node, facts, place, axis, differing[0], len(one.shape)) for place, axis in rows.items()):
            raise Unfit(_reads(node), label)
        if PICKS.get(node.op_type) in rows:
            self.indices.add(node.input[1])
        self.axes[node.output[0]] = differing[0]


def mask_dims(model: ModelProto, nonzero: NodeProto) -> list[int]:
    """Return the dims of the mask of a NonZero; raises Unfit where they are not fixed or hold too many elements."""
    label, mask = nonzero.name or nonzero.output[0], facts_of(model).value(nonzero.input[0], ())
    if mask is None or not mask.fixed or not mask.shape:
        raise Unfit(f"the dims of `{nonzero.input[0]}` are not fixed", label)
    dims = [int(dim or 0) for dim in mask.shape]
    if not 0 < prod(dims) <= MOST_PLACES:
        raise Unfit(f"it selects among {prod(dims)} elements, over {MOST_PLACES}", label)
    return dims


def reduced(node: NodeProto, facts: NodeFacts) -> tuple[int, ...] | None:
    """Return the axes of a reduction, counted from the front; None where they are not known."""
    rank = facts.inputs[0].rank if facts.inputs[0] is not None else None
    given = attribute(node, "axes", None)
    if given is None and len(node.input) > 1 and node.input[1]:
        second = facts.inputs[1]
        if second is None or second.constant is None:
            return None
        given = second.constant.reshape(-1).tolist()
    if rank is None or (not given and attribute(node, "noop_with_empty_axes", 0)):
        return None
    return tuple(int(axis) % rank for axis in given) if given else tuple(range(rank))


def _reads(node: NodeProto) -> str:
    return f"`{node.op_type}` does not treat the selected entries one by one"


def at_count(model: ModelProto, nonzero: NodeProto, rank: int, count: int) -> tuple[Facts, Mapping[str, Value]]:
    """Return the facts of the model with a fixed number of selected entries, and its values of the main graph by name."""
    made = ModelProto()
    made.CopyFrom(model)
    clear_annotations(made)
    kept = [node for node in made.graph.node if node.output != nonzero.output]
    del made.graph.node[:]
    made.graph.node.extend(kept)
    made.graph.input.append(helper.make_tensor_value_info(nonzero.output[0], TensorProto.INT64, [rank, count]))
    facts = Facts.of(made)
    values = {value.name: value for node in facts.nodes if not node.scope for value in node.outputs if value is not None}
    return facts, values


def _check_sink(node: NodeProto, facts: NodeFacts, rows: Mapping[int, int]) -> None:
    """Raise Unfit for a combination that cannot be masked."""
    if node.op_type == "ScatterND":
        where = facts.inputs[1]
        fits = rows == {1: 0, 2: 0} and where is not None and where.rank == 2
    else:
        axes = reduced(node, facts)
        fits = set(rows) == {0} and axes is not None and rows[0] in axes
    if not fits:
        raise Unfit(_reads(node), node.name or node.output[0])


def _follows(node: NodeProto, facts: NodeFacts, place: int, axis: int, out: int, rank: int) -> bool:
    """Whether the entries along an axis of an operand are those along an axis of the result."""
    shapes: list[tuple[Any, ...]] = [value.shape or () if value is not None else () for value in facts.inputs]
    own, op = len(shapes[place]), node.op_type
    if op in UNARY:
        return axis == out
    if op in BROADCAST:
        return axis - own == out - rank
    if op in ALONG:
        return axis == out and keeps_entries(node, facts, place, axis, own)
    if op in VIEWS:
        made = facts.outputs[0].shape if facts.outputs[0] is not None else None
        return place == 0 and made is not None and prod(shapes[0][:axis]) == prod(made[:out])  # type: ignore[arg-type]
    return next(_moved(node, facts, place, axis, own), None) == out


def _moved(node: NodeProto, facts: NodeFacts, place: int, axis: int, own: int) -> Iterator[int]:
    """Yield the axis of the result for operators that move it."""
    op, first = node.op_type, facts.inputs[0]
    rank = first.rank if first is not None and first.rank is not None else 0
    if op == "Transpose":
        perm = list(attribute(node, "perm", None) or range(rank)[::-1])
        yield perm.index(axis)
    elif op == "Concat" and axis != attribute(node, "axis", 0) % own:
        yield axis
    elif op == "Gather":
        along = attribute(node, "axis", 0) % rank
        picked = facts.inputs[1].rank if facts.inputs[1] is not None else None
        if place == 1:
            yield along + axis
        elif axis != along and picked is not None:
            yield axis if axis < along else axis + picked - 1
    elif op == "GatherND" and place == 1 and not attribute(node, "batch_dims", 0) and axis < own - 1:
        yield axis
    elif op in ("MatMul", "Gemm") and place == 0 and axis == own - 2 and not attribute(node, "transA", 0):
        made = facts.outputs[0]
        if made is not None and made.rank is not None:
            yield made.rank - 2
    elif op == "Slice" and place == 0:
        yield axis
    elif op in REDUCTIONS and place == 0:
        axes = reduced(node, facts)
        if axes is not None and axis not in axes:
            yield axis if attribute(node, "keepdims", 1) else axis - sum(each < axis for each in axes)

"""Base class of rewrites that replace the last node of a pattern; what only it read is removed with it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from graphfix.rewriting.builder import Builder
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.pattern import Found, Pattern, SurgeryView
from graphfix.rewriting.rewrite import FLOATS, Declined, Key

AXES_ARE_INPUTS = {"ReduceSum": 13}
"""The opset from which a reduction takes its axes as an input; 18 for the others."""


class PatternRewrite(GraphRewrite):
    """A rewrite of patterns whose root is `y`; `write` builds the nodes that make it, from float operands named `x`."""

    patterns: ClassVar[Mapping[str, Sequence[Pattern]]]

    @abstractmethod
    def write(self, found: Found, name: str, build: Builder[Any], surgery: GraphEditor) -> Declined | bool:
        """Build the nodes, the last of which makes `found["y"]`; False where the match is not meant."""

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        view = SurgeryView(surgery)
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                name, found = self._match(view, node)
                key = surgery.key(node)
                if found is None or (wanted is not None and key not in wanted) or not _is_float(surgery, found["x"]):
                    continue
                build = surgery.at(surgery.label(key))
                done = self.write(found, name, build, surgery)
                if isinstance(done, Declined):
                    yield done
                elif done:
                    at = surgery.place(graph, node)
                    node.inputs.clear()
                    node.outputs.clear()
                    graph.nodes[at : at + 1] = build.nodes
                    yield key

    def _match(self, view: SurgeryView, node: Any) -> tuple[str, Found | None]:
        """Return the first pattern with its root at a node, by name, and the match."""
        for name, forms in self.patterns.items():
            for pattern in forms:
                found = pattern.match(view, node) if node.op in pattern.roots else None
                if found is not None:
                    return name, found
        return "", None


def _is_float(surgery: GraphEditor, tensor: Any) -> bool:
    value = surgery.value(tensor)
    return value is not None and value.dtype in FLOATS


def axes_of(surgery: GraphEditor, node: Any) -> list[int] | None:
    """Return the axes of a reduction, an empty list for all of them; None where they are not known."""
    if node.attrs.get("axes") is not None:
        return [int(axis) for axis in node.attrs["axes"]]
    if len(node.inputs) < 2 or not node.inputs[1].name:
        return []
    known = surgery.known(node.inputs[1])
    return None if known is None else [int(axis) for axis in known.reshape(-1)]


def reduce(
    build: Builder[Any], surgery: GraphEditor, op: str, value: Any, axes: Sequence[int], *, keepdims: int = 1
) -> Any:  # fmt: skip
    """Add a reduction and return its output."""
    if not axes:
        return build.op(op, value, keepdims=keepdims)
    if surgery.opset >= AXES_ARE_INPUTS.get(op, 18):
        return build.op(op, value, build.constant("axes", np.asarray(axes, np.int64)), keepdims=keepdims)
    return build.op(op, value, axes=list(axes), keepdims=keepdims)


def last(build: Builder[Any], found: Found, op: str, *inputs: Any, **attrs: Any) -> None:
    """Add the node that makes the pattern's result."""
    build.node(op, inputs, [found["y"]], attrs)


def behind(tensor: Any, ops: Sequence[str], steps: int) -> bool:
    """Whether a node of one of these operators is among the makers of a value, at most `steps` nodes before it."""
    if not tensor.inputs:
        return False
    maker = tensor.inputs[0]
    return maker.op in ops or (steps > 1 and any(behind(one, ops, steps - 1) for one in maker.inputs))

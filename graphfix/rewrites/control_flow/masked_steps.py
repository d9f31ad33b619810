"""Iterations of an unrolled loop after its condition may have failed: computed all the same, and not used then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import NodeProto

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.loop_conditions import MOST_MASKED, counts_to_an_end
from graphfix.ir.traversal import branch_scope
from graphfix.rewrites.control_flow.loop_unrolling import CannotUnroll, UnrolledPasses

MAY_FAIL = frozenset({"Gather", "GatherElements", "GatherND", "Scatter", "ScatterElements", "ScatterND", "Reshape", "Expand",
                      "Tile", "OneHot", "Range", "Pad", "If", "Loop", "Scan", "SequenceAt", "SequenceErase"})  # fmt: skip
"""Operators that fail for some values of their operands after the first."""
DIVIDES = frozenset({"Div", "Mod"})


class MaskedSteps:
    """Makes the iterations of one loop; once a condition is known at run time only, Where selects what they change.

    Raises CannotUnroll where that would not compute the same: where no small trip count or counter bounds the loop, where it
    stacks results, where the shape of a carried value changes, and where an iteration that the loop never runs could fail.
    """

    def __init__(self, copies: UnrolledPasses, node: NodeProto, count: int | None) -> None:
        self.copies, self.node, self.count = copies, node, count
        self.mask = ""
        self.steps = 0

    def going(self, condition: str) -> Array | None:
        """Return whether the loop goes on, where that is known: it is also where one part of a conjunction is false."""
        known = self.copies.known(condition)
        if known is None and self._surely_false(condition):
            return np.asarray(False)
        return known

    def _surely_false(self, name: str) -> bool:
        known = self.copies.known(name)
        if known is not None:
            return known.size == 1 and not bool(known.reshape(()))
        maker = next((node for node in reversed(self.copies.build.nodes) if name in node.output), None)
        if maker is None or maker.op_type not in ("And", "Where", "Identity"):
            return False
        parts = [self._surely_false(operand) for operand in maker.input]
        return parts[-1] and (parts[0] or parts[1]) if maker.op_type == "Where" else any(parts)

    def stop_where_not(self, condition: str) -> None:
        """Keep the carried values from here on where a condition, a name, or an earlier one is false."""
        if not self.mask:
            self._check()
        self.mask = self.copies.node("And", [self.mask, condition]) if self.mask else condition

    def step(self, given: Mapping[str, str | Array]) -> list[str]:
        """Add one iteration; returns the names of the body's outputs."""
        if self.mask:
            self.steps += 1
            if self.steps > MOST_MASKED:
                raise CannotUnroll(f"its condition is computed at run time, and its trip count is over {MOST_MASKED}")
        before = len(self.copies.build.nodes)
        ends = self.copies.step(given)
        if self.mask:
            for made in self.copies.build.nodes[before:]:
                operands = [name for name in made.input[1:] if name and self.copies.known(name) is None]
                if operands and (made.op_type in MAY_FAIL or (made.op_type in DIVIDES and not self._is_float(made))):
                    raise CannotUnroll(
                        f"its condition is computed at run time, and {made.op_type} could fail in an iteration after the last"
                    )
        return ends

    def kept(self, before: Sequence[str], after: Sequence[str]) -> list[str]:
        """Return the carried values after an iteration."""
        if not self.mask:
            return list(after)
        return [
            new if new == old else self.copies.node("Where", [self.mask, new, old])
            for old, new in zip(before, after, strict=True)
        ]

    def _check(self) -> None:
        why = "its condition is computed at run time"
        bounded = self.count is not None and self.count <= MOST_MASKED
        if not bounded and not counts_to_an_end(self.copies.body):
            said = "it has no trip count" if self.count is None else f"its trip count is over {MOST_MASKED}"
            raise CannotUnroll(f"{why}, and {said}")
        facts, body, scope = self.copies.book.facts, self.copies.body, self.copies.scope
        carried = len(body.input) - 2
        stacked = next((name for name in self.node.output[carried:] if name), "")
        if stacked:
            raise CannotUnroll(f"{why}, and the length of `{stacked}` depends on it")
        inside = branch_scope(scope, self.node, "body")
        for given, info, end in zip(self.node.input[2:], body.input[2:], body.output[1:], strict=False):
            shapes = {
                None if value is None or value.shape is None else tuple(value.shape)
                for value in (facts.value(given, scope), facts.value(end.name, inside))
            }
            shape = next(iter(shapes))
            if len(shapes) != 1 or shape is None or not all(isinstance(dim, int) for dim in shape):
                raise CannotUnroll(f"{why}, and the shape of `{info.name}` is not fixed")

    def _is_float(self, node: NodeProto) -> bool:
        """Whether a copied node computes in floats; its operands have names of their own, so those of the body are asked."""
        inside = branch_scope(self.copies.scope, self.node, "body")
        facts = self.copies.book.facts
        kinds = {
            value.dtype
            for source in self.copies.body.node
            if source.op_type == node.op_type
            for value in [facts.value(source.output[0], inside)]
            if value is not None
        }
        return bool(kinds) and all(str(kind).startswith(("float", "bfloat", "double")) for kind in kinds)

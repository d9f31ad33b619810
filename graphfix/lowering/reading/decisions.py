"""Decisions and conversions that a trace freezes: conditions, Python numbers and computed sizes."""

from __future__ import annotations

import ast

from .frame import Reader
from .kinds import (
    EXTRACTED,
    SIZE,
    TENSOR,
    Value,
    extracted,
)


class Decisions(Reader):
    """Evaluates conditions, and notes what they depend on."""

    def to_number(self, node: ast.Call, value: Value) -> Value:
        """Return a tensor converted to a Python number, and note the conversion."""
        if value.kind == EXTRACTED or value.weight:
            return extracted(value)
        text = f"`{self.source_text(node)}` makes a number of a tensor's values, which a trace freezes"
        return extracted(value, self.note("data-dependent-branch", node, text, key="number"))

    def decide(self, test: ast.expr, text: str, *, sizes: bool = True) -> bool | None:
        """Return whether a condition holds, where that is known; otherwise note what it depends on and return None."""
        value = self.evaluate(test)
        if value.truth is not None:
            return value.truth
        if value.kind in (TENSOR, EXTRACTED):
            self.note_value_branch(test, text, value)
        elif value.kind == SIZE and sizes:
            self.note("size-branch", test, f"`{text}` depends on a size; a trace keeps the branch that the example took")
        return None

    def note_value_branch(self, node: ast.AST, text: str, value: Value) -> None:
        """Note a decision that depends on a tensor's values, in place of the conversions that led to it."""
        self.explained |= value.conversions
        of, how = (
            ("a weight's", "torch.export rejects it")
            if value.weight
            else ("a tensor's", "a trace keeps the branch that the example took")
        )
        self.note("data-dependent-branch", node, f"`{text}` depends on {of} values; {how}")

    def note_size_arithmetic(self, node: ast.AST) -> None:
        """Note a shape or bound that is computed from sizes."""
        self.note("size-arithmetic", node, f"`{self.source_text(node)}` uses a size that is computed from others")

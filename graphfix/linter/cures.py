"""What a rewrite is good for, as plain data: the findings that it answers, and what it may change on the way."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

COMPOSED = "()"
"""Stands in a cure for any operator that ONNX itself defines as a composition of others."""
FALLBACK = "fallback"
"""The kind of findings about nodes that are taken, and run slowly."""


class Safety(StrEnum):
    """What a rewrite may change: nothing, the model's interface, or numbers within a stated tolerance."""

    EXACT = "exact"
    INTERFACE = "interface"
    APPROXIMATE = "approximate"

    @property
    def rank(self) -> int:
        """The order of preference, 0 first."""
        return list(Safety).index(self)


@dataclass(frozen=True, slots=True)
class Cure:
    """A kind of finding that a rewrite answers: empty `kinds` and `codes` mean any, but for the kinds in `unless`.

    `op` is an operator's name, `*` for any operator, or empty for findings about the model as a whole. `traits`, if there
    are any, are the facets that the rewrite changes, one of which the verdict has to hang on. What is only slow is
    answered by those alone that name it: whether another form is faster is another measurement.
    """

    op: str
    kinds: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()

    def answers(self, op: str, kind: str, code: str, traits: Collection[str] | None = None) -> bool:
        """Whether a finding about `op`, or the model where that is empty, of this kind and code calls for the rewrite.

        `traits` are the facets that the finding hangs on, None where they are not known.
        """
        if self.traits and traits is not None and not set(self.traits).intersection(traits):
            return False
        if kind == FALLBACK and not (self.kinds or self.codes):
            return False
        if (self.kinds and kind not in self.kinds) or (self.codes and code not in self.codes) or kind in self.unless:
            return False
        return self.op == op or (self.op == "*" and bool(op)) or (self.op == COMPOSED and _composed(op))


def _composed(op: str) -> bool:
    """Whether ONNX defines an operator by others; the definitions are read only where it is asked."""
    from graphfix.ir.schemas import composed

    return composed(op)

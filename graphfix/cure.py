"""What a rewrite is good for, as plain data: the findings that it answers, and what it may change on the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from graphfix.schemas import composed

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

    What is only slow is answered by those alone that name it: whether another form is faster is another measurement.
    """

    op: str
    kinds: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def answers(self, op: str, kind: str, code: str) -> bool:
        """Whether a finding about `op` of this kind and code calls for the rewrite; op `*` is any operator, or none."""
        if kind == FALLBACK and not (self.kinds or self.codes):
            return False
        if (self.kinds and kind not in self.kinds) or (self.codes and code not in self.codes) or kind in self.unless:
            return False
        return self.op in ("*", op) or (self.op == COMPOSED and composed(op))

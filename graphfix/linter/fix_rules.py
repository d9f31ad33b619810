"""The declarations of a rewrite as plain data: the findings that it fixes, and its safety class."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import RESIZED

COMPOSED = "()"
"""The `op` that matches any operator that ONNX itself defines as a composition of others."""
FALLBACK = "fallback"
"""The kind of findings about nodes that are supported but run slowly."""
ARTIFACT = "artifact"
"""The kind of findings about nodes that are supported, but cannot be written to the compiler's file."""


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
class FixRule:
    """A kind of finding that a rewrite fixes: empty `kinds` and `codes` mean any, except for the kinds in `unless`.

    `op` is an operator's name, `*` for any operator, or empty for findings about the model as a whole. `traits`, if not
    empty, are the facets that the rewrite changes; the verdict has to depend on one of them. Findings of the kinds
    `FALLBACK`, `ARTIFACT` and `RESIZED` match only where the kind or the code is listed: the compiler supports the node.
    """

    op: str
    kinds: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()

    def answers(self, op: str, kind: str, code: str, traits: Collection[str] | None = None) -> bool:
        """Whether the rewrite fixes a finding of this kind and code about `op`, or about the model where that is empty.

        `traits` are the facets that the finding depends on, None where they are not known.
        """
        if self.traits and traits is not None and not set(self.traits).intersection(traits):
            return False
        if kind in (FALLBACK, ARTIFACT, RESIZED) and not (self.kinds or self.codes):
            return False
        if (self.kinds and kind not in self.kinds) or (self.codes and code not in self.codes) or kind in self.unless:
            return False
        return self.op == op or (self.op == "*" and bool(op)) or (self.op == COMPOSED and _composed(op))


def _composed(op: str) -> bool:
    """Whether ONNX defines an operator by others; the import is deferred, as lint seldom needs the definitions."""
    from graphfix.ir.schemas import composed

    return composed(op)

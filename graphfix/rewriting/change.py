"""One change of a model: a rewrite on a node, applied or declined."""

from __future__ import annotations

from dataclasses import dataclass, field

from graphfix.ir.source_location import SourceLocation
from graphfix.rewriting.rewrite import Safety


@dataclass(frozen=True, slots=True)
class Change:
    """One rewrite on one node: applied, or declined with the reason; `source` is the node's source location."""

    rewrite: str
    safety: Safety
    node: str
    applied: bool
    declined: str | None = None
    source: SourceLocation | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, object]:
        """Return the change as the JSON report states it."""
        return {"rewrite": self.rewrite, "safety": self.safety.value, "node": self.node,
                "applied": self.applied, "declined": self.declined,
                "source": None if self.source is None else self.source.to_json()}  # fmt: skip

"""The fix that a finding names."""

from __future__ import annotations

from typing import Any

from graphfix.ir.records import dataclass


@dataclass(frozen=True, slots=True)
class Fix:
    """A rewrite that fixes a finding, and its safety class: exact, approximate or interface.

    `rewrites` are all the rewrites that were applied together, `fixed` the number of refused probes like this node, of the
    number tried `of`, that the compiler accepted after them; 0 where the fix does not depend on a compiler.
    """

    name: str
    safety: str
    rewrites: tuple[str, ...] = ()
    fixed: int = 0
    of: int = 0

    def __str__(self) -> str:
        counted = f", fixed {self.fixed} of {self.of} probes of this form" if self.of else ""
        return f"{' + '.join(self.rewrites or (self.name,))} ({self.safety}{counted})"

    def to_json(self) -> dict[str, Any]:
        """The fix as docs/json.md describes it."""
        return {"name": self.name, "safety": self.safety, "rewrites": list(self.rewrites or (self.name,)),
                "fixed": self.fixed, "of": self.of}  # fmt: skip

"""The rewrites that a table names for an entry: what was measured to fix its refused probes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from graphfix.ir.records import dataclass

if TYPE_CHECKING:
    from graphfix.tables.conditions import Condition


@dataclass(frozen=True, slots=True)
class MeasuredFix:
    """Rewrites after which the compiler accepted refused probes: `fixed` of the probes tried `of` that condition.

    `name` is the rewrite of the refused node itself, `rewrites` are all that were applied, in order, and `safety` is the
    least safe class among them. `when`, if not empty, is the condition under which they work.
    """

    name: str
    rewrites: tuple[str, ...]
    safety: str
    fixed: int
    of: int
    when: Condition = field(default_factory=dict)


def measured_fix(item: Mapping[str, Any]) -> MeasuredFix:
    """Return the fix in an item of `fixed_by` of a table's file."""
    rewrites = tuple(item["rewrites"])
    name = item.get("name", rewrites[-1])
    return MeasuredFix(name, rewrites, item["safety"], item["fixed"], item["of"], item.get("when", {}))

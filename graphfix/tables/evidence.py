"""What a support table states of a compiler's behaviour, and its verdict on one node."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from graphfix.ir.records import dataclass
from graphfix.tables.conditions import Condition, holds
from graphfix.tables.measured_fix import MeasuredFix, measured_fix

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets

ABSENT = "absent"
AT_RUN = "run"
"""The stage of evidence about models that were accepted and failed when they ran."""
AT_READ = "read"
"""The stage of evidence about models that ran, and whose outputs cannot be read."""
DELEGATE = "delegate"
"""The stage of evidence about nodes that an accelerator does not take, and that run on the CPU instead."""
PARTLY = "partly"
"""The stage of evidence about nodes in whose place a runtime puts ONNX's definition, of which an accelerator takes only parts."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One measured behaviour of the compiler: the condition `when`, and the number of probes for and against it.

    `kind` says which facets decide: operator, dtype, attribute, rank, operand, dynamic, opset, optional, function or form.
    `supports` is the number of probes that meet the condition and behave so, `opposes` of those that meet it and do not;
    `said` is the compiler's message, and `error` the largest relative error where the compiled result differed.
    `fixed_by` are the rewrites that fixed some of the `tried` probes, most successful first; none tried means that no fix
    was measured.
    """

    id: str
    kind: str
    when: Condition
    stage: str
    said: str
    supports: int
    opposes: int
    error: float | None = None
    tried: int = 0
    fixed_by: tuple[MeasuredFix, ...] = ()

    def fix(self, facets: Facets, without: Collection[str] = ()) -> MeasuredFix | None:
        """Return the rewrites that fixed most probes like a node with these facets, with none of `without`; None where none did.

        A facet that the node does not have counts as absent, as in the decision tree that the conditions come from.
        """
        usable = [fix for fix in self.fixed_by if not without or not set(fix.rewrites) & set(without)]
        return next((fix for fix in usable if holds(fix.when, {**dict.fromkeys(fix.when, ABSENT), **facets})), None)

    @property
    def fails(self) -> bool:
        """Whether the compiler accepted the probes, and the compiled models failed when they ran."""
        return self.stage in (AT_RUN, AT_READ)

    @property
    def left(self) -> bool:
        """Whether an accelerator does not take the node, or not all of its parts, which then run on the CPU."""
        return self.stage in (DELEGATE, PARTLY)

    @property
    def left_in_parts(self) -> bool:
        """Whether an accelerator takes some nodes of the definition that the runtime put in the operator's place."""
        return self.stage == PARTLY


@dataclass(frozen=True, slots=True)
class TableVerdict:
    """A table's verdict on one node: supported, rejected, undecided or unmeasured, with the evidence and a reason.

    `wrong` is the evidence for wrong numerics or a failure at run time, where there is any. `missing` are the facets that are
    unknown or were not probed with this value; `reason` says so in words. `by_portable` tells that the
    table of what runs the nodes which a delegate leaves ruled, in place of the table asked.
    """

    verdict: str
    evidence: Evidence | None = None
    wrong: Evidence | None = None
    reason: str = ""
    missing: tuple[str, ...] = ()
    by_portable: bool = False


def read_evidence(item: Mapping[str, Any]) -> Evidence:
    """Return the evidence that an item of a table's file states."""
    counts = item["probes"]
    return Evidence(
        item["id"], item["kind"], item["when"], item["stage"], item["said"], counts["for"], counts["against"],
        item.get("error"), item.get("tried", 0), tuple(map(measured_fix, item.get("fixed_by", ()))),
    )  # fmt: skip

"""The measured conditions under which a compiler runs a node but cannot write the compiled model to a file.

The conditions are in the folder `artifact` in the folder of a version's table, one file per operator, in the format of
support tables; the prober writes them from the compiler's answers about the probes that it supports
(`graphfix probe --artifact`). They are read only when they are used.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.tables.evidence import Evidence
from graphfix.tables.placement import condition_met, further_table
from graphfix.tables.table import Table

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets

FOLDER = "artifact"
"""The name of the folder of these files."""
FUSED = "@fused.json"
"""The name of the file about activations that stand in the model as elementary operators, which compilers may fuse."""


NOTHING: Mapping[str, str] = {}


def artifact_table(table: Table) -> Table | None:
    """Return the table of what a compiler version cannot write; None where that was not measured."""
    return further_table(table, FOLDER)


def unwritten(known: Table, op: str, domain: str, facets: Facets) -> Evidence | None:
    """Return the evidence that a node with these facets cannot be written; None where it can, or that is not known."""
    return condition_met(known, op, domain, facets)


def fixed_by(known: Table, op: str, domain: str, evidence: str, around: Mapping[str, str] = NOTHING) -> tuple[str, str]:
    """Return the options of `graphfix fix` that made most probes of a condition writable, and how many; empty where none did.

    Where an operator of `around`, which are those before and behind a node, was measured beside it, its chain counts.
    """
    data = _read(known.folder / f"{domain + '.' if domain else ''}{op}.json")
    rule: Mapping[str, Any] = next((rule for rule in data.get("rejects", ()) if rule["id"] == evidence), {})
    return best_chain(next((one for one in rule.get("beside", ()) if around.get(one["side"]) == one["op"]), rule))


def fused(known: Table) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Return what was measured of the decomposed activations that cannot be written, by activation and dtype."""
    rows = _read(known.folder / FUSED).get("fused", ())
    return {(row["activation"], row["dtype"]): row for row in rows if row["probes"]["for"]}


def best_chain(rule: Mapping[str, Any]) -> tuple[str, str]:
    """Return the options for the rewrites that fixed most probes of a condition, which are listed first, and their count."""
    for chain in rule.get("fixed_by", ()):
        allow = "" if chain["safety"] == "exact" else f" --allow {chain['safety']}"
        return f"--rewrite {','.join(chain['rewrites'])}{allow}", f"{chain['fixed']} of {chain['of']} probes"
    return "", ""


@functools.cache
def _read(path: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found

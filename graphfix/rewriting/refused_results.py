"""What is tried where a compiler refuses a result that its table accepts: the fixes of the nodes that it names.

The rewrites that were measured to fix most refused probes like such a node come first, then those that declare its operator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from onnx import ModelProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.facets.memo import node_facets
from graphfix.analysis.facets.node import Facets
from graphfix.analysis.facts import NodeFacts
from graphfix.linter.diagnostics import Finding, Fix, Severity
from graphfix.linter.measured_fix import FREEZE
from graphfix.tables.table import table
from graphfix.tables.target_facets import facets_for_target
from graphfix.tables.versions import targets


def with_measured_fixes(findings: Sequence[Finding], model: ModelProto, target: str) -> list[Finding]:
    """Return a compiler's rejections of nodes of a model, each with the fix that was measured for most nodes like it."""
    facts = facts_of(model)
    facets = node_facets(facts)
    nodes = {
        (node.scope, next(filter(None, node.proto.output), "")): (node, found)
        for node, found in zip(facts.nodes, facets, strict=True)
    }
    named = [f for f in findings if f.severity is Severity.ERROR and (tuple(f.scope), f.output) in nodes]
    return [dataclasses.replace(f, rewrite=_best(*nodes[tuple(f.scope), f.output], target)) for f in named]


def _best(node: NodeFacts, facets: Facets, target: str) -> Fix | None:
    """Return the fix of the table's entries on an operator that fixed most probes, of those that fit a node's facets."""
    fixes = sorted(_fitting(node, facets, target), key=lambda fix: -fix.fixed)
    return next(iter(fixes), None)


def _fitting(node: NodeFacts, facets: Facets, target: str) -> Iterator[Fix]:
    if target.partition("@")[0] not in targets():
        return
    known = table(target)
    entry = known.entry(node.op, node.domain)
    for evidence in (*entry.rejects, *entry.wrong) if entry is not None else ():
        fix = evidence.fix(facets_for_target(known.measured_target, facets))
        if fix is not None and fix.name != FREEZE:
            yield Fix(fix.name, fix.safety, fix.rewrites, fix.fixed, fix.of)

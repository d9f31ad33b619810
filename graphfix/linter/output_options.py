"""Outputs that alone need what a target rejects: without them the rest of the model has no error without a fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphfix.linter.diagnostics import Finding, Severity

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts


def droppable_outputs(facts: Facts, left: Sequence[Sequence[Finding]]) -> tuple[str, ...]:
    """Return the outputs to drop, so that no error without a fix remains; empty where there are none.

    `left` are the findings of each target. The first output is by custom what a model is for, and is never dropped.
    """
    names = [output.name for output in facts.model.graph.output]
    stuck = [f for found in left for f in found if f.severity is Severity.ERROR and f.rewrite is None]
    if len(names) < 2 or not stuck or any(not finding.op for finding in stuck):
        return ()
    needed = _needed_by(facts, names)
    positions = {(node.scope, name): at for at, node in enumerate(facts.nodes) for name in node.proto.output if name}
    bits = 0
    for finding in stuck:
        at = positions.get((finding.scope, finding.output))
        if at is None:
            return ()
        bits |= needed[at]
    dropped = tuple(name for position, name in enumerate(names) if bits >> position & 1)
    return () if bits & 1 else dropped


def _needed_by(facts: Facts, names: Sequence[str]) -> list[int]:
    """Return for each node the outputs that depend on it, as bits; a node of a subgraph has those of the node around it."""
    wanted: dict[str, int] = {}
    for position, name in enumerate(names):
        wanted[name] = wanted.get(name, 0) | 1 << position
    needed = [0] * len(facts.nodes)
    bits = 0
    for at in range(len(facts.nodes) - 1, -1, -1):  # a node comes after the nodes of its subgraphs
        node = facts.nodes[at]
        if not node.scope:
            bits = 0
            for name in node.proto.output:
                bits |= wanted.get(name, 0)
            for name in (*node.proto.input, *node.captured):
                wanted[name] = wanted.get(name, 0) | bits
        needed[at] = bits
    return needed

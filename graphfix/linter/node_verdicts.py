"""The verdict on every node, for overlays of graph viewers and for metadata in a copy of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from onnx import AttributeProto, GraphProto, NodeProto

from graphfix.linter.diagnostics import NodeVerdict
from graphfix.tables.compiler_words import compiler_words

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts, NodeFacts
    from graphfix.tables.evidence import Evidence, TableVerdict
    from graphfix.tables.table import Table

Key = tuple[str, ...]


def keyed(graph: GraphProto, outer: Key = ()) -> Iterator[tuple[Key, NodeProto]]:
    """Iterate over all nodes at any depth with their keys: inner nodes before the node that contains them, as in Facts."""
    seen: set[str] = set()
    for position, node in enumerate(graph.node):
        name = f"<node_{position}>" if not node.name or node.name in seen else node.name
        seen.add(name)
        key = (*outer, name)
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                yield from keyed(item.g, (*key, item.name))
        yield key, node


def node_verdicts(facts: Facts, rulings: Sequence[TableVerdict], table: Table) -> list[NodeVerdict]:
    """Return the verdict on each node, `wrong` where it compiles and its numerics were measured to be wrong.

    Where local functions were inlined, nodes without a name are left out: their indices are not those in the file.
    """
    out = []
    moved = facts.source is not None and len(facts.source.functions) > 0
    for (key, _), node, ruling in zip(keyed(facts.model.graph), facts.nodes, rulings, strict=True):
        if moved and any(part.startswith("<node_") for part in key):
            continue
        verdict = "wrong" if ruling.verdict == "supported" and ruling.wrong is not None else ruling.verdict
        evidence = ruling.evidence or ruling.wrong
        out.append(NodeVerdict(key, node.op, verdict, ruling.reason or _said(evidence), _cited(node, evidence, table)))
    return out


def _said(evidence: Evidence | None) -> str:
    return compiler_words(evidence.said) if evidence is not None and evidence.said else ""


def _cited(node: NodeFacts, evidence: Evidence | None, table: Table) -> str | None:
    if evidence is None:
        return None
    return f"{table.measured_target}/{node.domain + '.' if node.domain else ''}{node.op}/{evidence.id}"

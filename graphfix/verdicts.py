"""The verdict on every single node: for overlays on a drawn graph, for notes in the file itself, and explained for one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from onnx import AttributeProto, GraphProto, NodeProto

from graphfix.diagnostic import NodeVerdict
from graphfix.errors import UsageError, nearest
from graphfix.table import WHOLE

if TYPE_CHECKING:
    import onnx

    from graphfix.facets import Facet, Facets
    from graphfix.facts import Facts, NodeFacts
    from graphfix.table import Entry, Evidence, Ruling, Table

Key = tuple[str, ...]
MOST_SHOWN = 8
"""Values of a facet that are listed as measured."""


def keyed(graph: GraphProto, outer: Key = ()) -> Iterator[tuple[Key, NodeProto]]:
    """Every node at every depth with its key: inner nodes before the one that holds them, as facts are gathered."""
    seen: set[str] = set()
    for position, node in enumerate(graph.node):
        name = f"<node_{position}>" if not node.name or node.name in seen else node.name
        seen.add(name)
        key = (*outer, name)
        for item in node.attribute:
            if item.type == AttributeProto.GRAPH:
                yield from keyed(item.g, (*key, item.name))
        yield key, node


def node_verdicts(facts: Facts, rulings: Sequence[Ruling], table: Table) -> list[NodeVerdict]:
    """The verdict on each node, `wrong` where what compiles was seen to compute something else.

    Where local functions were written out, nodes without a name are left out: their places are not those in the file.
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


def explained(model: onnx.ModelProto, target: str, name: str) -> Iterator[str]:
    """How one target's verdict on a node comes about, line by line: its facets, the table's entry, what decided.

    The node is named by its own name, by one of its outputs, or by the path that reports print (`scope / node`);
    `@model` means the model as a whole: its inputs, opset and other traits.

    Raises:
        UsageError: the model has no such node; the nearest name is told.
    """
    from graphfix.engine import table
    from graphfix.facet_memo import node_facets
    from graphfix.facts import Facts

    rules, facts = table(target), Facts.of(model)
    if name == WHOLE:
        from graphfix.model_facets import model_facets

        whole = model_facets(facts)
        yield f"the model as a whole on {rules.title}"
        yield from _reasons(rules.entry(WHOLE), whole, rules.rule(WHOLE, "", whole), rules)
        return
    found = [position for position, node in enumerate(facts.nodes) if name in _names(node)]
    if not found:
        known = {node.label for node in facts.nodes}
        raise UsageError(f"the model has no node `{name}`", cure=nearest(name, known))
    keys = node_facets(facts)
    for position in found:
        node = facts.nodes[position]
        ruling = rules.rule(node.op, node.domain, keys[position])
        domain = f" of {node.domain}" if node.domain else ""
        yield f"{' / '.join([*node.scope, node.label])}: `{node.op}`{domain} on {rules.title}"
        if (source := facts.origin(node)) is not None:
            yield f"  source    {source}{f', {source.file}' if source.file else ''}"
        yield from _reasons(rules.entry(node.op, node.domain), keys[position], ruling, rules)


def _names(node: NodeFacts) -> set[str]:
    return {node.label, " / ".join([*node.scope, node.label]), *filter(None, node.proto.output)}


def _reasons(entry: Entry | None, facets: Facets, ruling: Ruling, rules: Table) -> Iterator[str]:
    from graphfix.table import NEUTRAL
    from graphfix.words import condition_in_words

    deciding = {name for item in (ruling.evidence, ruling.wrong) if item is not None for name in item.when}
    yield f"  verdict   {ruling.verdict}{f': {ruling.reason}' if ruling.reason else ''}"
    if entry is None:
        yield f"  table     has no entry for it in {rules.target} {rules.version}: no probe of this operator was ever tried"
    else:
        yield f"  table     {rules.target} {rules.version}, {entry.probes} probes of {entry.compiler} on {entry.on}"
    for title, item in (("decided", ruling.evidence), ("numbers", ruling.wrong)):
        if item is not None:
            held = condition_in_words(item.when) or "always"
            yield f"  {title:8}  {item.id} ({item.kind}): {held}"
            yield f"            {item.supports} probes for it, {item.opposes} against, at {item.stage}{_quoted(item)}"
    yield "  facets    (* decided; ! never probed with this value)"
    axes = entry.axes if entry is not None else {}
    for name, value in facets.items():
        known = axes.get(name)
        unseen = value is not None and (value not in known if known is not None else value not in NEUTRAL)
        mark = "*" if name in deciding else "!" if entry is not None and unseen else " "
        yield f"    {mark} {name} = {'not known' if value is None else value}{_tried(known or frozenset())}"


def _tried(values: Collection[Facet]) -> str:
    """The values of a facet that were probed, in their order, numbers as numbers."""
    ordered = sorted(values, key=lambda value: (isinstance(value, str), value if isinstance(value, int) else 0, str(value)))
    few = ", ".join(map(str, ordered[:MOST_SHOWN])) + (", ..." if len(ordered) > MOST_SHOWN else "")
    return f"   (probed: {few})" if few else ""


def _quoted(evidence: Evidence) -> str:
    return f': "{evidence.said}"' if evidence.said else ""


def _said(evidence: Evidence | None) -> str:
    return evidence.said if evidence is not None else ""


def _cited(node: NodeFacts, evidence: Evidence | None, table: Table) -> str | None:
    if evidence is None:
        return None
    return f"{table.target}/{node.domain + '.' if node.domain else ''}{node.op}/{evidence.id}"

"""The explanation of a target's verdict on one node: its facets, the table's entry, and the deciding evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from graphfix.errors import UsageError, nearest
from graphfix.tables.compiler_words import compiler_words
from graphfix.tables.unknown_operators import UNKNOWN
from graphfix.tables.versions import WHOLE

if TYPE_CHECKING:
    import onnx

    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.facts import NodeFacts
    from graphfix.analysis.values import Facet
    from graphfix.tables.entry import Entry
    from graphfix.tables.evidence import Evidence, TableVerdict
    from graphfix.tables.table import Table


MOST_SHOWN = 8
"""Values of a facet that are listed as measured."""


def explained(model: onnx.ModelProto, target: str, name: str) -> Iterator[str]:
    """Explain one target's verdict on a node, line by line: its facets, the table's entry, the deciding evidence.

    The node is identified by its own name, by one of its outputs, or by the path that reports print (`scope / node`);
    `@model` means the model as a whole: its inputs, opset and other properties.

    Raises:
        UsageError: the model has no such node; the message names the nearest name.
    """
    from graphfix.analysis.facets.memo import node_facets
    from graphfix.analysis.facts import Facts
    from graphfix.tables.table import table

    rules, facts = table(target), Facts.of(model)
    if name == WHOLE:
        from graphfix.analysis.facets.model import model_facets

        whole = model_facets(facts)
        yield f"the model as a whole on {rules.title}"
        yield from _reasons(rules.entry(WHOLE), whole, rules.rule(WHOLE, "", whole), rules)
        return
    found = [position for position, node in enumerate(facts.nodes) if name in _names(node)]
    if not found:
        known = {node.label for node in facts.nodes}
        raise UsageError(f"the model has no node `{name}`", hint=nearest(name, known))
    keys = node_facets(facts)
    for position in found:
        node = facts.nodes[position]
        ruling = rules.rule(node.op, node.domain, keys[position])
        domain = f" of {node.domain}" if node.domain else ""
        yield f"{' / '.join([*node.scope, node.label])}: `{node.op}`{domain} on {rules.title}"
        if (source := facts.origin(node)) is not None:
            yield f"  source    {source}{f', {source.file}' if source.file else ''}"
        entry, keyed = rules.judging(node.op, node.domain, keys[position])
        if entry is not None and entry.op == UNKNOWN:
            yield f"  is not an operator of ONNX: the table of `{UNKNOWN}` decides"
        yield from _reasons(entry, keyed, ruling, rules)


def _names(node: NodeFacts) -> set[str]:
    return {node.label, " / ".join([*node.scope, node.label]), *filter(None, node.proto.output)}


def _reasons(entry: Entry | None, facets: Facets, ruling: TableVerdict, rules: Table) -> Iterator[str]:
    from graphfix.analysis.facets.words import BOUNDED
    from graphfix.tables.entry import NEUTRAL
    from graphfix.tables.phrases import condition_in_words, phrase, unknown_facet

    deciding = {name for item in (ruling.evidence, ruling.wrong) if item is not None for name in item.when}
    yield f"  verdict   {ruling.verdict}{f': {ruling.reason}' if ruling.reason else ''}"
    if entry is None:
        yield f"  table     has no entry for it in {rules.target} {rules.version}: no probe of this operator was ever tried"
    else:
        yield f"  table     {rules.target} {rules.version}, {entry.probes} probes of {entry.compiler} on {entry.on}"
    ran = "run" if ruling.wrong is not None and ruling.wrong.fails else "numbers"
    for title, item in (("decided", ruling.evidence), (ran, ruling.wrong)):
        if item is not None:
            held = condition_in_words(item.when) or "always"
            yield f"  {title:8}  {item.id} ({item.kind}): {held}"
            yield f"            {item.supports} probes for it, {item.opposes} against, at {item.stage}{_quoted(item)}"
    yield "  facets    (* decided; ! never probed with this value)"
    axes = entry.axes if entry is not None else {}
    for name, value in facets.items():
        known = axes.get(name)
        unseen = value is not None and (value not in known if known is not None else value not in NEUTRAL)
        unseen = unseen and name not in BOUNDED
        mark = "*" if name in deciding else "!" if entry is not None and unseen else " "
        said = f"{unknown_facet(name)} is not known" if value is None else phrase(name, value)
        yield f"    {mark} {said}{_tried(name, known or frozenset())}"


def _tried(name: str, values: Collection[Facet]) -> str:
    """The probed values of a facet, sorted, integers in numeric order."""
    from graphfix.tables.phrases import facet_order, values_in_words

    ordered = values_in_words(name, sorted((value for value in values if value is not None), key=facet_order))
    few = ", ".join(ordered[:MOST_SHOWN]) + (", ..." if len(ordered) > MOST_SHOWN else "")
    return f"   (probed: {few})" if few else ""


def _quoted(evidence: Evidence) -> str:
    return f': "{compiler_words(evidence.said)}"' if evidence.said else ""

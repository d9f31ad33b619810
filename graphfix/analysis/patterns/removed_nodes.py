"""Nodes without effect whose result a model returns: a converter that removes them gives the result the name of their data.

Where that name is a model input, or an output already, what remains is no valid model.
"""

from __future__ import annotations

from collections import Counter

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told

OPS = frozenset({"Identity", "Dropout"})


def _find(context: Context) -> dict[int, Told]:
    """Return which nodes are on the way from a model input, or from a result that is returned too, to an output."""
    given = {info.name for info in context.graph.input}
    ways = [_way(context, info.name) for info in context.graph.output]
    ends = Counter(way[-1] for way in ways)
    kinds = {
        name: "input" if way[-1] in given else "twice"
        for way in ways
        if way[-1] in given or ends[way[-1]] > 1
        for name in way[:-1]
    }
    named = {at: next(iter(context.nodes[at].made), "") for at in context.at(OPS)}
    return {at: {"returns": kinds[name]} for at, name in named.items() if name in kinds}


def _way(context: Context, name: str) -> list[str]:
    """The names of an output before such nodes are removed: its own, those between, and last the one that remains."""
    way = [name]
    while (maker := context.producer(way[-1])) is not None and maker.op in OPS and not maker.domain and maker.made[0] == way[-1]:
        way.append(maker.given[0])
    return way


PATTERN = StructuralPattern(OPS, {"returns": "inside"}, _find, own=True)

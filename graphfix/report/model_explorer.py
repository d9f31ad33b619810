"""The `model-explorer` format: the verdict on every node as an overlay for Google's Model Explorer.

Model Explorer loads it as node data for the model that its ONNX adapter displays. Nodes have the names that the adapter
gives them: `<node>` in the main graph, `<outer node>/<attribute>/<node>` inside a subgraph, and for nodes without a name
`node`, `node_1` and so on, numbered over the whole model, outer graphs first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from graphfix.errors import UsageError
from graphfix.linter.diagnostics import Result
from graphfix.report.json_ import escaped

COLOURS = {
    "supported": "#c8e6c9", "unmeasured": "#e0e0e0", "undecided": "#fff9c4", "wrong": "#ffe0b2", "rejected": "#ffcdd2",
}  # fmt: skip
"""Background colours by verdict, the most severe last."""
ORDER = tuple(COLOURS)
NAMELESS = re.compile(r"<node_\d+>")
Key = tuple[str, ...]


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write node data for one model: each node's most severe verdict, and its targets where there are several.

    Raises:
        UsageError: there are several models.
    """
    readable = [result for result in results if result.error is None]
    if len({result.model for result in results}) > 1:
        raise UsageError("an overlay is for one model", hint="name one model")
    nodes: dict[str, list[tuple[str, str]]] = {}
    names = drawn_names([ruling.key for ruling in readable[0].rulings]) if readable else {}
    for result in readable:
        for ruling in result.rulings:
            nodes.setdefault(names[ruling.key], []).append((ruling.verdict, result.called or result.target))
    values = {key: _value(verdicts, len(readable)) for key, verdicts in nodes.items()}
    name = f"graphfix: {', '.join(result.called or result.target for result in readable)}"
    data = {"name": name, "results": values, "showExpandedSummaryOnGroupNode": True}
    out.write(escaped(json.dumps({readable[0].graph or "<main>": data} if readable else {}, ensure_ascii=False, indent=1)) + "\n")


def drawn_names(keys: Iterable[Key]) -> dict[Key, str]:
    """Return the name under which each node is displayed, by its key; keys are in the order of `keyed`."""
    inside: dict[Key, list[Key]] = {}
    for key in keys:
        inside.setdefault(key[:-1], []).append(key)
    subgraphs: dict[Key, list[Key]] = {}
    for graph in inside:
        if graph:
            subgraphs.setdefault(graph[:-1], []).append(graph)
    names: dict[Key, str] = {}
    count = 0
    main: set[str] = set()
    waiting = [(key, main) for key in reversed(inside.get((), []))]
    while waiting:
        key, used = waiting.pop()
        name = key[-1]
        if NAMELESS.fullmatch(name):
            name = "node"
            while name in used:
                count += 1
                name = f"node_{count}"
        used.add(name)
        outer = f"{names[key[:-2]]}/{key[-2]}/" if len(key) > 1 else ""
        names[key] = outer + name
        for graph in reversed(subgraphs.get(key, [])):
            fresh: set[str] = set()
            waiting += [(inner, fresh) for inner in reversed(inside[graph])]
    return names


def _value(verdicts: Sequence[tuple[str, str]], targets: int) -> dict[str, Any]:
    """Return a node's most severe verdict with its colour."""
    worst = max((verdict for verdict, _ in verdicts), key=ORDER.index)
    affected = [target for verdict, target in verdicts if verdict == worst]
    where = "" if targets == 1 else " by all" if len(affected) == targets else f" by {', '.join(affected)}"
    return {"value": f"{worst}{where}", "bgColor": COLOURS[worst]}

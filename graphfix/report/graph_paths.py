"""The paths by which the nodes of a graph form clusters: modules, else parts of names, and branches of subgraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts, NodeFacts

Key = tuple[str, ...]


def cluster_paths(facts: Facts, keys: Sequence[Key]) -> list[Key]:
    """Return the path of each node of `facts`, whose keys these are; a subgraph's begins with that of the node that holds it."""
    nodes = dict(zip(keys, facts.nodes, strict=True))
    paths: dict[Key, Key] = {}
    for key in reversed(keys):  # a node comes after those in its subgraphs
        own = _own_path(facts, nodes[key])
        if len(key) > 1:
            outer, holder = paths[key[:-2]], nodes[key[:-2]].label.rpartition("/")[2]
            branch = f"{holder} {key[-2]}"
            branches = [part.replace(" ", "_") for part in (*outer, branch) if " " in part]
            if own and any(map(own[0].startswith, branches)):  # by onnx, which names what it inlines after node and branch
                own = own[1:]
            modules = tuple(part for part in outer if " " not in part)
            if own[: len(modules)] == modules:  # modules are named from the outermost on
                own = own[len(modules) :]
            own = (*outer, branch, *own)
        paths[key] = own
    return [paths[key] for key in keys]


def beside_readers(paths: list[Key], scopes: Sequence[Key | None], edges: Sequence[tuple[int, int, str]]) -> list[int]:
    """Return the order of boxes in which one that reads nothing, such as a constant, stands before its first reader.

    `paths` is changed: such a box is in its reader's cluster. `scopes` are the graphs the boxes are in, None for one that stays.
    """
    reads = {end for _, end, _ in edges}
    first: dict[int, int] = {}
    for start, end, _ in edges:
        if start not in reads and scopes[start] is not None and scopes[start] == scopes[end]:
            first[start] = min(end, first.get(start, end))
    for box, reader in first.items():
        paths[box] = paths[reader]
    return sorted(range(len(paths)), key=lambda box: (first.get(box, box), box not in first, box))


def _own_path(facts: Facts, node: NodeFacts) -> Key:
    """Return the parts of the module's path, else those of the node's name."""
    location = facts.origin(node)
    if location is not None and location.module:
        return tuple(filter(None, re.split(r"[./]", location.module)))
    return tuple(filter(None, node.label.split("/")[:-1]))

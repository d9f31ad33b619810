"""A tree of clusters over the nodes of a graph: by module path, and by order where a cluster would hold too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MOST = 30
"""The number of members of a cluster: as many as are laid out in a moment, and read without searching."""
SMALLEST = 2
"""A module with fewer nodes is not a cluster of its own."""


@dataclass(slots=True)
class Cluster:
    """A cluster: its label, and its members in the order of the graph, each a cluster or the index of a node."""

    label: str
    members: list[Cluster | int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ClusterTree:
    """Clusters as columns: label and parent of each, parents before children, the root at 0; and the cluster of each node."""

    labels: list[str]
    parents: list[int]
    of_node: list[int]


def cluster_tree(paths: Sequence[Sequence[str]]) -> ClusterTree:
    """Return the tree of nodes with these paths; linear in the nodes."""
    root = Cluster("")
    by_path: dict[tuple[str, ...], Cluster] = {(): root}
    for index, path in enumerate(paths):
        _cluster_at(tuple(path), by_path).members.append(index)
    tree = ClusterTree([], [], [0] * len(paths))
    for cluster in reversed(by_path.values()):  # inner clusters first
        cluster.members = [kept for member in cluster.members for kept in _simplified(member)]
        cluster.members = _split(cluster.members)
    waiting: list[tuple[Cluster, int]] = [(root, -1)]
    while waiting:
        cluster, parent = waiting.pop()
        number = len(tree.labels)
        tree.labels.append(cluster.label)
        tree.parents.append(parent)
        for member in reversed(cluster.members):
            if isinstance(member, int):
                tree.of_node[member] = number
            else:
                waiting.append((member, number))
    return tree


def _cluster_at(path: tuple[str, ...], by_path: dict[tuple[str, ...], Cluster]) -> Cluster:
    """Return the cluster of a path; it and the ones around it are made where they are new."""
    missing = []
    while path not in by_path:
        missing.append(path)
        path = path[:-1]
    found = by_path[path]
    for inner in reversed(missing):
        by_path[inner] = Cluster(inner[-1] if not inner[-1].isdecimal() else ".".join(inner[-2:]))
        found.members.append(by_path[inner])
        found = by_path[inner]
    return found


def _simplified(member: Cluster | int) -> list[Cluster | int]:
    """Return what stands for a member: a cluster of few nodes gives them up, one around a single cluster is merged with it."""
    if isinstance(member, int):
        return [member]
    if len(member.members) == 1 and isinstance(inner := member.members[0], Cluster):
        stem, dot, last = member.label.rpartition(".")
        label = f"{stem}{dot}" if inner.label.startswith(f"{last}.") else f"{member.label}."  # `layers` around `layers.0`
        return [Cluster(label + inner.label, inner.members)]
    if len(member.members) < SMALLEST:
        return list(member.members)
    return [member]


def _split(members: list[Cluster | int]) -> list[Cluster | int]:
    """Return at most MOST members: where there are more, neighbours in the order of the graph form clusters."""
    while len(members) > MOST:
        parts = max(2, min(MOST, -(-len(members) // MOST)))
        size = min(MOST, -(-len(members) // parts))
        members = [_run(members[at : at + size]) for at in range(0, len(members), size)]
    return members


def _run(members: list[Cluster | int]) -> Cluster | int:
    """Return neighbours as a cluster that is labelled by the first and the last of them; one alone stays as it is."""
    if len(members) == 1:
        return members[0]
    ends = [m if isinstance(m, Cluster) else Cluster(f"nodes {m + 1} to {m + 1}") for m in (members[0], members[-1])]
    between = " to " if all(end.label.startswith("nodes ") for end in ends) else " … "
    first, last = ends[0].label.partition(between)[0], ends[1].label.rpartition(between)[2]
    return Cluster(f"{first}{between}{last}", members)

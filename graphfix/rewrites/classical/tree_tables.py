"""The trees of a TreeEnsemble node as matrices: what each inner node compares, which leaf it leads to, and what a leaf adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float32]

MOST_NODES = 1 << 16
"""The most nodes of an ensemble."""
COMPARISONS = {"BRANCH_LEQ": "LessOrEqual", "BRANCH_LT": "Less", "BRANCH_GTE": "GreaterOrEqual", "BRANCH_GT": "Greater",
               "BRANCH_EQ": "Equal"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TreeTables:
    """All trees of an ensemble, padded to the same number `inner` of inner nodes and `leaves` of leaves.

    `features` and `values` have shape [trees, inner]. `paths` [trees, inner, leaves] is 1 where a leaf is reached through the
    true branch, -1 through the false branch, and 0 where the node is not on its path; `ahead` [trees, 1, leaves] is the number
    of true branches on its path. `weights` [trees, leaves, results] is what a leaf adds to each result. `scored` are the results
    that any leaf adds to, and `complete` tells whether each row gets a weight for every result. `comparisons` are the operators
    by which nodes compare; for each there is an array like `values` that is 1 for the nodes that use it.
    """

    comparisons: Mapping[str, Numbers]
    features: npt.NDArray[np.int64]
    values: Numbers
    paths: Numbers
    ahead: Numbers
    weights: Numbers
    scored: tuple[int, ...]
    complete: bool

    @property
    def size(self) -> int:
        """The number of elements of the matrices."""
        return self.paths.size + self.weights.size


def tree_tables(attrs: Mapping[str, Any], word: str, results: int) -> TreeTables | str:
    """Return the trees in a node's attributes, of which those of leaves begin with `word`; or why they are not written so."""
    modes = [_text(mode) for mode in attrs.get("nodes_modes", ())]
    kinds = set(modes) - {"LEAF"}
    if len(modes) > MOST_NODES:
        return f"it has {len(modes)} nodes, over {MOST_NODES}"
    if not kinds <= set(COMPARISONS):
        return f"its nodes compare by {' and '.join(sorted(kinds))}"
    if any(attrs.get("nodes_missing_value_tracks_true", ())):
        return "missing values take the true branch"
    if any(name.endswith("_as_tensor") for name in attrs):
        return "its values are in float64"
    places = {pair: at for at, pair in enumerate(zip(attrs["nodes_treeids"], attrs["nodes_nodeids"], strict=True))}
    children = set()
    for name in ("nodes_truenodeids", "nodes_falsenodeids"):
        children |= {
            (tree, child) for tree, child, mode in zip(attrs["nodes_treeids"], attrs[name], modes, strict=True) if mode != "LEAF"
        }
    roots = [at for pair, at in places.items() if pair not in children]
    given: dict[int, list[tuple[int, float]]] = {}
    leaves = zip(*(attrs[f"{word}_{name}"] for name in ("treeids", "nodeids", "ids", "weights")), strict=True)
    for tree, node, result, weight in leaves:
        given.setdefault(places[tree, node], []).append((int(result), float(weight)))
    if any(len({result for result, _ in pairs}) < len(pairs) for pairs in given.values()):
        return "a leaf gives two weights to one result"
    walked = [_walk(attrs, modes, places, root) for root in roots]
    inner, ends = (max(1, *(len(walk[part]) for walk in walked)) for part in (0, 1))
    features, values = np.zeros((len(roots), inner), np.int64), np.zeros((len(roots), inner), np.float32)
    paths = np.zeros((len(roots), inner, ends), np.float32)
    ahead = np.full((len(roots), 1, ends), -1, np.float32)  # no path has this number of true branches
    weights = np.zeros((len(roots), ends, results), np.float32)
    for tree, (nodes, found) in enumerate(walked):
        column = {at: place for place, at in enumerate(nodes)}
        for at, place in column.items():
            features[tree, place], values[tree, place] = attrs["nodes_featureids"][at], attrs["nodes_values"][at]
        for leaf, (at, path) in enumerate(found):
            for node, side in path:
                paths[tree, column[node], leaf] = 1 if side else -1
            ahead[tree, 0, leaf] = sum(side for _, side in path)
            for result, weight in given.get(at, ()):
                weights[tree, leaf, result] += weight
    scored = tuple(sorted({result for pairs in given.values() for result, _ in pairs}))
    sure: set[int] = set()
    for _, found in walked:
        sure |= set.intersection(*({result for result, _ in given.get(at, ())} for at, _ in found))
    comparisons = {COMPARISONS[kind]: np.zeros((len(roots), inner), np.float32) for kind in sorted(kinds or {"BRANCH_LEQ"})}
    for tree, (nodes, _) in enumerate(walked):
        for place, at in enumerate(nodes):
            comparisons[COMPARISONS[modes[at]]][tree, place] = 1
    return TreeTables(comparisons, features, values, paths, ahead, weights, scored, len(sure) == results)


Path = tuple[tuple[int, bool], ...]


def _walk(
    attrs: Mapping[str, Any], modes: list[str], places: Mapping[tuple[int, int], int], root: int
) -> tuple[list[int], list[tuple[int, Path]]]:
    """Return the inner nodes of a tree, and its leaves with the nodes and branches on the way to each."""
    nodes: list[int] = []
    leaves: list[tuple[int, Path]] = []
    waiting: list[tuple[int, Path]] = [(root, ())]
    while waiting:
        at, path = waiting.pop()
        if modes[at] == "LEAF":
            leaves.append((at, path))
            continue
        nodes.append(at)
        tree = attrs["nodes_treeids"][at]
        for name, side in (("nodes_truenodeids", True), ("nodes_falsenodeids", False)):
            waiting.append((places[tree, attrs[name][at]], (*path, (at, side))))
    return nodes, leaves


def _text(word: Any) -> str:
    return word.decode() if isinstance(word, bytes) else str(word)

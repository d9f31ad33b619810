"""Limits on what a small file may ask for: models beyond them are refused with a clear error before any work is done on them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from onnx import NodeProto

EXPANDED_NODES = 1_000_000
"""The nodes that a model may have once the calls of its functions are expanded."""
VARIABLE = "GRAPHFIX_MAX_NODES"
"""The environment variable that replaces `EXPANDED_NODES`."""
DEEPEST_CALL = 100
"""The functions that a chain of calls may go through: onnx expands no longer one."""
EQUATION = re.compile(r"[A-Za-z., ]*(->[A-Za-z. ]*)?")
"""What onnx allows in an Einsum's equation. Its shape inference never returns from some other characters."""
LONGEST = 2_000
"""The characters of an equation: 52 labels for each of some dozen operands."""


def most_nodes() -> int:
    """Return the number of nodes that a model may have once its functions are expanded."""
    given = os.environ.get(VARIABLE, "")
    return int(given) if given.isdecimal() else EXPANDED_NODES


def expanded_nodes(nodes: Iterable[str], bodies: Mapping[str, Sequence[str]]) -> int:
    """Return how many nodes a graph has once calls are expanded, in time linear in the file.

    `nodes` are the keys of the graph's operators, `bodies` those inside of each function, which call each other in no circle.
    """
    sizes: dict[str, int] = {}
    for key in _callees_first(bodies):
        sizes[key] = sum(sizes.get(called, 1) for called in bodies[key])
    return sum(sizes.get(key, 1) for key in nodes)


def call_depth(bodies: Mapping[str, Sequence[str]]) -> int:
    """Return how many functions the longest chain of calls goes through; `bodies` are as for `expanded_nodes`."""
    depths: dict[str, int] = {}
    for key in _callees_first(bodies):
        depths[key] = 1 + max((depths[called] for called in bodies[key] if called in depths), default=0)
    return max(depths.values(), default=0)


def _callees_first(bodies: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield each function after those that it calls."""
    done: set[str] = set()
    waiting = list(bodies)
    while waiting:
        key = waiting[-1]
        missing = [called for called in bodies[key] if called in bodies and called not in done]
        if missing:
            waiting += dict.fromkeys(missing)
            continue
        waiting.pop()
        if key not in done:
            done.add(key)
            yield key


def equation_fault(node: NodeProto) -> str:
    """Return what is wrong with the characters of an Einsum's equation, empty where nothing is."""
    equation = next((item.s for item in node.attribute if item.name == "equation"), b"").decode("utf-8", "replace")
    if len(equation) > LONGEST:
        return f"has an equation of {len(equation):,} characters, more than {LONGEST:,}"
    return "" if EQUATION.fullmatch(equation) else f"has an equation of other characters than letters: {equation[:40]!r}"

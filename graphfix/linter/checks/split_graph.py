"""GF401: rejected nodes split the supported nodes into several parts."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example

LEAST = 3
"""The least nodes of a part that is worth running by itself."""
SHOWN = 3
"""The most parts whose sizes are listed."""


class SplitGraph(Check):
    """Rejected nodes between parts of the graph that the compiler supports.

    Why: a runtime that splits the model runs every part separately, and copies tensors to the host and back at each
    cut; two cuts in the middle often cost more than the compiler gains.
    Instead: fix the rejected nodes between the largest parts first, or move them to the ends of the model.
    """

    code = "GF401"
    name = "split-graph"
    severity = Severity.NOTE
    kind = "islands"
    valid = (
        Example("a = Mish(x)\nb = Relu(a)\nc = Neg(b)\ny = Abs(c)"),
        Example("a = Relu(x)\nb = Neg(a)\nc = Abs(b)\nd = Relu(c)\ny = Neg(d)"),
    )
    invalid = (
        Example(
            "a = Relu(x)\nb = Neg(a)\nc = Abs(b)\nd = Mish(c)\ne = Relu(d)\nf = Neg(e)\ny = Abs(f)",
            says="1 rejected node cuts the graph into 2 parts of 3 and 3 nodes",
        ),
        Example(
            "a = Relu(x)\nb = Neg(a)\nc = Abs(b)\nd = Acosh(c)\ne = Relu(d)\nf = Neg(e)\ny = Abs(f)",
            says="1 node on the CPU cuts the graph into 2 parts of 3 and 3 nodes",
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield one note for the model when at least two parts have `LEAST` nodes or more."""
        cuts, sizes = _cuts_and_sizes(look)
        if len(sizes) < 2:
            return
        shown = ", ".join(map(str, sizes[:SHOWN])) if len(sizes) > SHOWN else " and ".join(map(str, sizes))
        if 2 < len(sizes) <= SHOWN:
            shown = f"{', '.join(map(str, sizes[:-1]))} and {sizes[-1]}"
        rest = f" and {len(sizes) - SHOWN} smaller ones" if len(sizes) > SHOWN else ""
        what = (
            ("rejected node", "rejected nodes")
            if look.rejected
            else (f"node on {look.table.left_to}", f"nodes on {look.table.left_to}")
        )
        nodes = f"{cuts} {what[cuts != 1]} {'cut' if cuts != 1 else 'cuts'}"
        yield self.at(look, None, f"{nodes} the graph into {len(sizes)} parts of {shown} nodes{rest} on {look.table.title}")


def _cuts_and_sizes(look: LintContext) -> tuple[int, list[int]]:
    """The number of rejected nodes of the main graph, and the sizes of the parts between them, largest first."""
    if all(ruling.verdict != "rejected" for ruling in look.distinct):
        return 0, []
    parents: dict[int, int] = {}

    def root(position: int) -> int:
        while parents[position] != position:
            parents[position] = parents[parents[position]]
            position = parents[position]
        return position

    producers: dict[str, int] = {}
    inside = False  # whether a node inside the subgraphs of the next node of the main graph is rejected
    cuts = 0
    counted: list[int] = []
    for position, (node, ruling) in enumerate(zip(look.facts.nodes, look.rulings, strict=True)):
        rejected = ruling.verdict == "rejected"
        if node.scope:
            inside |= rejected
            continue
        if rejected or inside:
            inside, cuts = False, cuts + 1
            continue
        parents[position] = position
        for name in (*node.given, *node.captured):
            if name in producers:
                parents[root(producers[name])] = root(position)
        producers.update(dict.fromkeys(filter(None, node.made), position))
        if node.op != "Constant":
            counted.append(position)
    if not cuts:
        return 0, []
    sizes: dict[int, int] = {}
    for position in counted:
        sizes[root(position)] = sizes.get(root(position), 0) + 1
    return cuts, sorted((size for size in sizes.values() if size >= LEAST), reverse=True)

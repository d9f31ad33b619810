"""Which nodes no output of a model depends on."""

from __future__ import annotations

from graphfix.facts import Facts


def unreached(facts: Facts) -> set[int]:
    """The positions in `facts.nodes` of what reaches no output of the model, subgraphs of such nodes included."""
    wanted = {output.name for output in facts.model.graph.output}
    found: set[int] = set()
    dead = False
    for position in range(len(facts.nodes) - 1, -1, -1):  # a node stands behind all that is in its subgraphs
        node = facts.nodes[position]
        if not node.scope:
            dead = wanted.isdisjoint(node.proto.output)
            if not dead:
                wanted.update(node.proto.input)
                wanted.update(node.captured)
        if dead:
            found.add(position)
    return found

"""Unused nodes are removed and the others sorted as graphsurgeon itself does."""

from __future__ import annotations

import random
from typing import Any

import onnx
import onnx_graphsurgeon as gs
import pytest
from onnx import helper

from graphfix.rewriting.importing import Imported
from graphfix.rewriting.node_order import tidied


def shuffled(seed: int, *, cycle: bool = False) -> onnx.ModelProto:
    """A random graph with its nodes in any order, some of which no output depends on."""
    draw = random.Random(seed)
    names, nodes = ["x", "c"], []
    for i in range(40):
        reads = [draw.choice(names) for _ in range(draw.randint(1, 3))]
        nodes.append(helper.make_node("Sum", reads + [""] * draw.randint(0, 1), [f"v{i}"], name=f"n{i}"))
        names.append(f"v{i}")
    if cycle:
        nodes.append(helper.make_node("Add", ["v39", "loop"], ["turn"]))
        nodes.append(helper.make_node("Neg", ["turn"], ["loop"]))
        names.append("loop")
    draw.shuffle(nodes)
    ends = [helper.make_tensor_value_info(name, 1, [2]) for name in ("x", names[-1], "v20")]
    weight = helper.make_tensor("c", 1, [2], [1, 2])
    return helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight]))


def names(graph: Any) -> list[tuple[str, list[str]]]:
    return [(node.name, [tensor.name for tensor in node.inputs]) for node in graph.nodes]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_is_that_of_graphsurgeon(seed: int) -> None:
    model = shuffled(seed)
    theirs = gs.import_onnx(model).cleanup(recurse_functions=False).toposort(recurse_functions=False)
    mine = tidied(gs.import_onnx(model), gs)
    assert names(mine) == names(theirs)
    assert len(mine.nodes) < 40


@pytest.mark.parametrize("seed", range(20))
def test_nodes_that_were_never_looked_at_are_sorted_as_others(seed: int) -> None:
    model = shuffled(seed)
    imported = Imported(model)
    for node in random.Random(seed).sample(imported.nodes, seed):
        assert node.inputs  # looks at it
    assert names(tidied(imported.graph, gs, imported)) == names(tidied(gs.import_onnx(model), gs))


def test_a_circle_of_nodes_that_were_never_looked_at_is_refused() -> None:
    imported = Imported(shuffled(0, cycle=True))
    with pytest.raises(Exception, match="Cycle"):
        tidied(imported.graph, gs, imported)


def test_a_circle_is_refused() -> None:
    with pytest.raises(Exception, match="Cycle"):
        tidied(gs.import_onnx(shuffled(0, cycle=True)), gs)

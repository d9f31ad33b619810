"""Models are imported into graphsurgeon as its own importer does it, and unchanged nodes are exported as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import onnx_graphsurgeon as gs
import pytest

from graphfix.linter.example import Example
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.export import export
from graphfix.rewriting.importing import import_model

MODELS = sorted((Path(__file__).parent.parent / "fixtures" / "models").glob("*.onnx"))
LEFT_OUT = Example("y = Clip(x, , h)\nu, , v = Unused(y, y)", weights="float h = {1.0}", outputs="float y, float u, float v")


def described(graph: Any) -> Any:
    """All that a graph holds, with a number for each tensor and node by first appearance."""
    numbers: dict[int, int] = {}

    def number(one: Any) -> int:
        return numbers.setdefault(id(one), len(numbers))

    def tensor(one: Any) -> Any:
        state = {name: held for name, held in vars(one).items() if name not in ("inputs", "outputs", "_values")}
        near = [[number(node) for node in side] for side in (one.inputs, one.outputs)]
        content = None if isinstance(one, gs.Variable) else one.values.tobytes()
        return (
            number(one),
            type(one),
            state,
            near,
            content,
            [(type(side), vars(side)["field_name"]) for side in (one.inputs, one.outputs)],
        )

    def held(value: Any) -> Any:
        if isinstance(value, gs.Graph):
            return described(value)
        return tensor(value) if isinstance(value, gs.Tensor) else value

    nodes = [
        (number(node), node.op, node.name, node.domain, {name: held(value) for name, value in node.attrs.items()},
         *([tensor(one) for one in side] for side in (node.inputs, node.outputs)), set(vars(node)))
        for node in graph.nodes
    ]  # fmt: skip
    ends = [[tensor(one) for one in side] for side in (graph.inputs, graph.outputs)]
    head = {
        name: value
        for name, value in vars(graph).items()
        if name not in ("nodes", "inputs", "outputs", "_functions", "import_domains")
    }
    return nodes, ends, head, list(graph.import_domains or ()), [function.unique_id for function in graph.functions]


@pytest.mark.parametrize("model", [*map(onnx.load, MODELS), LEFT_OUT.model], ids=[*(path.stem for path in MODELS), "left-out"])
def test_the_graph_is_that_of_graphsurgeon(model: onnx.ModelProto) -> None:
    assert described(import_model(model)) == described(gs.import_onnx(model))


def test_the_lists_of_an_imported_graph_are_in_step() -> None:
    graph = import_model(LEFT_OUT.model)
    clip, unused = graph.nodes
    unused.inputs[1] = clip.inputs[0]
    assert unused in list(clip.inputs[0].outputs)
    clip.outputs.clear()
    assert not unused.inputs[0].inputs


def test_an_unchanged_node_is_exported_as_it_was() -> None:
    model = LEFT_OUT.model
    model.graph.node[0].metadata_props.add(key="k", value="v")
    editor = GraphEditor(model, "none")
    editor.top.nodes[1].name = "renamed"
    clip, unused = export(editor).graph.node
    assert clip == model.graph.node[0]
    assert unused.name == "renamed"
    assert (list(unused.input), list(unused.output)) == (["y", "y"], ["u", "", "v"])

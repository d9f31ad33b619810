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
from graphfix.rewriting.importing import import_model, is_untouched

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


CHAIN = Example("a = Mul(x, w)\nb = Neg(a)\nc = Abs(b)\ny = Add(c, w)", weights="float w = {2.0}", outputs="float y")


def looked_at(editor: GraphEditor) -> list[str]:
    """The operators of the nodes that have operands."""
    return [node.op for node in editor.top.nodes if not is_untouched(node)]


def test_only_what_is_looked_at_is_imported() -> None:
    editor = GraphEditor(CHAIN.model, "none")
    assert looked_at(editor) == []
    neg = editor.top.nodes[1]
    assert [reader.op for reader in neg.outputs[0].outputs] == ["Abs"]
    assert [maker.op for maker in neg.inputs[0].inputs] == ["Mul"]
    assert looked_at(editor) == ["Neg"]
    assert list(export(editor).graph.node) == list(CHAIN.model.graph.node)


def test_a_renamed_tensor_is_written_at_nodes_that_were_never_looked_at() -> None:
    editor = GraphEditor(CHAIN.model, "none")
    editor.imported.tensors["y"].inputs[0].inputs[1].name = "renamed"  # the weight, which Mul reads as well
    made = export(editor).graph
    assert [weight.name for weight in made.initializer] == ["renamed"]
    assert [list(node.input) for node in made.node] == [["x", "renamed"], ["a"], ["b"], ["c", "renamed"]]


def test_a_weight_that_was_never_looked_at_is_written_where_it_is_read_only() -> None:
    model = CHAIN.model
    model.graph.initializer.add(name="unread", data_type=1, float_data=[1.0])
    editor = GraphEditor(model, "none")
    mul = editor.top.nodes[0]
    mul.outputs[0].outputs[0].inputs[0] = mul.inputs[0]  # Neg reads x now, and Mul is unused
    made = export(editor).graph
    assert [node.op_type for node in made.node] == ["Neg", "Abs", "Add"]
    assert list(made.initializer) == [model.graph.initializer[0]]

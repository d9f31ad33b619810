"""y: {class: score} becomes y: [score, ...], and y: [tensor, ...] one output for each tensor: every output is a tensor."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from graphfix.rewriting.interface_rewrite import Reformed, SwitchedRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule
from graphfix.verify.feed_adapter import Adapted, Outputs

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, ValueInfoProto

HEAD = """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 2]> g"""


class TensorOutputs(SwitchedRewrite):
    """Give maps from classes to scores as one tensor, and sequences as one output for each tensor, by `--tensor-outputs`.

    Why: classifiers of scikit-learn and Core ML end in ZipMap, and only one runtime has maps. The columns of the tensor are the
    classes in the order that ZipMap lists; the class names stay with the application.
    """

    name = "tensor-outputs"
    fixes = (FixRule("ZipMap"), FixRule("SequenceConstruct"))
    before = "graphfix fix model.onnx --tensor-outputs"
    ask = "needs to be asked for: --tensor-outputs"
    absent = "every output is a tensor"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Relu(x) }""",
            because="every output is a tensor",
        ),
        Case(
            f"""{HEAD} (float[N, 2] x) => (seq(map(int64, float)) y) {{
                 y = ai.onnx.ml.ZipMap<classlabels_int64s = [0, 1]>(x) }}""",
            because=ask,
        ),
    )

    def occurs(self, model: ModelProto) -> bool:
        """Whether an output is a map or a sequence."""
        return bool(_others(model))

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto

        from graphfix.ir.value_names import ValueNames

        made = ModelProto()
        made.CopyFrom(model)
        makers = {name: node for node in made.graph.node for name in node.output}
        names, results = ValueNames.of(made.graph), list(made.graph.output)
        classes: dict[str, list[int | str]] = {}
        parts: dict[str, list[str]] = {}
        for info in _others(made):
            maker = makers.get(info.name)
            if maker is None or maker.op_type not in ("ZipMap", "SequenceConstruct"):
                said = f"comes out of `{maker.op_type}`" if maker is not None else "is an input"
                return Declined(f"`{info.name}` is no tensor and {said}, not of ZipMap or SequenceConstruct", at=info.name)
            if _readers(made, info.name):
                return Declined(f"`{info.name}` is also read inside the model", at=info.name)
            at = next(place for place, each in enumerate(results) if each.name == info.name)
            if maker.op_type == "ZipMap":
                classes[info.name] = _classes(maker)
                given = [info.name]
            else:
                given = parts[info.name] = [names.fresh(f"{info.name}_{place}") for place in range(len(maker.input))]
            results[at : at + 1] = [_tensor(info, name) for name in given]
            _identities(made, maker, given)
        if not classes and not parts:
            return Declined("every output is a tensor")
        del made.graph.output[:]
        made.graph.output.extend(results)
        _forget_domain(made)

        def outputs(given: Outputs) -> Outputs:
            found: Outputs = {}
            for name, output in given.items():
                if name in parts:
                    found.update(zip(parts[name], output, strict=True))
                else:
                    found[name] = _rows(output, classes[name]) if name in classes else output
            return found

        def adapt(given: Adapted) -> Adapted:
            return dataclasses.replace(given, outputs=(*given.outputs, outputs))

        return Reformed(made, (*classes, *parts), adapt)


def _others(model: ModelProto) -> list[ValueInfoProto]:
    """Return the outputs that are no tensors."""
    return [info for info in model.graph.output if info.type.WhichOneof("value") in ("sequence_type", "map_type")]


def _readers(model: ModelProto, name: str) -> bool:
    from graphfix.ir.traversal import graphs

    return any(name in node.input for graph in graphs(model.graph) for node in graph.node)


def _classes(node: NodeProto) -> list[int | str]:
    """Return the classes of a ZipMap in the order of its columns."""
    found: list[int | str] = []
    for item in node.attribute:
        found += [text.decode() for text in item.strings] if item.strings else list(item.ints)
    return found


def _rows(maps: Sequence[dict[Any, float]], classes: Sequence[int | str]) -> Any:
    return np.asarray([[row[name] for name in classes] for row in maps], np.float32).reshape(len(maps), len(classes))


def _tensor(info: ValueInfoProto, name: str) -> ValueInfoProto:
    """Return the declaration of a tensor that a map or a sequence holds; the dims of a map's are [rows, classes]."""
    from onnx import TensorProto, ValueInfoProto, helper

    element = info.type.sequence_type.elem_type
    if element.WhichOneof("value") == "tensor_type":
        made = ValueInfoProto(name=name)
        made.type.CopyFrom(element)
        return made
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None])


def _identities(model: ModelProto, maker: NodeProto, given: Sequence[str]) -> None:
    """Replace a node by one Identity for each of its inputs; fix removes those that need not be there."""
    from onnx import helper

    at = next(place for place, node in enumerate(model.graph.node) if node is maker or node.output == maker.output)
    sources = list(maker.input)
    del model.graph.node[at]
    for source, name in zip(sources, given, strict=True):
        model.graph.node.insert(at, helper.make_node("Identity", [source], [name], name=f"{name}/tensor-outputs"))


def _forget_domain(model: ModelProto) -> None:
    """Remove the import of ONNX's domain of classical machine learning where no node is of it any more."""
    from graphfix.ir.traversal import graphs

    used = {node.domain for graph in graphs(model.graph) for node in graph.node}
    kept = [entry for entry in model.opset_import if entry.domain != "ai.onnx.ml" or entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)

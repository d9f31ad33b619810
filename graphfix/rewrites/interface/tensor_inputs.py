"""f(s: [tensor, ...]) becomes f(s_0, s_1): a sequence that the model takes becomes the tensors that it reads of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from graphfix.rewriting.interface_rewrite import Reformed, SwitchedRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""
MOST = 512
"""The most tensors that a sequence becomes."""


class TensorInputs(SwitchedRewrite):
    """Take each tensor of a sequence as an input of its own, by `--tensor-inputs`, where the model reads constant positions.

    Why: almost no compiler has sequences. The result is the model with a SequenceConstruct of the new inputs in front of it,
    which `sequence-to-tensors` removes afterwards; it is what the other rewrites are compared with.
    """

    name = "tensor-inputs"
    fixes = (FixRule("SequenceAt"),)
    before = "graphfix fix model.onnx --tensor-inputs"
    ask = "needs to be asked for: --tensor-inputs"
    absent = "no input is a sequence of tensors"
    redefines = True
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[3] x) => (float[3] y) {{ y = Relu(x) }}""",
            because="no input is a sequence of tensors",
        ),
        Case(
            f"""{HEAD} (seq(float[3]) s) => (float[3] y) <int64 i = {{0}}> {{ y = SequenceAt(s, i) }}""",
            because=ask,
        ),
    )

    def occurs(self, model: ModelProto) -> bool:
        """Whether an input is a sequence of tensors."""
        return bool(_sequences(model))

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto, ValueInfoProto, helper

        from graphfix.ir.value_names import ValueNames

        made = ModelProto()
        made.CopyFrom(model)
        names, inputs = ValueNames.of(made.graph), list(made.graph.input)
        found = _sequences(made)
        if not found:
            return Declined(self.absent)
        for info in found:
            count = _count(made, info.name)
            if isinstance(count, Declined):
                return count
            given = [names.fresh(f"{info.name}_{place}") for place in range(count)]
            tensors = [ValueInfoProto(name=name) for name in given]
            for tensor in tensors:
                tensor.type.CopyFrom(info.type.sequence_type.elem_type)
            at = next(place for place, each in enumerate(inputs) if each.name == info.name)
            inputs[at : at + 1] = tensors
            node = helper.make_node("SequenceConstruct", given, [info.name], name=f"{info.name}/{self.name}")
            made.graph.node.insert(0, node)
        del made.graph.input[:]
        made.graph.input.extend(inputs)
        return Reformed(made, tuple(info.name for info in found), lambda given: given)


def _sequences(model: ModelProto) -> list[ValueInfoProto]:
    return [info for info in model.graph.input if info.type.sequence_type.elem_type.WhichOneof("value") == "tensor_type"]


def _count(model: ModelProto, name: str) -> int | Declined:
    """Return the number of tensors up to the last position that is read of a sequence, or why it is not known."""
    from graphfix.analysis.cache import facts_of
    from graphfix.ir.traversal import graphs

    facts, last = facts_of(model), -1
    for graph in graphs(model.graph):
        for node in graph.node:
            if name not in node.input:
                continue
            place = facts.value(node.input[1], ()) if node.op_type == "SequenceAt" else None
            if place is None or place.constant is None or not 0 <= int(place.constant.reshape(())) < MOST:
                why = f"`{node.op_type}` reads the sequence `{name}`"
                why += ", not at a constant position from its start" if node.op_type == "SequenceAt" else " as a whole"
                return Declined(why, at=node.name or node.output[0])
            last = max(last, int(place.constant.reshape(())))
    return last + 1 if last >= 0 else Declined(f"nothing reads the sequence `{name}`", at=name)

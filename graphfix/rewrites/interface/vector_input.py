"""f(x: []) becomes f(Squeeze(x: [1])): a scalar input becomes a vector of one element."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from graphfix.ir.operator_set import opset_version
from graphfix.rewriting.interface_rewrite import Reformed, SwitchedRewrite, read_behind
from graphfix.rewriting.rewrite import Case, Declined, FixRule
from graphfix.verify.feed_adapter import Adapt, Adapted

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto


class VectorInput(SwitchedRewrite):
    """Take a scalar input as a vector of one element, by `--vector-inputs`, and squeeze it inside the model.

    Why: some compilers have no inputs of rank 0. The application passes the same number in an array of shape [1].
    """

    name = "vector-input"
    needs_opset = 13
    fixes = (FixRule("", kinds=("attribute", "form", "rank"), traits=("inputs.ranks",)),)
    before = "graphfix fix model.onnx --vector-inputs"
    ask = "needs to be asked for: --vector-inputs"
    absent = "no input is a scalar"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y) { y = Relu(x) }""",
            because="no input is a scalar",
        ),
        Case(
            """<ir_version: 7, opset_import: ["" : 12]> g (float s, float[3] x) => (float[3] y) { y = Mul(x, s) }""",
            because=ask,
        ),
    )

    def occurs(self, model: ModelProto) -> bool:
        """Whether an input is a scalar."""
        return bool(_scalars(model))

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto, helper, numpy_helper

        from graphfix.ir.value_names import ValueNames

        opset = opset_version(model)
        if opset < self.needs_opset:
            return Declined(f"needs opset {self.needs_opset}, the model has {opset}")
        made = ModelProto()
        made.CopyFrom(model)
        scalars = _scalars(made)
        if not scalars:
            return Declined("no input is a scalar")
        axes = ValueNames.of(made.graph).fresh(f"{self.name}/axes")
        made.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.int64), axes))
        for info in scalars:
            behind = read_behind(made, info.name)
            node = helper.make_node("Squeeze", [info.name, axes], [behind], name=f"{info.name}/{self.name}")
            made.graph.node.insert(0, node)
            info.type.tensor_type.shape.dim.add().dim_value = 1
        return Reformed(made, tuple(info.name for info in scalars), _adapter([info.name for info in scalars]))


def _scalars(model: ModelProto) -> list[ValueInfoProto]:
    """Return the inputs of rank 0."""
    from graphfix.ir.bind_inputs import interface

    kinds = [(info, info.type.tensor_type) for info in interface(model) if info.type.HasField("tensor_type")]
    return [info for info, kind in kinds if kind.HasField("shape") and not kind.shape.dim]


def _adapter(names: list[str]) -> Adapt:
    def adapt(given: Adapted) -> Adapted:
        return dataclasses.replace(given, new={**given.new, **{name: np.asarray(given.new[name]).reshape(1) for name in names}})

    return adapt

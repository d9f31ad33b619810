"""f(x: uint8) becomes f(Cast<uint8>(x: int32)): an integer input has a dtype that every compiler supports."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from graphfix.linter.input_options import WIDE
from graphfix.rewriting.interface_rewrite import InterfaceRewrite, Reformed, read_behind
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome
from graphfix.verify.feed_adapter import Adapted

if TYPE_CHECKING:
    from onnx import ModelProto

WIDER = {
    "bool": ("uint8", "int32", "int64", "float32"), "int8": ("int32", "int64", "float32"),
    "uint8": ("int32", "int64", "float32"), "int16": ("int32", "int64", "float32"), "uint16": ("int32", "int64", "float32"),
    "uint32": ("int64",), "int32": ("int64",), "float16": ("float32",),
}  # fmt: skip
"""For each dtype, the wider dtypes that represent all its values."""


class WidenInput(InterfaceRewrite):
    """Give an input a wider dtype, by `--input-dtype [NAME=]int32`, and cast it back inside the model.

    Why: some compilers reject inputs of narrow integers. Where the input is cast to float at once, the narrow dtype does not
    occur inside the model. The application passes the same numbers in the wider dtype.
    """

    name = "widen-input"
    fixes = (FixRule("", kinds=("attribute", "dtype", "form"), traits=("inputs.dtypes",)),)
    before = "graphfix fix model.onnx --input-dtype x=int32"
    ask = "needs a dtype: --input-dtype NAME=int32"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (uint8[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y) {
                 y = Cast<to = 1>(x) }""",
            because="needs a dtype: --input-dtype x=int32",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (uint32[4] x) => (float[4] y) { y = Cast<to = 1>(x) }""",
            because="needs a dtype: --input-dtype x=int64",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y) { y = Relu(x) }""",
            because="every input has a dtype that compilers support",
        ),
    )

    def __init__(self, dtypes: Mapping[str, str] | None = None) -> None:
        self.dtypes = dict(dtypes or {})

    @property
    def asked(self) -> bool:
        return bool(self.dtypes)

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        from graphfix.analysis.facts import DTYPES
        from graphfix.ir.bind_inputs import interface

        if self.asked:
            return super().apply(model, wanted)
        narrow = [info for info in interface(model) if DTYPES.get(info.type.tensor_type.elem_type) in WIDE]
        reason = "every input has a dtype that compilers support"
        if narrow:
            wide = WIDE[DTYPES[narrow[0].type.tensor_type.elem_type]]
            reason = f"needs a dtype: --input-dtype {narrow[0].name}={wide}"
        return Outcome(None, declined=(Declined(reason),))

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto, helper

        from graphfix.analysis.facts import DTYPES
        from graphfix.ir.bind_inputs import interface
        from graphfix.ir.dtypes import CODES
        from graphfix.ir.traversal import graphs

        made = ModelProto()
        made.CopyFrom(model)
        inputs = {info.name: info for info in interface(made)}
        for name, wide in self.dtypes.items():
            kind = inputs[name].type.tensor_type
            old = DTYPES.get(kind.elem_type, "")
            if wide not in WIDER.get(old, ()):
                allowed = f"can come in as {' or '.join(WIDER[old])}" if old in WIDER else "stays what it is"
                return Declined(f"`{name}` is {old or 'no tensor'} and {allowed}, not {wide}", at=name)
            narrowed = kind.elem_type
            kind.elem_type = CODES[wide]
            inside = read_behind(made, name)
            casts = [node for graph in graphs(made.graph) for node in graph.node if node.op_type == "Cast"]
            for node in casts:
                if node.input[0] == inside and helper.get_node_attr_value(node, "to") != CODES["bool"] and old != "float16":
                    node.input[0] = name  # whatever it is turned to, it is the same number
            if any(inside in node.input for graph in graphs(made.graph) for node in graph.node) or any(
                output.name == inside for graph in graphs(made.graph) for output in graph.output
            ):
                cast = helper.make_node("Cast", [name], [inside], name=f"{name}/{self.name}", to=narrowed)
                made.graph.node.insert(0, cast)
        return Reformed(made, tuple(self.dtypes), self._adapt)

    def _adapt(self, given: Adapted) -> Adapted:
        new = dict(given.new)
        for name, wide in self.dtypes.items():
            new[name] = np.asarray(new[name]).astype(np.dtype(wide))
        return dataclasses.replace(given, new=new)

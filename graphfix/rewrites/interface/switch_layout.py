"""f(x: [N, 3, H, W]) becomes f(Transpose(x: [N, H, W, 3])): an image input has its channels last."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from graphfix.rewriting.interface_rewrite import InterfaceRewrite, Reformed, read_behind
from graphfix.rewriting.rewrite import Case, Declined
from graphfix.verify.feed_adapter import Adapted

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

LAYOUTS = {"nhwc": "nchw", "nwc": "ncw", "ndhwc": "ncdhw", "hwc": "chw", "nchw": "nhwc", "ncw": "nwc", "ncdhw": "ndhwc",
           "chw": "hwc"}  # fmt: skip
"""For each layout that can be requested, the layout that the model is assumed to have."""


class SwitchLayout(InterfaceRewrite):
    """Take an input with channels last (or first), by `--input-layout [NAME=]nhwc`, and transpose it inside the model.

    Why: cameras and mobile runtimes deliver images with interleaved channels, and models exported from PyTorch expect
    channels first.
    """

    name = "switch-layout"
    before = "graphfix fix model.onnx --input-layout x=nhwc"
    ask = "needs a layout: --input-layout NAME=nhwc"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y) { y = Relu(x) }""",
            because=ask,
        ),
    )

    def __init__(self, layouts: Mapping[str, str] | None = None) -> None:
        self.layouts = dict(layouts or {})

    @property
    def asked(self) -> bool:
        return bool(self.layouts)

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto, TensorShapeProto, helper

        from graphfix.ir.bind_inputs import interface

        made = ModelProto()
        made.CopyFrom(model)
        inputs = {info.name: info for info in interface(made)}
        for name, layout in self.layouts.items():
            info = inputs[name]
            dims = info.type.tensor_type.shape.dim
            if layout not in LAYOUTS or len(dims) != len(layout):
                fitting = ", ".join(each for each in LAYOUTS if len(each) == len(dims)) or "none"
                return Declined(f"`{name}` has {len(dims)} dims; layouts of as many are: {fitting}", at=name)
            order = order_of(layout)
            shape = [TensorShapeProto.Dimension.FromString(dims[axis].SerializeToString()) for axis in order]
            for dim, new in zip(dims, shape, strict=True):
                dim.CopyFrom(new)
            inner = read_behind(made, name)
            back = [order.index(axis) for axis in range(len(order))]
            node = helper.make_node("Transpose", [name], [inner], name=f"{name}/{self.name}", perm=back)
            made.graph.node.insert(0, node)
            _cancel(made, node, order)
        return Reformed(made, tuple(self.layouts), self._adapt)

    def _adapt(self, given: Adapted) -> Adapted:
        turned = {
            name: np.ascontiguousarray(given.new[name].transpose(order_of(layout))) for name, layout in self.layouts.items()
        }
        return dataclasses.replace(given, new={**given.new, **turned})


def order_of(layout: str) -> list[int]:
    """Return, for each axis of the requested layout, the index of that axis in the model's layout."""
    return [LAYOUTS[layout].index(letter) for letter in layout]


def _cancel(model: ModelProto, node: NodeProto, order: list[int]) -> None:
    """Remove a Transpose whose consumers all invert it, as a converter may leave at an input."""
    from graphfix.ir.layout_regions import captured_names as captured

    graph, value = model.graph, node.output[0]
    readers = [each for each in graph.node if value in each.input]
    undoing = [each for each in readers if each.op_type == "Transpose" and _perm(each) == order]
    names = {each.output[0] for each in undoing}
    elsewhere = {output.name for output in graph.output} | {name for each in graph.node for name in captured(each)}
    if len(undoing) < len(readers) or not readers or elsewhere & {value, *names}:
        return
    for each in graph.node:
        each.input[:] = [node.input[0] if name in names else name for name in each.input]
    for each in (node, *undoing):
        graph.node.remove(each)


def _perm(node: NodeProto) -> list[int]:
    return next((list(attribute.ints) for attribute in node.attribute if attribute.name == "perm"), [])

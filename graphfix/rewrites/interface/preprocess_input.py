"""f(x) becomes f((pixels - mean) / std): the model normalizes raw images itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewrites.interface.switch_layout import LAYOUTS
from graphfix.rewriting.interface_rewrite import InterfaceRewrite, Reformed, read_behind
from graphfix.rewriting.rewrite import Case, Declined
from graphfix.verify.feed_adapter import Adapted

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.verify.feeds import Array

DTYPES = ("uint8", "float32")


@dataclass(frozen=True, slots=True)
class Preparation:
    """The preprocessing of one input: its new dtype, and a mean and a standard deviation, one value or one per channel.

    Mean and deviation are in the units of the raw input: 127.5 is the middle of a byte. `layout` is the layout that
    switch-layout gave the input, empty where it was not changed.
    """

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    dtype: str = "float32"
    layout: str = ""

    def shaped(self, numbers: Sequence[float], dims: Sequence[object], *, old: bool) -> npt.NDArray[np.float32]:
        """Return the values in a shape that broadcasts over an input of these dims, before or after a change of its layout."""
        if len(numbers) == 1:
            return np.asarray(numbers[0], np.float32)
        shape = [1] * len(dims)
        shape[self.channels(dims, len(numbers), old=old)] = len(numbers)
        return np.asarray(numbers, np.float32).reshape(shape)

    def channels(self, dims: Sequence[object], count: int, *, old: bool) -> int:
        """Return the axis of the channels: from the layout where one is set, else the second or the last."""
        if self.layout:
            return (LAYOUTS[self.layout] if old else self.layout).index("c")
        return len(dims) - 1 if len(dims) > 1 and dims[1] != count and dims[-1] == count else min(1, len(dims) - 1)


class PreprocessInput(InterfaceRewrite):
    """Take an input as bytes, by `--input-dtype [NAME=]uint8`, and normalize it in the graph, by `--normalize [NAME=]MEAN,STD`.

    Why: preprocessing in the application is slower than in the compiled model, and often wrong. A following convolution
    without padding absorbs it (fold-normalization).
    """

    name = "preprocess-input"
    before = "graphfix fix model.onnx --normalize 127.5,127.5 --input-dtype uint8"
    ask = "needs the form of the input: --normalize NAME=MEAN,STD, --input-dtype NAME=uint8"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y) { y = Relu(x) }""",
            because=ask,
        ),
    )

    def __init__(self, preparations: Mapping[str, Preparation] | None = None) -> None:
        self.preparations = dict(preparations or {})

    @property
    def asked(self) -> bool:
        return bool(self.preparations)

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto, TensorProto, helper, numpy_helper

        from graphfix.ir.bind_inputs import interface

        made = ModelProto()
        made.CopyFrom(model)
        inputs = {info.name: info for info in interface(made)}
        for name, asked in self.preparations.items():
            info = inputs[name]
            if info.type.tensor_type.elem_type != TensorProto.FLOAT:
                return Declined(f"`{name}` is not float32", at=name)
            dims = [dim.dim_value or dim.dim_param for dim in info.type.tensor_type.shape.dim]
            refusal = _mismatch(name, asked, dims)
            if refusal is not None:
                return refusal
            steps: list[tuple[str, list[str], dict[str, Any]]] = []
            if asked.dtype == "uint8":
                info.type.tensor_type.elem_type = TensorProto.UINT8
                steps.append(("Cast", [], {"to": TensorProto.FLOAT}))
            for op, numbers, idle in (("Sub", asked.mean, 0.0), ("Div", asked.std, 1.0)):
                if any(number != idle for number in numbers):
                    operand = f"{name}/{self.name}/{op}"
                    array = asked.shaped(numbers, dims, old=False)
                    made.graph.initializer.append(numpy_helper.from_array(array, operand))
                    steps.append((op, [operand], {}))
            last = read_behind(made, name)
            tensor = name
            for place, (op, operands, attributes) in enumerate(steps):
                after = last if place == len(steps) - 1 else f"{last}/{op}"
                title = f"{name}/{self.name}/{place}"
                made.graph.node.insert(place, helper.make_node(op, [tensor, *operands], [after], name=title, **attributes))
                tensor = after
        return Reformed(made, tuple(self.preparations), self._adapt)

    def _adapt(self, given: Adapted) -> Adapted:
        old, new = [dict(feed) for feed in given.old], dict(given.new)
        for name, asked in self.preparations.items():
            for feed in old:
                feed[name] = self._prepared(asked, _raw(feed[name], asked, old=True), old=True)
            new[name] = _raw(new[name], asked, old=False)
        return dataclasses.replace(given, old=tuple(old), new=new)

    @staticmethod
    def _prepared(asked: Preparation, raw: Array, *, old: bool) -> Array:
        mean, std = (asked.shaped(numbers, raw.shape, old=old) for numbers in (asked.mean, asked.std))
        return np.asarray((raw.astype(np.float32) - mean) / std, np.float32)


def _mismatch(name: str, asked: Preparation, dims: Sequence[object]) -> Declined | None:
    """Return why an input cannot be preprocessed this way; None when it can."""
    if asked.dtype not in DTYPES:
        return Declined(f"`{name}` can come in as {' or '.join(DTYPES)}, not {asked.dtype}", at=name)
    if 0.0 in asked.std:
        return Declined("a deviation of 0 divides nothing", at=name)
    if all(number == 0 for number in asked.mean) and all(number == 1 for number in asked.std) and asked.dtype == "float32":
        return Declined(f"nothing is requested for `{name}`", at=name)
    for numbers in (asked.mean, asked.std):
        found = dims[asked.channels(dims, len(numbers), old=False)] if len(numbers) > 1 and dims else len(numbers)
        if len(numbers) > 1 and isinstance(found, int) and found not in (0, len(numbers)):
            return Declined(f"{len(numbers)} numbers are given for the {found} channels of `{name}`", at=name)
    return None


def _raw(array: Array, asked: Preparation, *, old: bool) -> Array:
    """Return a raw input that corresponds to one of the original: bytes derived from it, or its inverse normalization."""
    if asked.dtype == "uint8":
        return array if array.dtype == np.uint8 else np.floor(np.mod(np.abs(array) * 7.3, 1.0) * 256).astype(np.uint8)
    mean, std = (asked.shaped(numbers, array.shape, old=old) for numbers in (asked.mean, asked.std))
    return np.asarray(array * std + mean, np.float32)

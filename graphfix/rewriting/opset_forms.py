"""The form of a node in an opset: axes, splits, bounds and slices were attributes in older opsets and are operands now.

Replacement text is written with attributes, `y = ReduceSum<axes = [1]>(x)`, and converted to the form of the model's opset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, helper

OPERANDS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "Squeeze": (13, ("axes",)), "Unsqueeze": (13, ("axes",)), "ReduceSum": (13, ("axes",)), "Split": (13, ("split",)),
    "Slice": (10, ("starts", "ends", "axes", "steps")), "Clip": (11, ("min", "max")),
    "Pad": (11, ("pads", "value")), "TopK": (10, ("k",)),
    **{f"Reduce{k}": (18, ("axes",)) for k in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "SumSquare")},
}  # fmt: skip
"""The opset from which attributes of an operator are operands, and their order after the first operand."""

IN_KIND = frozenset({"min", "max", "value"})
"""Operands with the dtype of the first operand; the others are int64."""


def in_opset_form(
    nodes: Iterable[NodeProto], opset: int, dtype: npt.DTypeLike | None
) -> tuple[list[NodeProto], dict[str, npt.NDArray[Any]]]:
    """Return the nodes in the opset's form, and the constants this needs; `dtype` is that of the operands of Clip and Pad."""
    made: list[NodeProto] = []
    operands: dict[str, npt.NDArray[Any]] = {}
    for node in nodes:
        since, names = OPERANDS.get(node.op_type, (0, ()))
        given = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type == "Split" and opset >= 18 and "split" not in given and len(node.input) == 1:
            given["num_outputs"] = len(node.output)
        elif not names or opset < since or not any(name in given for name in names):
            made.append(node)
            continue
        inputs = list(node.input)
        for position, name in enumerate(names, 1):
            if name in given:
                array = np.asarray(given.pop(name), dtype if name in IN_KIND else np.int64)
                inputs += [""] * (position + 1 - len(inputs))
                inputs[position] = f"{name}_of_{len(operands)}"  # `max_3` may be the result of a Max
                operands[inputs[position]] = array.reshape(-1) if node.op_type == "TopK" else array
        made.append(helper.make_node(node.op_type, inputs, list(node.output), domain=node.domain, **given))
    return made, operands

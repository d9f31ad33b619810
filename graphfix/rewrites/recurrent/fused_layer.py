"""A recurrent layer about to be written in the place of its steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, helper

from graphfix.rewrites.recurrent.cell_matcher import Cell
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.opset_forms import in_opset_form

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """W, R and B of one direction, the input of each step as [N, I], and the states it starts with, None for zeros."""

    weights: tuple[Array, Array, Array]
    inputs: list[Any]
    state: Any
    cell: Any

    def write(self, surgery: GraphEditor, graph: Any, chain: list[Cell]) -> None:
        """Put the layer where the last step stood, and let it make every state that a step made."""
        first, last = chain[0], chain[-1]
        bound = {f"x{t}": tensor for t, tensor in enumerate(self.inputs)}
        made = {f"h{t}": cell.state for t, cell in enumerate(chain)}
        nodes = self._input(surgery, bound)
        starts = []
        for name, tensor in (("h", self.state), ("c", self.cell)):
            if tensor is not None:
                bound[name] = tensor
                nodes.append(helper.make_node("Unsqueeze", [name], [f"start_{name}"], axes=[0]))
            starts.append(f"start_{name}" if tensor is not None else "")
        operands = ["x", "w", "r", "b", "", *(starts if first.op == "LSTM" else starts[:1])]
        while not operands[-1]:
            operands.pop()
        outputs = ["y", "last", *(["carried"] if first.op == "LSTM" else [])]
        nodes.append(helper.make_node(first.op, operands, outputs, **self._attributes(first)))
        nodes.append(helper.make_node("Squeeze", ["y"], ["steps"], axes=[1]))
        if last.cell is not None:
            made["c"] = last.cell
            last.cell.inputs[0].outputs.clear()
            nodes.append(helper.make_node("Squeeze", ["carried"], ["c"], axes=[0]))
        constants = {name: array[None] for name, array in zip("wrb", self.weights, strict=True)}
        stack = _stacked(chain)
        if stack is not None:
            made["stack"] = stack.outputs[0]
            order = [1, 0, 2] if stack.attrs["axis"] in (1, -2) else [0, 1, 2]
            nodes.append(helper.make_node("Transpose", ["steps"], ["stack"], perm=order))
            stack.outputs.clear()
            stack.inputs.clear()
        for t in range(len(chain)):
            constants[f"n{t}"] = np.asarray(t, np.int64)
            nodes.append(helper.make_node("Gather", ["steps", f"n{t}"], [f"h{t}"], axis=0))
        place = last.state.inputs[0]
        for cell in chain:
            cell.state.inputs[0].outputs.clear()
        written, more = in_opset_form(nodes, surgery.opset, None)
        surgery.replace(graph, place, written, bound, made, {**constants, **more})

    def _input(self, surgery: GraphEditor, bound: dict[str, Any]) -> list[NodeProto]:
        """The inputs of all steps as [T, N, I]: what they were picked from, or side by side."""
        makers = [tensor.inputs[0] if tensor.inputs else None for tensor in self.inputs]
        whole = makers[0].inputs[0] if makers[0] is not None and makers[0].op == "Gather" else None
        value = surgery.value(whole) if whole is not None else None
        if whole is not None and value is not None and value.rank == 3 and makers[0] is not None:
            axis = makers[0].attrs.get("axis", 0) % 3
            picks = [surgery.known(m.inputs[1]) if m is not None and m.op == "Gather" and m.inputs[0] is whole
                     and m.attrs.get("axis", 0) % 3 == axis else None for m in makers]  # fmt: skip
            inorder = all(pick is not None and pick.ndim == 0 and pick == t for t, pick in enumerate(picks))
            if axis < 2 and inorder and value.shape is not None and value.shape[axis] == len(picks):
                bound["whole"] = whole
                return [helper.make_node("Transpose", ["whole"], ["x"], perm=[1, 0, 2] if axis else [0, 1, 2])]
        lifted = [helper.make_node("Unsqueeze", [f"x{t}"], [f"l{t}"], axes=[0]) for t in range(len(makers))]
        return [*lifted, helper.make_node("Concat", [f"l{t}" for t in range(len(makers))], ["x"], axis=0)]

    def _attributes(self, cell: Cell) -> dict[str, Any]:
        found: dict[str, Any] = {"hidden_size": int(self.weights[1].shape[1]), "activations": [act[0] for act in cell.acts]}
        alphas = [act[1][0] for act in cell.acts if act[1]]
        betas = [act[1][1] for act in cell.acts if len(act[1]) > 1]
        found |= {"activation_alpha": alphas} if alphas else {}
        found |= {"activation_beta": betas} if betas else {}
        return found | ({"linear_before_reset": 1} if cell.line is not None else {})


def _stacked(chain: list[Cell]) -> Any:
    """The Concat along a new first or second axis that joins every state, in order; None without one."""
    lifted = next((reader for reader in chain[0].state.outputs if reader.op == "Unsqueeze"), None)
    stack = next((reader for reader in lifted.outputs[0].outputs if reader.op == "Concat"), None) if lifted else None
    if stack is None or len(stack.inputs) != len(chain) or stack.attrs["axis"] not in (0, 1, -2, -3):
        return None
    for part, cell in zip(stack.inputs, chain, strict=True):
        maker = part.inputs[0] if part.inputs else None
        if maker is None or maker.op != "Unsqueeze" or maker.inputs[0] is not cell.state:
            return None
        axes = maker.attrs.get("axes") if len(maker.inputs) < 2 else getattr(maker.inputs[1], "values", None)
        if axes is None or [int(axis) % 3 for axis in axes] != [stack.attrs["axis"] % 3]:
            return None
    return stack

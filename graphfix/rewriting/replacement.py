"""Replacements built in Python, for rewrites whose nodes depend on shapes, attributes and numbers of operands."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, helper, numpy_helper

from graphfix.analysis.values import Value
from graphfix.ir.dtypes import CODES
from graphfix.rewriting.builder import Pool
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.opset_forms import in_opset_form
from graphfix.rewriting.rewrite import Declined

Array = npt.NDArray[Any]


class ReplacementBuilder:
    """The nodes and constants that will replace one node; values have names, the operands `in0`, `in1` and so on."""

    def __init__(self, surgery: GraphEditor, node: Any) -> None:
        self.surgery, self.node = surgery, node
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, Array] = {}
        self._pool: Pool[str] = Pool()
        self.inputs = [f"in{i}" if tensor.name else "" for i, tensor in enumerate(node.inputs)]
        self._given: dict[str, str] = {}

    def has(self, index: int) -> bool:
        """Whether the node has this operand."""
        return index < len(self.inputs) and bool(self.inputs[index])

    def wants(self, index: int) -> bool:
        """Whether this output of the node is used."""
        made = self.node.outputs[index] if index < len(self.node.outputs) else None
        if made is None or not made.name:
            return False
        return bool(made.outputs) or self.gives_out(index)

    def gives_out(self, index: int) -> bool:
        """Whether this output of the node is one of a graph."""
        made = self.node.outputs[index]
        return any(made is output for graph in self.surgery.graphs() for output in graph.outputs)

    def attribute(self, name: str, default: Any = None) -> Any:
        """Return an attribute of the node."""
        return self.node.attrs.get(name, default)

    def value(self, index: int) -> Value | None:
        """Return the facts about an operand."""
        return self.surgery.value(self.node.inputs[index]) if self.has(index) else None

    def known(self, index: int) -> Array | None:
        """Return an operand's value if it is a constant or folds to one; else None."""
        return self.surgery.known(self.node.inputs[index]) if self.has(index) else None

    def shape(self, index: int = 0) -> tuple[int | str | None, ...] | None:
        """Return an operand's dims; None when its rank is unknown."""
        value = self.value(index)
        return None if value is None else value.shape

    def fixed(self, index: int = 0) -> tuple[int, ...] | None:
        """Return an operand's dims if all of them are fixed; else None."""
        dims = self.shape(index)
        return None if dims is None or not all(isinstance(d, int) for d in dims) else tuple(int(d) for d in dims)  # type: ignore[arg-type]

    def dtype(self, index: int = 0) -> str:
        """Return an operand's dtype; empty when unknown."""
        value = self.value(index)
        return "" if value is None else value.dtype

    def op(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output, and return the output's name."""
        return self.ops(op, 1, *inputs, **attributes)[0]

    def ops(self, op: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node with several outputs, and return their names."""
        outputs = [f"{op.lower()}_{len(self.nodes)}" + (f"_{i}" if count > 1 else "") for i in range(count)]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, **attributes))
        return outputs

    def constant(self, array: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """Return the name of a constant with this content, int64 by default; equal constants share one."""
        made = np.asarray(array, dtype)
        name = self._pool.get(made, lambda: f"constant_{len(self.constants)}")
        self.constants[name] = made
        return name

    def number(self, number: npt.ArrayLike, index: int = 0) -> str:
        """Return a constant in the dtype of an operand; raises _Untyped if that is unknown."""
        dtype = self.surgery.dtype(self.node.inputs[index])
        if dtype is None:
            raise _Untyped(self.node.inputs[index].name)
        return self.constant(number, dtype)

    def cast(self, name: str, dtype: str) -> str:
        """Return the value cast to another dtype, given by numpy's name."""
        return self.op("Cast", name, to=CODES[dtype])

    def reshape(self, name: str, dims: Sequence[int]) -> str:
        """Return the value reshaped, with 0 for a dim that stays and -1 for the remaining elements."""
        return self.op("Reshape", name, self.constant(np.asarray(dims, np.int64)))

    def shaped_like(self, name: str, index: int = 0) -> str:
        """Return the value reshaped to an operand's dims; both have the same number of elements."""
        dims = self.shape(index)
        free = 0 if dims is None else sum(not isinstance(dim, int) for dim in dims)
        if dims is None or free > 1 or 0 in dims:
            return self.op("Reshape", name, self.op("Shape", self.inputs[index]))
        return self.reshape(name, [dim if isinstance(dim, int) else -1 for dim in dims])

    def column(self, index: int, ones: int) -> str:
        """Return a vector operand with `ones` dims of 1 appended, to broadcast along a middle axis."""
        array = self.known(index)
        if array is not None:
            return self.constant(array.reshape([-1] + [1] * ones), array.dtype)
        return self.op("Unsqueeze", self.inputs[index], axes=list(range(1, ones + 1))) if ones > 0 else self.inputs[index]

    def standing(self, name: str, axes: Sequence[int]) -> str:
        """Return the value with dims of 1 inserted at these axes of the result; a constant is reshaped without a node."""
        array = self.constants.get(name)
        if array is not None:
            return self.constant(np.expand_dims(array, tuple(axes)), array.dtype)
        return self.op("Unsqueeze", name, axes=list(axes)) if axes else name

    def transpose(self, name: str, order: Sequence[int]) -> str:
        """Return the value with its axes permuted; no node is added for the identity order."""
        return name if list(order) == list(range(len(order))) else self.op("Transpose", name, perm=list(order))

    def places(self, length: int | str, dtype: str = "int64") -> str:
        """Return the indices 0, 1, 2, ... below `length`, which is a number or a scalar int64 value."""
        if isinstance(length, int):
            return self.constant(np.arange(length), np.dtype(dtype))
        counted = self.op("Range", self.constant(0), length, self.constant(1))
        return counted if dtype == "int64" else self.cast(counted, dtype)

    def size(self, axis: int, index: int = 0) -> int | str:
        """Return an operand's size along an axis: a number, or a scalar int64 value where it is not fixed."""
        dim = (self.shape(index) or {axis: None})[axis]
        if isinstance(dim, int):
            return dim
        return self.op("Gather", self.op("Shape", self.inputs[index]), self.constant(axis), axis=0)

    def scalar(self, length: int | str) -> str:
        """Return a length, which is a number or a scalar int64 value, as a value."""
        return self.constant(length) if isinstance(length, int) else length

    def give(self, name: str, index: int = 0) -> None:
        """Make a value the node's output."""
        if index >= len(self.node.outputs) or not self.node.outputs[index].name:
            return
        maker = next((node for node in self.nodes if name in node.output), None)
        if maker is None or name in self._given:
            self.nodes.append(helper.make_node("Identity", [name], [f"out{index}"]))
            return
        self._given[name] = f"out{index}"

    def fold(self, array: npt.ArrayLike, index: int = 0) -> None:
        """Make a constant the node's output."""
        self.nodes.append(helper.make_node("Constant", [], [f"out{index}"], value=numpy_helper.from_array(np.asarray(array))))

    def finish(self) -> tuple[list[NodeProto], Mapping[str, Array]]:
        """Return the nodes and constants, in the form of the model's opset."""
        for node in self.nodes:
            for names in (node.input, node.output):
                for position, name in enumerate(names):
                    names[position] = self._given.get(name, name)
        dtype = self.surgery.dtype(self.node.inputs[0]) if self.node.inputs else None
        nodes, operands = in_opset_form(self.nodes, self.surgery.opset, dtype)
        read = {name for node in nodes for name in node.input}
        return nodes, {name: array for name, array in {**self.constants, **operands}.items() if name in read}


class _Untyped(Exception):
    """Raised for a constant in the dtype of an operand whose dtype is unknown; the text is the operand's name."""


class BuiltRewrite(NodeRewrite):
    """A rewrite of one node at a time, built in Python."""

    @abstractmethod
    def draw(self, draft: ReplacementBuilder) -> str | None:
        """Build the node's outputs, or return the reason why the node stays."""

    def compose(self, node: Any, surgery: GraphEditor) -> tuple[list[NodeProto], Mapping[str, Array]] | Declined:
        draft = ReplacementBuilder(surgery, node)
        try:
            reason = self.draw(draft)
        except _Untyped as untyped:
            reason = f"the dtype of `{untyped}` is unknown"
        if reason is not None:
            return Declined(reason, at=surgery.label(surgery.key(node)))
        return draft.finish()

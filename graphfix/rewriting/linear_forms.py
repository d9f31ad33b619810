"""Linear forms: a tensor written as a sum of other tensors times constant matrices, plus a constant row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class LinearForm:
    """A linear form: the sum of leaf @ matrix over `terms` (by the leaf's identity) plus `bias`, all with `bias`'s width."""

    terms: Mapping[int, tuple[Any, Array]]
    bias: Array

    def columns(self, start: int, end: int) -> LinearForm:
        """Return the linear form of the columns from `start` up to `end`."""
        cut = {key: (leaf, matrix[:, start:end]) for key, (leaf, matrix) in self.terms.items()}
        return LinearForm(cut, self.bias[start:end])

    def plus(self, other: LinearForm) -> LinearForm:
        """Return the sum of two linear forms of the same width."""
        terms = dict(self.terms)
        for key, (leaf, matrix) in other.terms.items():
            terms[key] = (leaf, terms[key][1] + matrix) if key in terms else (leaf, matrix)
        return LinearForm(terms, self.bias + other.bias)


@dataclass(slots=True)
class LinearForms:
    """The linear forms of a graph's tensors, each computed once."""

    surgery: GraphEditor
    _found: dict[int, LinearForm | None] = field(default_factory=dict)

    def of(self, tensor: Any) -> LinearForm | None:
        """Return the linear form of a tensor of rank 2; None if it is not computed by linear operators with constants."""
        if id(tensor) not in self._found:
            self._found[id(tensor)] = None
            self._found[id(tensor)] = self._work_out(tensor)
        return self._found[id(tensor)]

    def _work_out(self, tensor: Any) -> LinearForm | None:
        known = self.surgery.known(tensor)
        if known is not None:
            rows = known.reshape(-1, known.shape[-1]) if known.ndim and known.size else None
            same = rows is not None and known.dtype.kind == "f" and (rows == rows[0]).all()
            return LinearForm({}, rows[0]) if same and rows is not None else None
        if not tensor.inputs or not is_standard(tensor.inputs[0]):
            return None
        node = tensor.inputs[0]
        if node.op in ("Gemm", "MatMul"):
            return self._product(node)
        if node.op == "Add":
            one, other = (self.of(operand) for operand in node.inputs)
            return one.plus(other) if one is not None and other is not None and one.bias.shape == other.bias.shape else None
        if node.op == "Split":
            return self._piece(node, tensor)
        if node.op == "Slice":
            return self._cut(node)
        return self.of(node.inputs[0]) if node.op == "Identity" else None

    def _product(self, node: Any) -> LinearForm | None:
        matrix = self.surgery.known(node.inputs[1])
        if matrix is None or matrix.ndim != 2 or node.attrs.get("transA", 0):
            return None
        matrix = (matrix.T if node.attrs.get("transB", 0) else matrix) * np.asarray(node.attrs.get("alpha", 1.0), matrix.dtype)
        line = self._applied(node.inputs[0], matrix)
        if line is None or len(node.inputs) < 3 or not node.inputs[2].name:
            return line
        bias = self.of(node.inputs[2])
        beta = np.asarray(node.attrs.get("beta", 1.0), matrix.dtype)
        return (
            None
            if bias is None or bias.terms or bias.bias.shape != line.bias.shape
            else line.plus(LinearForm({}, bias.bias * beta))
        )

    def _applied(self, tensor: Any, matrix: Array) -> LinearForm | None:
        """Return the form of tensor @ matrix: constants and the operands of a Concat are multiplied, others are leaves."""
        zero = np.zeros(matrix.shape[1], matrix.dtype)
        known = self.surgery.known(tensor)
        if known is not None and not known.any():
            return LinearForm({}, zero)
        if tensor.inputs and tensor.inputs[0].op == "Concat":
            joined = tensor.inputs[0]
            widths = [self._width(operand) for operand in joined.inputs]
            value = self.surgery.value(tensor)
            last = value is not None and value.rank is not None and joined.attrs.get("axis") in (-1, value.rank - 1)
            if last and sum(widths) == matrix.shape[0] and all(widths):
                line, start = LinearForm({}, zero), 0
                for operand, width in zip(joined.inputs, widths, strict=True):
                    part = self._applied(operand, matrix[start : start + width])
                    if part is None:
                        return None
                    line, start = line.plus(part), start + width
                return line
        return LinearForm({id(tensor): (tensor, matrix)}, zero)

    def _width(self, tensor: Any) -> int:
        value = self.surgery.value(tensor)
        last = None if value is None or not value.shape else value.shape[-1]
        return last if isinstance(last, int) else 0

    def _piece(self, node: Any, tensor: Any) -> LinearForm | None:
        whole = self.of(node.inputs[0])
        if whole is None or not self._is_last(node, node.attrs.get("axis", 0)):
            return None
        given = self.surgery.known(node.inputs[1]) if len(node.inputs) > 1 and node.inputs[1].name else None
        count, width = len(node.outputs), whole.bias.size
        equal = [min(-(-width // count), width - i * -(-width // count)) for i in range(count)]
        sizes = [int(size) for size in (given if given is not None else node.attrs.get("split") or equal)]
        place = next(i for i, made in enumerate(node.outputs) if made is tensor)
        return whole.columns(sum(sizes[:place]), sum(sizes[: place + 1]))

    def _cut(self, node: Any) -> LinearForm | None:
        whole = self.of(node.inputs[0])
        if whole is None or len(node.inputs) < 4:
            return None
        numbers = [self.surgery.known(operand) for operand in node.inputs[1:] if operand.name]
        if any(number is None or number.size != 1 for number in numbers):
            return None
        start, end, axis, *step = (int(number.reshape(())) for number in numbers if number is not None)
        if step not in ([], [1]) or not self._is_last(node, axis):
            return None
        span = range(whole.bias.size)[start:end]
        return whole.columns(span.start, span.stop)

    def _is_last(self, node: Any, axis: int) -> bool:
        value = self.surgery.value(node.inputs[0])
        return axis == -1 or (value is not None and value.rank is not None and axis == value.rank - 1)

"""Conflicts between operands when every dynamic dim is 1, the size with which some runtimes load a model.

A runtime that plans memory before it has an input uses 1 for every dynamic dim and checks its operators with that: a Reshape
of `[N, 4]` to `[3, 4]` runs for N = 3 but is rejected on loading. Sizes that depend on data are not checked on loading; they are
unknown here and cause no conflict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dim_names import is_fresh, is_untold
from graphfix.analysis.dims import DimExpr
from graphfix.analysis.operand_constraints import OPERAND_LAWS, Operands, Unit
from graphfix.analysis.patterns.structural_pattern import StructuralPattern
from graphfix.analysis.symbolic_shapes import counted, sizes_of
from graphfix.analysis.values import Dim, Value, is_unclear
from graphfix.ir.operator_set import is_standard

LAWS = {op: law for op, law in OPERAND_LAWS.items() if op != "Squeeze"}
"""Operators whose operands are checked against ONNX's constraints; the size of an omitted axis is not checked."""
PRODUCTS = ("MatMul", "Gemm")


def conflicts_at_one(node: NodeProto, inputs: Sequence[Value | None], extents: Mapping[str, DimExpr]) -> bool | None:
    """Return whether operands with dynamic dims contradict the operator when those are 1.

    `extents` gives the sizes of dims computed by windows. None for a product with an operand of unknown rank, which may
    contradict the other operand for any size.
    """
    op = node.op_type if is_standard(node) else ""
    if op not in LAWS:
        return False
    if op in PRODUCTS and inputs and inputs[0] is not None and inputs[0].shape is None:
        return None
    if not any(value is not None and value.shape is not None and not value.fixed for value in inputs):
        return False
    if op == "Reshape" and _is_targeted_in_a_run(node, inputs):
        return False
    shapes = [None if value is None or value.shape is None else unit_shape(value.shape, extents) for value in inputs]
    if shapes[0] is None:
        return False
    found = LAWS[op](Operands(node, inputs, shapes, lambda dim: unit(dim, extents)))
    return any(word != "rank" for word in found)


def _is_targeted_in_a_run(node: NodeProto, inputs: Sequence[Value | None]) -> bool:
    """Return whether the target of a Reshape becomes known in a run only, so that nothing is checked before.

    That is one which copies a dynamic dim, or has more dynamic sizes than the one for which simplifiers write -1.
    """
    data, target = inputs[0], inputs[1] if len(inputs) > 1 else None
    sizes = sizes_of(target) if target is not None else attribute(node, "shape")
    if data is None or data.shape is None or sizes is None:
        return False
    if not attribute(node, "allowzero", 0):
        copied = [data.shape[at] for at, size in enumerate(sizes) if size == 0 and at < len(data.shape)]
        if not all(isinstance(dim, int) for dim in copied):
            return True
    unknown = [size for size in sizes if not isinstance(size, int)]
    return bool(unknown) and (len(unknown) + sizes.count(-1) > 1 or (target is not None and target.source == "cast-shape"))


def unit_shape(shape: Sequence[Dim], extents: Mapping[str, DimExpr]) -> Unit:
    """Return the shape for inputs of which every dynamic dim is 1."""
    return tuple([dim if isinstance(dim, int) else unit(dim, extents) for dim in shape])


def unit(dim: Dim, extents: Mapping[str, DimExpr]) -> int | None:
    """Return the size of a dim for inputs of which every dynamic dim is 1; None where it is unknown."""
    if isinstance(dim, int):
        return dim
    if dim is None or is_unclear(dim):
        return None
    number, names = counted((dim,))
    for name in names:
        extent = extents.get(name)
        if is_untold(name) or (extent is None and is_fresh(name)):
            return None
        if extent is not None and extent.name != name:
            base = {one: size for one in extent.symbols if (size := unit(one, extents)) is not None}
            size = extent.substitute(base).number
            if size is None:
                return None
            number *= size
    return number


PATTERN = StructuralPattern(
    frozenset(LAWS),
    {"clashes": False},
    judge=lambda node, inputs, extents: {"clashes": conflicts_at_one(node, inputs, extents)},
    kind="dynamic",
    loading=True,
)

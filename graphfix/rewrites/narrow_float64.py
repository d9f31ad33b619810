"""f(x) ~ Cast<double>(f(Cast<float>(x))): what is computed in float64 computed in float32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import onnx
from onnx import TensorProto

from graphfix.rewrite import Case, Cure, Declined, GraphRewrite, Key, Safety
from graphfix.surgeon import Surgery

DOUBLE, FLOAT = int(TensorProto.DOUBLE), int(TensorProto.FLOAT)


class NarrowFloat64(GraphRewrite):
    """Compute a float64 operator in float32, and cast its result back.

    Why: accelerators have no float64; models have it mostly by accident of a framework's default. The result keeps
    about seven digits.
    """

    name = "narrow-float64"
    safety = Safety.APPROXIMATE
    needs_opset = 6
    rtol = 1e-4
    atol = 1e-5
    cures = (Cure("*", kinds=("dtype",)),)
    before = "y = Exp(x)"
    after = """narrow = Cast<to = 1>(x)
               made = Exp(narrow)
               y = Cast<to = 11>(made)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (double[N, 3] x) => (double[N, 3] y) {
                 h = Softmax(x)
                 y = Exp(h) }""",
            ops=("Cast", "Softmax", "Exp", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int64[2] i) => (double[2] y) <double[4] t = {0.1, 0.2, 0.3, 0.4}> {
                 y = Gather(t, i) }""",
            ops=("Gather", "Cast"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Exp(x) }"""),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (double[3] y) { y = Cast<to = 11>(x) }"""),
    )

    def edit(self, surgery: Surgery, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        narrowed: dict[int, Any] = {}
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                key = surgery.key(node)
                if (wanted is None or key in wanted) and _fits(surgery, node):
                    _narrow(surgery, graph, node, narrowed)
                    yield key


def _fits(surgery: Surgery, node: Any) -> bool:
    """Whether the node reads float64 and its operator is free to read float32 instead."""
    if node.domain not in (None, "", "ai.onnx") or node.op == "Cast" or not onnx.defs.has(node.op):
        return False
    if any(isinstance(value, surgery.gs.Graph) for value in node.attrs.values()) or "dtype" in node.attrs:
        return False
    schema = onnx.defs.get_schema(node.op, surgery.opset, "")
    both = {"tensor(float)", "tensor(double)"}
    free = {c.type_param_str for c in schema.type_constraints if both <= set(c.allowed_type_strs)}
    doubles = [i for i, tensor in enumerate(node.inputs) if _is_double(surgery, tensor)]
    formal = [schema.inputs[min(i, len(schema.inputs) - 1)].type_str for i in doubles]
    return bool(doubles) and all(name in free for name in formal)


def _is_double(surgery: Surgery, tensor: Any) -> bool:
    value = surgery.value(tensor) if tensor.name else None
    return value is not None and value.dtype == "float64"


def _narrow(surgery: Surgery, graph: Any, node: Any, narrowed: dict[int, Any]) -> None:
    """Give the node float32 operands; `narrowed` maps a float64 tensor to the float32 one it was cast from or to."""
    origin = surgery.label(surgery.key(node))
    before, after = [], []
    results = [tensor for tensor in node.outputs if _is_double(surgery, tensor)]
    for place, tensor in enumerate(list(node.inputs)):
        if not _is_double(surgery, tensor):
            continue
        if id(tensor) not in narrowed and isinstance(tensor, surgery.gs.Constant):
            narrowed[id(tensor)] = surgery.constant(f"{tensor.name}/narrow", np.asarray(tensor.values, np.float32))
        elif id(tensor) not in narrowed:
            narrow = surgery.gs.Variable(surgery.fresh(f"{origin}/narrow"))
            before.append(surgery.node("Cast", [tensor], [narrow], {"to": FLOAT}, origin))
            narrowed[id(tensor)] = narrow
        node.inputs[place] = narrowed[id(tensor)]
    for place, tensor in enumerate(list(node.outputs)):
        if any(tensor is result for result in results):
            narrow = surgery.gs.Variable(surgery.fresh(f"{origin}/made"))
            node.outputs[place] = narrow
            after.append(surgery.node("Cast", [narrow], [tensor], {"to": DOUBLE}, origin))
            narrowed[id(tensor)] = narrow
    at = next(i for i, other in enumerate(graph.nodes) if other is node)
    graph.nodes[at : at + 1] = [*before, node, *after]

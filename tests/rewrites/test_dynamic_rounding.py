"""The reductions over a whole tensor that stand for quantising while running."""

from __future__ import annotations

import pytest
from onnx import parser

from graphfix.rewriting.registry import registry

TEXT = """<ir_version: 8, opset_import: ["" : OPSET]> g (DIMS x) => (float[1, 3, 2] y)
   <int8[4, 2] w = {1, 2, 3, 4, 5, -25, 7, 8}, float ws = {0.01}> {
     t = Transpose<perm = [0, 2, 1]>(x)
     q, s, z = DynamicQuantizeLinear(t)
     m = MatMulInteger(q, w, z)
     f = Cast<to = 1>(m)
     k = Mul(s, ws)
     y = Mul(f, k) }"""


@pytest.mark.parametrize(
    ("opset", "dims", "named"), [("17", "float[1, 4, 3]", 2), ("18", "float[N, 4, T]", 2), ("17", "float", 0)]
)
def test_reductions_over_everything_name_the_axes_where_the_rank_is_known(opset: str, dims: str, named: int) -> None:
    model = parser.parse_model(TEXT.replace("OPSET", opset).replace("DIMS", dims))
    after = registry()["simulate-dynamic"].apply(model).model
    assert after is not None
    reductions = [node for node in after.graph.node if node.op_type.startswith("Reduce")]
    axes = [node for node in reductions if len(node.input) > 1 or any(item.name == "axes" for item in node.attribute)]
    assert (len(reductions), len(axes)) == (2, named)

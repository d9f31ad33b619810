"""MACs: counted from inferred shapes, for the layers that multiply, and not guessed where a dim is not known."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper

from graphfix.analysis.facts import Facts
from graphfix.analysis.macs import macs
from graphfix.analysis.model_size import ModelSize


def model(body: str, inputs: str, weights: dict[str, tuple[int, ...]] | None = None, opset: int = 17) -> ModelProto:
    """A model whose weights are zeros of these shapes; the output's shape is left to inference."""
    text = f'<ir_version: 8, opset_import: ["" : {opset}]> g ({inputs}) => (y) {{ {body} }}'
    made = onnx.parser.parse_model(text)
    for name, dims in (weights or {}).items():
        made.graph.initializer.append(
            helper.make_tensor(name, TensorProto.FLOAT, dims, np.zeros(dims, np.float32).tobytes(), raw=True)
        )
    return made


CASES = {
    "conv": (model("y = Conv(x, w)", "float[2,3,10,10] x", {"w": (8, 3, 3, 3)}), 2 * 8 * 8 * 8 * 3 * 3 * 3),
    "grouped conv": (model("y = Conv<group = 4>(x, w)", "float[1,4,10] x", {"w": (8, 1, 3)}), 8 * 8 * 3),
    "transposed conv": (model("y = ConvTranspose<strides = [2, 2]>(x, w)", "float[1,3,5,5] x", {"w": (3, 8, 2, 2)}), 75 * 8 * 4),
    "matmul": (model("y = MatMul(x, w)", "float[5,2,3] x", {"w": (3, 7)}), 5 * 2 * 3 * 7),
    "matmul with a vector": (model("y = MatMul(x, w)", "float[5,3] x", {"w": (3,)}), 15),
    "gemm": (model("y = Gemm<transA = 1, transB = 1>(x, w)", "float[3,5] x", {"w": (7, 3)}), 5 * 3 * 7),
    "lstm": (
        model("y = LSTM<hidden_size = 6>(x, w, r)", "float[9,2,4] x", {"w": (1, 24, 4), "r": (1, 24, 6)}),
        9 * 2 * (24 * 4 + 24 * 6),
    ),
    "bidirectional gru": (
        model('y = GRU<hidden_size = 5, direction = "bidirectional">(x, w, r)', "float[9,2,4] x",
              {"w": (2, 15, 4), "r": (2, 15, 5)}),
        9 * 2 * (2 * 15 * 4 + 2 * 15 * 5),
    ),
    "einsum": (model('y = Einsum<equation = "bij,bjk->bik">(x, z)', "float[2,3,4] x, float[2,4,5] z"), 2 * 3 * 4 * 5),
    "attention": (
        model("y = Attention(x, k, v)", "float[1,2,3,8] x, float[1,2,5,8] k, float[1,2,5,6] v", opset=23), 2 * 3 * 5 * (8 + 6)
    ),
    "elementwise": (model("a = Relu(x) y = Add(a, x)", "float[2,3] x"), 0),
    "two layers": (model("a = MatMul(x, w) y = MatMul(a, v)", "float[2,3] x", {"w": (3, 4), "v": (4, 5)}), 2 * 3 * 4 + 2 * 4 * 5),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_layers_are_counted_from_their_shapes(name: str) -> None:
    given, expected = CASES[name]
    assert macs(Facts.of(given)) == expected


def test_a_dynamic_dim_or_a_layer_in_a_branch_cannot_be_counted() -> None:
    assert macs(Facts.of(model("y = MatMul(x, w)", "float[N,3] x", {"w": (3, 7)}))) is None
    branches = "then_branch = t () => (float[2,2] a) { a = MatMul(x, x) }, else_branch = e () => (float[2,2] b) { b = Relu(x) }"
    assert macs(Facts.of(model(f"y = If(c) <{branches}>", "float[2,2] x, bool c"))) is None
    other = "then_branch = t () => (float[2,2] a) { a = Abs(x) }, else_branch = e () => (float[2,2] b) { b = Relu(x) }"
    assert macs(Facts.of(model(f"y = If(c) <{other}>", "float[2,2] x, bool c"))) == 0


def test_a_model_is_measured_at_sizes_where_its_dims_are_dynamic() -> None:
    given = model("h = MatMul(x, w) y = Relu(h)", "float[N,3] x", {"w": (3, 7)})
    size = ModelSize.of(given, {"x": (4, 3)})
    assert (size.nodes, dict(size.operators), size.parameter_bytes) == (2, {"MatMul": 1, "Relu": 1}, 84)
    assert (size.macs, size.macs_at) == (84, {"x": (4, 3)})
    assert ModelSize.of(given).macs is None
    assert ModelSize.of(given, {"z": (4, 3), "x": (1, 4, 3)}).macs is None
    static = model("y = MatMul(x, w)", "float[2,3] x", {"w": (3, 7)})
    assert ModelSize.of(static, {"x": (2, 3)}).macs_at is None
    assert ModelSize.of(static).in_file(99).to_json()["file_bytes"] == 99

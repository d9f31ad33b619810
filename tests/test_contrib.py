"""Shapes behind onnxruntime's own operators, which onnx infers nothing for."""

from __future__ import annotations

import onnx
import pytest

from graphfix.analysis.facts import Facts

HEAD = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
          g (float16[N, 3, 4] x, float16[4] s, float16[4, 12] w, float16[12] b, float[2, 8, 5, 5] image, float[6, 8, 3, 3] k,
             int32[N, 7] ids, float[99, 16] words) => (y)"""

BYTES = """q = Cast<to = 2>(ids)  u = Constant<value = float {0.5}>()  z = Constant<value = uint8 {3}>()
           size = Constant<value = int64[2] {7, 9}>()  ones = ConstantOfShape(size)  k8 = Cast<to = 2>(ones)"""


@pytest.mark.parametrize(
    ("body", "dtype", "shape"),
    [
        ("m = com.microsoft.BiasGelu(x, s)  y = Relu(m)", "float16", ("N", 3, 4)),
        ("a, , , m = com.microsoft.SkipLayerNormalization(x, x, s)  y = Relu(m)", "float16", ("N", 3, 4)),
        ("m = com.microsoft.FusedMatMul<transB = 1>(x, x)  y = Relu(m)", "float16", ("N", 3, 3)),
        ("m = com.microsoft.FusedMatMul<transA = 1>(x, x)  y = Relu(m)", "float16", ("N", 4, 4)),
        ("m = com.microsoft.Attention<num_heads = 2>(x, w, b)  y = Relu(m)", "float16", ("N", 3, 4)),
        ("m = com.microsoft.FusedConv<pads = [1, 1, 1, 1]>(image, k)  y = Relu(m)", "float32", (2, 6, 5, 5)),
        ("m = com.microsoft.EmbedLayerNormalization(ids, ids, words)  y = Relu(m)", "float32", ("N", 7, 16)),
        ("m = com.microsoft.MatMulNBits<K = 4, N = 9, bits = 4, block_size = 16>(x, s, s)  y = Relu(m)", "float16", ("N", 3, 9)),
        (f"{BYTES} m = com.microsoft.QGemm(q, u, z, k8, u, z, , u, z)  y = Identity(m)", "uint8", ("N", 9)),
        (f"{BYTES} m = com.microsoft.QGemm<transB = 1>(q, u, z, q, u, z)  y = Relu(m)", "float32", ("N", "N")),
        (f"{BYTES} m = com.microsoft.QLinearSoftmax(q, u, z, u, z)  y = Identity(m)", "uint8", ("N", 7)),
        (
            f"{BYTES} c = Equal(q, z)  m = com.microsoft.QLinearWhere(c, q, u, z, q, u, z, u, z)  y = Identity(m)",
            "uint8",
            ("N", 7),
        ),
        ("m = com.microsoft.Unheard(x)  y = Relu(m)", "", None),
    ],
)
def test_what_follows_a_guest_has_dtype_and_shape(body: str, dtype: str, shape: tuple[int | str, ...] | None) -> None:
    model = onnx.parser.parse_model(f"{HEAD} {{ {body} }}")
    before = model.SerializeToString()
    value = Facts.of(model).value("y")
    assert model.SerializeToString() == before
    assert value is not None
    assert (value.dtype, value.shape) == (dtype, shape)


def test_a_long_chain_of_guests_is_inferred_at_once() -> None:
    lines = ["m0 = com.microsoft.Gelu(x)"]
    lines += [f"h{i} = Neg(m{i})  m{i + 1} = com.microsoft.SkipLayerNormalization(h{i}, m{i}, s)" for i in range(50)]
    model = onnx.parser.parse_model(f"{HEAD} {{ {'  '.join(lines)}  y = Relu(m50) }}")
    value = Facts.of(model).value("y")
    assert value is not None
    assert value.shape == ("N", 3, 4)

"""Layout transposes: which cancel, that what is computed stays the same, and what is told of those that remain."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import onnxruntime
import pytest

from graphfix.ir.layout_regions import inverse_permutation, permutation
from graphfix.lowering import transposes

IN, OUT = "Transpose<perm = [0, 3, 1, 2]>", "Transpose<perm = [0, 2, 3, 1]>"
CONV = (
    "float[4, 3, 1, 1] w = {1, 2, 3, -1, 2, 1, 0.5, 1, -2, 1, 1, 1}, "
    "float[4, 4, 1, 1] v = {1, 2, 0, 1, 1, -1, 2, 1, 0, 1, 1, 3, 1, 0, 0, 1}"
)
HEAD, TAIL = f"a = {IN}(x) b = Conv(a, w) c = {OUT}(b)", f"s = {IN}(r) y = Conv(s, v)"
IMAGE, MAP = "float[N, 5, 6, 3] x", "float[N, 4, 5, 6] y"


def model(nodes: str, *, weights: str = "", inputs: str = IMAGE, outputs: str = MAP) -> onnx.ModelProto:
    held = ", ".join(filter(None, (CONV, weights)))
    return onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 18]> g ({inputs}) => ({outputs}) <{held}> {{ {nodes} }}')


def run(made: onnx.ModelProto) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(made.SerializeToString(), options)
    draw = np.random.default_rng(0)
    feeds = {
        value.name: draw.normal(size=[size if isinstance(size, int) else 2 for size in value.shape]).astype(np.float32)
        for value in session.get_inputs()
    }
    return session.run(None, feeds)


def after(given: onnx.ModelProto) -> onnx.ModelProto:
    """The model with Transposes cancelled, which is lawful, takes and gives the same, and computes the same."""
    made = onnx.ModelProto()
    made.CopyFrom(given)
    before = transposes.count_transposes(made)
    assert transposes.cancel_transposes(made) == before - transposes.count_transposes(made)
    onnx.checker.check_model(made, full_check=True)
    assert list(made.graph.input) == list(given.graph.input)
    assert list(made.graph.output) == list(given.graph.output)
    for was, now in zip(run(given), run(made), strict=True):
        np.testing.assert_allclose(now, was, rtol=1e-5, atol=1e-5)
    return made


BETWEEN = {
    "nothing": ("r = Identity(c)", "", 1),
    "a chain": ("p = Relu(c) q = Sigmoid(p) r = Neg(q)", "", 1),
    "a scalar": ("r = Add(c, one)", "float one = {3}", 1),
    "a vector of one": ("r = Mul(c, one)", "float[1] one = {0.5}", 1),
    "one value for each channel": ("r = Add(c, k)", "float[4] k = {1, 2, 3, 4}", 1),
    "one value for each column": ("r = Mul(k, c)", "float[6, 1] k = {1, 2, 3, 4, 5, 6}", 1),
    "hard swish": ("p = Add(c, t) q = Clip(p, z, x6) u = Mul(q, d) r = Mul(c, u)",
                   "float t = {3}, float z = {0}, float x6 = {6}, float d = {0.1666}", 1),
    "squeeze and excitation": ("g = ReduceMean<keepdims = 1>(c, hw) e = Sigmoid(g) r = Mul(c, e)", "int64[2] hw = {1, 2}", 1),
    "negative axes": ("g = ReduceMax<keepdims = 1>(c, hw) r = Sub(c, g)", "int64[2] hw = {-3, -2}", 1),
    "a join": ("p = Relu(c) q = Concat<axis = 3>(c, p) h, i = Split<axis = 3, num_outputs = 2>(q) r = Add(h, i)", "", 3),
    "a sum of two convolutions": (f"b2 = Conv(a, w) c2 = {OUT}(b2) r = Add(c, c2)", "", 1),
    "a condition": ("p = Greater(c, one) n = Neg(c) r = Where(p, c, n)", "float one = {0.1}", 1),
    "a cast": ("p = Cast<to = 7>(c) r = Cast<to = 1>(p)", "", 1),
    "quantised": ("p = QuantizeLinear(c, s1, z1) r = DequantizeLinear(p, s1, z1)", "float s1 = {0.1}, int8 z1 = {0}", 1),
    "a scale for each channel": ("p = QuantizeLinear<axis = 3>(c, s1, z1) r = DequantizeLinear<axis = 3>(p, s1, z1)",
                                 "float[4] s1 = {0.1, 0.2, 0.3, 0.1}, int8[4] z1 = {0, 0, 0, 0}", 3),
    "softmax over channels": ("r = Softmax<axis = 3>(c)", "", 3),
    "another value of the same rank": ("m = Identity(x) n = ReduceSum<keepdims = 1>(m, ch) r = Add(c, n)",
                                       "int64[1] ch = {3}", 2),
}  # fmt: skip


@pytest.mark.parametrize(("between", "weights", "left"), BETWEEN.values(), ids=BETWEEN)
def test_transposes_on_both_sides_cancel(between: str, weights: str, left: int) -> None:
    made = after(model(f"{HEAD} {between} {TAIL}", weights=weights))
    assert transposes.count_transposes(made) == left
    assert made.graph.node[0].input[0] == "x"


@pytest.mark.parametrize("keeps", [0, 1])
def test_reduction_to_a_vector_takes_the_transpose_away(keeps: int) -> None:
    shape = "float[N, 1, 1, 4] y" if keeps else "float[N, 4] y"
    made = after(
        model(f"{HEAD} p = Relu(c) y = ReduceMean<keepdims = {keeps}>(p, hw)", weights="int64[2] hw = {1, 2}", outputs=shape)
    )
    assert transposes.count_transposes(made) == 1 + keeps


def test_reduction_that_leaves_dims_in_another_order_keeps_the_transpose() -> None:
    nodes = f"{HEAD} p = Relu(c) y = ReduceMean<keepdims = 0>(p, h)"
    assert transposes.count_transposes(after(model(nodes, weights="int64[1] h = {1}", outputs="float[N, 6, 4] y"))) == 2


def test_squeeze_takes_the_transpose_away() -> None:
    nodes = f"{HEAD} p = ReduceMean<keepdims = 1>(c, hw) y = Squeeze(p, hw)"
    assert transposes.count_transposes(after(model(nodes, weights="int64[2] hw = {1, 2}", outputs="float[N, 4] y"))) == 1


def test_value_that_is_an_output_keeps_its_layout_and_name() -> None:
    made = after(model(f"{HEAD} r = Relu(c) {TAIL}", outputs=f"{MAP}, float[N, 5, 6, 4] r"))
    assert transposes.count_transposes(made) == 2
    assert [value.name for value in made.graph.output] == ["y", "r"]


def test_shared_transpose_stays_for_its_other_readers() -> None:
    nodes = f"{HEAD} r = Relu(c) {TAIL} z = Softmax<axis = 1>(c)"
    assert transposes.count_transposes(after(model(nodes, outputs=f"{MAP}, float[N, 5, 6, 4] z"))) == 2


def test_body_that_reads_a_value_keeps_its_layout() -> None:
    nodes = f"""{HEAD} r = Relu(c) {TAIL}
        z = If(f) <then_branch = t () => (float[N, 5, 6, 4] i) {{ i = Neg(r) }},
                   else_branch = e () => (float[N, 5, 6, 4] j) {{ j = Identity(r) }}>"""
    made = model(nodes, weights="bool f = {1}", outputs=f"{MAP}, float[N, 5, 6, 4] z")
    assert transposes.count_transposes(after(made)) == 2


def test_model_without_any_is_left_as_it_is() -> None:
    given = model("y = Relu(x)", outputs="float[N, 5, 6, 3] y")
    made = onnx.ModelProto()
    made.CopyFrom(given)
    assert transposes.cancel_transposes(made) == 0
    assert made.graph.node == given.graph.node


def test_regions_drawn_at_random_compute_the_same() -> None:
    draw = np.random.default_rng(11)
    fewer = 0
    for _ in range(60):
        values, lines = ["c"], []
        for place in range(int(draw.integers(2, 9))):
            one, two = draw.choice(values, 2)
            lines.append(str(draw.choice([
                f"v{place} = Relu({one})", f"v{place} = Add({one}, {two})", f"v{place} = Mul({one}, k)",
                f"v{place} = Max({two}, t)",
                f"u{place} = {IN}({one}) w{place} = Conv(u{place}, v) v{place} = {OUT}(w{place})",
                f"u{place} = ReduceMean<keepdims = 1>({one}, hw) v{place} = Sub({two}, u{place})",
                f"v{place} = Softmax<axis = 2>({one})",
            ])))  # fmt: skip
            values.append(f"v{place}")
        outputs = f"{MAP}, float[N, 5, 6, 4] {draw.choice(values[1:])}"
        weights = "float[4] k = {1, 2, 3, 4}, float t = {0.5}, int64[2] hw = {1, 2}"
        given = model(f"{HEAD} {' '.join(lines)} r = Neg({values[-1]}) {TAIL}", weights=weights, outputs=outputs)
        made = after(given)
        fewer += transposes.count_transposes(given) - transposes.count_transposes(made)
    assert fewer > 60


def test_permutations() -> None:
    nodes = model(f"a = {IN}(x) b = Transpose(x) y = Conv(a, w)").graph.node
    assert [permutation(node) for node in nodes] == [(0, 3, 1, 2), None, None]
    assert inverse_permutation((0, 3, 1, 2)) == (0, 2, 3, 1)


def test_transposes_at_the_borders_are_told_with_the_option_that_takes_them_away() -> None:
    nodes = f"{HEAD} y = Relu(c)"
    said = transposes.border_transposes(model(f"{HEAD} y = Relu(b)"))
    cure = "accept it as NCHW with `graphfix fix --input-layout x=nchw`"
    assert said == [{"kind": "border-transpose", "text": "input `x` is transposed from NHWC to NCHW", "cure": cure}]
    made = model(nodes, outputs="float[N, 5, 6, 4] y")
    assert len(transposes.border_transposes(made)) == 1
    (_, last) = transposes.border_transposes(model(f"a = {IN}(x) b = Conv(a, w) y = {OUT}(b)", outputs="float[N, 5, 6, 4] y"))
    assert last["text"] == "output `y` is transposed from NCHW to NHWC"
    (odd,) = transposes.border_transposes(
        model("a = Transpose<perm = [3, 0, 1, 2]>(x) y = Relu(a)", outputs="float[3, N, 5, 6] y")
    )
    assert (odd["text"], odd["cure"]) == ("input `x` is transposed by [3, 0, 1, 2]", "")
    assert (
        transposes.border_transposes(model(f"a = {IN}(x) y = Conv(a, w) z = Relu(x)", outputs=f"{MAP}, float[N, 5, 6, 3] z"))
        == []
    )


@pytest.mark.framework
@pytest.mark.slow
def test_keras_network_is_left_with_the_one_at_its_input(tensorflow_here: None, tmp_path: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import keras, numpy as np, onnx, graphfix
from tf_programs import cnn
from graphfix.lowering import tensorflow_lowering, transposes
before = []
real = tensorflow_lowering.cancel_layout_transposes
tensorflow_lowering.cancel_layout_transposes = lambda model: (before.append(transposes.count_transposes(model)), real(model))[1]
made = graphfix.lower(cnn(keras))
print(before[0], transposes.count_transposes(made))
onnx.save(made, {str(tmp_path / "cnn.onnx")!r})
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    before, left = map(int, done.stdout.split())
    assert before >= 8
    assert left == 1
    from graphfix.cli.app import main

    words = ["fix", str(tmp_path / "cnn.onnx"), "--target", "tract", "--input-layout", "image=nchw", "--isolated"]
    assert main([*words, "-o", str(tmp_path / "nchw.onnx")]) == 0
    assert transposes.count_transposes(onnx.load(tmp_path / "nchw.onnx")) == 0

"""Interface changes asked for by name: the result takes what was asked, and computes what the original does."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import ModelProto

from graphfix.errors import UsageError
from graphfix.linter.diagnostics import Result
from graphfix.rewrites.interface.requests import requested_interface
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.pipeline import FixResult, fix_model
from graphfix.verify.reference import Reference

CONV = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 4, 5] x) => (float[1, 2, 3, 4] y) {
            w = Constant<value = float[2, 3, 2, 2] {
              1, 2, 3, 4, 5, 6, -1, 2, 0.5, 1, 1, -3, 2, 2, -2, 1, 1, 0, 1, 2, -1, -1, 3, 1}>()
            y = Conv(x, w) }"""


def fixed(text: str, **asked: Any) -> FixResult:
    model = onnx.parser.parse_model(text)
    data = asked.pop("data", None)
    result = fix_model(
        model,
        judge=lambda _: [Result("", "demo", "1")],
        options=FixOptions(interface=requested_interface(model, **asked), data=data),
    )
    assert result.verification.passed, result.verification.reason
    onnx.checker.check_model(result.model, full_check=True)
    return result


def run(model: ModelProto, **feed: Any) -> Any:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, feed)[0]


def inputs(model: ModelProto) -> dict[str, tuple[int, list[int | str]]]:
    return {i.name: (i.type.tensor_type.elem_type, [d.dim_param or d.dim_value for d in i.type.tensor_type.shape.dim])
            for i in model.graph.input}  # fmt: skip


def test_the_channels_go_last() -> None:
    result = fixed(CONV, layouts=["nhwc"])
    assert inputs(result.model) == {"x": (1, [1, 4, 5, 3])}
    x = np.random.default_rng(0).standard_normal((1, 3, 4, 5)).astype(np.float32)
    was = run(onnx.parser.parse_model(CONV), x=x)
    np.testing.assert_allclose(run(result.model, x=x.transpose(0, 2, 3, 1)), was, rtol=1e-5, atol=1e-5)
    assert [(c.rewrite, c.safety, c.node) for c in result.changes] == [("switch-layout", "interface", "x")]


def test_the_channels_go_first_where_they_are_last() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4, 5, 3] x) => (float[1, 4, 5, 3] y) { y = Softmax(x) }"""
    assert inputs(fixed(text, layouts=["x=nchw"]).model) == {"x": (1, [1, 3, 4, 5])}


def test_bytes_are_normalised_inside_and_taken_into_the_convolution() -> None:
    asked = {"normalize": ["[10,20,30],[2,4,8]"], "dtypes": ["uint8"], "layouts": ["nhwc"]}
    result = fixed(CONV, **asked)
    assert inputs(result.model) == {"x": (2, [1, 4, 5, 3])}
    assert sorted(n.op_type for n in result.model.graph.node) == ["Cast", "Conv", "Transpose"]
    pixels = np.random.default_rng(1).integers(0, 256, (1, 4, 5, 3)).astype(np.uint8)
    x = (pixels.astype(np.float32) - np.asarray([10, 20, 30], np.float32)) / np.asarray([2, 4, 8], np.float32)
    was = run(onnx.parser.parse_model(CONV), x=x.transpose(0, 3, 1, 2).astype(np.float32))
    np.testing.assert_allclose(run(result.model, x=pixels), was, rtol=1e-4, atol=1e-3)


def test_a_convolution_that_pads_keeps_the_normalisation_in_front() -> None:
    result = fixed(CONV.replace("Conv(x", "Conv<pads = [1, 1, 1, 1]>(x").replace("3, 4] y", "5, 6] y"), normalize=["1,2"])
    assert [n.op_type for n in result.model.graph.node if n.op_type != "Constant"] == ["Sub", "Div", "Conv"]


def test_given_pixels_are_what_is_compared() -> None:
    pixels = np.full((1, 3, 4, 5), 7, np.uint8)
    result = fixed(CONV, dtypes=["uint8"], data={"x": pixels})
    assert result.verification.inputs == 1
    assert "given data" in result.verification.method


NHWC = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4, 5, 3] x) => (float[1, 2, 4, 5] y)
          <float[2, 3, 1, 1] w = {1, 2, 3, 4, 5, 6}> { t = Transpose<perm = [0, 3, 1, 2]>(x)  y = Conv(t, w) }"""


def test_a_layout_that_the_model_transposes_to_itself_costs_nothing() -> None:
    result = fixed(NHWC, layouts=["nchw"])
    assert [node.op_type for node in result.model.graph.node] == ["Conv"]
    assert [list(dims) for _, dims in inputs(result.model).values()] == [[1, 3, 4, 5]]
    x = np.random.default_rng(1).normal(size=(1, 4, 5, 3)).astype(np.float32)
    was = run(onnx.parser.parse_model(NHWC), x=x)
    np.testing.assert_allclose(run(result.model, x=x.transpose(0, 3, 1, 2)), was, rtol=1e-5)


def test_a_transpose_stays_where_others_read_the_input() -> None:
    both = NHWC.replace("(float[1, 2, 4, 5] y)", "(float[1, 2, 4, 5] y, float[1, 4, 5, 3] z)").replace(
        "w) }", "w)  z = Relu(x) }"
    )
    result = fixed(both, layouts=["nchw"])
    assert sorted(node.op_type for node in result.model.graph.node) == ["Conv", "Relu", "Transpose", "Transpose"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"layouts": ["nwc"]}, "`x` has 4 dims; layouts of as many are: nhwc, nchw"),
        ({"layouts": ["z=nhwc"]}, "the model has no input `z`"),
        ({"normalize": ["1"]}, "`1` is not MEAN,STD"),
        ({"normalize": ["1,0"]}, "a deviation of 0"),
        ({"normalize": ["[1,2],[3,4]"]}, "2 numbers are given for the 3 channels of `x`"),
        ({"dtypes": ["int4"]}, "can come in as uint8 or float32, not int4"),
        ({"drop_outputs": ["q"]}, "the model has no output `q`"),
        ({"drop_outputs": ["y"]}, "no output would be left"),
        ({"drop_unused": True}, "every input is read"),
    ],
)
def test_what_cannot_be_is_said(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("[", "\\[")):
        fixed(CONV, **asked)


def test_unread_inputs_and_unwanted_outputs_go_with_all_that_made_them() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[3] x, float[3] idle, float[3] extra)
              => (float[3] y, int64[1, K] z) { y = Relu(x)  h = Add(x, extra)  z = NonZero(h) }"""
    result = fixed(text, drop_unused=True, drop_outputs=["z"])
    assert list(inputs(result.model)) == ["x"]
    assert [o.name for o in result.model.graph.output] == ["y"]
    assert [n.op_type for n in result.model.graph.node] == ["Relu"]
    assert list(inputs(fixed(text, drop_unused=True).model)) == ["x", "extra"]


BATCHED = {
    "a flattened feature map": """g (float[1, 2, 3, 4] x) => (float[1, 24] y) <int64[2] s = {1, -1}> { y = Reshape(x, s) }""",
    "heads that are parted and joined": """g (float[1, 5, 6] x) => (float[1, 5, 6] y)
        <int64[4] a = {1, 5, 2, 3}, int64[3] b = {2, 5, 3}, int64[4] c = {1, 2, 5, 3}, int64[3] d = {1, 5, 6}> {
          h = Reshape(x, a)  t = Transpose<perm = [0, 2, 1, 3]>(h)  f = Reshape(t, b)  e = Softmax<axis = 1>(f)
          u = Reshape(e, c)  v = Transpose<perm = [0, 2, 1, 3]>(u)  y = Reshape(v, d) }""",
    "a class token": """g (float[1, 4, 2] x) => (float[1, 5, 2] y) <float[1, 1, 2] t = {1, 2}> { y = Concat<axis = 1>(t, x) }""",
    "an initial state": """g (float[1, 3, 2] x) => (float[3, 1, 1, 2] y)
        <float[1, 6, 2] w = {1, 2, 3, 4, 5, 6, 1, 0, 1, 0, 1, 0}, float[1, 6, 2] r = {1, 0, 1, 0, 1, 0, 2, 1, 2, 1, 2, 1},
         float[1, 1, 2] h = {0.5, -0.5}> {
          t = Transpose<perm = [1, 0, 2]>(x)
          y, n = GRU<hidden_size = 2>(t, w, r, , , h) }""",
    "a batch of three": """g (float[3, 4] x) => (float[3, 2, 2] y) <int64[3] s = {3, 2, 2}> { y = Reshape(x, s) }""",
}


@pytest.mark.parametrize("body", BATCHED.values(), ids=BATCHED)
def test_a_baked_in_batch_is_free_again(body: str) -> None:
    result = fixed(f'<ir_version: 8, opset_import: ["" : 17]> {body}', free_batch=True)
    ((_, dims),) = inputs(result.model).values()
    assert dims[0] == "N"
    assert result.verification.inputs == 3


def test_a_batch_that_is_reduced_over_cannot_be_freed() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4] x) => (float[4] y) {
                y = ReduceMean<axes = [0], keepdims = 0>(x) }"""
    with pytest.raises(UsageError, match="computes something else"):
        fixed(text, free_batch=True)


BYTES = """<ir_version: 8, opset_import: ["" : 17]> g (uint8[2, 3] x) => (float[2, 3] y, uint8[3, 2] z) {
             f = Cast<to = 1>(x)
             y = Relu(f)
             z = Transpose(x) }"""


@pytest.mark.parametrize(("wide", "code"), [("int32", 6), ("float32", 1), ("int64", 7)])
def test_bytes_come_in_as_a_wider_dtype(wide: str, code: int) -> None:
    result = fixed(BYTES, dtypes=[f"x={wide}"])
    assert inputs(result.model) == {"x": (code, [2, 3])}
    made = {node.op_type: list(node.input) for node in result.model.graph.node if node.output[0] in ("f", "y")}
    assert "x" in made.get("Cast", made.get("Relu", []))  # floats are made of what comes in, not by way of bytes
    x = np.asarray([[0, 255, 7], [128, 1, 2]], np.uint8)
    np.testing.assert_array_equal(run(result.model, x=x.astype(wide)), run(onnx.parser.parse_model(BYTES), x=x))


def test_a_dtype_that_does_not_hold_the_numbers_is_refused() -> None:
    model = onnx.parser.parse_model(BYTES)
    (asked,) = requested_interface(model, dtypes=["x=int8"])
    assert [d.reason for d in asked.apply(model).declined] == [
        "`x` is uint8 and can come in as int32 or int64 or float32, not int8"
    ]
    longs = onnx.parser.parse_model(BYTES.replace("uint8", "int64"))
    (asked,) = requested_interface(longs, dtypes=["int32"])
    assert [d.reason for d in asked.apply(longs).declined] == ["`x` is int64 and stays what it is, not int32"]


def test_a_scalar_input_comes_in_as_a_vector() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float s, bool p, float[3] x) => (float[3] y) {
                h = Mul(x, s)
                y = If (p) <then_branch = t () => (float[3] a) { a = Neg(h) }, else_branch = e () => (float[3] b) {
                  b = Add(h, s) }> }"""
    result = fixed(text, vector_inputs=True)
    assert {name: dims for name, (_, dims) in inputs(result.model).items()} == {"s": [1], "p": [1], "x": [3]}
    assert result.verification.passed
    assert result.verification.inputs == 3
    with pytest.raises(UsageError, match="no input is a scalar"):
        fixed(CONV, vector_inputs=True)
    with pytest.raises(UsageError, match="needs opset 13, the model has 12"):
        fixed(text.replace(": 17]", ": 12]").replace("ir_version: 8", "ir_version: 7"), vector_inputs=True)


LABELLED = """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 2]> g (float[N, 3] x)
              => (string[N] label, seq(map(string, float)) scores) <string[3] names = {"cat", "dog", "hen"}> {
                s = Softmax<axis = 1>(x)
                i = ArgMax<axis = 1, keepdims = 0>(s)
                label = Gather(names, i)
                scores = ai.onnx.ml.ZipMap<classlabels_strings = ["dog", "cat", "hen"]>(s) }"""


def test_a_map_from_classes_to_scores_becomes_a_tensor_and_labels_go() -> None:
    result = fixed(LABELLED, tensor_outputs=True, drop_outputs=["label"])
    (output,) = result.model.graph.output
    assert output.name == "scores"
    assert output.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert [entry.domain for entry in result.model.opset_import] == [""]
    x = np.asarray([[1, 2, 3], [0, 0, 4]], np.float32)
    maps = ort.InferenceSession(onnx.parser.parse_model(LABELLED).SerializeToString()).run(["scores"], {"x": x})[0]
    assert run(result.model, x=x).tolist() == [[row["dog"], row["cat"], row["hen"]] for row in maps]


def test_another_order_of_the_classes_is_noticed() -> None:
    model = onnx.parser.parse_model(LABELLED)
    (asked,) = requested_interface(model, tensor_outputs=True)
    outcome = asked.apply(model)
    assert outcome.model is not None
    assert outcome.adapt is not None
    reference = Reference(model, reforms=(outcome.adapt,))
    assert reference.check(outcome.model).passed
    swapped = onnx.parser.parse_model(LABELLED.replace('"dog", "cat", "hen"', '"hen", "cat", "dog"'))
    assert not Reference(swapped, reforms=(outcome.adapt,)).check(outcome.model).passed


def test_a_sequence_becomes_one_output_for_each_tensor() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] a, seq(float[2]) s, float[2] b) {
                a = Relu(x)  b = Neg(x)  s = SequenceConstruct(b, x) }"""
    result = fixed(text, tensor_outputs=True)
    assert [output.name for output in result.model.graph.output] == ["a", "s_0", "s_1", "b"]
    with pytest.raises(UsageError, match="`s` is no tensor and comes out of `Identity`"):
        fixed(text.replace("s = SequenceConstruct", "t = SequenceConstruct").replace("x) }", "x)  s = Identity(t) }"),
              tensor_outputs=True)  # fmt: skip


BOXES = """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9, 4] b, float[1, 2, 9] s) => (float[K, 4] y, float[L] z)
           <int64 most = {2}, float overlap = {0.4}, float least = {0.2}, int64[1] first = {0}, int64 box = {2},
            int64 start = {0}, int64 delta = {1}> {
             kept = NonMaxSuppression(b, s, most, overlap, least)
             i = Gather<axis = 1>(kept, box)
             rows = Squeeze(b, first)
             y = Gather(rows, i)
             n = Size(i)
             r = Range(start, n, delta)
             z = Cast<to = 1>(r) }"""


def test_outputs_of_a_size_known_at_run_time_are_padded_with_zeros_and_counted() -> None:
    result = fixed(BOXES, padded_outputs=True)
    assert [output.name for output in result.model.graph.output] == ["y", "z", "y_count", "z_count"]
    shapes = [[dim.dim_value for dim in output.type.tensor_type.shape.dim] for output in result.model.graph.output]
    assert shapes == [[4, 4], [18], [1], [1]]
    assert not {"NonMaxSuppression", "NonZero", "Range"} & {node.op_type for node in result.model.graph.node}
    original = ort.InferenceSession(onnx.parser.parse_model(BOXES).SerializeToString())
    made = ort.InferenceSession(result.model.SerializeToString())
    counts = set()
    for seed in range(8):
        random = np.random.default_rng(seed)
        feed = {"b": random.random((1, 9, 4), np.float32), "s": random.random((1, 2, 9), np.float32) * seed / 8}
        (y, z), (all_y, all_z, y_count, z_count) = original.run(None, feed), made.run(None, feed)
        assert (y_count, z_count) == (len(y), len(z))
        assert (all_y[: len(y)] == y).all()
        assert (all_z[: len(z)] == z).all()
        assert not all_y[len(y) :].any()
        assert not all_z[len(z) :].any()
        counts.add(len(y))
    assert {0, 4} <= counts


def test_padding_that_is_not_zero_or_another_count_is_noticed() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[K] y) <float limit = {0}> {
                m = Greater(x, limit)
                n = NonZero(m)
                i = Transpose<perm = [1, 0]>(n)
                y = GatherND(x, i) }"""
    model = onnx.parser.parse_model(text)
    (asked,) = requested_interface(model, padded_outputs=True)
    outcome = asked.apply(model)
    assert outcome.model is not None
    assert outcome.adapt is not None
    reference = Reference(model, reforms=(outcome.adapt,))
    assert reference.check(outcome.model).passed
    for op, swapped in (("Where", "zero"), ("ReduceSum", "ReduceMax")):
        wrong = onnx.ModelProto()
        wrong.CopyFrom(outcome.model)
        node = next(node for node in wrong.graph.node if node.op_type == op)
        if op == "Where":
            node.input[2] = node.input[1]
        else:
            node.op_type = swapped
        assert not reference.check(wrong).passed


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("y = GatherND(x, i)  s = ReduceSum<keepdims = 0>(y)  z = Reshape(s, row)", "`ReduceSum` combines the selected entries"),
        ("y = GatherND(x, i)  z = Slice(y, row, row, zero)", "`Slice` does not treat the selected entries one by one"),
        ("y = Relu(x)  z = Neg(x)", "no output has as many entries"),
    ],
)
def test_outputs_that_are_not_padded_are_told_with_the_reason(body: str, reason: str) -> None:
    text = f"""<ir_version: 8, opset_import: ["" : 17]> g (float[4] x) => (float[K] y, float[L] z)
               <int64[1] row = {{-1}}, int64[1] zero = {{0}}> {{
                 n = NonZero(x)
                 i = Transpose<perm = [1, 0]>(n)
                 {body} }}"""
    with pytest.raises(UsageError, match=reason):
        fixed(text, padded_outputs=True)


WORDS = """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g (string[4] text, float[1, 3] bias) => (float[1, 3] y)
           <float[3, 3] table = {0, 0, 0, 1, 2, 3, -4, 5, 6}, int64[1] rows = {0}> {
             low = StringNormalizer<case_change_action = "LOWER", locale = "C">(text)
             ids = ai.onnx.ml.LabelEncoder<default_int64 = 0, keys_strings = ["a", "b"], values_int64s = [1, 2]>(low)
             rows_of = Gather(table, ids)
             sum = ReduceSum(rows_of, rows)
             y = Add(sum, bias) }"""


def test_a_model_begins_at_a_value_inside() -> None:
    result = fixed(WORDS, inner_inputs=["ids"])
    assert [(i.name, [d.dim_value for d in i.type.tensor_type.shape.dim]) for i in result.model.graph.input] == [
        ("bias", [1, 3]), ("ids", [4])
    ]  # fmt: skip
    assert not {"StringNormalizer", "LabelEncoder"} & {node.op_type for node in result.model.graph.node}
    bias = np.asarray([[1, 1, 1]], np.float32)
    assert run(result.model, ids=np.asarray([0, 1, 1, 2]), bias=bias).tolist() == [[-1, 10, 13]]
    original = ort.InferenceSession(onnx.parser.parse_model(WORDS).SerializeToString())
    text = np.asarray(["x", "a", "A", "B"], object)
    assert original.run(None, {"text": text, "bias": bias})[0].tolist() == [[-1, 10, 13]]


def test_a_value_inside_that_is_computed_as_well_is_noticed() -> None:
    model = onnx.parser.parse_model(WORDS)
    (asked,) = requested_interface(model, inner_inputs=["ids"])
    outcome = asked.apply(model)
    assert outcome.model is not None
    assert outcome.adapt is not None
    reference = Reference(model, reforms=(outcome.adapt,))
    assert reference.check(outcome.model).passed
    other = onnx.parser.parse_model(WORDS.replace("[1, 2]>", "[2, 1]>"))
    assert not Reference(other, reforms=(outcome.adapt,)).check(outcome.model).passed


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["id"], "no node of the main graph computes `id`"),
        (["low", "ids"], "no output depends on it"),
        (["text"], "no node of the main graph computes `text`"),
    ],
)
def test_a_value_that_is_no_place_to_begin_at_is_told(names: list[str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        fixed(WORDS, inner_inputs=names)


SIZED = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 8, 12] x) => (float[1, 3, 4, 6] y)
           <float[3, 3, 1, 1] w = {1, 2, 3, 4, 5, 6, 7, 8, 9}, int64[3] flat = {1, 3, 24}, int64[4] image = {1, 3, 4, 6},
            int64[3] rest = {3, -1, 1}, int64[4] same = {1, 3, 4, 6}> {
             c = Conv<strides = [2, 2]>(x, w)
             f = Reshape(c, flat)
             s = Softmax<axis = 2>(f)
             i = Reshape(s, image)
             m = Mul(i, c)
             r = Reshape(m, rest)
             y = Reshape(r, same) }"""


def test_a_size_that_only_reshapes_hold_is_dynamic_again() -> None:
    result = fixed(SIZED, free_sizes=True)
    (x,) = result.model.graph.input
    assert [dim.dim_param or dim.dim_value for dim in x.type.tensor_type.shape.dim] == [1, 3, "height", "width"]
    for sides in ((8, 12), (6, 20)):
        text = SIZED.replace("8, 12]", f"{sides[0]}, {sides[1]}]").replace("4, 6", f"{sides[0] // 2}, {sides[1] // 2}")
        text = text.replace("24}", f"{sides[0] * sides[1] // 4}}}")
        image = np.random.default_rng(0).random((1, 3, *sides), np.float32)
        own = ort.InferenceSession(onnx.parser.parse_model(text).SerializeToString()).run(None, {"x": image})[0]
        assert np.array_equal(run(result.model, x=image), own)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("f = Reshape(x, all)  y = MatMul(f, w)", "something else than a Reshape holds the size: at 1x1x8x12"),
        ("y = Reshape(x, odd)", "spreads the size of the image over several dims"),
    ],
)
def test_a_size_that_is_held_otherwise_is_told(body: str, reason: str) -> None:
    text = f"""<ir_version: 8, opset_import: ["" : 17]> g (float[1, 1, 4, 4] x) => (float[A, B] y)
               <int64[2] all = {{1, 16}}, int64[2] odd = {{8, 2}}, float[16, 1] w = {{{",".join("1" * 16)}}}> {{ {body} }}"""
    with pytest.raises(UsageError, match=reason):
        fixed(text, free_sizes=True)
    with pytest.raises(UsageError, match="no input is an image of a fixed size"):
        fixed(text.replace("float[1, 1, 4, 4] x", "float[16] x").replace("y = Reshape", "z = Reshape"), free_sizes=True)


LISTED = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, N] x, seq(float[1, N]) cache) => (float[1, N] y, float[1, N] z)
            <int64 zero = {0}, int64 two = {2}> {
              k = SequenceAt(cache, zero)
              v = SequenceAt(cache, two)
              y = Add(x, k)
              z = Sub(y, v) }"""


def test_a_sequence_that_is_read_at_constant_positions_becomes_inputs() -> None:
    result = fixed(LISTED, tensor_inputs=True)
    assert [value.name for value in result.model.graph.input] == ["x", "cache_0", "cache_1", "cache_2"]
    assert result.verification.inputs >= 3
    assert result.verification.passed
    assert [change.rewrite for change in result.changes if change.applied][:1] == ["tensor-inputs"]
    x, first, second, third = (np.full((1, 2), number, np.float32) for number in (1, 20, 300, 4000))
    feed = {"x": x, "cache_0": first, "cache_1": second, "cache_2": third}
    own = ort.InferenceSession(onnx.parser.parse_model(LISTED).SerializeToString())
    assert np.array_equal(run(result.model, **feed), own.run(None, {"x": x, "cache": [first, second, third]})[0])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("y = ConcatFromSequence<axis = 0>(s)", "`ConcatFromSequence` reads the sequence `s` as a whole"),
        ("y = SequenceAt(s, i)", "`SequenceAt` reads the sequence `s`, not at a constant position from its start"),
        ("y = SequenceAt(s, last)", "not at a constant position from its start"),
        ("y = Cast<to = 1>(i)", "nothing reads the sequence `s`"),
    ],
)
def test_a_sequence_of_unknown_length_stays(body: str, reason: str) -> None:
    text = f"""<ir_version: 8, opset_import: ["" : 17]> g (seq(float[2]) s, int64 i) => (float[A] y) <int64 last = {{-1}}> {{
                 {body} }}"""
    with pytest.raises(UsageError, match=reason):
        fixed(text, tensor_inputs=True)
    with pytest.raises(UsageError, match="no input is a sequence of tensors"):
        fixed(LISTED.replace("seq(float[1, N]) cache", "float[1, N] cache").replace("SequenceAt", "Add"), tensor_inputs=True)


def test_what_a_mask_selects_along_an_axis_is_padded() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 4] x, bool[4] m) => (float[2, K] y) {
                y = Compress<axis = 1>(x, m) }"""
    result = fixed(text, padded_outputs=True)
    made = ort.InferenceSession(result.model.SerializeToString())
    x = np.arange(1, 9, dtype=np.float32).reshape(2, 4)
    y, count = made.run(None, {"x": x, "m": np.asarray([False, True, False, True])})
    assert y.tolist() == [[2, 4, 0, 0], [6, 8, 0, 0]]
    assert count.tolist() == [2]

"""Freezing dims and binding inputs, and the forms they are written in."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto, numpy_helper

from graphfix.errors import UsageError
from graphfix.ir.bind_inputs import bind, dynamic_inputs, named_shapes, parse_shape, parse_value


@pytest.fixture
def model() -> ModelProto:
    return onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]>
           g (float[N, 3, H, W] x, float[N, 4] z, int64 sr, bool flag) => (float[N, 3, H, W] y, float[N, 4] w)
           <float[N, 3, H, W] h> {
             h = Relu(x)
             y = If (flag) <
               then_branch = t () => (float[N, 3, H, W] a) { a = Neg(h) },
               else_branch = e () => (float[N, 3, H, W] b) { b = Identity(h) }>
             k = Cast<to = 1>(sr)
             w = Mul(z, k) }"""
    )


def dims(model: ModelProto, name: str) -> list[object]:
    info = next(i for i in (*model.graph.input, *model.graph.output) if i.name == name)
    return [d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in info.type.tensor_type.shape.dim]


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("x=1x3x224x224", ("x", [1, 3, 224, 224])),
        ("1x3x224x224", (None, [1, 3, 224, 224])),
        ("x=Nx3x224", ("x", ["N", 3, 224])),
        ("serving_default:0=1x2", ("serving_default:0", [1, 2])),
        ("a=b=1x2", ("a=b", [1, 2])),
        ("x=7", ("x", [7])),
        ("x=", ("x", [])),
        ("x=1,batch,3", ("x", [1, "batch", 3])),
    ],
)
def test_shapes_parse(text: str, parsed: object) -> None:
    assert parse_shape(text) == parsed


@pytest.mark.parametrize("text", ["x=1x-3", "=1x3", "x=1x3!", ""])
def test_bad_shapes_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_shape(text)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("sr=16000", ("sr", 16000)),
        ("a:0=-2.5", ("a:0", -2.5)),
        ("p=true", ("p", True)),
        ("p=False", ("p", False)),
        ("v=[1, 2]", ("v", [1, 2])),
        ("v=[[1.5,2],[3,4]]", ("v", [[1.5, 2], [3, 4]])),
        ("v=1e-3", ("v", 1e-3)),
        ("v=-inf", ("v", -np.inf)),
        ("m=[true,false]", ("m", [True, False])),
    ],
)
def test_values_parse(text: str, parsed: object) -> None:
    assert parse_value(text) == parsed


@pytest.mark.parametrize("text", ["sr", "=3", "sr=", "sr=abc", "sr={1}", "sr=__import__('os')"])
def test_bad_values_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_value(text)


def test_a_frozen_symbol_has_one_size_everywhere_and_stale_shapes_go(model: ModelProto) -> None:
    before = model.SerializeToString(deterministic=True)
    made = bind(model, {"x": [2, 3, "H", None]}, {})
    assert model.SerializeToString(deterministic=True) == before
    assert dims(made, "x") == [2, 3, "H", "W"]
    assert dims(made, "z") == [2, 4]
    assert dims(made, "y") == [None] * 4
    assert not made.graph.value_info
    onnx.checker.check_model(made)


def test_a_bound_input_becomes_an_initializer(model: ModelProto) -> None:
    made = bind(model, {}, {"sr": 16000, "flag": True})
    assert [i.name for i in made.graph.input] == ["x", "z"]
    values = {t.name: numpy_helper.to_array(t) for t in made.graph.initializer}
    assert values["sr"].dtype == np.int64
    assert values["sr"] == 16000
    assert values["flag"].dtype == np.bool_
    onnx.checker.check_model(made)


@pytest.mark.parametrize(
    ("shapes", "values", "says"),
    [
        ({"xx": [1]}, {}, "did you mean `x`"),
        ({"x": [1, 3, 4]}, {}, "rank 4"),
        ({"x": [1, 5, 4, 4]}, {}, "dim 1 of `x` is 3, not 5"),
        ({"x": [1, 3, 4, 4], "z": [2, 4]}, {}, "dim `N` cannot be both 1 and 2"),
        ({}, {"rate": 1}, "the model has no input `rate`"),
        ({}, {"sr": 1.5}, "does not fit `sr`"),
        ({}, {"sr": [1, 2]}, "has shape 2, the input scalar"),
        ({}, {"sr": 2**70}, "does not fit `sr`|not a number"),
        ({}, {"flag": 2}, "which is bool"),
        ({}, {"sr": [[1], [2, 3]]}, "regular list"),
    ],
)
def test_what_does_not_fit_is_refused(
    model: ModelProto, shapes: dict[str, list[int]], values: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        bind(model, shapes, values)


def test_nothing_asked_is_nothing_copied(model: ModelProto) -> None:
    assert bind(model, {}, {}) is model


def test_paddles_question_mark_is_not_one_symbol() -> None:
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[A, B] x) => (float[A, B] y) { y = Relu(x) }'
    )
    for dim in model.graph.input[0].type.tensor_type.shape.dim:
        dim.dim_param = "?"
    assert dims(bind(model, {"x": [2, 5]}, {}), "x") == [2, 5]


def test_a_shape_without_a_name_needs_a_single_input(model: ModelProto) -> None:
    with pytest.raises(UsageError, match="4 inputs"):
        named_shapes(model, [(None, [1, 2])])
    single = bind(model, {}, {"z": np.ones((1, 4), np.float32), "sr": 1, "flag": False})
    assert named_shapes(single, [(None, [1, 3, 4, 4])]) == {"x": [1, 3, 4, 4]}


def test_a_symbol_is_given_a_size_wherever_it_is() -> None:
    text = "(float[N, 3, H, ?] x, float[N, K] z, float[5] c) => (float[N, K] y) { y = Relu(z) }"
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g {text}')
    assert named_shapes(model, [("<N>", [1])]) == {"x": [1, None, None, None], "z": [1, None]}
    assert named_shapes(model, [("<N>", [1]), ("<*>", [7])]) == {"x": [1, None, 7, 7], "z": [1, 7]}
    assert named_shapes(model, [("x", [None, 3, "H", 4]), ("<*>", [7]), ("<H>", [6])]) == {"x": [None, 3, 6, 4], "z": [7, 7]}
    with pytest.raises(UsageError, match="no input has a dynamic dim `W`"):
        named_shapes(model, [("<W>", [1])])
    with pytest.raises(UsageError, match="`<N>` is one dim, 1x2 are 2"):
        named_shapes(model, [("<N>", [1, 2])])


def test_free_dims_are_listed_with_what_to_name(model: ModelProto) -> None:
    assert dynamic_inputs(model)[0] == ("x", "Nx3xHxW", ["N", "H", "W"])

"""The sizes a model is tried at: channels follow from weights, small ones come first, and nothing large is tried."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from graphfix.verify.reference import Reference
from graphfix.verify.reference_run import run_reference
from graphfix.verify.size_inputs import size_inputs
from graphfix.verify.trial_sizes import MOST_INPUT, TrialSizes


def model(body: str, inputs: str, outputs: str, weights: str = "", opset: int = 17) -> ModelProto:
    held = f"<{weights}>" if weights else ""
    head = f'<ir_version: 8, opset_import: ["" : {opset}]> g ({inputs}) => ({outputs})'
    return onnx.parser.parse_model(f"{head} {held} {{ {body} }}")


KERNEL = "float[2, 3, 1, 1] w = {1, 2, 3, 4, 5, 6}"


def layout(graph: ModelProto) -> dict[str, list[object]]:
    return {name: list(dims) for name, dims in TrialSizes.of(graph, {}).deduced.layout.items()}


def test_channels_follow_from_the_weights_that_read_them() -> None:
    plain = model("r = Relu(x) y = Conv(r, w)", "float[N, C, H, W] x", "float[N, 2, H, W] y", KERNEL)
    assert layout(plain)["x"][1] == 3
    turned = model("t = Transpose<perm = [0, 3, 1, 2]>(x) y = Conv(t, w)", "float[N, H, W, C] x", "float[N, 2, H, W] y", KERNEL)
    assert layout(turned)["x"][3] == 3
    product = model("y = MatMul(x, w)", "float[N, T, K] x", "float[N, T, 2] y", "float[3, 2] w = {1, 2, 3, 4, 5, 6}")
    assert layout(product)["x"][2] == 3
    assert Reference(plain).check(plain).inputs == Reference(turned).check(turned).inputs == 4


def test_dims_without_a_name_are_one_where_an_operator_needs_them_to_be() -> None:
    weights = "float[1, 4, 2] w = {1, 2, 3, 4, 5, 6, 7, 8}, float[1, 4, 1] r = {1, 2, 3, 4}"
    body = "y, h, c2 = LSTM<hidden_size = 1>(x, w, r, , , h0, c0)"
    graph = model(body, "float[T, ?, ?] x, float[?, ?, ?] h0, float[?, ?, ?] c0", "float[A, B, C, D] y", weights)
    found = layout(graph)
    assert found["x"][2] == 2
    assert [found["h0"][0], found["h0"][2], found["c0"][2]] == [1, 1, 1]
    assert found["h0"][1] == found["c0"][1] == found["x"][1]
    assert Reference(graph).check(graph).inputs == 4


def test_two_inputs_that_are_added_have_one_size_and_a_given_one_holds() -> None:
    graph = model("y = Add(x, z)", "float[A, B] x, float[C, D] z", "float[A, B] y")
    first, second = layout(graph)["x"], layout(graph)["z"]
    assert first == second
    given = TrialSizes.of(graph, {"z": [5, "D"]}).deduced.layout
    assert [dims[0] for dims in given.values()] == [5, 5]


def test_nothing_larger_than_the_budget_is_tried() -> None:
    image = model("y = Relu(x)", "float[A, B, C, D] x", "float[A, B, C, D] y")
    sizes = [np.prod(dims["x"]) for _, dims in TrialSizes.of(image, {})]
    assert sizes
    assert max(sizes) <= MOST_INPUT
    scores = model("t = Transpose<perm = [0, 2, 1]>(x) y = MatMul(x, t)", "float[N, T, 64] x", "float[N, T, T] y")
    lengths = [dims["x"][1] for _, dims in TrialSizes.of(scores, {})]
    assert 512 in lengths
    assert 16000 not in lengths
    assert run_reference(image).sizes["x"][2:] == (64, 64)


def test_integers_that_become_sizes_are_small_and_not_zero() -> None:
    graph = model(
        "k = Constant<value = int64[1] {-1}>() n = Add(s, s) t = Concat<axis = 0>(n, k) y = Reshape(x, t)",
        "float[8, 3] x, int64[1] s, int64[2] other", "float[A, B] y",
    )  # fmt: skip
    assert size_inputs(graph) == {"s"}
    fed = [answer.feed["s"].tolist() for answer in Reference(graph).answers]
    assert fed
    assert min(fed) >= [1]


def test_floats_that_become_sizes_are_whole_and_not_zero() -> None:
    graph = model(
        """two = Constant<value = int64[2] {1, 1}>() k = Cast<to = 7>(s) t = Concat<axis = 0>(two, k)
           y = Resize<mode = "nearest">(x, , , t)""",
        "float[1, 1, 3, 3] x, float[2] s, float[2] other", "float[1, 1, C, D] y",
    )  # fmt: skip
    assert size_inputs(graph) == {"s"}
    fed = [answer.feed["s"] for answer in Reference(graph).answers if not answer.column]
    assert fed
    assert all((values == np.rint(values)).all() and values.min() >= 1 for values in fed)


@pytest.mark.parametrize(
    ("given", "first"),
    [
        ("float[batch, samples] waveforms", [1, 4000]),
        ("float[n] audio", [4000]),
        ("float[batch, 1, T] wav", [1, 1, 4000]),
        ("float[batch, 80, T] speech", [1, 80, 16]),
        ("float[batch, T] x", [1, 16]),
        ("float[batch, 512] audio", [1, 512]),
    ],
)
def test_rows_of_sound_are_tried_at_lengths_that_hold_frames(given: str, first: list[int]) -> None:
    name = given.split()[-1]
    graph = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> g ({given}) => (float[] y) {{ y = Relu({name}) }}')
    _, dims = next(iter(TrialSizes.of(graph, {})))
    assert dims[name] == first


def test_the_height_taken_for_the_width_is_found() -> None:
    body = "s = Shape(x) n = Gather(s, i) f = Cast<to = 1>(n) y = Mul(x, f)"
    height, width = (model(body, "float[N, 3, H, W] x", "float[N, 3, H, W] y", f"int64[1] i = {{{axis}}}") for axis in (2, 3))
    assert Reference(height).check(height).passed
    assert not Reference(height).check(width).passed


def test_sizes_that_must_be_equal_are_tried_equal_where_uneven_ones_do_not_run() -> None:
    square = model("t = Transpose<perm = [0, 2, 1]>(x) y = Add(x, t)", "float[N, A, B] x", "float[N, A, B] y")
    assert Reference(square).check(square).inputs == 4


def test_uneven_sizes_are_multiples_and_no_larger_than_the_budget() -> None:
    image = TrialSizes.of(model("y = Relu(x)", "float[N, 3, H, W] x", "float[N, 3, H, W] y"), {})
    assert image.uneven({"x": [1, 3, 16, 16]}) == {"x": [1, 3, 32, 16]}
    assert image.uneven({"x": [1, 3, 2000, 700]}) is None
    row = TrialSizes.of(model("y = Relu(x)", "float[N, T] x", "float[N, T] y"), {})
    assert row.uneven({"x": [1, 16]}) is None

"""Models that compute in float16 between casts are compared in float32, where roundings of float16 hide what else differs."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper

from graphfix.verify.half_reference import HalfReference
from graphfix.verify.reference import Reference
from graphfix.verify.widened_halves import has_halves, with_widened_halves


def model(body: str) -> ModelProto:
    text = f"""<ir_version: 8, opset_import: ["" : 17]> g (float[2, 8] x) => (float[2, 9] y)
               <int64[9] p = {{0, 0, 1, 2, 3, 4, 5, 6, 7}}, int64[4] pads = {{0, 1, 0, 0}},
                float v = {{0.3}}, float k = {{1.001}}> {{
                 w = Cast<to = 10>(v)
                 h = Cast<to = 10>(x)
                 {body}
                 y = Cast<to = 1>(c) }}"""
    return onnx.parser.parse_model(text)


PADDED = 'a = Softplus(h) u = Identity(a) b = Pad<mode = "edge">(u, pads)'
PLAIN = model(f"{PADDED} c = Softplus(b)")
MOVED = model("a = Softplus(h) u = Identity(a) b = Gather<axis = 1>(u, p) c = Softplus(b)")


def test_a_node_that_moves_data_may_change_what_is_rounded_to_float16() -> None:
    assert not Reference(PLAIN).check(MOVED).passed  # else none of this is needed
    found = HalfReference(PLAIN).check(MOVED, measure=True)
    assert found.passed
    assert found.method.endswith("with float32 in place of float16")
    assert 0 < found.max_rel_error < 8 * float(np.finfo(np.float16).eps)
    assert (found.controls, found.caught) == (1, 1)


def test_what_differs_by_less_than_roundings_of_float16_fails_in_float32() -> None:
    near = model(f"t = Cast<to = 10>(k) {PADDED} d = Softplus(b) c = Mul(d, t)")
    assert not HalfReference(PLAIN).check(near).passed


def test_what_differs_by_more_fails() -> None:
    assert not HalfReference(PLAIN).check(model("a = Relu(h) b = Gather<axis = 1>(a, p) c = Softplus(b)")).passed


def test_models_without_float16_are_compared_as_before() -> None:
    def plain(body: str) -> ModelProto:
        return onnx.parser.parse_model(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[2, 8] x) => (float[2, 8] y) {{ {body} }}"""
        )

    before, after = plain("y = HardSigmoid<alpha = 0.2>(x)"), plain("y = HardSigmoid<alpha = 0.2002>(x)")
    assert HalfReference(before).check(after) == Reference(before).check(after)


def test_weights_constants_and_casts_are_widened() -> None:
    narrow = model("a = Mul(h, w) e = Constant<value_float = 0.5>() f = Cast<to = 10>(e) c = Mul(a, f)")
    half = numpy_helper.from_array(np.asarray([0.5], np.float16), "s")
    narrow.graph.initializer.append(half)
    narrow.graph.node[2].CopyFrom(helper.make_node("Constant", [], ["e"], value=half))
    wide = with_widened_halves(narrow)
    assert wide is not None
    kinds = {tensor.name: tensor.data_type for tensor in wide.graph.initializer}
    assert kinds["s"] == TensorProto.FLOAT
    held = [item for node in wide.graph.node for item in node.attribute]
    assert {item.i for item in held if item.name == "to"} == {TensorProto.FLOAT}
    assert [item.t.data_type for item in held if item.name == "value"] == [TensorProto.FLOAT]
    assert with_widened_halves(narrow) == wide
    assert has_halves(narrow)
    assert not has_halves(wide)


SINGLE = """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 8] x) => (float[2, 8] y) { y = Softplus(x) }"""


def moved_by(given: ModelProto) -> float:
    """Return how far the outputs of a model move where its inputs move by a rounding."""
    reference = HalfReference(given)
    sample = reference.answers[0]
    return max(float(np.abs(run[0] - sample.outputs[0]).max()) for runs in reference.moved(sample) for run in runs)


def test_a_model_in_float16_is_compared_with_how_far_a_rounding_of_float16_moves_it() -> None:
    halves = model("a = Softplus(h) c = Gather<axis = 1>(a, p)")
    assert moved_by(halves) > 1000 * moved_by(onnx.parser.parse_model(SINGLE)) > 0


def test_outputs_of_a_model_in_float16_are_known_to_a_few_of_its_units() -> None:
    reference = HalfReference(model("a = Mul(h, w) d = Sub(a, a) b = Gather<axis = 1>(d, p) e = Cast<to = 10>(k) c = Add(b, e)"))
    sample = reference.answers[0]  # 1.001 whatever the inputs
    *by_inputs, by_outputs = reference.moved(sample)
    assert all(np.array_equal(run[0], sample.outputs[0]) for runs in by_inputs for run in runs)
    assert 0.001 < np.abs(by_outputs[0][0] - sample.outputs[0]).max() < 0.005

"""Whether a Loop ends by its data, and whether it can be unrolled: what lint names and what `unroll-loop` then does agree."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from graphfix.analysis.facts import Facts
from graphfix.analysis.loop_conditions import cannot_unroll, ends_by_data, unrolls
from graphfix.linter.diagnostics import Severity
from graphfix.linter.engine import lint_model
from graphfix.rewrites.control_flow.unroll_loop import UnrollLoop

LOOP = """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, bool first, int64 many) => ({outputs})
  <int64 four = {{4}}, int64 lots = {{9000}}, float most = {{2.5}}, int64 last = {{3}}, bool yes = {{1}}, int64 one = {{1}}> {{
    {results} = Loop ({limit}, {given}, x, one) <body = b (int64 i, bool c, float[2] s, int64 j) => (bool d, {ends}) {{
      t = Add(s, s)  l = Add(j, one)  u = Neg(s)
      {condition} }}> }}"""
BY_DATA = "m = ReduceMax<keepdims = 0>(t)  d = Less(m, most)"
BY_COUNT = "d = Less(i, last)"
BY_CARRIED_COUNT = "d = Less(l, last)"
BY_BOTH = "m = ReduceMax<keepdims = 0>(t)  e = Less(m, most)  f = Less(l, last)  d = And(e, f)"
BY_TWO_MEASURES = "m = ReduceMax<keepdims = 0>(t)  e = Less(m, most)  f = Greater(m, most)  d = And(e, f)"


def loop(limit: str, condition: str, *, given: str = "yes", stacked: bool = False) -> onnx.ModelProto:
    outputs, results, ends = "float[2] y, int64 k", "y, k", "float[2] t, int64 l"
    if stacked:
        outputs, results, ends = outputs + ", float[K, 2] z", results + ", z", ends + ", float[2] u"
    return onnx.parser.parse_model(
        LOOP.format(outputs=outputs, results=results, ends=ends, limit=limit, given=given, condition=condition)
    )


CASES = {
    # the loop, whether it ends by its data, whether it is unrolled
    "counted": (loop("four", "d = Identity(c)"), False, True),
    "by its iteration": (loop("", BY_COUNT), False, True),
    "by a carried count": (loop("", BY_CARRIED_COUNT), False, True),
    "by its data, bounded": (loop("four", BY_DATA), True, True),
    "by its data, stacked": (loop("four", BY_DATA, stacked=True), True, False),
    "by its data and a count": (loop("", BY_BOTH), True, True),
    "by its data and a count, large bound": (loop("lots", BY_BOTH), True, True),
    "by its data and a count, from the start": (loop("lots", BY_BOTH, given="first"), True, True),
    "by its data and a count, stacked": (loop("", BY_BOTH, stacked=True), True, False),
    "by its data twice": (loop("", BY_TWO_MEASURES), True, False),
    "by its data, large bound": (loop("lots", BY_DATA), True, False),
    "by its data, no bound": (loop("", BY_DATA), True, False),
    "starts by data, bounded": (loop("four", "d = Identity(c)", given="first"), True, True),
    "starts by data, ends by a count": (loop("", BY_COUNT, given="first"), True, True),
    "starts by data, no bound": (loop("", "d = Identity(c)", given="first"), True, False),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_known_of_a_loop_is_what_its_rewrite_does(name: str) -> None:
    model, by_data, unrolled = CASES[name]
    facts = Facts.of(model)
    node = next(node for node in facts.nodes if node.op == "Loop")
    assert ends_by_data(node, facts) is by_data
    assert unrolls(node, facts) is unrolled
    assert cannot_unroll(node, facts) is not unrolled
    assert (UnrollLoop().apply(model).model is not None) is unrolled


@pytest.mark.parametrize("name", CASES)
def test_lint_names_the_unrolling_that_works(name: str) -> None:
    model, _, unrolled = CASES[name]
    (result,) = lint_model(model, ["tract"])
    (finding,) = [finding for finding in result.findings if finding.op == "Loop" and finding.severity is Severity.ERROR]
    named = finding.rewrite is not None and "unroll-loop" in (finding.rewrite.name, *finding.rewrite.rewrites)
    assert named is unrolled, finding.rewrite


def test_a_loop_by_an_unknown_trip_count_is_left_to_what_was_measured() -> None:
    facts = Facts.of(loop("many", BY_COUNT))
    node = next(node for node in facts.nodes if node.op == "Loop")
    assert not unrolls(node, facts)
    assert not cannot_unroll(node, facts)


def test_an_iteration_number_that_the_body_declares_as_a_vector_stays_one() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]> g (float[7, 2] x) => (float[7, 2] y)
           <int64 two = {2}, bool yes = {1}, int64 one = {1}, int64[1] first = {0}, int64[3] bounds = {0, 3, 5}> {
             y = Loop (two, yes, x) <body = b (int64[1] i, bool c, float[7, 2] s) => (bool d, float[7, 2] t) {
               from = Gather(bounds, i)  next = Add(i, one)  to = Gather(bounds, next)
               part = Slice(x, from, to, first)  m = ReduceMax<keepdims = 0>(part)
               t = Add(s, m)  d = Identity(c) }> }"""
    )
    x = np.arange(14, dtype=np.float32).reshape(7, 2)
    unrolled = UnrollLoop().apply(model).model
    assert unrolled is not None
    before, after = (ort.InferenceSession(m.SerializeToString()).run(None, {"x": x}) for m in (model, unrolled))
    np.testing.assert_array_equal(before[0], after[0])

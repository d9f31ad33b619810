"""What leaves float16 is found at its node, and the rewrites keep it inside and compute the same in float32."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from graphfix.precision.half_conversion import convert
from graphfix.precision.judge import judge
from graphfix.precision.output_errors import errors_of
from graphfix.precision.range_rewrites import apply_range_rewrites
from graphfix.verify.runtime import session

from .planted import PLANTED, Planted

ENOUGH = 40.0
"""The SNR in dB that float16 gives where nothing leaves its range."""
FIXED = [one for one in PLANTED if one.rewrite]


def run(model: onnx.ModelProto, planted: Planted) -> list[list[np.ndarray]]:
    """The outputs for each input."""
    with session(model) as running:
        return [running.run(None, feed) for feed in planted.feeds]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.name)
def test_the_node_at_fault_is_found_first(planted: Planted) -> None:
    report = judge(planted.model, "float16", planted.feeds)
    first = report.troubles[0]
    assert first.trouble.kind == planted.kind
    assert first.node == planted.at
    assert min(error.snr for error in report.outputs) < ENOUGH


@pytest.mark.parametrize("planted", FIXED, ids=lambda one: one.name)
def test_its_rewrite_keeps_the_numbers_in_float16(planted: Planted) -> None:
    report = judge(planted.model, "float16", planted.feeds)
    assert planted.rewrite in [name for name, _ in report.rewrites]
    assert min(error.snr for error in report.after) > ENOUGH
    rewritten, _ = apply_range_rewrites(planted.model, {planted.at})
    exact = run(planted.model, planted)
    narrow, wide = convert(rewritten, "float16")
    assert not wide
    (error,) = errors_of(["y"], list(zip(exact, run(narrow, planted), strict=True)))
    assert not error.lost
    assert error.snr > ENOUGH


@pytest.mark.parametrize("planted", FIXED, ids=lambda one: one.name)
def test_its_rewrite_computes_the_same_in_float32(planted: Planted) -> None:
    rewritten, fired = apply_range_rewrites(planted.model, {planted.at})
    assert fired
    for old, new in zip(run(planted.model, planted), run(rewritten, planted), strict=True):
        if planted.rewrite == "raise-epsilon":
            np.testing.assert_allclose(new[0], old[0], rtol=1e-2, atol=1e-3)
        else:
            np.testing.assert_allclose(new[0], old[0], rtol=2e-5, atol=1e-6)


def test_a_model_in_range_gets_no_rewrite() -> None:
    calm = Planted("calm", PLANTED[2].text, "q", "", 1.0)
    report = judge(calm.model, "float16", calm.feeds)
    assert not report.rewrites
    assert {one.trouble.kind for one in report.troubles} == {"error"}
    assert sum(one.trouble.share for one in report.troubles) > 0.3

"""Equal layers are fixed in as many steps as one of them, and what a round of rewrites keeps is verified once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import onnx
import pytest
from onnx import ModelProto

import graphfix
from graphfix.rewrites.activation.decompose_thresholded_relu import DecomposeThresholdedRelu
from graphfix.rewriting.equal_sites import equal_sites
from graphfix.rewriting.transaction import WorkingModel
from graphfix.verify.reference import Reference

TARGETS = ("coreml", "tflite", "tract", "openvino", "tensorrt")


def layered(count: int) -> ModelProto:
    """A chain of layers, each of which holds three operators that compilers reject."""
    lines = []
    for place in range(count):
        lines.append(f"m{place} = Mish(x{place})\n t{place} = ThresholdedRelu<alpha = 0.1>(m{place})")
        lines.append(f"x{place + 1} = Celu(t{place})")
    text = "\n".join(lines)
    return onnx.parser.parse_model(
        f'<ir_version: 8, opset_import: ["": 18]> layers (float[2, 8] x0) => (float[2, 8] x{count}) {{ {text} }}'
    )


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often rewrites were tried, and candidates verified."""
    counts: Counter[str] = Counter()
    trial, check = WorkingModel.trial, Reference.check

    def tried(self: WorkingModel, *given: Any) -> Any:
        counts["tried"] += 1
        return trial(self, *given)

    def checked(self: Reference, *given: Any, **named: Any) -> Any:
        counts["verified"] += 1
        return check(self, *given, **named)

    monkeypatch.setattr(WorkingModel, "trial", tried)
    monkeypatch.setattr(Reference, "check", checked)
    return counts


def test_equal_layers_cost_no_more_steps(counted: Counter[str]) -> None:
    steps = []
    for count in (2, 40):
        counted.clear()
        found = graphfix.fix(layered(count), TARGETS, confirm=False)
        assert {result.verdict for result in found.report.results} == {"accepted"}
        assert found.verification.passed
        steps.append(counted["tried"])
    assert steps[0] == steps[1]


def test_what_a_round_keeps_is_verified_once(counted: Counter[str]) -> None:
    found = graphfix.fix(layered(2), TARGETS, confirm=False)
    assert len({change.rewrite for change in found.changes if change.applied}) > 1
    assert counted["verified"] == 1


def test_a_wrong_rewrite_of_a_round_is_found_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DecomposeThresholdedRelu, "after", "above = Greater(x, alpha)\n y = Where(above, zero, x)")
    found = graphfix.fix(layered(2), TARGETS, confirm=False)
    applied = {change.rewrite for change in found.changes if change.applied}
    assert "expand-function" in applied
    assert "decompose-thresholded-relu" not in applied
    wrong = [change for change in found.changes if change.rewrite == "decompose-thresholded-relu"]
    assert wrong
    assert all("differs by" in (change.declined or "") for change in wrong)
    assert found.verification.passed


def test_sites_are_equal_where_operator_attributes_and_operands_agree() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["": 18]> g (float[2, 8] x, float[2, 8] z) => (float[2, 8] e, float[2, 4] h) {
            a = Elu(x)
            b = Elu(z)
            c = Elu<alpha = 2.0>(a)
            d = Selu(b)
            e = Add(c, d)
            s, r = Split<axis = 1, num_outputs = 2>(z)
            h = Elu(s)
        }"""
    )
    keys: list[tuple[tuple[str, ...], str]] = [((), name) for name in "abcdh"]
    assert equal_sites(model, keys) == [(keys[0], keys[1]), (keys[2],), (keys[3],), (keys[4],)]

"""The Python functions: models in memory or by path, never changed, errors that say the cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

import graphfix
from graphfix.linter.example import Example

pytestmark = pytest.mark.usefixtures("demo")
FREE = Example("y = Softmax(x)", inputs="float[n,m] x")


def test_a_model_in_memory_and_its_file_get_the_same_report(write: Callable[..., Path]) -> None:
    path = write(FREE)
    by_path, in_memory = graphfix.lint(path, ["demo"]), graphfix.lint(onnx.load(path), ["demo"])
    assert by_path.verdict == in_memory.verdict == "rejected"
    assert [f.fingerprint for f in by_path.findings] == [f.fingerprint for f in in_memory.findings]


def test_shapes_decide_and_leave_the_model_as_it_is() -> None:
    model = FREE.model
    before = model.SerializeToString()
    assert graphfix.lint(model, ["demo"], shapes={"x": [2, 3]}).verdict == "accepted"
    assert model.SerializeToString() == before


def test_fix_gives_model_changes_proof_and_report_and_leaves_the_argument_alone() -> None:
    model = FREE.model
    before = model.SerializeToString()
    result = graphfix.fix(model, target="demo", shapes={"x": [2, 3]})
    assert model.SerializeToString() == before
    assert result.report.verdict == "accepted"
    assert result.verification.passed
    assert [change.rewrite for change in result.changes if change.applied] == ["freeze-dims"]


def test_report_prints_as_text_and_as_json() -> None:
    report = graphfix.lint(FREE.model, ["demo"])
    assert "GF106 dynamic-dimension" in str(report)
    assert report.to_json()[0]["verdict"] == "rejected"


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: graphfix.lint("none.onnx", ["demo"]), "none.onnx"),
        (lambda: graphfix.lint(FREE.model, ["dmo"]), "did you mean `demo`"),
        (lambda: graphfix.lint(FREE.model, ["demo"], shapes={"z": [1]}), "`z`"),
        (lambda: graphfix.fix("none.onnx", "demo"), "none.onnx"),
    ],
)
def test_what_cannot_be_judged_is_an_error_that_says_the_cure(call: Callable[[], object], part: str) -> None:
    with pytest.raises(graphfix.GraphfixError, match=part):
        call()

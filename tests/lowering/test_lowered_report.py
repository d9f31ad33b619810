"""What `graphfix lower` prints for people, of a lowering made up here: no framework is asked."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from graphfix.lowering.bringing import LoweredSource
from graphfix.lowering.lowered import Attempt, Lowered
from graphfix.lowering.source import Kind, Source
from graphfix.report.lowered import render_lowered
from graphfix.verify.compare import Verification

LEFTOVERS = [
    {"kind": "size-branch", "module": "neck", "file": "net.py", "line": 7, "text": "`if w > 16` depends on a size"},
    {"kind": "size-branch", "module": "head", "file": "net.py", "line": 9, "text": "`if h > 16` depends on a size"},
]


def brought(exported: Path | None) -> LoweredSource:
    attempt = Attempt("dynamo", "ok", 1.0, exported, leftovers=LEFTOVERS, nodes=3, opset=20)
    if exported is None:
        attempt.stage, attempt.failure = "export", {"message": "no ONNX for it", "file": "net.py", "line": 3}
    else:
        attempt.verification = Verification(2, 0.0, 1e-7, 1.0, True, "onnxruntime", None)
    source = Source("net:make", Kind.FACTORY)
    return LoweredSource(source.text, exported, Lowered(source, [attempt], attempt, {"torch": "2.0"}, "verified"))


@pytest.mark.parametrize("exported", [Path("net.onnx"), None], ids=["lowered", "failed"])
def test_every_finding_on_the_program_is_told_and_failures_once(exported: Path | None) -> None:
    made, out = brought(exported), io.StringIO()
    render_lowered(made, made.with_findings([made.empty_result("tract")]), out, output=exported)
    text = " ".join(out.getvalue().split())
    assert "`if w > 16` depends on a size at neck (net.py:7)" in text
    assert "`if h > 16` depends on a size at head (net.py:9)" in text, "the second of a kind too"
    assert text.count("no ONNX for it (net.py:3)") == (exported is None)
    assert "GF506" not in text, "the attempt has told it"

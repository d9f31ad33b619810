"""What workers tell becomes findings: each kind its code, the place beside the message, the cure in it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

import graphfix
import graphfix.lowering.leftovers
from graphfix.ir.source_location import SourceLocation
from graphfix.linter.diagnostics import Result, Severity
from graphfix.linter.source_outcomes import SOURCE_OUTCOMES
from graphfix.lowering.codes import KINDS, finding
from graphfix.lowering.leftovers import KINDS as FOUND
from graphfix.report import renderer


def test_every_kind_that_is_found_has_a_code_of_its_own() -> None:
    assert set(FOUND) <= KINDS.keys()
    assert sorted(outcome.code for outcome in KINDS.values()) == [f"GF50{number}" for number in range(1, 10)]
    assert {outcome.code for outcome in SOURCE_OUTCOMES} == {outcome.code for outcome in KINDS.values()}


def test_a_leftover_is_told_with_its_place() -> None:
    told = {
        "kind": "size-branch",
        "module": "neck",
        "file": "/home/me/model.py",
        "line": 26,
        "text": "`if w > 16` depends on a size",
    }
    made = finding(told, "tract")
    assert (made.code, made.name, made.severity, made.target) == ("GF509", "size-branch", Severity.WARNING, "tract")
    assert made.source == SourceLocation("neck", "/home/me/model.py", 26)
    assert made.message == "`if w > 16` depends on a size"
    assert made.op == ""


def test_a_worker_may_tell_that_one_is_less_grave() -> None:
    told = {"kind": "training-mode", "module": "drop", "file": "", "line": 0, "text": "a `Dropout` was in training mode"}
    assert finding(told, "tract").severity is Severity.WARNING
    assert finding({**told, "severity": "note"}, "tract").severity is Severity.NOTE


def test_a_failure_has_no_kind_and_is_told_with_its_cure() -> None:
    told = {"message": "No ONNX function found.", "file": "", "line": 0, "module": "", "op": "aten::x", "cure": "write it out"}
    made = finding(told, "coreml")
    assert (made.code, made.severity, made.source) == ("GF506", Severity.ERROR, None)
    assert made.message == "No ONNX function found; write it out"


def test_the_place_is_told_once_and_in_every_report() -> None:
    told = {
        "kind": "export-failed",
        "module": "body.3",
        "file": "/home/me/model.py",
        "line": 6,
        "text": "it fails (body.3 (model.py:6))",
    }
    made = finding(told, "tract")
    assert made.message == "it fails"
    result = Result("net:make", "tract", "1.0", findings=[made])
    for form in ("text", "concise", "markdown", "github"):
        out = io.StringIO()
        renderer(form)([result], out)
        assert "model.py" in out.getvalue(), form


def test_what_is_half_known_is_told_as_far_as_it_is() -> None:
    made = finding(
        {"kind": "training-mode", "module": "head.2", "file": "", "line": 0, "text": "a `Dropout` is in training mode"}, "tract"
    )
    assert made.source == SourceLocation("head.2")
    assert finding({"kind": "lowering-differs", "text": "by 0.3"}, "tract").source is None


def test_an_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        finding({"kind": "nothing"}, "tract")


ALONE = """
import importlib.util, sys, types
def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
find_leftovers = load("l", sys.argv[2]).find_leftovers
alone = not any("graphfix." in name for name in sys.modules)
sys.modules["graphfix"] = types.ModuleType("graphfix")  # as workers do: a package without contents of its own
sys.modules["graphfix"].__path__ = [sys.argv[1]]
from graphfix.lowering.failure import failure
class Net:
    training = False
    def named_modules(self):
        yield "", self
    def forward(self, x):
        return x if x.sum() > 0 else -x
found = [each["kind"] for each in find_leftovers(Net())]
print(failure(ValueError("no"))["message"], found, alone, *sorted(name for name in sys.modules if "graphfix." in name))
"""


def test_both_work_by_path_where_there_is_no_graphfix(tmp_path: Path) -> None:
    script = tmp_path / "alone.py"
    script.write_text(ALONE)
    files = [Path(graphfix.__file__).parent, graphfix.lowering.leftovers.__file__]
    done = subprocess.run([sys.executable, "-I", "-S", script, *files], capture_output=True, text=True, check=True)
    loaded = ["graphfix.lowering", "graphfix.lowering.failure", "graphfix.lowering.failure_location"]
    assert done.stdout.strip() == f"no ['data-dependent-branch'] True {' '.join(loaded)}"

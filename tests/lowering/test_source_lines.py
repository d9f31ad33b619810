"""The programs exported by torch: findings name the lines that are marked with the operators they are about."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from marks import PROGRAMS, marks

import graphfix
from graphfix.ir.source_location import has_location, source_location
from graphfix.linter.diagnostics import Finding
from graphfix.linter.engine import lint_file

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (importlib.util.find_spec("torch") and importlib.util.find_spec("onnxscript")), reason="torch is not installed"
    ),
]
TARGETS = ["coreml", "tflite", "tensorrt", "openvino", "tract"]
EXPORT = """
import importlib, sys, torch
sys.path.insert(0, sys.argv[1])
for name in sys.argv[3:]:
    program = importlib.import_module(name)
    for exporter in ("dynamo", "trace"):
        if program.EXPORTERS[exporter]:
            path, dynamo = f"{sys.argv[2]}/{name}.{exporter}.onnx", exporter == "dynamo"
            torch.onnx.export(program.make().eval(), program.example_inputs(), path, dynamo=dynamo, verbose=not dynamo)
"""
"""torch's older exporter leaves stacks only when it is verbose."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every program by the exporters that take it, as PROGRAM.EXPORTER.onnx."""
    folder = tmp_path_factory.mktemp("exported")
    names = sorted(path.stem for path in PROGRAMS.glob("*.py"))
    words = [sys.executable, "-c", EXPORT, str(PROGRAMS), str(folder), *names]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def right(finding: Finding, program: str) -> bool:
    """Whether the line that a finding names is one that makes its operator."""
    found = finding.source
    if found is None or Path(found.file) != PROGRAMS / f"{program}.py":
        return False
    return finding.op in marks(program).get(found.line or 0, ())


@pytest.mark.parametrize("exporter", ["dynamo", "trace"])
def test_nineteen_of_twenty_findings_name_the_right_line(exporter: str, exported: Path) -> None:
    told, guessed = [], []
    for path in sorted(exported.glob(f"*.{exporter}.onnx")):
        program, model = path.name.partition(".")[0], onnx.load(path, load_external_data=False)
        silent = {node.name for node in model.graph.node if exporter == "dynamo" and not has_location(node)}
        for found in (f for result in lint_file(path, TARGETS) for f in result.findings if f.node):
            (guessed if found.node in silent else told).append((program, found))
    wrong = [(program, found) for program, found in told if not right(found, program)]
    assert len(told) >= 50
    assert len(wrong) <= len(told) / 20, wrong
    # That exporter leaves no line for one node that it writes for several steps; its neighbour's is at most one line off.
    far = [(program, found) for program, found in guessed if not near(found, program)]
    assert not far, far


def near(finding: Finding, program: str) -> bool:
    """Whether a finding names the line that makes its operator or one next to it."""
    line = finding.source.line if finding.source else None
    return line is not None and any(finding.op in marks(program).get(line + off, ()) for off in (-1, 0, 1))


@pytest.mark.parametrize(
    ("name", "target"), [("adaptive_pools.dynamo", "tract"), ("float64_leak.dynamo", "coreml"), ("packed_lstm.trace", "tract")]
)
def test_a_fixed_program_knows_its_lines(name: str, target: str, exported: Path) -> None:
    before = onnx.load(exported / f"{name}.onnx")
    result = graphfix.fix(before, target)
    assert any(change.applied and change.source is not None for change in result.changes)
    known = {source_location(node, before.producer_name) for node in before.graph.node}
    after = {source_location(node, before.producer_name) for node in result.model.graph.node}
    assert after <= known
    assert {found.line for found in after if found is not None} & marks(name.partition(".")[0]).keys()

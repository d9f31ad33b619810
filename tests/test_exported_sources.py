"""What torch's exporters leave of the author's lines, in real exports: linted from the file, fixed, annotated."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import ModelProto

import graphfix
from graphfix.analysis.facts import Facts
from graphfix.ir.source_location import SourceLocation, source_location
from graphfix.ir.traversal import graphs
from graphfix.linter.check import place
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.engine import lint_file
from graphfix.linter.explain_verdict import explained
from graphfix.report.annotated_model import annotate
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.pipeline import fix_model
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import apply_with_locations

FOLDER = Path(__file__).parent.parent / "fixtures" / "exported"
FILE = "/home/me/net/make_sources.py"
EXPORTS = [FOLDER / "sources" / f"gates_{exporter}.onnx" for exporter in ("dynamo", "trace")]
TARGETS = ["coreml", "tflite", "tensorrt", "openvino", "tract"]
exports = pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.stem)


@functools.cache
def marks() -> dict[int, set[str]]:
    """The operators that a line of the module makes, as it says itself."""
    lines = (FOLDER / "make_sources.py").read_text(encoding="utf-8").splitlines()
    found = ((number, re.search(r"# makes: (.+)$", line)) for number, line in enumerate(lines, 1))
    return {number: set(match[1].split(", ")) for number, match in found if match}


def where(model: ModelProto) -> dict[str, SourceLocation | None]:
    return {node.name: source_location(node, model.producer_name) for graph in graphs(model.graph) for node in graph.node}


@exports
def test_every_node_comes_from_the_line_that_makes_it(path: Path) -> None:
    model = onnx.load(path)
    nodes = [node for node in model.graph.node if node.op_type != "Constant"]
    assert len(nodes) == 15
    for node in nodes:
        found = source_location(node, model.producer_name)
        assert found is not None, node.name
        assert found.file == FILE
        assert node.op_type in marks()[found.line or 0], f"{node.op_type} is not made by line {found.line}"


@exports
def test_no_directory_of_the_machine_that_exported_is_named(path: Path) -> None:
    places = set(re.findall(rb"(?:/[\w.-]+)+/[\w.-]+\.py", path.read_bytes()))
    assert places
    assert all(place.startswith((b"/home/me/net/", b"/opt/env/")) for place in places)


def test_both_exporters_name_the_modules() -> None:
    dynamo, trace = (where(onnx.load(path)) for path in EXPORTS)
    assert dynamo["node_hardsigmoid"] == SourceLocation("blocks.0", FILE, 36) == trace["/blocks/blocks.0/HardSigmoid"]
    assert dynamo["node_conv2d_2"] == SourceLocation("last.scale", FILE, 35) == trace["/last/scale/Conv"]
    assert dynamo["n0_2"] == SourceLocation("", FILE, 50) == trace["/Erf"]


@exports
def test_findings_have_the_source_when_only_the_skeleton_is_read(path: Path) -> None:
    results = lint_file(path, TARGETS)
    found = [finding for result in results for finding in result.findings if finding.node]
    assert len(found) >= 10
    for finding in found:
        assert finding.source is not None
        assert finding.op in marks()[finding.source.line or 0]
        assert finding.to_json()["source"] == {"module": finding.source.module, "file": FILE, "line": finding.source.line}
    in_memory = graphfix.lint(onnx.load(path), TARGETS).findings
    assert [finding.source for finding in in_memory] == [f.source for result in results for f in result.findings]


def test_an_explained_verdict_names_the_source() -> None:
    lines = list(explained(onnx.load(EXPORTS[0]), "tract", "node_hardsigmoid"))
    assert f"  source    blocks.0 (make_sources.py:36), {FILE}" in lines


@exports
def test_no_rewrite_that_fires_loses_an_origin(path: Path) -> None:
    model = onnx.load(path)
    known = set(where(model).values())
    fired = 0
    for rewrite in registry().values():
        if rewrite.last_resort:
            continue
        made = apply_with_locations(rewrite, model).model
        if made is not None and [o.name for o in made.graph.output] == [o.name for o in model.graph.output]:
            model, fired = made, fired + 1
    assert fired >= 4
    assert set(where(model).values()) <= known
    lost = [node.name for node in model.graph.node if source_location(node, model.producer_name) is None]
    assert all("Constant" in name for name in lost), lost


def rejects(*ops: str) -> Callable[[ModelProto], list[Result]]:
    """A judge for whom these operators are errors."""

    def judge(model: ModelProto) -> list[Result]:
        facts = Facts.of(model)
        found: list[Any] = [node for node in facts.nodes if node.op in ops]
        bad = [
            Finding("GF101", "unsupported-operator", Severity.ERROR, "demo", "no", kind="operator", **place(node, facts))
            for node in found
        ]
        return [Result("", "demo", "1", 0, bad)]

    return judge


@exports
def test_changes_of_a_fix_name_the_source_of_their_node(path: Path) -> None:
    result = fix_model(onnx.load(path), judge=rejects("HardSigmoid"))
    first = next(change for change in result.changes if change.applied)
    assert first.rewrite == "decompose-hard-sigmoid"
    assert first.to_json()["source"] == {"module": "blocks.0", "file": FILE, "line": 36}
    clip = next(node for node in result.model.graph.node if node.op_type == "Clip")
    assert source_location(clip, result.model.producer_name) == SourceLocation("blocks.0", FILE, 36)


@pytest.mark.slow
@exports
def test_what_a_fix_declines_and_what_is_left_name_the_source_too(path: Path) -> None:
    result = fix_model(onnx.load(path), judge=rejects("Erf"), options=FixOptions(explain=True))
    declined = next(change for change in result.changes if change.rewrite == "erf-to-tanh")
    assert not declined.applied
    assert declined.source == SourceLocation("", FILE, 50)
    assert [finding.source for finding in result.results[0].findings] == [SourceLocation("", FILE, 50)]
    (why,) = result.why
    assert why.to_json()["sources"] == [{"module": "", "file": FILE, "line": 50}]


@exports
def test_verdicts_are_annotated_beside_origins_and_again_over_older_ones(path: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.onnx", tmp_path / "second.onnx"
    fixed = fix_model(onnx.load(path), judge=rejects("HardSigmoid")).model
    onnx.save(fixed, tmp_path / "fixed.onnx")
    annotate(lint_file(tmp_path / "fixed.onnx", ["tract", "coreml"], detail=True), tmp_path / "fixed.onnx", first, force=False)
    annotate(lint_file(first, ["tract"], detail=True), first, second, force=False)
    told = onnx.load(second)
    assert where(told) == where(fixed)
    keys = {prop.key for node in told.graph.node for prop in node.metadata_props}
    assert "graphfix.tract" in keys
    assert "graphfix.coreml" not in keys

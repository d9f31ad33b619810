"""Roads tried on ONNX models and on hand-made exports: which means reach a target, what they cost, what stands in the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from graphfix.analysis.facts import Facts
from graphfix.ir.source_location import MODULE, SourceLocation
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.lowering.paths import search as roadwork
from graphfix.lowering.paths.model import (
    ConversionPath,
    ConversionPaths,
    ExportState,
    Means,
    Start,
    blocking_causes,
    suggested_options,
)
from graphfix.lowering.paths.search import SearchOptions, search_paths
from graphfix.lowering.paths.starts import start_as_given

pytestmark = pytest.mark.usefixtures("demo")
HEADER = '<ir_version: 8, opset_import: ["" : 17]>'
Judge = Callable[..., list[Result]]


def saved(folder: Path, body: str, inputs: str = "float[2, 4] x", outputs: str = "float[2, 4] y") -> Path:
    path = folder / "model.onnx"
    onnx.save(onnx.parser.parse_model(f"{HEADER} g ({inputs}) => ({outputs}) {{ {body} }}"), path)
    return path


def judging(monkeypatch: pytest.MonkeyPatch, *ops: str, free: bool = False) -> None:
    """Let these operators be rejected, and with `free` every input with a dim that is not fixed."""

    def judge(model: ModelProto, targets: list[str], *, name: str = "") -> list[Result]:
        facts = Facts.of(model)
        found = [
            Finding("GF101", "unsupported-operator", Severity.ERROR, "demo", f"`{node.op}` is rejected", node.scope, node.label,
                    node.op, "", node.proto.output[0], "operator", source=facts.origin(node))
            for node in facts.nodes if node.op in ops
        ]  # fmt: skip
        if free and any(not isinstance(size, int) for value in facts.inputs for size in value.shape or ()):
            found.append(Finding("GF201", "dynamic-dimension", Severity.ERROR, "demo", "free", kind="dynamic"))
        return [Result(name, "demo", "1.0", len(facts.nodes), found, called=target) for target in targets]

    monkeypatch.setattr(roadwork, "judge", judge)


def one(path: Path, **terms: Any) -> ConversionPath:
    (road,) = search_paths([start_as_given(path)], ["demo"], SearchOptions(str(path), **terms), lambda _: None)
    return road


def lowered(path: Path, outputs: Any, feed: dict[str, Any]) -> Start:
    """A start whose framework gave these outputs on this feed."""
    feeds = path.with_name("feeds.npz")
    np.savez(feeds, **{f"0/in/{name}": array for name, array in feed.items()}, **{"0/out/0": outputs})
    feeds.with_suffix(".json").write_text(json.dumps({"labels": ["the example"]}))
    return Start("trace", ExportState.GOOD, path, nodes=1, opset=17, error=0.0, feeds=feeds, flag="--exporter=trace")


def test_a_model_that_is_taken_goes_as_it_is(tmp_path: Path, picky: Any) -> None:
    path = saved(tmp_path, "y = Relu(x)")
    road = one(path, options=("--shape=x=2x4",))
    assert (road.means, road.verdict, road.rewrites, road.initial_causes) == (Means.AS_IS, "accepted", (), ())
    assert road.command == f"graphfix compile {path} --shape=x=2x4 --target demo -o model.demo"


def test_exact_rewrites_come_before_approximate_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judging(monkeypatch, "HardSigmoid", "HardSwish")
    road = one(saved(tmp_path, "h = HardSigmoid(x) y = HardSwish(h)"))
    assert road.means is Means.EXACT
    assert {each.safety for each in road.rewrites} == {"exact"}
    assert sum(each.times for each in road.rewrites) >= 2
    assert [obstacle.finding.op for obstacle in road.initial_causes] == ["HardSigmoid", "HardSwish"]
    assert road.remaining_causes == ()
    assert road.error is not None
    assert road.error < 1e-6
    assert "--allow" not in road.command


def test_approximation_is_the_next_resort_and_its_error_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judging(monkeypatch, "Erf", "HardSigmoid")
    path = saved(tmp_path, "h = HardSigmoid(x) y = Erf(h)")
    road = one(path)
    assert road.means is Means.APPROXIMATE
    assert ("erf-to-tanh", "approximate", 1) in {(each.rewrite, each.safety, each.times) for each in road.rewrites}
    assert road.error is not None
    assert 1e-7 < road.error < 1e-2
    assert road.command == f"graphfix fix {path} --target demo --allow=approximate -o fixed.onnx"


def test_what_nothing_cures_is_named_with_the_nodes_and_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judging(monkeypatch, "Det", "HardSigmoid")
    path = saved(tmp_path, "h = HardSigmoid(x) y = Det(h)", "float[4, 4] x", "float y")
    model = onnx.load(path)
    model.graph.node[1].metadata_props.add(key=MODULE, value="head.det")
    model.graph.node[1].metadata_props.add(key="graphfix.line", value="/code/model.py:88")
    onnx.save(model, path)
    road = one(path)
    assert (road.means, road.verdict) == (Means.NONE, "rejected")
    assert [each.finding.op for each in road.initial_causes] == ["HardSigmoid", "Det"]
    assert [each.finding.op for each in road.remaining_causes] == ["Det"]
    assert "model.py:88" in road.remaining_causes[0].places[0]
    assert road.to_json()["left"][0]["source"] == {"module": "head.det", "file": "/code/model.py", "line": 88}
    assert {each.rewrite for each in road.rewrites} == {"decompose-hard-sigmoid"}  # as far as it goes
    assert "--why" in road.command


def test_what_was_never_measured_is_undecided_and_no_road(tmp_path: Path) -> None:
    road = one(saved(tmp_path, "y = Sinh(x)"))
    assert (road.means, road.verdict) == (Means.UNKNOWN, "undecided")
    assert [each.finding.op for each in road.remaining_causes] == ["Sinh"]
    assert not road.means.reaches_target


def test_free_dims_are_fixed_to_the_sizes_of_the_example_as_the_last_resort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging(monkeypatch, free=True)
    path = saved(tmp_path, "y = Relu(x)", "float[N, 4] x", "float[N, 4] y")
    assert one(path).means is Means.NONE  # nobody said which sizes
    road = one(path, data={"x": np.ones((3, 4), np.float32)})
    assert (road.means, road.sizes) == (Means.INTERFACE, {"x": [3, 4]})
    assert "--shape=x=3x4" in road.command


def test_sizes_of_an_export_are_fixed_after_it_as_they_were_when_it_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging(monkeypatch, free=True)
    path = saved(tmp_path, "y = Relu(x)", "float[N, 4] x", "float[N, 4] y")
    start = lowered(path, np.ones((3, 4), np.float32), {"x": np.ones((3, 4), np.float32)})
    (road,) = search_paths([start], ["demo"], SearchOptions("m:make"), lambda _: None)
    assert (road.means, road.sizes, road.end_error) == (Means.INTERFACE, {"x": [3, 4]}, 0.0)
    assert road.command == ("graphfix lower m:make --exporter=trace -o model.onnx && "
                            "graphfix fix model.onnx --target demo --shape=x=3x4 -o fixed.onnx")  # fmt: skip


def test_the_end_is_held_to_the_framework_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judging(monkeypatch, "HardSigmoid")
    path = saved(tmp_path, "y = HardSigmoid(x)")
    feed = {"x": np.linspace(-4, 4, 8, dtype=np.float32).reshape(2, 4)}
    right = np.clip(feed["x"] * 0.2 + 0.5, 0, 1)
    (road,) = search_paths([lowered(path, right, feed)], ["demo"], SearchOptions("m:make"), lambda _: None)
    assert road.means is Means.EXACT
    assert road.end_error is not None
    assert road.end_error < 1e-6
    assert road.command == "graphfix fix m:make --exporter=trace --target demo -o fixed.onnx"
    (road,) = search_paths([lowered(path, right + 1, feed)], ["demo"], SearchOptions("m:make"), lambda _: None)
    assert road.means is Means.NONE
    assert road.note.startswith("the end computes something else than the framework")


def test_a_road_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judging(monkeypatch, "HardSigmoid")
    road = one(saved(tmp_path, "y = HardSigmoid(x)"), limit=0.0)
    assert (road.means, road.note) == (Means.NONE, "given up after 0 s, at exact means")
    assert [each.finding.op for each in road.remaining_causes] == ["HardSigmoid"]


@pytest.mark.usefixtures("picky")
def test_a_road_that_graphfix_stumbles_on_costs_the_others_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(model: ModelProto, targets: list[str], *, name: str = "") -> list[Result]:
        if targets == ["demo@1.0"]:
            raise ZeroDivisionError("a fault")
        return [Result(name, "demo", "1.0", called="demo")]

    monkeypatch.setattr(roadwork, "judge", judge)
    path = saved(tmp_path, "h = HardSigmoid(x) y = Relu(h)")
    first, second = search_paths([start_as_given(path)], ["demo@1.0", "demo"], SearchOptions(str(path)), lambda _: None)
    assert (first.means, "ZeroDivisionError: a fault" in first.note) == (Means.UNKNOWN, True)
    assert second.means is Means.AS_IS


def test_exporters_that_give_nothing_are_dead_ends_with_their_reason(tmp_path: Path) -> None:
    dead = Start(
        "script", ExportState.FAILS, reason="the exporter fails: no such type", location="m.py:3", flag="--exporter=script"
    )
    wrong = Start("trace", ExportState.DIFFERS, tmp_path / "never-read.onnx", reason="it computes something else: y")
    found = list(search_paths([dead, wrong], ["demo"], SearchOptions("my module:make"), lambda _: None))
    assert [(road.means, road.note) for road in found] == [(Means.NONE, dead.reason), (Means.NONE, wrong.reason)]
    assert found[0].command == "graphfix lower 'my module:make' --exporter=script -o model.onnx --full"


def test_the_easiest_road_is_the_gentlest_then_the_one_that_changes_least(tmp_path: Path) -> None:
    starts = [Start(name, ExportState.GOOD) for name in ("dynamo", "trace", "script")]
    ways = [ConversionPath(starts[0], "a", "a 1", Means.EXACT, error=1e-7),
            ConversionPath(starts[1], "a", "a 1", Means.EXACT, error=0.0),
            ConversionPath(starts[2], "a", "a 1", Means.APPROXIMATE),
            ConversionPath(starts[0], "b", "b 1", Means.UNKNOWN),
            ConversionPath(starts[1], "b", "b 1", Means.NONE), ConversionPath(starts[2], "b", "b 1", Means.NONE)]  # fmt: skip
    found = ConversionPaths("m", "ONNX", "", ("a", "b"), tuple(starts), tuple(ways))
    assert found.best("a") is ways[1]
    assert found.best("b") is ways[3]
    assert found.reached == ["a"]
    assert [way.rank for way in Means] == sorted(way.rank for way in Means)


def test_a_map_is_json_even_where_an_error_is_infinite() -> None:
    start = Start("dynamo", ExportState.DIFFERS, error=float("inf"))
    found = ConversionPaths(
        "m", "ONNX", "", ("a",), (start,), (ConversionPath(start, "a", "a 1", Means.NONE, error=float("nan")),)
    )
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert (told["schema"], told["roads"][0]["max_rel_error"], told["exporters"][0]["max_rel_error"]) == (1, None, None)


def test_findings_with_one_cause_are_one_obstacle_and_notes_are_none() -> None:
    def finding(op: str, node: str, **more: Any) -> Finding:
        return Finding(
            "GF101", "n", more.pop("severity", Severity.ERROR), "demo", f"`{op}` is rejected", node=node, op=op, **more
        )

    told = [finding("Det", "a"), finding("Det", "b", source=SourceLocation("", "m.py", 3)), finding("Erf", "c"),
            finding("Abs", "d", severity=Severity.NOTE, kind="unmeasured")]  # fmt: skip
    assert [(each.finding.op, each.places) for each in blocking_causes(told)] == [("Det", ("a", "b (m.py:3)")), ("Erf", ("c",))]
    assert [each.finding.op for each in blocking_causes(told[3:])] == ["Abs"]
    note = Severity.NOTE
    fixes = [finding("If", "x", severity=note, cure="--set sr=1"), finding("If", "x", cure="--shape x=1")]
    assert suggested_options(fixes) == "--set sr=1"
    assert suggested_options(told) == ""

"""`lint --statistics` says who runs the nodes of each target, or that only the device knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphfix.cli.app import main
from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.report.verdict_matrix import statistics_lines
from graphfix.tables.table import table
from graphfix.tables.versions import every_target, torch_targets

MODEL = Example("y = Relu(x)")


@pytest.mark.parametrize("target", sorted(set(every_target()) - set(torch_targets())))
def test_every_target_says_what_is_known_of_who_runs_a_node(target: str) -> None:
    (result,) = judge(MODEL.model, [target], statistics=True)
    assert result.statistics is not None
    assert result.statistics["placement"] == table(target).placement != ""
    counted, *placed = statistics_lines(result, 60)
    assert counted.startswith("1 of 1 nodes are supported")
    assert " ".join(placed) == table(target).placement
    assert max(map(len, placed)) <= 60


def test_what_only_the_device_knows_is_said_so() -> None:
    assert "decides on the device" in table("coreml").placement
    assert "on the GPU that runs it; engines were built and not run" in table("tensorrt").placement


def test_nothing_is_said_where_nothing_was_counted() -> None:
    (result,) = judge(MODEL.model, ["coreml"])
    assert statistics_lines(result, 60) == []


def test_reports_have_the_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(MODEL.model.SerializeToString())
    words = ["lint", str(path), "--isolated", "--statistics", "--target"]
    for targets in ("coreml", "coreml,tensorrt"):
        assert main([*words, targets]) == 0
        assert "Core ML decides on the device whether" in " ".join(capsys.readouterr().out.split())
    assert main([*words, "coreml", "--output-format", "json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["statistics"]["placement"] == table("coreml").placement

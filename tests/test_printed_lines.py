"""The line that lint prints for a model does something for it as it stands: fewer errors, wrong results or missing artifacts."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from graphfix.cli.app import main
from graphfix.linter.next_options import PLACEHOLDER
from graphfix.tables.versions import groups

ROOT = Path(__file__).parent.parent
MODELS = sorted([*(ROOT / "fixtures" / "models").glob("*.onnx"), *(ROOT / "fixtures" / "exported").glob("*.onnx")])


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    main([*words, "--output-format", "json"])
    result: dict[str, Any] = json.loads(capsys.readouterr().out)["results"][0]
    return result


def weight(result: dict[str, Any]) -> tuple[int, bool, int]:
    """The number of errors, whether the model is not accepted, and the number of warnings that a fix may remove."""
    found = result["findings"]
    warned = sum(f["severity"] == "warning" and f["code"] in ("GF301", "GF113") for f in found)
    return sum(f["severity"] == "error" for f in found), result["verdict"] != "accepted", warned


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_the_printed_line_helps_as_it_stands(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for target in groups()["all"]:
        before = told(capsys, "lint", str(model), "--target", target, "--isolated", "--no-confirm")
        named = [f for f in before["findings"] if f["severity"] != "note" and (f["rewrite"] is not None or f["cure"])]
        assert ("next" in before) or not named, (target, named)
        if "next" in before:
            words = shlex.split(before["next"]["command"])
            assert PLACEHOLDER not in words
            assert Path(words[2]) == model
            after = told(capsys, *words[1:])
            assert weight(after) < weight(before), (target, words)
            assert (tmp_path / words[words.index("-o") + 1]).exists()

"""docs/json.md tells every key that the schema of reports has, and the programs on it read a report."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from graphfix.cli.app import main
from graphfix.report import json_

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "json.md").read_text("utf-8")
SCHEMA = json.loads(Path(json_.__file__).with_name(json_.SCHEMA).read_text("utf-8"))


def test_the_tables_of_the_page_are_those_of_the_schema() -> None:
    place = ROOT / "docs" / "report_tables.py"
    spec = importlib.util.spec_from_file_location("report_tables", place)
    assert spec is not None
    assert spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    assert tables.filled(PAGE, SCHEMA) == PAGE, "write them anew by `python docs/report_tables.py`"
    rows = re.findall(r"^\| `(\w+)` \| ", PAGE.partition("## Report\n")[2], re.MULTILINE)
    assert rows == [key for title in re.findall(r"^## (\w+)$", PAGE, re.MULTILINE) for key in of_title(title)]
    with pytest.raises(KeyError):
        tables.filled(PAGE.replace("## Part\n", "## Piece\n"), SCHEMA)
    with pytest.raises(KeyError):
        tables.filled(PAGE[: PAGE.index("## Obstacle")], SCHEMA)


def of_title(title: str) -> list[str]:
    """The keys of the definition with a title; none for another heading."""
    return [key for held in SCHEMA["definitions"].values() if held["title"] == title for key in held["properties"]]


def test_the_programs_on_the_page_read_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "fixtures" / "models" / "speech.onnx", tmp_path)
    shutil.copy(ROOT / "fixtures" / "models" / "relu.onnx", tmp_path / "model.onnx")
    (command,) = re.findall(r"^    \$ graphfix (lint .+)$", PAGE, re.MULTILINE)
    assert main([*shlex.split(command), "--isolated"]) == 1
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(program, "json.md", "exec"), {})
    assert "model.onnx tract accepted\nmodel.onnx coreml accepted\nspeech.onnx tract rejected\n  " in out.getvalue()
    assert "(dissolve-if)" in out.getvalue()
    if shutil.which("jq") is not None:
        (line,) = re.findall(r"```sh\n(jq .*?)\n```", PAGE, re.DOTALL)
        done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True)
        assert done.stdout.startswith("speech.onnx on tract: rejected\n")

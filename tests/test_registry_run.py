"""Registries: results are kept as they are known, a later run judges only what is new, and a report counts what holds back."""

from __future__ import annotations

import contextlib
import html.parser
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from graphfix.cli import registry_run
from graphfix.cli.app import main
from graphfix.linter.example import Example
from graphfix.report.json_ import SCHEMA
from graphfix.report.results_file import read_results
from tests.test_clusters import local_cluster
from tests.test_hostile_models import NAMES, written
from tests.test_interrupted_commands import group

FORMS = ("y = Relu(x)", "y = Det(x)", "a = Det(x)\ny = Shrink(a)")


def put(path: Path, text: str) -> None:
    path.write_bytes(Example(text, inputs="float[3,3] x").model.SerializeToString())


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A folder of twelve small models of three forms."""
    folder = tmp_path / "models"
    folder.mkdir()
    for at in range(12):
        put(folder / f"m{at:02}.onnx", FORMS[at % 3])
    return folder


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models that are judged, in order."""
    real, seen = registry_run.run_as_done, list[str]()

    def run(tasks: Any, *given: Any, **named: Any) -> Any:
        seen.extend(task.path.name for task in tasks)
        return real(tasks, *given, **named)

    monkeypatch.setattr(registry_run, "run_as_done", run)
    return seen


def lint(folder: Path | str, output: Path, *words: str, target: str = "tract,coreml") -> int:
    form = "parquet" if output.suffix == ".parquet" else "jsonl"
    line = ["lint", str(folder), "-t", target, "--isolated", "--output-format", form, "--output-file", str(output), *words]
    return main(line)


def keys(output: Path) -> list[tuple[str, str]]:
    return sorted((Path(row["model"]).name, row["target"]) for row in read_results(output))


@pytest.fixture(params=["results.jsonl", "results.parquet"])
def output(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The file of results, in each form."""
    if request.param.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="pyarrow, of the extra `registry`, is not installed")
    return tmp_path / str(request.param)


def test_nothing_is_judged_twice(registry: Path, output: Path, judged: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(registry, output, "--resume") == 1
    assert sorted(judged) == sorted(path.name for path in registry.iterdir())
    said = capsys.readouterr()
    assert "12 models linted in" in said.err
    assert "12 models\n" in said.out
    judged.clear()
    before = {repr(row) for row in read_results(output)}
    assert lint(registry, output, "--resume") == 1
    assert judged == []
    assert {repr(row) for row in read_results(output)} == before
    assert len(keys(output)) == len(set(keys(output))) == 24
    assert sorted(path.name for path in output.parent.iterdir()) == ["models", output.name]


def test_what_changed_is_judged_again(registry: Path, output: Path, judged: list[str]) -> None:
    lint(registry, output, "--resume")
    judged.clear()
    put(registry / "m00.onnx", FORMS[2])
    put(registry / "new.onnx", FORMS[0])
    (registry / "m05.onnx").unlink()
    assert lint(registry, output, "--resume") == 1
    assert sorted(judged) == ["m00.onnx", "new.onnx"]
    assert len(keys(output)) == len(set(keys(output))) == 26  # what was removed stays, as does what another call judged
    rows = {row["target"]: row for row in read_results(output) if row["model"].endswith("m00.onnx")}
    assert rows["tract"]["nodes"] == 2
    judged.clear()
    lint(registry, output, "--resume", "--select", "GF101")
    assert len(judged) == 12


def test_other_tables_judge_again(registry: Path, output: Path, judged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lint(registry, output, "--resume")
    judged.clear()
    monkeypatch.setattr("graphfix.cli.input_fingerprints.table_digest", lambda target: f"other {target}")
    lint(registry, output, "--resume")
    assert len(judged) == 12


def test_an_interrupted_run_goes_on_where_it_was(registry: Path, output: Path, judged: list[str]) -> None:
    lint(registry, output.with_suffix(".jsonl"), "--resume")
    lines = output.with_suffix(".jsonl").read_bytes().splitlines(keepends=True)
    output.with_suffix(".jsonl").unlink()
    partial = output.with_name(f"{output.name}.partial")
    partial.write_bytes(b"".join(lines[:7]) + lines[7][:40])  # three models, half of the fourth, and a line that is cut off
    judged.clear()
    assert lint(registry, output, "--resume") == 1
    assert len(judged) == 9
    assert len(keys(output)) == len(set(keys(output))) == 24
    assert not partial.exists()


def test_results_of_an_interrupted_run_are_not_discarded_unasked(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow, of the extra `registry`, is not installed")
    output = tmp_path / "r.parquet"
    partial = tmp_path / "r.parquet.partial"
    partial.write_text("")
    assert lint(registry, output) == 2
    assert "an interrupted run has left results; continue it with --resume, or discard it with --force" in capsys.readouterr().err
    assert lint(registry, output, "--force") == 1
    assert not partial.exists()
    assert len(keys(output)) == 24


def test_errors_are_judged_again(registry: Path, output: Path, judged: list[str]) -> None:
    (registry / "m00.onnx").write_bytes(b"nonsense")
    assert lint(registry, output, "--resume") == 2
    judged.clear()
    assert lint(registry, output, "--resume") == 2
    assert judged == ["m00.onnx"]
    put(registry / "m00.onnx", FORMS[0])
    assert lint(registry, output, "--resume") == 1
    assert len(keys(output)) == len(set(keys(output))) == 24


def test_results_of_other_folders_stay(registry: Path, output: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    put(other / "z.onnx", FORMS[0])
    assert lint(registry, output, "--resume") == 1
    assert lint(other, output, "--resume", target="tract") == 0  # the exit code is of the models that are named
    assert len(keys(output)) == 25


def test_both_formats_hold_the_same(registry: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow, of the extra `registry`, is not installed")
    lint(registry, tmp_path / "a.jsonl", "--resume", "--statistics")
    lint(registry, tmp_path / "b.parquet", "--statistics")
    assert list(read_results(tmp_path / "a.jsonl")) == list(read_results(tmp_path / "b.parquet"))


def test_the_rows_are_as_the_schema_says(registry: Path, tmp_path: Path) -> None:
    import graphfix.report

    lint(registry, tmp_path / "a.jsonl", "--resume")
    schema = json.loads(Path(graphfix.report.__file__).with_name(SCHEMA).read_text())
    for row in read_results(tmp_path / "a.jsonl"):
        jsonschema.validate(row, schema)
        assert re.fullmatch("[0-9a-f]{16}", row["input"])


def test_two_runs_do_not_write_one_file(registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / "a.jsonl.partial").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert lint(registry, tmp_path / "a.jsonl", "--resume") == 2
    assert "a.jsonl.partial: another run is writing it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--resume"], "--resume continues a file of results, not text"),
        (["--resume", "--output-format", "jsonl"], "--resume continues a file of results; add --output-file FILE"),
        (["--output-format", "parquet"], "parquet is written to a file; add --output-file FILE"),
        (["--resume", "--output-format", "jsonl", "--output-file", "o", "--fix"], "--fix does not go with a file of results"),
        (["--backend", "nosuch=1"], "there is no kind of cluster `nosuch`"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    words: list[str], said: str, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", str(registry), "-t", "tract", "--isolated", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_results_is_left_alone(registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "notes.jsonl"
    output.write_text('{"a": 1}\n')
    assert lint(registry, output, "--resume") == 2
    assert "notes.jsonl: line 1 is no result" in capsys.readouterr().err
    assert output.read_text() == '{"a": 1}\n'


def test_the_report_counts_models_most_first(registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "a.jsonl"
    lint(registry, output, "--resume")
    capsys.readouterr()
    assert main(["report", str(output), "--output-format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["models"] == 12
    tract = next(one for one in found["targets"] if one["target"] == "tract")
    rows = [row for row in read_results(output) if row["target"] == "tract"]
    errors = {row["model"]: {f["op"] for f in row["findings"] if f["severity"] == "error"} for row in rows}
    assert tract["rejected"] == sum(bool(ops) for ops in errors.values()) > 0
    for operator in tract["operators"]:
        assert operator["models"] == sum(operator["op"] in ops for ops in errors.values())
        assert operator["alone"] == sum(ops == {operator["op"]} for ops in errors.values())
    counts = [one["models"] for one in tract["operators"]]
    assert counts == sorted(counts, reverse=True)
    assert main(["report", str(output)]) == 0
    text = capsys.readouterr().out
    assert re.search(rf"^ +{counts[0]} +\d+  {tract['operators'][0]['op']}$", text, re.MULTILINE)


class Page(html.parser.HTMLParser):
    """The elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)


def test_the_page_is_safe_and_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for at, name in enumerate(NAMES):
        written(folder / f"{at}<img src=x>.onnx", "Unique" if "\n" in name else name, ["x"], ["y"], domain="custom")
    lint(folder, tmp_path / "a.jsonl", "--resume", target="tract")
    assert main(["report", str(tmp_path / "a.jsonl"), "--html", str(tmp_path / "p.html")]) == 0
    page = Page()
    page.feed((tmp_path / "p.html").read_text())
    assert not {"img", "script", "a"} & set(page.tags)
    assert "meter" in page.tags
    assert main(["report", str(tmp_path / "a.jsonl"), "--html", str(tmp_path / "p.html")]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "a.jsonl")]) == 0
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", capsys.readouterr().out)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["home", "loky", "dask", "ray"])
def test_a_kill_loses_nothing_and_doubles_nothing(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for at in range(150):
        put(folder / f"m{at:03}.onnx", FORMS[at % 3])
    lint(folder, tmp_path / "whole.jsonl", "--resume")
    with contextlib.nullcontext("") if kind == "home" else local_cluster(kind) as name:
        output, partial = tmp_path / "killed.jsonl", tmp_path / "killed.jsonl.partial"
        words = [sys.executable, "-m", "graphfix", "lint", str(folder), "-t", "tract,coreml", "--isolated", "--resume"]
        words += ["--jobs", "2", "--output-format", "jsonl", "--output-file", str(output)]
        words += ["--backend", name] if name else []
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        until(lambda: process.poll() is not None or (partial.exists() and partial.read_bytes().count(b"\n") > 60))
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        if kind in ("home", "loky"):
            until(lambda: not group(process.pid))
        kept = partial.read_bytes().splitlines(keepends=True)
        assert 60 < len(kept) < 300
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert int(re.search(r"(\d+) models linted", done.stderr)[1]) <= 150 - len(kept) // 2 + 1  # type: ignore[index]
    lines = output.read_text().splitlines()
    assert sorted(lines) == sorted((tmp_path / "whole.jsonl").read_text().splitlines())
    assert {line.decode().rstrip("\n") for line in kept if line.endswith(b"\n")} <= set(lines)

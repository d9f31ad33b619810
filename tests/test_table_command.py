"""`graphfix table` in the terminal: verdicts side by side, conditions in words, and a page that overwrites nothing."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphfix.tables.table
import graphfix.tables.versions
from graphfix.cli.app import main
from graphfix.linter.support import named, operators, support, tables
from graphfix.report.matrix import render_matrix
from graphfix.report.support_page import page_data
from graphfix.tables.compiler_words import compiler_words
from graphfix.tables.table import Table

RULES = Path(__file__).parent.parent / "fixtures" / "rules"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Tables of `demo` in 1.0, and in 1.5 where Mish is gone and an operator of another domain came."""
    home = tmp_path / "rules"
    shutil.copytree(RULES, home)
    shutil.copytree(home / "demo" / "1.0", home / "demo" / "1.5")
    (home / "demo" / "1.5" / "Mish.json").unlink()
    gelu = json.loads((home / "demo" / "1.5" / "Relu.json").read_text()) | {"op": "Gelu", "domain": "com.microsoft"}
    (home / "demo" / "1.5" / "com.microsoft.Gelu.json").write_text(json.dumps(gelu))
    graphfix.tables.table.table.cache_clear()
    monkeypatch.setattr(graphfix.tables.versions, "rules_home", lambda: home)
    yield home
    graphfix.tables.table.table.cache_clear()


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["table", *words]) == 0
    return capsys.readouterr().out


def test_the_matrix_shows_the_newest_version_and_counts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys).splitlines()
    assert lines[0].split() == ["demo"]
    assert lines[1].split() == ["operator", "1.5"]
    cells = {line.split()[0]: " ".join(line.split()[1:]) for line in lines if line}
    assert cells["Relu"] == cells["com.microsoft.Gelu"] == "always"
    assert cells["Resize"] == "1 cond."
    assert "Mish" not in cells
    rows = [line for line in lines[2:] if line and re.match(r"[@A-Za-z.]+ +(always|rejected|\d+ cond)", line)]
    counts = {line[:15].strip(): int(line.split()[-1]) for line in lines if re.search(r" \d+\s*$", line) and "1.5" not in line}
    assert sum(counts.values()) == len(rows)


def test_on_a_narrow_terminal_names_are_cropped_and_no_row_is_wrapped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "38")
    out, among = Terminal(), tables(every=True)
    render_matrix([*operators(among), "com.microsoft.QLinearGlobalAveragePool"], among, out)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines()
    (cropped,) = [line for line in lines if line.startswith("com.mi…")]
    assert cropped.split() == ["com.mi…AveragePool", "-", "-"]
    assert all(len(line.rstrip()) <= 38 for line in lines[: len(operators(among)) + 3])


def test_a_target_shows_every_measured_version(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "--target", "demo").splitlines()
    assert lines[1].split() == ["operator", "1.5", "1.0"]
    (mish,) = [line for line in lines if line.startswith("Mish")]
    assert mish.split()[1:] == ["-", "rejected"]


def test_an_operator_is_told_in_words_with_evidence_and_what_helps(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--op", "resize", "Squeeze", "--target", "demo@1.0")
    assert "Resize on Demo 1.0: 3 probes of demo 1.0, measured 2026-01-15" in text
    assert 'rejects: `mode="cubic"` and anything but rank 4 of `X`  (cubic-needs-4d; 4 probes)' in text
    assert 'compile: "cubic resize requires a 4-D input"' in text
    assert "fix: explicit-squeeze-axes (exact) fixed 4 of 4 probes" in text
    assert "rank of `X`: 3, 4" in text


def test_explain_tells_the_same(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--op", "Resize", "--target", "demo@1.0")
    assert main(["explain", "demo@1.0", "Resize"]) == 0
    assert capsys.readouterr().out.strip() == text.strip()


def test_an_operator_that_one_version_was_not_asked_about_is_told_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--op", "Mish")
    assert "Mish on Demo 1.5: not measured" in text
    assert "Mish on Demo 1.0: " in text


def test_a_single_form_that_is_rejected_is_told_by_what_is_special_about_it(home: Path) -> None:
    path = home / "demo" / "1.5" / "Relu.json"
    data = json.loads(path.read_text())
    odd = {"T": "float32", "X.dims": "batch", "X.rank": 2, "foldable": False, "since": 14}
    data["exceptions"] = [{"facets": odd, "verdict": "rejected", "stage": "load", "said": "no"}]
    path.write_text(json.dumps(data))
    found = support("Relu", Table.open("demo", home=home))
    assert found.verdict == "conditions"
    assert [(s.sort, s.words) for s in found.statements] == [("exception", "a dynamic batch dim in `X`")]


def test_an_unmeasured_version_is_shown_by_its_neighbour_and_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "--target", "demo@1.2"]) == 0
    assert "demo@1.2 was not measured; 1.0 is shown" in capsys.readouterr().err


def test_unknown_names_are_told_with_the_nearest(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", "--op", "Resise"]) == 2
    assert "did you mean `Resize`" in capsys.readouterr().err
    assert main(["table", "--target", "dmo"]) == 2
    assert "did you mean `demo`" in capsys.readouterr().err


def test_a_short_name_means_the_operator_in_any_domain() -> None:
    known = ["Gelu", "com.microsoft.Gelu", "com.microsoft.QuickGelu"]
    assert named("Gelu", known) == ["Gelu"]
    assert named("quickgelu", known) == ["com.microsoft.QuickGelu"]
    assert named("gelu", known) == ["Gelu", "com.microsoft.Gelu"]


def test_a_page_is_written_whole_and_replaces_nothing_unasked(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    out.write_text("mine")
    assert main(["table", "--html", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["table", "--html", str(out), "--force"]) == 0
    assert out.read_text().startswith("<!doctype html>")
    assert out.read_text().rstrip().endswith("</html>")
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["page.html"]


def test_a_page_needs_nothing_but_itself(home: Path, tmp_path: Path) -> None:
    assert main(["table", "--html", str(tmp_path / "page.html")]) == 0
    text = (tmp_path / "page.html").read_text()
    assert "{{" not in text
    assert re.findall(r"""(?:src|href|action)\s*=\s*["'](?!data:)[^"']*|@import|url\(""", text) == []
    assert "default-src 'none'" in text


def test_the_page_holds_what_the_tables_hold() -> None:
    every = tables(every=True)
    names = operators(every)
    data = page_data(names, every)
    assert [row[1] + "." * bool(row[1]) + row[0] for row in data["rows"]] == names
    assert [tuple(column[:2]) for column in data["columns"]] == [(table.target, table.version) for table in every]
    for name, (_, _, cells) in zip(names, data["rows"], strict=True):
        for table, cell in zip(every, cells, strict=True):
            found = support(name, table)
            if found.entry is None:
                assert cell == 0
                continue
            assert cell[1] == found.entry.probes
            told = [(data["strings"][s[2]], data["strings"][s[4]], s[5]) for s in cell[5]]
            assert told == [
                (s.evidence.id, compiler_words(s.evidence.said), s.evidence.supports) for s in (*found.statements, *found.slow)
            ]

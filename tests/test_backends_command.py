"""`graphfix backends`: what is here, what was measured, and how to get the difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import graphfix.tables.versions
from graphfix.backends import base, toolchain
from graphfix.backends.toolchain import Toolchain
from graphfix.cli.app import main
from graphfix.errors import BackendError


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Tables of one target in 1.9 and 1.10, and a compiler that `here` says is installed in which versions."""
    only = replace(base.backend("tract"), name="demo", install="pip install demo")
    monkeypatch.setattr(base, "backends", lambda: {"demo": only})
    monkeypatch.setattr(graphfix.tables.versions, "rules_home", lambda: tmp_path)
    for version in ("1.9", "1.10"):
        (tmp_path / "demo" / version).mkdir(parents=True)
    (tmp_path / "demo" / "target.toml").write_text('title = "Demo"\n')
    return tmp_path


def listed(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    assert main(["backends", "list"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["backend", "version", "measured"]
    return [row.split(maxsplit=6) for row in rows]


def test_installed_versions_say_whether_they_are_measured_and_measured_ones_how_to_get_them(
    measured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    used, other = Toolchain("/here/python", "2.0"), Toolchain("/there/python", "1.9")
    monkeypatch.setattr(toolchain, "find", lambda name: used)
    monkeypatch.setattr(toolchain, "installed", lambda name: [other])
    assert listed(capsys) == [
        ["demo", "2.0", "no", "yes", "yes", "/here/python", "-"],
        ["demo", "1.9", "yes", "yes", "yes", "/there/python", "-"],
        ["demo", "1.10", "yes", "no", "no", "-", "graphfix backends install demo@1.10"],
    ]


def test_a_compiler_that_is_not_here_is_listed_with_what_was_measured_of_it(
    measured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(toolchain, "find", lambda name: None)
    monkeypatch.setattr(toolchain, "installed", lambda name: [])
    rows = listed(capsys)
    assert rows[0] == ["demo", "-", "-", "no", "no", "-", "pip install demo"]
    assert [row[1] for row in rows[1:]] == ["1.10", "1.9"]


def test_a_named_interpreter_without_the_compiler_is_told_in_its_row(
    measured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(name: str) -> None:
        raise BackendError("names /x, which has no demo")

    monkeypatch.setattr(toolchain, "find", fail)
    rows = listed(capsys)
    assert rows[0][5:] == ["names", "/x, which has no demo  pip install demo"]
    assert len(rows) == 3

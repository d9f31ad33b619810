"""The folder of the support tables is found from the package's root, wherever in the package the finding module is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import graphfix
from graphfix.errors import TableError
from graphfix.tables.versions import rules_home, tables_folder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that stands for the installed package."""
    folder = tmp_path / "site" / "graphfix"
    folder.mkdir(parents=True)
    monkeypatch.setattr(graphfix, "__path__", [str(folder)])
    rules_home.cache_clear()
    yield folder
    rules_home.cache_clear()


def test_a_wheel_has_its_tables_inside(package: Path) -> None:
    (package / "rules").mkdir()
    (package.parent / "rules").mkdir()
    assert rules_home() == package / "rules"


def test_a_checkout_has_its_tables_beside_the_package(package: Path) -> None:
    (package.parent / "rules").mkdir()
    assert rules_home() == tables_folder() == package.parent / "rules"


def test_a_folder_that_is_given_comes_first(package: Path, tmp_path: Path) -> None:
    assert tables_folder(tmp_path) == tmp_path


def test_missing_tables_are_said(package: Path) -> None:
    with pytest.raises(TableError, match="reinstall graphfix"):
        rules_home()

"""What the tests share: the invented tables, and models written in ONNX text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest

import graphfix.table
from graphfix import engine
from graphfix.example import Example

RULES = Path(__file__).parent.parent / "fixtures" / "rules"


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the tables of the invented compiler `demo` the only ones there are."""
    engine.table.cache_clear()
    monkeypatch.setattr(graphfix.table, "rules_home", lambda: RULES)
    yield
    engine.table.cache_clear()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes an example as a model file and gives its path."""

    def write(example: Example, name: str = "model.onnx") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(example.model, path)
        return path

    return write

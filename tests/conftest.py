"""What the tests share: the invented tables, and models written in ONNX text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

import graphfix.backends.base
import graphfix.table
from graphfix import engine
from graphfix.backends.base import Backend
from graphfix.example import Example
from graphfix.rewrite import Key, Outcome
from graphfix.rewrites.simplify import Simplify

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each of many processes would start threads, and none has a use for them
RULES = Path(__file__).parent.parent / "fixtures" / "rules"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes what is printed now into tests/golden instead of comparing with it."""
    parser.addoption("--update-golden", action="store_true", help="write the files in tests/golden anew")


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are as wide as they are where nothing is said of it."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(scope="session", autouse=True)
def simplified_once() -> Iterator[None]:
    """Ask onnxsim once about one and the same model: each time is a process that first imports it."""
    known: dict[bytes, Outcome] = {}
    plain = Simplify.apply

    def apply(self: Simplify, model: onnx.ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if model.ByteSize() > 1 << 20:
            return plain(self, model, wanted)
        key = model.SerializeToString(deterministic=True)
        if key not in known:
            known[key] = plain(self, model, wanted)
        made = known[key].model
        return known[key] if made is None else replace(known[key], model=onnx.load_from_string(made.SerializeToString()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Simplify, "apply", apply)
        yield


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """A function that compares a text with a file in tests/golden, or writes it there with --update-golden."""

    def golden(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{name} differs; look at it and run pytest with --update-golden"

    return golden


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


@pytest.fixture
def picky(demo: None, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """Make the invented compiler of picky.py the only backend; its tables are the `demo` ones."""
    invented = Backend(
        name="demo", title="Demo", distributions=("onnx",), install="pip install demo", requires=("onnx==1.0",),
        pythons=((3, 11), (3, 14)), runs_here=True, artifact=".demo", adapter=Path(__file__).with_name("picky.py"),
        needs_sizes=True, capabilities=("1.0", "2.0"),
    )  # fmt: skip
    monkeypatch.setattr(graphfix.backends.base, "backends", lambda: {"demo": invented})
    return invented

"""What the tests share: the invented tables, and models written in ONNX text."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

import graphfix.backends.base
import graphfix.backends.connect
import graphfix.tables.table
import graphfix.tables.versions
from graphfix.backends.base import Backend
from graphfix.backends.session import Session
from graphfix.linter.example import Example
from graphfix.rewrites.cleanup.simplify import GUEST, Simplify
from graphfix.rewriting.rewrite import Key, Outcome

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # each of many processes would start threads, and none has a use for them
RULES = Path(__file__).parent.parent / "fixtures" / "rules"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes what is printed now into tests/golden instead of comparing with it."""
    parser.addoption("--update-golden", action="store_true", help="write the files in tests/golden anew")


@pytest.fixture(scope="session", autouse=True)
def columns() -> Iterator[None]:
    """Reports are as wide as they are where nothing is said of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        yield


@pytest.fixture(scope="session")
def guest() -> Iterator[Callable[..., subprocess.CompletedProcess[bytes]]]:
    """What stands for `subprocess.run` where onnxsim is asked: each time a fork of one process that has imported it."""
    with contextlib.ExitStack() as stack:
        opened: list[Session] = []

        def run(command: list[str], *, timeout: float, **_: object) -> subprocess.CompletedProcess[bytes]:
            assert command[:3] == [sys.executable, "-c", GUEST]
            if not opened:
                adapter = Path(__file__).with_name("simplifying.py")
                opened.append(stack.enter_context(Session(adapter, python=sys.executable, deadline=60.0, memory_gib=8.0)))
            answer = opened[0].send({"code": GUEST, "words": command[2:]}, deadline=timeout)
            if answer["stage"] == "timeout":
                raise subprocess.TimeoutExpired(command, timeout)
            return subprocess.CompletedProcess(command, int(answer["stage"] != "ok"), b"", answer["message"].encode())

        yield run


@pytest.fixture(scope="session", autouse=True)
def simplified_once(guest: Callable[..., subprocess.CompletedProcess[bytes]]) -> Iterator[Callable[..., Outcome]]:
    """Ask onnxsim once about one and the same model, and the guest if the model is small; gives what would ask a process."""
    known: dict[bytes, Outcome] = {}
    plain = Simplify.apply

    def apply(self: Simplify, model: onnx.ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if model.ByteSize() > 1 << 20:
            return plain(self, model, wanted)
        key = model.SerializeToString(deterministic=True)
        if key not in known:
            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(subprocess, "run", guest)
                known[key] = plain(self, model, wanted)
        made = known[key].model
        return known[key] if made is None else replace(known[key], model=onnx.load_from_string(made.SerializeToString()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Simplify, "apply", apply)
        yield plain


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
    graphfix.tables.table.table.cache_clear()
    monkeypatch.setattr(graphfix.tables.versions, "rules_home", lambda: RULES)
    yield
    graphfix.tables.table.table.cache_clear()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes an example as a model file and gives its path."""

    def write(example: Example, name: str = "model.onnx") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(example.model, path)
        return path

    return write


class Lent(Session):
    """A session whose worker stays when it is closed, for the next test that asks for one on the same terms."""

    lent = True

    def close(self) -> None:
        """Give it back."""
        self.lent = False


@pytest.fixture(scope="session")
def lend() -> Iterator[Callable[..., Lent]]:
    """A function that opens sessions like `Session`: most of the time of a short one is its compiler's import."""
    kept: list[tuple[str, Lent]] = []

    def lend(adapter: Path, **terms: object) -> Lent:
        for known, session in kept:
            if known == f"{adapter} {terms}" and not session.lent:
                session.lent = True
                return session
        kept.append((f"{adapter} {terms}", Lent(adapter, **terms)))  # type: ignore[arg-type]
        return kept[-1][1]

    yield lend
    for _, session in kept:
        Session.close(session)
        assert not session.lent, "a command left its session open"


@pytest.fixture
def picky(demo: None, monkeypatch: pytest.MonkeyPatch, lend: Callable[..., Lent]) -> Backend:
    """Make the invented compiler of picky.py the only backend; its tables are the `demo` ones."""
    monkeypatch.setattr(graphfix.backends.connect, "Session", lend)
    invented = Backend(
        name="demo", title="Demo", distributions=("onnx",), install="pip install demo", requires=("onnx==1.0",),
        pythons=((3, 11), (3, 14)), runs_here=True, artifact=".demo", adapter=Path(__file__).with_name("picky.py"),
        needs_sizes=True, capabilities=("1.0", "2.0"),
    )  # fmt: skip
    monkeypatch.setattr(graphfix.backends.base, "backends", lambda: {"demo": invented})
    return invented

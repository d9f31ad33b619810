"""Every way to fix a model asks the compilers: `fix`, `lint --fix`, `ci --fix` and Python; and none where that was declined."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import pytest

import graphfix
import graphfix.backends.compile.verify_on_target as asking
from graphfix.cli.app import main
from graphfix.linter.example import Example
from graphfix.rewriting.measurement import Measurement

pytestmark = pytest.mark.usefixtures("demo")
MISH = Example("y = Mish(x)")
COMPILER = {"version": "1.0", "accepted": True, "stage": "ok", "message": "", "seconds": 0.1}
Fix = Callable[[Path, bool], bool]
"""Fixes a model, with the compilers or without, and says whether it was changed."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of nodes of the models that a compiler was asked about; it computes the original right and nothing else."""
    seen: list[int] = []

    def measure(model: onnx.ModelProto, samples: Sequence[Any], targets: Collection[str]) -> Mapping[str, Measurement]:
        seen.append(len(model.graph.node))
        word = "right" if len(model.graph.node) == 1 else "wrong"
        return {target: Measurement(True, (word,), 0.5, compiler=COMPILER) for target in targets}

    @contextlib.contextmanager
    def fake(*_: Any, **__: Any) -> Iterator[Any]:
        yield measure

    monkeypatch.setattr(asking, "target_measure", fake)
    return seen


def by_command(*words: str) -> Fix:
    def fix(path: Path, confirm: bool) -> bool:
        before = path.read_bytes()
        out = ["-o", str(path), "--force"] if words[0] == "fix" else ["--fix"]
        main([*words, str(path), "--target", "demo", "--isolated", *out, *([] if confirm else ["--no-confirm"])])
        return path.read_bytes() != before

    return fix


def by_python(path: Path, confirm: bool) -> bool:
    return any(change.applied for change in graphfix.fix(path, "demo", confirm=confirm).changes)


WAYS = {"fix": by_command("fix"), "lint": by_command("lint"), "ci": by_command("ci"), "python": by_python}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path]) -> Path:
    """A model in a repository, which `ci` needs."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q", "."], check=True)
    return write(MISH)


@pytest.mark.parametrize("way", WAYS)
def test_what_the_compiler_computes_right_is_not_changed(way: str, path: Path, asked: list[int]) -> None:
    assert not WAYS[way](path, True)
    assert asked


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_asked_where_that_was_declined(way: str, path: Path, asked: list[int]) -> None:
    assert WAYS[way](path, False)
    assert not asked

"""Commands that read no model import neither onnx nor numpy: they answer in the time that Python takes to start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from graphfix.cli.app import COMMANDS, main
from graphfix.linter.check import Check, checks
from graphfix.linter.formats import FORMATS
from graphfix.rewriting.names import rewrite_modules
from graphfix.rewriting.registry import registry

HEAVY = ("onnx", "numpy", "google.protobuf", "rich", "onnxruntime", "torch", "tensorflow")
ASK = """
import sys
from graphfix.cli.app import main
try:
    main(sys.argv[2:])
except SystemExit:
    pass
print("imported:", *(name for name in sys.argv[1].split() if name in sys.modules))
"""


def imported(*words: str, folder: Path, heavy: Sequence[str] = HEAVY) -> list[str]:
    """What of `heavy` a command line imports in a fresh interpreter."""
    command = [sys.executable, "-c", ASK, " ".join(heavy), *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=True)
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        ("--help",),
        ("config",),
        ("config", "--schema"),
        ("completion", "bash"),
        ("backends", "list"),
        ("explain", "GF103"),
        ("explain", "GF501"),
        ("explain", "Conv"),
        ("explain", "tract", "Resize"),
        *((command, "--help") for command in COMMANDS if command != "lint"),  # which begins to read before it looks
    ],
    ids=" ".join,
)
def test_a_command_that_reads_no_model_imports_nothing_that_does(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "graphfix.toml").write_text('ignore = ["GF208", "slow-fallback"]\n')
    assert imported(*words, folder=tmp_path) == []


@pytest.mark.parametrize("module", sorted(set(FORMATS.values())))
def test_a_renderer_imports_nothing_that_reads_models(module: str) -> None:
    """It is loaded before the models are read, and onnx then, with one thread of BLAS and without what lint has no use for."""
    ask = f"import sys, graphfix.report.{module}; print(*(name for name in {HEAVY} if name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.split() == []


def test_lint_imports_onnx_and_numpy_without_what_it_has_no_use_for(tmp_path: Path) -> None:
    unused = ("numpy._typing._char_codes", "importlib.metadata", "email.utils", "rich")
    words = ("lint", str(Path(__file__).parent.parent / "fixtures" / "models" / "relu.onnx"), "--target", "tract", "--isolated")
    assert imported(*words, folder=tmp_path, heavy=("onnx", *unused)) == ["onnx"]


def test_what_is_heavy_is_seen_where_it_is_imported(tmp_path: Path) -> None:
    assert {"onnx", "numpy"} <= {*imported("explain", "dissolve-if", folder=tmp_path)}


@pytest.mark.parametrize(("words", "own"), [(("explain", "Conv"), []), (("explain", "dissolve-if"), ["dissolve-if"])])
def test_explain_imports_no_rewrites_but_the_one_that_it_explains(words: tuple[str, str], own: list[str], tmp_path: Path) -> None:
    found = imported(*words, folder=tmp_path, heavy=list(rewrite_modules().values()))
    assert found == [rewrite_modules()[name] for name in own]


def test_the_names_of_rewrites_are_those_of_the_registry() -> None:
    assert {name: type(rewrite).__module__ for name, rewrite in registry().items()} == rewrite_modules()


@pytest.mark.parametrize("words", [("--help", "lint"), ("--help",), ("-q", "--help")])
def test_help_before_a_command_names_all(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    said = capsys.readouterr().out
    assert all(command in said for command in COMMANDS)


@pytest.mark.parametrize("check", checks(), ids=lambda check: str(check.name))
def test_rule_names_match_their_files(check: Check) -> None:
    assert type(check).__module__.rpartition(".")[2].replace("_", "-") == check.name

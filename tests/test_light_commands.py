"""Commands that read no model import neither onnx nor numpy: they answer in the time that Python takes to start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graphfix.cli.app import COMMANDS
from graphfix.linter.check import Check, checks

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


def imported(*words: str, folder: Path) -> list[str]:
    """What of `HEAVY` a command line imports in a fresh interpreter."""
    command = [sys.executable, "-c", ASK, " ".join(HEAVY), *words]
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
        *((command, "--help") for command in COMMANDS if command != "lint"),  # which begins to read before it looks
    ],
    ids=" ".join,
)
def test_a_command_that_reads_no_model_imports_nothing_that_does(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "graphfix.toml").write_text('ignore = ["GF208", "slow-fallback"]\n')
    assert imported(*words, folder=tmp_path) == []


def test_what_is_heavy_is_seen_where_it_is_imported(tmp_path: Path) -> None:
    assert {"onnx", "numpy"} <= {*imported("explain", "dissolve-if", folder=tmp_path)}


@pytest.mark.parametrize("check", checks(), ids=lambda check: str(check.name))
def test_rule_names_match_their_files(check: Check) -> None:
    assert type(check).__module__.rpartition(".")[2].replace("_", "-") == check.name

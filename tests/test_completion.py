"""Completion scripts: made from the real command line, and run by the shells that are installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from graphfix.cli import app as cli
from graphfix.cli.completion import SHELLS, script, tree

TREE = tree(cli.build_parser())
BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_graphfix
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
compdef() { : }
compset() { if [[ $2 == "*," ]]; then PREFIX="${PREFIX##*,}"; else PREFIX="${PREFIX#*=}"; fi }
compadd() { shift; local each; for each in "$@"; do [[ $each == ${PREFIX}* ]] && print -r -- "$each"; done; return 0 }
_describe() { local each; for each in "${told[@]}"; do [[ $each == ${PREFIX}* ]] && print -r -- "${each%%:*}"; done; return 0 }
_files() { print -rl -- ${PREFIX}*(N) }
source "$1"
shift
words=("$@")
CURRENT=$#
PREFIX="${words[CURRENT]}"
_graphfix
"""
FISH = """
source $argv[1]
complete -C (string join ' ' -- $argv[2..]) | string replace -r '\\t.*' '' | string replace -r '/$' ''
true
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and a folder in it, the current one."""
    (tmp_path / "big.onnx").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """A shell that is installed."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


def completed(shell: str, folder: Path, *words: str) -> set[str]:
    """What a shell offers for the last word."""
    path = folder / "script"
    path.write_text(script(shell, TREE))
    run = {
        "bash": ["bash", "-c", BASH, "bash"],
        "zsh": ["zsh", "-f", "-c", ZSH, "zsh"],
        "fish": ["fish", "--no-config", "-c", FISH],
    }
    done = subprocess.run([*run[shell], str(path), *words], capture_output=True, text=True, check=True)
    assert not done.stderr
    return set(done.stdout.split())


def test_every_command_and_option_is_known() -> None:
    assert TREE.keys() == cli.COMMANDS.keys()
    for shell in SHELLS:
        text = script(shell, TREE)
        assert all(name in text for name in cli.COMMANDS)
        assert "explain-verdict" in text
        assert "compute-capability" in text


def test_the_script_is_whole(shell: str, folder: Path) -> None:
    path = folder / "script"
    path.write_text(script(shell, TREE))
    subprocess.run([shell, "-n", str(path)], check=True)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["li"], {"lint"}),
        (["lint", "--timi"], {"--timings"}),
        (["lint", "--target", "tf"], {"tflite"}),
        (["lint", "-t", "tf"], {"tflite"}),
        (["lint", "big.onnx", "--output-format", "sa"], {"sarif"}),
        (["lint", "--fail-on", "ne"], {"never"}),
        (["lint", "bi"], {"big.onnx"}),
        (["lint", "--baseline", "bi"], {"big.onnx"}),
        (["fix", "--in-pl"], {"--in-place"}),
        (["fix", "--allow", "app"], {"approximate"}),
        (["compile", "big.onnx", "-o", "bi"], {"big.onnx"}),
        (["backends", "inst"], {"install"}),
        (["explain", "dissolve-"], {"dissolve-if"}),
        (["completion", "fi"], {"fish"}),
        (["table", "--op", "HardSw"], {"HardSwish"}),
        (["ci", "--changed-since", "bi"], set()),
    ],
    ids=" ".join,
)
def test_what_is_offered(shell: str, words: list[str], wanted: set[str], folder: Path) -> None:
    assert completed(shell, folder, "graphfix", *words) == wanted


@pytest.mark.parametrize("shell", ["bash", "zsh"], indirect=True)
def test_one_of_several_between_commas(shell: str, folder: Path) -> None:
    offered = completed(shell, folder, "graphfix", "lint", "--target", "coreml,tf")
    assert offered == {"coreml,tflite" if shell == "bash" else "tflite"}


def test_a_value_behind_an_equals_sign(folder: Path) -> None:
    assert completed("bash", folder, "graphfix", "lint", "--target", "=", "tf") == {"tflite"}
    if shutil.which("zsh"):
        assert completed("zsh", folder, "graphfix", "lint", "--target=tf") == {"tflite"}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_prints_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    assert capsys.readouterr().out == script(shell, TREE)

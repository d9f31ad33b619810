"""The ten situations that people meet most, as they read on a terminal: golden files, to be read aloud when they change."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from graphfix.cli.app import main
from graphfix.linter.example import Example
from graphfix.version import VERSION

IF = (
    "c = Equal(sr, k)\ny = If(c) <then_branch = t () => (float[2,3] p) { p = Relu(x) }, "
    "else_branch = e () => (float[2,3] q) { q = Neg(x) }>"
)
MODELS = {
    "plain": Example("y = Relu(x)"),
    "hardmax": Example("a = Hardmax(x)\ny = Relu(a)", inputs="float[2,3,4] x", outputs="float[2,3,4] y"),
    "dynamic": Example("y = Softmax(x)", inputs="float[n,4] x", outputs="float[n,4] y"),
    "branch": Example(IF, inputs="float[2,3] x, int64 sr", outputs="float[2,3] y", weights="int64 k = {16000}"),
    "hopeless": Example("y = Det(x)", inputs="float[6,6] x", outputs="float y"),
    "wrong": Example(
        'y, h = GRU<hidden_size = 2, activations = ["HardSigmoid", "Tanh"]>(x, w, r, b)', inputs="float[4,1,3] x",
        outputs="float[4,1,1,2] y, float[1,1,2] h",
        weights=f"float[1,6,3] w = {{{', '.join(['0.5'] * 18)}}}, float[1,6,2] r = {{{', '.join(['0.5'] * 12)}}}, "
        f"float[1,12] b = {{{', '.join(['0.5'] * 12)}}}",
    ),
    "foreign": Example("y = example.Mystery(x)"),
}  # fmt: skip
SITUATIONS = {
    "accepted": "lint plain.onnx --target all",
    "unsupported-operator": "lint hardmax.onnx --target tensorrt,coreml",
    "needs-a-size": "lint dynamic.onnx --target coreml",
    "needs-a-value": "lint branch.onnx --target all",
    "nothing-known": "lint hopeless.onnx --target tract",
    "wrong-numerics": "lint wrong.onnx --target tract",
    "unknown-operator": "lint foreign.onnx --target openvino",
    "fixed": "fix hardmax.onnx --target coreml -o out.onnx --no-confirm",
    "nothing-to-change": "fix plain.onnx --target tract -o out.onnx --no-confirm",
    "not-fixed": "fix hopeless.onnx --target tract -o out.onnx --no-confirm",
    "no-file": "lint missing.onnx --target tract",
    "wrong-option": "lint plain.onnx --target trakt",
}  # fmt: skip


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_people_read_in_the_usual_situations(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[str, str], None],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for model, example in MODELS.items():
        onnx.save(example.model, f"{model}.onnx")
    code = main([*SITUATIONS[name].split(), "--isolated"])
    said = capsys.readouterr()
    lines = [
        line.rstrip() for line in re.sub(r"in \d+\.\d+ s", "in N s", said.out + said.err).replace(VERSION, "VERSION").splitlines()
    ]
    golden(f"situation.{name}", f"$ graphfix {SITUATIONS[name]}\n" + "\n".join(lines) + f"\nexit code {code}\n")
    assert all(len(line) <= 100 or line.startswith(("  try first", "  applied", "  verified")) for line in lines)

"""The examples of the page on smaller models run, and its table is what the measured tables say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from graphfix.tables.precision import SUPPORTED, Form, precision_table

PAGE = (Path(__file__).parent.parent / "docs" / "size.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TARGETS = {"OpenVINO": "openvino", "tract": "tract", "TensorRT": "tensorrt", "tflite": "tflite", "Core ML": "coreml"}
STATIC = {"scheme": "qdq", "weights": "int8", "per": "channel"}
FORMS = {
    "static, int8 activations, symmetric": [Form(**STATIC, activations="int8")],
    "static, uint8 activations": [Form(**STATIC, activations="uint8", symmetric=False)],
    "a bias in int32": [Form(**STATIC, activations="int8", bias="int32")],
    "weights alone in int8": [Form(scheme="weight-only", weights="int8", per="channel")],
    "weights alone in int4": [Form(scheme="weight-only", weights="int4", per="channel", opset=21)],
}  # fmt: skip


def test_the_page_has_an_example_of_each_kind() -> None:
    assert len(BLOCKS) == 2
    assert "fake_quantize_per_channel_affine" in BLOCKS[0]
    assert "kl_div" in BLOCKS[1]


@pytest.mark.framework
@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=["training with rounding", "distillation"])
def test_examples_run(block: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(block)
    root = str(Path(__file__).parent.parent)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("row", FORMS)
def test_the_table_says_what_was_measured(row: str) -> None:
    head = next(line for line in PAGE.splitlines() if line.startswith("| | OpenVINO"))
    cells = next(line for line in PAGE.splitlines() if line.startswith(f"| {row} |"))
    said = dict(zip(*([cell.strip() for cell in line.split("|")[2:-1]] for line in (head, cells)), strict=True))
    for title, target in TARGETS.items():
        table = precision_table(target)
        assert table is not None
        supported = any(table.verdict(form, ("convolution",)) == SUPPORTED for form in FORMS[row])
        assert said[title] == ("yes" if supported else "no"), f"{target}: {row}"

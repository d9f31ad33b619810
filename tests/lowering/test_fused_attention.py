"""Attention that torch fuses for inference is lowered in the operators that exporters know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphfix.cli.app import main

PROGRAM = """
import torch


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


def make():
    torch.manual_seed(0)
    return Block().eval()


def example_inputs():
    return (torch.randn(1, 5, 8),)
"""


@pytest.mark.framework
@pytest.mark.parametrize("exporter", ["dynamo", "trace"])
def test_attention_with_a_kernel_of_its_own_is_lowered(tmp_path: Path, exporter: str, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "encoder.py"
    program.write_text(PROGRAM)
    words = [f"{program}:make", "-o", str(tmp_path / "out.onnx"), "--exporter", exporter, "--isolated", "--output-format", "json"]
    assert main(["lower", *words]) == 0
    (attempt,) = json.loads(capsys.readouterr().out)["results"][0]["lowering"]["attempts"]
    assert attempt["verified"]

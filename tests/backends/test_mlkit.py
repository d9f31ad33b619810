"""An image classifier of torch becomes a file for ML Kit by two commands, and LiteRT computes with it what torch does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from graphfix.backends.compile.image_artifact import read_classifier
from graphfix.backends.compile.tflite_file import interface_of
from graphfix.backends.toolchain import find
from graphfix.cli.app import main

pytestmark = [pytest.mark.compiler, pytest.mark.framework, pytest.mark.slow]

NET = '''
import torch
from torch import nn


class Net(nn.Module):
    """A small classifier of images."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.last = nn.Linear(16, 5)

    def forward(self, image):
        x = torch.relu(self.second(torch.relu(self.first(image))))
        return torch.softmax(self.last(x.mean((2, 3))), 1)


def make():
    torch.manual_seed(3)
    return Net().eval()
'''
RUN = """
import sys, numpy
from ai_edge_litert.interpreter import Interpreter
net = Interpreter(sys.argv[1])
net.allocate_tensors()
net.set_tensor(net.get_input_details()[0]["index"], numpy.load(sys.argv[2]))
net.invoke()
numpy.save(sys.argv[3], net.get_tensor(net.get_output_details()[0]["index"]))
"""


def test_two_commands_make_a_classifier_whose_metadata_read_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toolchain = find("mlkit")
    if toolchain is None:
        pytest.skip("tflite is not installed: graphfix backends install tflite")
    (tmp_path / "net.py").write_text(NET)
    (tmp_path / "labels.txt").write_text("cat\ndog\ncow\nhen\nrat\n")
    fixed, made = tmp_path / "net.onnx", tmp_path / "net.tflite"
    scaling = "[120,110,100],[60,58,56]"
    target = ["--target", "mlkit", "--isolated"]
    words = ["fix", f"{tmp_path}/net.py:make", "--input", "1x3x32x24", "--normalize", scaling, "-o", str(fixed), "--no-confirm"]
    assert main([*words, *target]) == 0
    words = ["compile", str(fixed), "--labels", str(tmp_path / "labels.txt"), "-o", str(made), "--output-format", "json"]
    capsys.readouterr()
    assert main([*words, *target]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["compiler"]["metadata"]["input"] == {"name": "image", "dims": [1, 32, 24, 3], "dtype": "uint8"}
    assert result["compiler"]["numerics"] == "match"
    said, labels = read_classifier(made)
    assert labels == ("cat", "dog", "cow", "hen", "rat")
    assert (said.image, said.mean, said.std, said.labels_file) == ("image", (0.0,), (1.0,), "labels.txt")
    (image,), (scores,) = interface_of(made.read_bytes())
    assert (image.dims, image.dtype, scores.dims) == ((1, 32, 24, 3), "uint8", (1, 5))
    picture = np.random.default_rng(1).integers(0, 256, (1, 32, 24, 3), np.uint8)
    (wanted,) = ReferenceEvaluator(onnx.load(fixed)).run(None, {"image": picture})
    np.save(tmp_path / "in.npy", picture)
    files = [str(tmp_path / name) for name in ("net.tflite", "in.npy", "out.npy")]
    subprocess.run([toolchain.python, "-c", RUN, *files], check=True, timeout=120, capture_output=True)
    assert np.load(tmp_path / "out.npy") == pytest.approx(np.asarray(wanted), abs=1e-5)


def test_floats_are_scaled_by_what_the_metadata_say(tmp_path: Path) -> None:
    if find("mlkit") is None:
        pytest.skip("tflite is not installed: graphfix backends install tflite")
    (tmp_path / "net.py").write_text(NET)
    made = tmp_path / "net.tflite"
    words = ["compile", f"{tmp_path}/net.py:make", "--input", "1x3x32x24", "--target", "mlkit", "--isolated", "-o", str(made)]
    assert main(words) == 2
    assert main([*words, "--normalize", "127.5,64"]) == 0
    said, labels = read_classifier(made)
    assert (said.mean, said.std, labels) == ((127.5,), (64.0,), ())
    assert interface_of(made.read_bytes())[0][0].dims == (1, 32, 24, 3)

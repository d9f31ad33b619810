"""The command-line options on lowering a source; each command declares them, and they are read only for a source."""

from __future__ import annotations

import argparse
from pathlib import Path

EXPORTERS = ("auto", "dynamo", "trace", "script")
FORMS = "package.module:factory, file.py:factory, .pt2, .pt, SavedModel, .keras, .h5, frozen .pb, .tflite"


def add_lowering(parser: argparse.ArgumentParser, *, bounds: bool = True) -> None:
    """Add the options on sources that are not ONNX; `bounds` adds a deadline and a memory limit for the exporters."""
    group = parser.add_argument_group("SOURCE, a model in another form than ONNX", FORMS)
    group.add_argument(
        "--input", action="append", default=[], metavar="[NAME=]1x3x224x224[:dtype]", help="an example input, in order or by name"
    )
    group.add_argument("--exporter", choices=EXPORTERS, default="auto", help="PyTorch exporter (auto: the best for the targets)")
    group.add_argument("--opset", type=int, metavar="N", help="the opset to export to, instead of the exporter's default")
    group.add_argument("--inputs", metavar="NAME[,...]", help="the inputs of a frozen graph")
    group.add_argument("--outputs", metavar="NAME[,...]", help="the outputs of a frozen graph")
    group.add_argument("--weights", type=Path, metavar="FILE", help="weights for the model that a torch factory returns")
    group.add_argument("--trust", action="store_true", help="open pickles and layers that contain code, and run that code")
    group.add_argument("--network", action="store_true", help="let the model's code use the network")
    group.add_argument("--python", metavar="PYTHON", help="the Python interpreter that has the framework installed")
    if bounds:
        group.add_argument(
            "--deadline", type=float, default=300.0, metavar="SECONDS", help="time limit of each exporter (default: 300)"
        )
        group.add_argument(
            "--memory-gib", type=float, default=8.0, metavar="N", help="memory limit of each exporter (default: 8)"
        )


def add_proof(parser: argparse.ArgumentParser) -> None:
    """Add the options on the verification of lowered models."""
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="example inputs, by argument name")
    parser.add_argument("--rtol", type=float, help="relative tolerance on what exporters make (1e-3)")
    parser.add_argument("--atol", type=float, help="absolute tolerance on it (1e-4 of each output's scale)")

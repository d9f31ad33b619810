"""The options that say how a source is to be lowered; they are declared for each command, and read where there is a source."""

from __future__ import annotations

import argparse
from pathlib import Path

EXPORTERS = ("auto", "dynamo", "trace", "script")


def add_lowering(parser: argparse.ArgumentParser) -> None:
    """The options on sources that are not ONNX."""
    group = parser.add_argument_group(
        "sources other than ONNX", "package.module:factory, .pt2, TorchScript, SavedModel, .keras, .h5, frozen .pb, .tflite"
    )
    group.add_argument(
        "--input", action="append", default=[], metavar="[NAME=]1x3x224x224[:dtype]", help="an example input, in order or by name"
    )
    group.add_argument("--exporter", choices=EXPORTERS, default="auto", help="torch's exporter (auto: the best for the targets)")
    group.add_argument("--opset", type=int, metavar="N", help="the opset to export to, in place of the exporter's own")
    group.add_argument("--inputs", metavar="NAME[,...]", help="the inputs of a frozen graph")
    group.add_argument("--outputs", metavar="NAME[,...]", help="the outputs of a frozen graph")
    group.add_argument("--weights", type=Path, metavar="FILE", help="weights for what a torch factory makes")
    group.add_argument("--trust", action="store_true", help="open pickles and layers that hold code, which then runs")
    group.add_argument("--network", action="store_true", help="let the model's code use the network")
    group.add_argument("--python", metavar="PYTHON", help="the interpreter that has the framework")

"""The command-line options on lowering a source; each command declares them, and they are read only for a source."""

from __future__ import annotations

import argparse
from pathlib import Path

from graphfix.errors import UsageError
from graphfix.lowering.source import Source

EXPORTERS = ("auto", "dynamo", "trace", "script")
DIRECT = "direct"
"""The choice in place of an exporter that leaves ONNX out, for commands that write a target's file."""
DIRECT_ONLY = frozenset({"executorch", "executorch-xnnpack"})
"""Targets that only a conversion without ONNX reaches."""
FORMS = "package.module:factory, file.py:factory, .pt2, .pt, SavedModel, .keras, .h5, frozen .pb, .tflite"


def add_lowering(parser: argparse.ArgumentParser, *, bounds: bool = True, direct: bool = False) -> None:
    """Add the options on sources that are not ONNX; `bounds` adds a deadline and a memory limit for the exporters.

    `direct` offers the target's own converter beside the exporters.
    """
    group = parser.add_argument_group("SOURCE, a model in another form than ONNX", FORMS)
    group.add_argument(
        "--input", action="append", default=[], metavar="[NAME=]1x3x224x224[:dtype]", help="an example input, in order or by name"
    )
    choices = (*EXPORTERS, DIRECT) if direct else EXPORTERS
    said = "PyTorch exporter (auto: the best for the targets" + (
        "; direct: the target's own converter, without ONNX)" if direct else ")"
    )
    group.add_argument("--exporter", choices=choices, default="auto", help=said)
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


def require_source(target: str, source: Source | None) -> Source:
    """Return the source; raises UsageError where a conversion without ONNX is asked of an ONNX model."""
    if source is None and target in DIRECT_ONLY:
        hint = "name the program, package.module:factory, or a .pt2 file"
        raise UsageError("ExecuTorch starts from torch, and this is an ONNX model", hint=hint)
    if source is None:
        raise UsageError("an ONNX model is compiled as it is", hint="leave out --exporter direct")
    return source

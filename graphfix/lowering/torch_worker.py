"""The worker of PyTorch: it lowers one source for each request, by the steps of `torch_lowering`.

A worker loads this file by path in an interpreter that has torch, where graphfix need not be installed: it imports files
of this folder that import nothing else of graphfix. Every request is served in a forked child, so that a crash costs only
its answer.
"""

from __future__ import annotations

import os
import sys
import types
import warnings
from collections.abc import Iterator

import torch

if "graphfix" not in sys.modules:  # an empty package, so that files of this folder can be imported
    sys.modules["graphfix"] = types.ModuleType("graphfix")
    sys.modules["graphfix"].__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from graphfix.lowering import opening, steps, torch_direct, torch_lowering

DISTRIBUTIONS = ("torch", "onnxscript", "onnx")
warnings.simplefilter("ignore")


def respond(request: steps.Request) -> Iterator[steps.Answer]:
    """Yield the answers to a request: one when each step begins, to locate a crash, and the final one."""
    remarks = steps.Remarks.isolated(request)
    torch.manual_seed(0)

    def open_model() -> opening.OpenedModel:
        return opening.open_source(request)

    lower = torch_direct.convert if request["exporter"] in torch_direct.CONVERTERS else torch_lowering.lower
    yield from steps.with_remarks(remarks, steps.open_and_lower(open_model, lambda model: lower(model, request, remarks)))

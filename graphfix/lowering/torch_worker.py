"""PyTorch, as a worker sees it: one request, one answer, by the steps of `torch_lowering`.

A worker loads this file by path in an interpreter that has torch. Of graphfix only files of this folder are there, and
of those only the ones that import nothing else of it. Every answer is one forked child, which may be lost alone.
"""

from __future__ import annotations

import os
import sys
import types
import warnings
from collections.abc import Iterator

import torch

if "graphfix" not in sys.modules:  # the name alone, for the files of this folder: graphfix need not be installed here
    sys.modules["graphfix"] = types.ModuleType("graphfix")
    sys.modules["graphfix"].__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from graphfix.lowering import opening, steps, torch_lowering

DISTRIBUTIONS = ("torch", "onnxscript", "onnx")
warnings.simplefilter("ignore")


def respond(request: steps.Request) -> Iterator[steps.Answer]:
    """One answer to a request, whatever happens; before it one for each step that is begun, to tell where it was lost."""
    told = steps.Told.isolated(request)
    torch.manual_seed(0)

    def opened() -> opening.Opened:
        return opening.opened(request)

    yield from steps.answers(told, steps.opened(opened, lambda found: torch_lowering.lowered(found, request, told)))

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
from typing import Any

import torch

if "graphfix" not in sys.modules:  # the name alone, for the files of this folder: graphfix need not be installed here
    sys.modules["graphfix"] = types.ModuleType("graphfix")
    sys.modules["graphfix"].__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from graphfix.lowering import factory, isolation, opening, torch_lowering

DISTRIBUTIONS = ("torch", "onnxscript", "onnx")
Request = dict[str, Any]
Answer = dict[str, Any]
warnings.simplefilter("ignore")


def respond(request: Request) -> Iterator[Answer]:
    """One answer to a request, whatever happens; before it one for each step that is begun, to tell where it was lost."""
    told = torch_lowering.Told()
    if not request["network"] and not isolation.cut_network():
        told.notes.append("the network could not be cut off on this system")
    torch.manual_seed(0)
    yield from torch_lowering.answers(told, lowered(request, told))


def lowered(request: Request, told: torch_lowering.Told) -> Iterator[Answer]:
    """Open, and lower what was opened; stage `load` with the failure where it cannot be opened."""
    try:
        opened = opening.opened(request)
    except factory.Refused:
        raise
    except (Exception, SystemExit) as error:
        yield torch_lowering.failed("load", error)
        return
    yield from torch_lowering.lowered(opened, request, told)

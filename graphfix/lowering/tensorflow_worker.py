"""TensorFlow, as a worker sees it: one request, one answer, by the steps of `tensorflow_lowering`.

A worker loads this file by path in an interpreter that has tensorflow and tf2onnx. Of graphfix only files of this
folder are there, and of those only the ones that import nothing else of it.
"""

from __future__ import annotations

import os

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "TF_ENABLE_ONEDNN_OPTS": "0"}

import logging
import sys
import types
import warnings
from collections.abc import Iterator

if "graphfix" not in sys.modules:  # the name alone, for the files of this folder: graphfix need not be installed here
    sys.modules["graphfix"] = types.ModuleType("graphfix")
    sys.modules["graphfix"].__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from graphfix.lowering import steps, tensorflow_lowering, tensorflow_opening

DISTRIBUTIONS = ("tf2onnx", "tensorflow-cpu", "tensorflow", "tensorflow-macos", "keras", "onnx")
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)


def respond(request: steps.Request) -> Iterator[steps.Answer]:
    """One answer to a request, whatever happens; before it one for each step that is begun, to tell where it was lost."""
    told = steps.Told.isolated(request)

    def opened() -> tensorflow_opening.Opened:
        return tensorflow_opening.opened(request)

    yield from steps.answers(told, steps.opened(opened, lambda found: tensorflow_lowering.lowered(found, request, told)))

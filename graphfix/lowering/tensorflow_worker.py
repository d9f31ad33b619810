"""The worker of TensorFlow: it lowers one source for each request, by the steps of `tensorflow_lowering`.

A worker loads this file by path in an interpreter that has tensorflow and tf2onnx, where graphfix need not be installed:
it imports files of this folder that import nothing else of graphfix.
"""

from __future__ import annotations

import os

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "TF_ENABLE_ONEDNN_OPTS": "0"}

import logging
import sys
import types
import warnings
from collections.abc import Iterator

if "graphfix" not in sys.modules:  # an empty package, so that files of this folder can be imported
    sys.modules["graphfix"] = types.ModuleType("graphfix")
    sys.modules["graphfix"].__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from graphfix.lowering import steps, tensorflow_direct, tensorflow_lowering, tensorflow_opening, tensorflow_signatures

DISTRIBUTIONS = ("tf2onnx", "tensorflow-cpu", "tensorflow", "tensorflow-macos", "keras", "onnx")
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)


def respond(request: steps.Request) -> Iterator[steps.Answer]:
    """Yield the answers to a request: one when each step begins, to locate a crash, and the final one."""
    remarks = steps.Remarks.isolated(request)

    def open_model() -> tensorflow_signatures.OpenedModel:
        return tensorflow_opening.open_source(request)

    lower = tensorflow_direct.convert if request["exporter"] in tensorflow_direct.CONVERTERS else tensorflow_lowering.lower
    yield from steps.with_remarks(remarks, steps.open_and_lower(open_model, lambda model: lower(model, request, remarks)))

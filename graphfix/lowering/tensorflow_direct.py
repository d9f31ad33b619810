"""Conversion of an opened TensorFlow model by TensorFlow's own converter, without ONNX, and runs of what it made.

Workers load this file where graphfix is not installed: of graphfix it imports files of this folder that do the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from graphfix.lowering import direct_runs
from graphfix.lowering.direct_runs import Compute
from graphfix.lowering.steps import Answer, Remarks, Request
from graphfix.lowering.tensorflow_feeding import run_variations

CONVERTERS = frozenset({"tf.lite"})
"""The converters of TensorFlow models, by the names that conversion paths have."""


def convert(opened: Any, request: Request, _: Remarks) -> Iterator[Answer]:
    """Run, convert and run again; the last answer has stage `ok`, or `run` or `export` with the failure."""
    path = os.path.join(request["folder"], request["artifact"])
    yield from direct_runs.convert(
        lambda: (None, run_variations(opened, request)[0]), lambda _: to_litert(opened, path), request["folder"]
    )


def to_litert(opened: Any, path: str) -> Compute:
    """Convert by TensorFlow Lite's converter, with its builtin operators alone, and run it in TensorFlow's interpreter."""
    if opened.trace is None:
        raise ValueError("it is a TensorFlow Lite model already")
    function = opened.trace()
    made = tf.lite.TFLiteConverter.from_concrete_functions([function], function).convert()
    with open(path, "wb") as sink:
        sink.write(made)
    runner = tf.lite.Interpreter(model_content=made)
    details = runner.get_input_details()
    places = {detail["name"].removeprefix("serving_default_").split(":")[0]: at for at, detail in enumerate(details)}
    order = [places.get(name, at) for at, name in enumerate(opened.names)]

    def compute(arrays: Sequence[Any]) -> Sequence[Any]:
        for at, array in zip(order, arrays, strict=True):
            runner.resize_tensor_input(details[at]["index"], array.shape)
        runner.allocate_tensors()
        for at, array in zip(order, arrays, strict=True):
            runner.set_tensor(details[at]["index"], array)
        runner.invoke()
        return [runner.get_tensor(detail["index"]) for detail in runner.get_output_details()]

    return compute

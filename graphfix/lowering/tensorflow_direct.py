"""Conversion of an opened TensorFlow model by TensorFlow's own converter, without ONNX, and runs of what it made.

Workers load this file where graphfix is not installed: of graphfix it imports files of this folder that do the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from graphfix.lowering import direct_runs, factory
from graphfix.lowering.steps import Answer, Remarks, Request, failed_answer
from graphfix.lowering.tensorflow_feeding import run_variations

CONVERTERS = frozenset({"tf.lite"})
"""The converters of TensorFlow models, by the names that conversion paths have."""


def convert(opened: Any, request: Request, _: Remarks) -> Iterator[Answer]:
    """Run, convert and run again; the last answer has stage `ok`, or `run` or `export` with the failure."""
    yield {"stage": "run"}
    try:
        runs, again = run_variations(opened, request)
    except factory.RequestError:
        raise
    except (Exception, SystemExit) as error:
        yield failed_answer("run", error)
        return
    yield {"stage": "export"}
    started = time.monotonic()
    try:
        compute = to_litert(opened, os.path.join(request["folder"], request["artifact"]))
    except (Exception, SystemExit) as error:
        yield failed_answer("export", error)
        return
    seconds = time.monotonic() - started
    failed = direct_runs.save([(inputs, outputs) for _, inputs, outputs in runs], compute, request["folder"])
    steady = all(np.array_equal(old, new, equal_nan=True) for old, new in zip(runs[0][2], again, strict=True))
    yield {
        "stage": "ok", "runs": [label for label, *_ in runs], "steady": steady, "failed": failed, "ran": True,
        "export_seconds": seconds, "last": True,
    }  # fmt: skip


def to_litert(opened: Any, path: str) -> Callable[[Sequence[Any]], Sequence[Any]]:
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

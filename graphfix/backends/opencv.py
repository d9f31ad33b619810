"""OpenCV: its dnn module reads and runs ONNX models; since version 5 its new engine does, without the classic one behind it."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable, Iterable
from typing import Any

NAME = "opencv"
TITLE = "OpenCV (dnn, CPU)"
DISTRIBUTIONS = ("opencv-python-headless",)
INSTALL = "graphfix backends install opencv"
REQUIRES = ("opencv-python-headless==5.0.0.93", "numpy==2.4.6", "onnx==1.23.2")
PYTHONS = ((3, 11), (3, 13))
RUNS_HERE = True
ARTIFACT = ".opencv.onnx"
"""OpenCV reads ONNX itself, so the artifact is the model in one file."""

NODE = re.compile(r"\[\w+(?:@[\w.]+)?\]:\(onnx_node(?:_output_\d+)?!([^)]+)\)|layer \"onnx_node(?:_output_\d+)?!([^\"]+)\"")
TYPES = re.compile(r"Unsupported operations: ([\w.:, ]+)")
PLACES = re.compile(
    r"OpenCV\([\w.-]+\) \S*?:-?\d+: error: (?:\(-2:Unspecified error\) (?:in function 'handleNode' )?)?"
    r"|\[ ?\w+:\d+@[\d.]+\] global \S+:\d+ \w+ (?:DNN/ONNX: )?|(?<!\S)>(?!\S) ?"
)
"""Where in OpenCV something is said, and when."""
PARSER = re.compile(r"the model '[^']*' cannot be loaded with the new parser\. Trying the older parser\.\s*")
"""The start of a message about operators that the new engine lacks; with that engine named, no older parser is tried."""
NO_INPUT = -204
"""The code of the error about an input that the network lacks, since nothing depends on it."""


def blamed(message: str) -> list[str]:
    """Nodes that OpenCV's words name, by name or first output; else operators."""
    names = [first or second for first, second in NODE.findall(message)]
    names = names or [name for listed in TYPES.findall(message) for name in re.findall(r"[\w.:]+", listed)]
    return list(dict.fromkeys(names))


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import OpenCV; the function answers one request."""
    for needed in ("numpy", "onnx"):
        importlib.import_module(needed)
    return functools.partial(ask, importlib.import_module("cv2"))


def rejected(stage: str, lines: Iterable[str]) -> dict[str, Any]:
    """The answer about a model that a step refused with these words."""
    words = PARSER.sub("", PLACES.sub("", " ".join(" ".join(lines).split()))).strip()
    return {"stage": stage, "message": words or "an empty network", "nodes": blamed(words)}


def ask(cv2: Any, request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Read the request's model, and run it where inputs are given: OpenCV infers shapes and makes its plan as it runs."""
    import onnx

    attempted = functools.partial(importlib.import_module("graphfix_printed").attempted, errors=(cv2.error, TypeError))
    try:
        model = onnx.load(request["model"])
    except Exception as error:
        return {"stage": "load", "message": f"{type(error).__name__}: {error}"}
    engine = [cv2.dnn.ENGINE_NEW] if hasattr(cv2.dnn, "ENGINE_NEW") else []
    net, lines, failure = attempted(lambda: read(cv2, request["model"], model, engine))
    if failure is not None or net.empty():
        return rejected("convert", lines if failure is None else [str(failure)])
    outputs = [output.name for output in model.graph.output]
    if request["run"]:
        _, _, failure = attempted(lambda: forward(cv2, net, outputs, given))
        if failure is not None:
            return rejected("runtime", [str(failure)])
    return {
        "stage": "ok",
        "write": functools.partial(onnx.save, model),
        "run": lambda given, expected: forward(cv2, net, outputs, given),
    }


def read(cv2: Any, path: str, model: Any, engine: list[int]) -> Any:
    """The network that OpenCV makes of a model; weights in other files, which it does not read, are put into the model."""
    import numpy as np

    if any(tensor.data_location for tensor in model.graph.initializer):
        return cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8), *engine)
    return cv2.dnn.readNetFromONNX(path, *engine)


def forward(cv2: Any, net: Any, outputs: list[str], given: dict[str, Any]) -> list[tuple[str, Any]]:
    """The outputs of a network, by name; raises cv2.error."""
    import numpy as np

    for name, array in given.items():
        try:
            net.setInput(blob(array, exact=hasattr(cv2.dnn, "ENGINE_NEW")), name)
        except cv2.error as error:
            if error.code != NO_INPUT:
                raise
    found = net.forward(outputs)
    return [(name, np.zeros(0) if array is None else array) for name, array in zip(outputs, found)]  # noqa: B905 (Python 3.9)


def blob(array: Any, *, exact: bool) -> Any:
    """The array in a dtype that OpenCV takes: before version 5 there are no booleans and no wide integers without a sign."""
    import numpy as np

    if exact:
        return np.ascontiguousarray(array)
    kinds = {"bool": "uint8", "uint32": "int64"}
    return np.ascontiguousarray(array, kinds.get(array.dtype.name, array.dtype))

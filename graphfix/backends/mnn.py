"""MNN: its converter writes an .mnn file, its Express Module loads and runs it on the CPU."""

from __future__ import annotations

import functools
import importlib
import os
import re
import shutil
from collections.abc import Callable
from typing import Any

NAME = "mnn"
TITLE = "MNN (CPU)"
DISTRIBUTIONS = ("mnn",)
INSTALL = "graphfix backends install mnn"
REQUIRES = ("mnn==3.6.1", "numpy==2.4.6")
PYTHONS = ((3, 11), (3, 13))
RUNS_HERE = True
ARTIFACT = ".mnn"

CONVERTED = "model.mnn"
NODE = re.compile(r"(?:Convert Onnx's Op|Compute Shape Error for) ([^\s,]+)")
TYPES = re.compile(r"These Op Not Support: ([^\n]+)")
STAMP = re.compile(r"^\[[\d:]+\] \S*?:\d+: ")
USUAL = re.compile(
    r"Start to|ONNX Model |The device supports|(?:input|output)Tensors ?:|Converted |MNNConverter Version|"
    r"The model has subgraphs|Don't has bizCode"
)
"""What is printed about any model."""
FAILURES = (RuntimeError, SystemError, ValueError)


def blamed(message: str) -> list[str]:
    """Nodes that MNN's words name, by their first output; else operators."""
    names = NODE.findall(message)
    names = names or [name.rpartition("::")[2] for listed in TYPES.findall(message) for name in re.findall(r"[\w:.]+", listed)]
    return list(dict.fromkeys(names))


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import converter and runtime; the function answers one request."""
    # MNN.tools.mnnconvert, which wraps this module, installs a package and sends what was converted to a server.
    for needed in ("_tools", "MNN", "MNN.expr", "MNN.nn", "numpy"):
        importlib.import_module(needed)
    return ask


def rejected(stage: str, lines: list[str]) -> dict[str, Any]:
    """The answer about a model that a step refused with these lines."""
    message = "\n".join(lines) or "nothing is said"
    return {"stage": stage, "message": message, "nodes": blamed(message)}


def attempted(call: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What a call of MNN returns, None where it fails, and the lines that it printed or failed with."""
    found, lines, failure = importlib.import_module("graphfix_printed").attempted(call, FAILURES)
    told = (STAMP.sub("", line.strip()) for line in lines)
    said = list(dict.fromkeys(line for line in told if line and not USUAL.match(line)))
    return found, said if failure is None else [*said, f"{type(failure).__name__}: {failure}"]


def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Convert the request's model, load what was written, and run it where inputs are given: MNN infers shapes as it runs."""
    words = ["MNNConvert", "-f", "ONNX", "--modelFile", request["model"], "--MNNModel", CONVERTED, "--bizCode", NAME]
    _, lines = attempted(lambda: importlib.import_module("_tools").mnnconvert(words))
    if not os.path.exists(CONVERTED):
        return rejected("convert", lines)
    module, lines = attempted(lambda: importlib.import_module("MNN.nn").load_module_from_file(CONVERTED, [], []))
    if module is None:
        return rejected("compile", lines)
    names = module.get_info()["inputNames"]
    if request["run"] and set(names) <= set(given):
        outputs, lines = attempted(lambda: forward(module, given))
        if not outputs:
            return rejected("runtime", lines)
    return {
        "stage": "ok",
        "write": functools.partial(shutil.copy, CONVERTED),
        "run": lambda given, expected: forward(module, given) if set(names) <= set(given) else None,
    }


def forward(module: Any, given: dict[str, Any]) -> list[tuple[str, Any]]:
    """The outputs of a module by name, none where MNN fails."""
    info = module.get_info()
    found = module.forward([variable(given[name]) for name in info["inputNames"]])
    return [(name, array(one)) for name, one in zip(info["outputNames"], found)]  # noqa: B905 (Python 3.9)


def variable(given: Any) -> Any:
    """An array as MNN's variable: integers have 32 bits, or 8 without a sign, and floats 32."""
    import numpy as np

    express = importlib.import_module("MNN.expr")
    kind = "uint8" if given.dtype == np.uint8 else "float" if given.dtype.kind == "f" else "int"
    flat = np.ascontiguousarray(given, {"uint8": np.uint8, "float": np.float32, "int": np.int32}[kind])
    return express.const(flat, list(given.shape), express.data_format.NCHW, getattr(express.dtype, kind))


def array(found: Any) -> Any:
    """The array of a variable, with channels where ONNX has them."""
    import numpy as np

    express = importlib.import_module("MNN.expr")
    if 0 in found.shape:
        return np.zeros(found.shape, np.float32)
    if found.data_format == express.data_format.NC4HW4:
        found = express.convert(found, express.data_format.NCHW)
    return np.array(found.read())

"""OpenVINO: the CPU plugin of the runtime in the `openvino` package."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

NAME = "openvino"
TITLE = "OpenVINO (CPU)"
DISTRIBUTIONS = ("openvino",)
INSTALL = "pip install 'graphfix[openvino]'"
REQUIRES = ("openvino==2026.4.1",)
PYTHONS = ((3, 10), (3, 14))
RUNS_HERE = True
ARTIFACT = ".xml"

# `While validating node 'opset1::Reshape Reshape_41 (...) -> (...)' with friendly_name 'Reshape_41':`
NODE = re.compile(r"with friendly_name '([^']+)'|node '?(?:opset\d+::)?\w+ (\S+) \(")
OPERATOR = re.compile(r"(?:not supported|No conversion rule found for)[^:]*: *([\w.,\s]+)")


def blamed(message: str) -> list[str]:
    """Node names, else operators, that OpenVINO's words name."""
    names = [first or second for first, second in NODE.findall(message)]
    if not names and (found := OPERATOR.search(message)):
        names = [name for name in re.split(r"[,\s]+", found.group(1)) if name]
    return list(dict.fromkeys(names))


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the runtime; the function answers one request."""
    import openvino as ov

    core = ov.Core()

    def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        try:
            model = core.read_model(request["model"])
            if request["shapes"]:
                model.reshape(request["shapes"])
        except Exception as error:
            return {"stage": "convert", "message": str(error), "nodes": blamed(str(error))}
        try:
            compiled = core.compile_model(model, "CPU")
        except Exception as error:
            return {"stage": "compile", "message": str(error), "nodes": blamed(str(error))}
        if request["output"]:
            ov.save_model(model, request["output"], compress_to_fp16=False)

        def run(given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
            feeds = [next(given[n] for n in port.get_names() if n in given) for port in compiled.inputs]
            found = compiled(feeds)
            ports = enumerate(compiled.outputs)
            return [(min(port.get_names(), default=str(at)), found[port]) for at, port in ports]

        return {"stage": "ok", "run": run}

    return ask

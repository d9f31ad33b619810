"""OpenVINO: the CPU plugin of the runtime in the `openvino` package."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from typing import Any

NAME = "openvino"
TITLE = "OpenVINO (CPU)"
DISTRIBUTIONS = ("openvino",)
INSTALL = "pip install 'graphfix[openvino]'"
REQUIRES = ("openvino==2026.4.1",)
PYTHONS = ((3, 10), (3, 14))
RUNS_HERE = True
ARTIFACT = ".xml"

NODE = re.compile(r"<Node\(\w+\): ([^>]+)>|with friendly_name '([^']+)'")
MISSING = re.compile(r"No conversion rule found for operations: ([^\n]+)")
REFERENCE = "Reference"
"""The layer type of the reference implementation, which runs element by element."""
UNTUNED_PREFIXES = ("ref", "unknown", "undef")
DATA_LAYERS = ("Input", "Output", "Const")
COPY_LAYERS = ("Convert", "Gather", "Reorder")
"""Layers that only copy data, for which tuning makes no difference: 0.7 ms tuned, 0.8 ms untuned, to gather 2 MiB."""


def blamed(message: str) -> list[str]:
    """Return the nodes that a message names, by name or first output, else the operators, without their version."""
    names = [first or second for first, second in NODE.findall(message)]
    for listed in MISSING.findall(message):
        names += [re.sub(r"-\d+$", "", name) for name in re.split(r"[,\s]+", listed) if name]
    return list(dict.fromkeys(names))


def fallback(kind: str, by: str, seen: Mapping[str, Set[str]]) -> str:
    """Return the sort of fallback that runs a layer: `reference`, `untuned` where others of its kind are tuned, else empty.

    Many layers have a single implementation, which is called `ref` although it is not slow.
    """
    if kind == REFERENCE:
        return "reference"
    tuned = any(not other.startswith(UNTUNED_PREFIXES) for other in seen.get(kind, ()))
    return "untuned" if by.startswith("ref") and tuned and kind not in COPY_LAYERS else ""


def layers(compiled: Any) -> list[tuple[str, str, list[str]]]:
    """Return the layers of the compiled model: the type of each, its implementation, and the nodes it stands for."""
    found = []
    for node in compiled.get_runtime_model().get_ordered_ops():
        info = node.get_rt_info()
        kind, by, names = (_text(info[key]) for key in ("layerType", "primitiveType", "originalLayersNames"))
        if kind not in DATA_LAYERS:
            found.append((kind, by, [name for name in names.split(",") if name]))
    return found


def _text(info: Any) -> str:
    return str(getattr(info, "value", info))


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the runtime; returns the function that answers one request."""
    import openvino as ov

    core = ov.Core()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}  # by default some processors compute in bfloat16

    def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        try:
            model = core.read_model(request["model"])
            if request["shapes"]:
                model.reshape(request["shapes"])
        except Exception as error:
            return {"stage": "convert", "message": str(error), "nodes": blamed(str(error))}
        try:
            compiled = core.compile_model(model, "CPU", exact)
        except Exception as error:
            return {"stage": "compile", "message": str(error), "nodes": blamed(str(error))}

        def write(path: str) -> None:
            ov.save_model(model, path, compress_to_fp16=False)

        def run(given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
            feeds = [next(given[n] for n in port.get_names() if n in given) for port in compiled.inputs]
            found = compiled(feeds)
            ports = enumerate(compiled.outputs)
            return [(min(port.get_names(), default=str(at)), found[port]) for at, port in ports]

        placed = layers(compiled) if request["options"].get("placement") else None
        return {"stage": "ok", "write": write, "run": run, "placed": placed}

    return ask

"""OpenVINO: the CPU plugin of the runtime in the `openvino` package."""

from __future__ import annotations

import functools
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
"""The layer that runs an operation by its specification, element by element."""
PLAIN = ("ref", "unknown", "undef")
PRECISION = "INFERENCE_PRECISION_HINT"
EXACT = "f32"
"""What models are compiled for unless a request has the option `precision`: some processors compute in bfloat16 otherwise."""
OWN_CHOICE = "default"
"""The value of that option for the precision that the plugin chooses itself."""
HELD = ("Input", "Output", "Const")
COPIES = ("Convert", "Gather", "Reorder")
"""Layers that only move numbers, which takes as long either way: 0.7 ms tuned, 0.8 ms not, for 2 MiB gathered."""


def blamed(message: str) -> list[str]:
    """Nodes that OpenVINO's words name, by name or first output; else operators without their version."""
    names = [first or second for first, second in NODE.findall(message)]
    for listed in MISSING.findall(message):
        names += [re.sub(r"-\d+$", "", name) for name in re.split(r"[,\s]+", listed) if name]
    return list(dict.fromkeys(names))


def fallback(kind: str, by: str, seen: Mapping[str, Set[str]]) -> str:
    """The sort of fallback that runs a layer: `reference`, `untuned` where others of its kind are tuned; else empty.

    Many layers have one implementation only, which is called `ref` though nothing is slow about it.
    """
    if kind == REFERENCE:
        return "reference"
    tuned = any(not other.startswith(PLAIN) for other in seen.get(kind, ()))
    return "untuned" if by.startswith("ref") and tuned and kind not in COPIES else ""


def layers(compiled: Any) -> list[tuple[str, str, list[str]]]:
    """What the CPU plugin made of the model: the type of each layer, its implementation, the nodes it stands for."""
    found = []
    for node in compiled.get_runtime_model().get_ordered_ops():
        told = node.get_rt_info()
        kind, by, names = (_text(told[key]) for key in ("layerType", "primitiveType", "originalLayersNames"))
        if kind not in HELD:
            found.append((kind, by, [name for name in names.split(",") if name]))
    return found


def _text(told: Any) -> str:
    return str(getattr(told, "value", told))


def start() -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Import the runtime; the function answers one request."""
    import openvino

    return functools.partial(ask, openvino.Core())


def ask(core: Any, request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Read and compile the request's model."""
    try:
        model = core.read_model(request["model"])
        if request["shapes"]:
            model.reshape(request["shapes"])
    except Exception as error:
        return {"stage": "convert", "message": str(error), "nodes": blamed(str(error))}
    try:
        precision = request["options"].get("precision", EXACT)
        compiled = core.compile_model(model, "CPU", {} if precision == OWN_CHOICE else {PRECISION: precision})
    except Exception as error:
        return {"stage": "compile", "message": str(error), "nodes": blamed(str(error))}
    return {
        "stage": "ok",
        "write": functools.partial(write, model),
        "run": functools.partial(run, compiled),
        "placed": layers(compiled) if request["options"].get("placement") else None,
        "arithmetic": str(compiled.get_property(PRECISION).get_type_name()) if "precision" in request["options"] else None,
    }


def write(model: Any, path: str) -> None:
    """Save a model in OpenVINO's form, in full precision."""
    import openvino

    openvino.save_model(model, path, compress_to_fp16=False)


def run(compiled: Any, given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]] | None:
    """The outputs of a compiled model, by name; None where its inputs cannot be matched."""
    fed = feeds([(port.get_names(), port.get_node().get_friendly_name()) for port in compiled.inputs], given)
    if fed is None:
        return None
    found = compiled(fed)
    return [(min(port.get_names(), default=str(at)), found[port]) for at, port in enumerate(compiled.outputs)]


def feeds(ports: list[tuple[set[str], str]], given: dict[str, Any]) -> list[Any] | None:
    """The array for each input; None where some input has none.

    `ports` are the inputs' names. An input that becomes an output unchanged loses its name to it, and is known by its position.
    """
    found = [next((name for name in (*names, friendly) if name in given), None) for names, friendly in ports]
    if None in found or len(set(found)) < len(found):
        found = list(given) if len(given) == len(ports) else [None]
    return None if None in found else [given[name] for name in found if name is not None]

"""Lowering of an opened TensorFlow model: run it on examples, convert it by tf2onnx, and clean up the result.

Workers load this file where graphfix is not installed: of graphfix it imports files of this folder that do the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx

from graphfix.lowering import tensorflow_opening, transposes
from graphfix.lowering.steps import Answer, Remarks, Request, attempted, failed_answer
from graphfix.lowering.tensorflow_feeding import run_variations, save_feeds


def lower(opened: Any, request: Request, remarks: Remarks) -> Iterator[Answer]:
    """Run, convert and save feeds; the last answer has stage `ok`, or `run` or `export` with the failure."""
    yield {"stage": "run"}
    ran, failed = attempted("run", lambda: run_variations(opened, request))
    if failed is not None:
        yield failed
        return
    runs, second_outputs = ran
    yield {"stage": "export"}
    started = time.monotonic()
    try:
        model = opened.convert(request["opset"] or tensorflow_opening.OPSET)
        seconds = time.monotonic() - started
        unknown = unknown_operators(model)
        if not unknown:
            tidy_names(model, opened, request)
            model, before, fewer = cancel_layout_transposes(model)
            onnx.save(model, os.path.join(request["folder"], "model.onnx"))
            save_feeds(model, runs, os.path.join(request["folder"], "feeds.npz"))
    except (Exception, SystemExit) as error:
        yield failed_answer("export", error)
        return
    if unknown:
        message = f"tf2onnx has no ONNX for the TensorFlow operator{'s' if len(unknown) > 1 else ''} {', '.join(unknown)}"
        cure = "replace it in the model by others that it knows"
        yield {"stage": "export", "message": message, "op": unknown[0], "cure": cure, "last": True}
        return
    deterministic = all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(runs[0][2], second_outputs, strict=True)
    )
    remarks.leftovers += transposes.border_transposes(model)
    if fewer:
        remarks.notes.append(f"{fewer} of the {before} layout transposes that tf2onnx left are cancelled")
    labels = [label for label, _, _ in runs]
    yield {"stage": "ok", "runs": labels, "steady": deterministic, "export_seconds": seconds, "last": True}


def cancel_layout_transposes(model: Any) -> tuple[Any, int, int]:
    """Return a copy with layout transposes cancelled, the number of transposes before, and how many fewer there are."""
    before = transposes.count_transposes(model)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    try:
        fewer = transposes.cancel_transposes(copy)
        onnx.checker.check_model(copy)
    except Exception:  # the model is right without it
        return model, before, 0
    return copy, before, fewer


def unknown_operators(model: Any) -> list[str]:
    """Return the operators that ONNX does not have: tf2onnx leaves those it cannot convert under their TensorFlow names."""
    own = {function.name for function in model.functions}
    found: dict[str, None] = {}

    def collect(graph: Any) -> None:
        for node in graph.node:
            if not node.domain and node.op_type not in own and not onnx.defs.has(node.op_type):
                found[node.op_type] = None
            for attribute in node.attribute:
                for inner in (attribute.g, *attribute.graphs):
                    collect(inner)

    collect(model.graph)
    return list(found)


def tidy_names(model: Any, opened: Any, request: Request) -> None:
    """Give values and dynamic dims reproducible names, and drop opset imports that nothing uses."""
    rename_values(model.graph, interface_names(model, opened.outputs))
    name_dynamic_dims(model.graph, opened.names, request)
    used = {node.domain for node in model.graph.node} | {node.domain for one in model.functions for node in one.node} | {""}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def interface_names(model: Any, outputs: Sequence[str] | None) -> dict[str, str]:
    """Return the new names of inputs and outputs: without `:0`, outputs by the model's own names; empty where they collide."""
    names = {value.name: value.name.removesuffix(":0") for value in (*model.graph.input, *model.graph.output)}
    if outputs is not None and len(outputs) == len(model.graph.output):
        names |= {value.name: name for value, name in zip(model.graph.output, outputs, strict=True)}
    taken = {name for node in model.graph.node for name in (*node.input, *node.output)} - set(names)
    names = {old: new for old, new in names.items() if old != new and new not in taken}
    return names if len(set(names.values())) == len(names) else {}


def name_dynamic_dims(graph: Any, inputs: Sequence[str], request: Request) -> None:
    """Rename tf2onnx's random symbols of dynamic dims: by the request, else `N` for a batch, else by input and axis."""
    symbols: dict[str, str] = {}
    stated = {one["name"] or inputs[position]: one["dims"] for position, one in enumerate(request["examples"])}
    stated |= {name or inputs[0]: sizes for name, sizes in request["shapes"].items()}
    for position, value in enumerate((*graph.input, *graph.output, *graph.value_info)):
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if not dim.dim_param.startswith("unk__"):
                continue
            symbol = f"d{len(symbols)}"
            if position < len(graph.input):
                own = stated.get(value.name, ())
                default = "N" if axis == 0 and "N" not in symbols.values() else f"{value.name}_{axis}"
                symbol = own[axis] if axis < len(own) and isinstance(own[axis], str) else default
            dim.dim_param = symbols.setdefault(dim.dim_param, symbol)


def rename_values(graph: Any, names: Mapping[str, str]) -> None:
    """Rename values, in subgraphs too."""
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                rename_values(inner, names)

"""TensorFlow, as a worker sees it: open a source, run it on examples, take it through tf2onnx, and answer.

A worker loads this file by path in an interpreter that has tensorflow and tf2onnx. Of graphfix only files of this
folder are there, and of those only the ones that import nothing else of it.
"""

from __future__ import annotations

import os

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "TF_ENABLE_ONEDNN_OPTS": "0"}

import contextlib
import logging
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

if "graphfix" not in sys.modules:  # the name alone, for the files of this folder: graphfix need not be installed here
    sys.modules["graphfix"] = types.ModuleType("graphfix")
    sys.modules["graphfix"].__path__ = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from graphfix.lowering import factory, failure, isolation, tensorflow_opening

DISTRIBUTIONS = ("tf2onnx", "tensorflow-cpu", "tensorflow", "tensorflow-macos", "keras", "onnx")
Request = dict[str, Any]
Answer = dict[str, Any]
SIZE = 2
"""The size of a free dim in an example of ours."""
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)


def respond(request: Request) -> Iterator[Answer]:
    """The one answer to a request, whatever happens."""
    notes = []
    if not request["network"] and not isolation.cut_network():
        notes.append("the network could not be cut off on this system")
    try:
        answer = lowered(request)
    except factory.Refused as refused:
        answer = {"stage": refused.stage, "message": str(refused), "cure": refused.cure}
    yield {"notes": notes, "leftovers": [], **answer, "last": True}


def lowered(request: Request) -> Answer:
    """Open, run, convert, and save feeds: stage `ok`, or `load`, `run` or `export` with the failure."""
    try:
        opened = tensorflow_opening.opened(request)
    except factory.Refused:
        raise
    except Exception as error:
        return {"stage": "load", **failure.failure(error)}
    example = arrays(opened, request)
    try:
        runs = [("the example inputs", example, opened.run(example))]
        again = opened.run(example)
    except Exception as error:
        return {"stage": "run", **failure.failure(error)}
    for label, make in variations(opened, example):
        with contextlib.suppress(Exception):  # an input the model cannot take proves nothing
            fed = make()
            runs.append((label, fed, opened.run(fed)))
    started = time.monotonic()
    try:
        model = opened.convert(request["opset"] or tensorflow_opening.OPSET)
    except Exception as error:
        return {"stage": "export", **failure.failure(error)}
    seconds = time.monotonic() - started
    foreign = unknown(model)
    if foreign:
        said = f"tf2onnx has no ONNX for the TensorFlow operator{'s' if len(foreign) > 1 else ''} {', '.join(foreign)}"
        return {"stage": "export", "message": said, "op": foreign[0], "cure": "replace it in the model by others that it knows"}
    tidied(model, opened)
    onnx.save(model, os.path.join(request["folder"], "model.onnx"))
    save(model, runs, os.path.join(request["folder"], "feeds.npz"))
    steady = all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(runs[0][2], again, strict=True))
    labels = [label for label, _, _ in runs]
    return {"stage": "ok", "message": "", "runs": labels, "steady": steady, "export_seconds": seconds, "unsaid": False}


def arrays(opened: Any, request: Request) -> list[Any]:
    """What the model is run on: the user's arrays, those that came along, or seeded ones of the dims stated."""
    if request["data"]:
        with np.load(request["data"], allow_pickle=False) as held:
            missing = [name for name in opened.names if name not in held.files]
            if missing:
                raise factory.Refused(f"the data has no array `{missing[0]}`", f"its inputs are {', '.join(opened.names)}")
            return [held[name] for name in opened.names]
    if opened.examples is not None and not request["examples"]:
        given = opened.examples
        listed = [given[name] for name in opened.names] if isinstance(given, Mapping) else given
        return [np.asarray(one) for one in (listed if isinstance(listed, (tuple, list)) else (listed,))]
    said = {one["name"] or opened.names[min(i, len(opened.names) - 1)]: one["dims"] for i, one in enumerate(request["examples"])}
    draw = np.random.default_rng(0)
    out = []
    for name, dims, dtype in zip(opened.names, opened.dims, opened.dtypes, strict=True):
        wanted = said.get(name, dims)
        if len(wanted) != len(dims):
            raise factory.Refused(f"`{name}` has {len(dims)} dims, not {len(wanted)}", f"give {'x'.join(map(str, dims))}")
        fixed = [given if isinstance(given, int) else own for given, own in zip(wanted, dims, strict=True)]
        out.append(drawn(draw, [SIZE if size is None else size for size in fixed], dtype))
    return out


def drawn(draw: Any, sizes: Sequence[int], dtype: str) -> Any:
    """A seeded array."""
    if dtype.startswith(("float", "bfloat")):
        return draw.standard_normal(sizes).astype(tf.dtypes.as_dtype(dtype).as_numpy_dtype)
    if dtype == "bool":
        return draw.random(sizes) > 0.5
    if dtype == "string":
        raise factory.Refused("an input of strings", "ONNX for it cannot be verified; cut the model behind its preprocessing")
    low, high = (-100, 100) if dtype == "int8" else (0, 200) if dtype == "uint8" else (0, 2)
    return draw.integers(low, high, sizes).astype(dtype)


def variations(opened: Any, example: Sequence[Any]) -> list[tuple[str, Callable[[], list[Any]]]]:
    """Other values, zeros, and another size of the free dims."""
    found: list[tuple[str, Callable[[], list[Any]]]] = [
        ("other values", lambda: [np.roll(a, 1) * a.dtype.type(-1.25 if a.dtype.kind == "f" else 1) for a in example]),
        ("zeros", lambda: [a * 0 if a.dtype.kind == "f" else a for a in example]),
    ]
    if any(None in dims for dims in opened.dims):
        found.append(("another size of free dims", lambda: [longer(a, d) for a, d in zip(example, opened.dims, strict=True)]))
    return found


def longer(array: Any, dims: Sequence[int | None]) -> Any:
    """The array with every free dim longer by one, its first entries repeated at the end."""
    for axis, size in enumerate(dims):
        if size is None:
            array = np.concatenate([array, np.take(array, [0], axis)], axis)
    return array


def unknown(model: Any) -> list[str]:
    """Operators that tf2onnx left under their TensorFlow names: it goes on after it met one it does not know."""
    own = {function.name for function in model.functions}
    found: dict[str, None] = {}

    def look(graph: Any) -> None:
        for node in graph.node:
            if not node.domain and node.op_type not in own and not onnx.defs.has(node.op_type):
                found[node.op_type] = None
            for attribute in node.attribute:
                for inner in (attribute.g, *attribute.graphs):
                    look(inner)

    look(model.graph)
    return list(found)


def tidied(model: Any, opened: Any) -> None:
    """Names without `:0`, outputs by the names the model has for them, free dims by names that do not change each time."""
    names = {value.name: value.name.removesuffix(":0") for value in (*model.graph.input, *model.graph.output)}
    if opened.outputs is not None and len(opened.outputs) == len(model.graph.output):
        names |= {value.name: name for value, name in zip(model.graph.output, opened.outputs, strict=True)}
    taken = {name for node in model.graph.node for name in (*node.input, *node.output)} - set(names)
    names = {old: new for old, new in names.items() if old != new and new not in taken}
    if len(set(names.values())) < len(names):
        names = {}
    renamed(model.graph, names)
    dims: dict[str, str] = {}
    for place, value in enumerate((*model.graph.input, *model.graph.output, *model.graph.value_info)):
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.dim_param.startswith("unk__"):
                first = place < len(model.graph.input)
                fresh = ("N" if axis == 0 and "N" not in dims.values() else f"{value.name}_{axis}") if first else f"d{len(dims)}"
                dim.dim_param = dims.setdefault(dim.dim_param, fresh)
    used = {node.domain for node in model.graph.node} | {node.domain for one in model.functions for node in one.node} | {""}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def renamed(graph: Any, names: Mapping[str, str]) -> None:
    """Give values other names, in subgraphs too."""
    for value in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                renamed(inner, names)


def save(model: Any, runs: Sequence[tuple[str, Sequence[Any], Sequence[Any]]], place: str) -> None:
    """Write `K/in/NAME` and `K/out/INDEX` of every run; the exported inputs stand in the order of the signature's."""
    constants = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in constants]
    held: dict[str, Any] = {}
    for number, (_, fed, came) in enumerate(runs):
        held |= {f"{number}/in/{name}": array for name, array in zip(names, fed, strict=True)}
        held |= {f"{number}/out/{index}": np.asarray(array) for index, array in enumerate(came)}
    with open(place, "wb") as sink:
        np.savez(sink, **held)

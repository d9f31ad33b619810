"""Lowering an opened TensorFlow model: run it on examples, take it through tf2onnx, and tidy what that gives.

It imports nothing of graphfix but files of this folder that do the same, since workers load it where graphfix is not.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import tensorflow as tf

from graphfix.lowering import factory, steps, tensorflow_opening, transposes
from graphfix.lowering.steps import SIZES, Answer, Request, Told, failed


def lowered(opened: Any, request: Request, told: Told) -> Iterator[Answer]:
    """Run, convert, and save feeds: stage `ok` in the end, or `run` or `export` with the failure."""
    yield {"stage": "run"}
    try:
        runs, again = run(opened, request)
    except factory.Refused:
        raise
    except (Exception, SystemExit) as error:
        yield failed("run", error)
        return
    yield {"stage": "export"}
    started = time.monotonic()
    try:
        model = opened.convert(request["opset"] or tensorflow_opening.OPSET)
        seconds = time.monotonic() - started
        foreign = unknown(model)
        if not foreign:
            tidied(model, opened, request)
            model, there, fewer = straightened(model)
            onnx.save(model, os.path.join(request["folder"], "model.onnx"))
            save(model, runs, os.path.join(request["folder"], "feeds.npz"))
    except (Exception, SystemExit) as error:
        yield failed("export", error)
        return
    if foreign:
        said = f"tf2onnx has no ONNX for the TensorFlow operator{'s' if len(foreign) > 1 else ''} {', '.join(foreign)}"
        cure = "replace it in the model by others that it knows"
        yield {"stage": "export", "message": said, "op": foreign[0], "cure": cure, "last": True}
        return
    steady = all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(runs[0][2], again, strict=True))
    told.leftovers += transposes.bordering(model)
    if fewer:
        told.notes.append(f"{fewer} of the {there} layout transposes that tf2onnx left are cancelled")
    labels = [label for label, _, _ in runs]
    yield {"stage": "ok", "runs": labels, "steady": steady, "export_seconds": seconds, "last": True}


def run(opened: Any, request: Request) -> tuple[list[tuple[str, list[Any], list[Any]]], list[Any]]:
    """What the model makes of the example, of variations of it that it runs on, and of the example once more.

    Sizes that were made up grow until it runs.
    """
    first: Exception | None = None
    for size in SIZES:
        example = arrays(opened, request, size)
        try:
            runs = [("the example inputs", example, opened.run(example))]
            again = opened.run(example)
        except Exception as error:
            first = first or error
            continue
        for label, make in variations(opened, example):
            with contextlib.suppress(Exception):  # an input the model cannot take proves nothing
                fed = make()
                runs.append((label, fed, opened.run(fed)))
        return runs, again
    assert first is not None
    raise first


def arrays(opened: Any, request: Request, size: int) -> list[Any]:
    """What the model is run on: the user's arrays, those that came along, or seeded ones of the dims stated.

    `size` is that of free dims in what is made up, but for a first one, which is the batch's.
    """
    names = opened.names
    if request["data"]:
        with np.load(request["data"], allow_pickle=False) as held:
            missing = [name for name in names if name not in held.files]
            if not missing:
                return [held[name] for name in names]
            if len(held.files) == len(names) and all(name.startswith("arr_") for name in held.files):
                return [held[name] for name in held.files]
        raise factory.Refused(f"the data has no array `{missing[0]}`", f"its inputs are {', '.join(names)}")
    if opened.examples is not None and not request["examples"]:
        given = opened.examples
        listed = [given[name] for name in names] if isinstance(given, Mapping) else given
        return [np.asarray(one) for one in (listed if isinstance(listed, (tuple, list)) else (listed,))]
    stated = dict(request["shapes"])
    if "" in stated and len(names) == 1:
        stated[names[0]] = stated.pop("")
    types = {}
    for place, one in enumerate(request["examples"]):
        name = one["name"] or (names[place] if place < len(names) else "")
        stated[name], types[name] = one["dims"], one["dtype"]
    strange = [name for name in stated if name not in names]
    if strange:
        raise factory.Refused(f"there is no input `{strange[0]}`", f"its inputs are {', '.join(names)}")
    draw = np.random.default_rng(0)
    out = []
    for name, dims, dtype in zip(names, opened.dims, opened.dtypes, strict=True):
        wanted = stated.get(name, dims)
        fits = len(wanted) == len(dims)
        if not fits or any(isinstance(g, int) and own not in (None, g) for g, own in zip(wanted, dims, strict=True)):
            shown = tensorflow_opening.shown
            said = f"`{name}` is {shown(dims)}, not {shown([g if isinstance(g, int) else None for g in wanted])}"
            raise factory.Refused(said, "say no more of it than that")
        if types.get(name) not in (None, "", dtype):
            raise factory.Refused(f"`{name}` is {dtype}, not {types[name]}", "leave the dtype out")
        fixed = [given if isinstance(given, int) else own for given, own in zip(wanted, dims, strict=True)]
        made = [(size if axis else SIZES[0]) if entry is None else entry for axis, entry in enumerate(fixed)]
        out.append(drawn(draw, made, dtype))
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


def variations(opened: Any, example: Sequence[Any]) -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    """Other values, zeros, and other sizes of the free dims: one more, half and double, as far as they differ."""
    yield "other values", lambda: [np.roll(a, 1) * a.dtype.type(-1.25 if a.dtype.kind == "f" else 1) for a in example]
    if any(a.dtype.kind == "f" for a in example):
        yield "zeros", lambda: [a * 0 if a.dtype.kind == "f" else a for a in example]

    def changed(change: Callable[[int], int]) -> list[Any]:
        return [resized(a, dims, change) for a, dims in zip(example, opened.dims, strict=True)]

    for label, found in steps.resizings(example, changed):
        yield label, functools.partial(list, found)


def resized(array: Any, dims: Sequence[int | None], change: Callable[[int], int]) -> Any:
    """The array with every free dim of another size, its entries repeated from the first on."""
    for axis, size in enumerate(dims):
        if size is None:
            old = array.shape[axis]
            array = np.take(array, np.arange(change(old)) % max(old, 1), axis)
    return array


def straightened(model: Any) -> tuple[Any, int, int]:
    """The model with layout transposes cancelled, how many it had, and how many fewer there are."""
    before = transposes.count(model)
    made = onnx.ModelProto()
    made.CopyFrom(model)
    try:
        fewer = transposes.cancelled(made)
        onnx.checker.check_model(made)
    except Exception:  # what cancels is a gain and no need
        return model, before, 0
    return made, before, fewer


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


def tidied(model: Any, opened: Any, request: Request) -> None:
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
    stated = {one["name"] or opened.names[place]: one["dims"] for place, one in enumerate(request["examples"])}
    stated |= {name or opened.names[0]: sizes for name, sizes in request["shapes"].items()}
    for place, value in enumerate((*model.graph.input, *model.graph.output, *model.graph.value_info)):
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.dim_param.startswith("unk__"):
                first = place < len(model.graph.input)
                fresh = f"d{len(dims)}"
                if first:
                    own = stated.get(value.name, ())
                    usual = "N" if axis == 0 and "N" not in dims.values() else f"{value.name}_{axis}"
                    fresh = own[axis] if axis < len(own) and isinstance(own[axis], str) else usual
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

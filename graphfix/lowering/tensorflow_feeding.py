"""Runs of a TensorFlow model on its example and on variations, as `feeding` makes them for torch.

Workers load this file where graphfix is not installed: of graphfix it imports files of this folder that do the same.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from graphfix.lowering import steps
from graphfix.lowering.factory import RequestError
from graphfix.lowering.steps import SIZES, Request
from graphfix.lowering.tensorflow_signatures import shown


def run_variations(opened: Any, request: Request) -> tuple[list[tuple[str, list[Any], list[Any]]], list[Any]]:
    """Run the model on the example and on those variations that it runs on; also return a second run's outputs.

    Each run is its label, the inputs and the outputs. Generated sizes grow until the model runs.
    """
    first: Exception | None = None
    for size in SIZES:
        example = make_arrays(opened, request, size)
        try:
            runs = [("the example inputs", example, opened.run(example))]
            again = opened.run(example)
        except Exception as error:
            first = first or error
            continue
        for label, make in variations(opened, example):
            with contextlib.suppress(Exception):  # that the model rejects a variation says nothing of the export
                fed = make()
                runs.append((label, fed, opened.run(fed)))
        return runs, again
    assert first is not None
    raise first


def make_arrays(opened: Any, request: Request, size: int) -> list[Any]:
    """Return the model's example inputs: the user's arrays, those the program provides, or generated ones.

    `size` is the size of generated dynamic dims except the first of each array, which is the batch size.
    """
    if request["data"]:
        return load_arrays(opened.names, request["data"])
    if opened.examples is not None and not request["examples"]:
        return provided_arrays(opened.names, opened.examples)
    return generate_arrays(opened, request, size)


def load_arrays(names: Sequence[str], path: str) -> list[Any]:
    """Load the user's arrays by name, or in order where they are only numbered."""
    with np.load(path, allow_pickle=False) as held:
        missing = [name for name in names if name not in held.files]
        if not missing:
            return [held[name] for name in names]
        if len(held.files) == len(names) and all(name.startswith("arr_") for name in held.files):
            return [held[name] for name in held.files]
    raise RequestError(f"the data has no array `{missing[0]}`", f"its inputs are {', '.join(names)}")


def provided_arrays(names: Sequence[str], examples: Any) -> list[Any]:
    """Return the example inputs that the program provides as arrays, in the order of the names."""
    listed = [examples[name] for name in names] if isinstance(examples, Mapping) else examples
    return [np.asarray(one) for one in (listed if isinstance(listed, (tuple, list)) else (listed,))]


def generate_arrays(opened: Any, request: Request, size: int) -> list[Any]:
    """Generate seeded arrays of the dims that the request states and the model allows."""
    stated, dtypes = stated_inputs(opened.names, request)
    rng = np.random.default_rng(0)
    arrays = []
    for name, dims, dtype in zip(opened.names, opened.dims, opened.dtypes, strict=True):
        wanted = stated.get(name, dims)
        if len(wanted) != len(dims) or any(
            isinstance(dim, int) and own not in (None, dim) for dim, own in zip(wanted, dims, strict=True)
        ):
            message = f"`{name}` is {shown(dims)}, not {shown([dim if isinstance(dim, int) else None for dim in wanted])}"
            raise RequestError(message, "give no other sizes for it")
        if dtypes.get(name) not in (None, "", dtype):
            raise RequestError(f"`{name}` is {dtype}, not {dtypes[name]}", "leave the dtype out")
        fixed = [dim if isinstance(dim, int) else own for dim, own in zip(wanted, dims, strict=True)]
        sizes = [(size if axis else SIZES[0]) if dim is None else dim for axis, dim in enumerate(fixed)]
        arrays.append(random_array(rng, sizes, dtype))
    return arrays


def stated_inputs(names: Sequence[str], request: Request) -> tuple[dict[str, Sequence[Any]], dict[str, str]]:
    """Return the dims and the dtypes that the request states, by input; RequestError for an unknown input."""
    stated, dtypes = dict(request["shapes"]), {}
    if "" in stated and len(names) == 1:
        stated[names[0]] = stated.pop("")
    for position, one in enumerate(request["examples"]):
        name = one["name"] or (names[position] if position < len(names) else "")
        stated[name], dtypes[name] = one["dims"], one["dtype"]
    unknown = [name for name in stated if name not in names]
    if unknown:
        raise RequestError(f"there is no input `{unknown[0]}`", f"its inputs are {', '.join(names)}")
    return stated, dtypes


def random_array(rng: Any, sizes: Sequence[int], dtype: str) -> Any:
    """Return a random array of a dtype; RequestError for strings."""
    if dtype.startswith(("float", "bfloat")):
        return rng.standard_normal(sizes).astype(tf.dtypes.as_dtype(dtype).as_numpy_dtype)
    if dtype == "bool":
        return rng.random(sizes) > 0.5
    if dtype == "string":
        raise RequestError("an input of strings", "ONNX for it cannot be verified; cut the model behind its preprocessing")
    low, high = (-100, 100) if dtype == "int8" else (0, 200) if dtype == "uint8" else (0, 2)
    return rng.integers(low, high, sizes).astype(dtype)


def variations(opened: Any, example: Sequence[Any]) -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    """Yield functions that make variations: other values, zeros, and other sizes of dynamic dims."""
    yield "other values", lambda: [np.roll(a, 1) * a.dtype.type(-1.25 if a.dtype.kind == "f" else 1) for a in example]
    if any(a.dtype.kind == "f" for a in example):
        yield "zeros", lambda: [a * 0 if a.dtype.kind == "f" else a for a in example]

    def resize(change: Callable[[int], int]) -> list[Any]:
        return [resize_dynamic_dims(a, dims, change) for a, dims in zip(example, opened.dims, strict=True)]

    for label, arrays in steps.resized_examples(example, resize):
        yield label, functools.partial(list, arrays)


def resize_dynamic_dims(array: Any, dims: Sequence[int | None], change: Callable[[int], int]) -> Any:
    """Return the array with every dynamic dim of another size, its entries repeated from the first on."""
    for axis, size in enumerate(dims):
        if size is None:
            old = array.shape[axis]
            array = np.take(array, np.arange(change(old)) % max(old, 1), axis)
    return array


def save_feeds(model: Any, runs: Sequence[tuple[str, Sequence[Any], Sequence[Any]]], path: str) -> None:
    """Write `K/in/NAME` and `K/out/INDEX` of every run K; inputs are in the order of the exported model's."""
    constants = {tensor.name for tensor in model.graph.initializer}
    names = [value.name for value in model.graph.input if value.name not in constants]
    arrays: dict[str, Any] = {}
    for number, (_, inputs, outputs) in enumerate(runs):
        arrays |= {f"{number}/in/{name}": array for name, array in zip(names, inputs, strict=True)}
        arrays |= {f"{number}/out/{index}": np.asarray(array) for index, array in enumerate(outputs)}
    with open(path, "wb") as sink:
        np.savez(sink, **arrays)

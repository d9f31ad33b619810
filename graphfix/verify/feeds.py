"""Verification inputs: seeded, with negatives, zeros and whole numbers, at two sizes where dims are dynamic."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from graphfix.errors import UsageError, nearest
from graphfix.ir.bind_inputs import Dims, array_for, interface
from graphfix.verify.feed_adapter import Array as Array
from graphfix.verify.feed_adapter import Feed as Feed
from graphfix.verify.length_inputs import length_values

TOP = 4
"""The number below which integers are, so that they are valid ids for any vocabulary."""


def given_feeds(model: ModelProto, data: Mapping[str, Array], values: Mapping[str, object]) -> list[Feed]:
    """Return the one feed of the user's arrays, as a list; UsageError for a missing or unknown name."""
    inputs = {info.name: info for info in interface(model)}
    for name in data:
        if name not in inputs:
            raise UsageError(f"the data names `{name}`, which is no input", hint=nearest(name, inputs))
    feed: Feed = {}
    for name, info in inputs.items():
        if name in values:
            feed[name] = array_for(info, values[name])
        elif name in data:
            feed[name] = np.asarray(data[name])
        else:
            raise UsageError(f"the data has no array for the input `{name}`", hint=f"it has {', '.join(data) or 'none'}")
    return [feed]


def seeded_feeds(
    model: ModelProto, shapes: Mapping[str, Dims], values: Mapping[str, object], sizes: tuple[int, int], seed: int,
    top: int = TOP, counts: Collection[str] = (),
) -> Feed | None:  # fmt: skip
    """Return one feed of a model's inputs, or None when an input is not a tensor.

    Dynamic dims are set to `sizes`, and integers are below `top`. The inputs that are `counts` hold whole numbers above 0, and
    those that are lengths of sequences numbers up to that length, unless a lower `top` than the usual one is tried.
    """
    random = np.random.default_rng([seed, *sizes])
    known: dict[str, int] = {}
    inputs = interface(model)
    for info in inputs:
        for dim, size in zip(info.type.tensor_type.shape.dim, shapes.get(info.name, ()), strict=False):
            if isinstance(size, int) and dim.dim_param and dim.dim_param != "?":
                known[dim.dim_param] = size
    feed: Feed = {}
    for info in inputs:
        if not info.type.HasField("tensor_type"):
            return None
        if info.name in values:
            feed[info.name] = array_for(info, values[info.name])
        else:
            dims = _dims(info, shapes.get(info.name), known, sizes)
            feed[info.name] = _values(info.type.tensor_type.elem_type, dims, random, seed, top)
            if info.name in counts:
                feed[info.name] = np.maximum(np.rint(np.abs(feed[info.name])), 1).astype(feed[info.name].dtype)
    if top == TOP:
        feed |= {name: array for name, array in length_values(inputs, feed, seed).items() if name not in values}
    return feed


def _dims(info: ValueInfoProto, asked: Dims | None, known: dict[str, int], sizes: tuple[int, int]) -> list[int]:
    made = []
    declared = info.type.tensor_type.shape.dim
    wanted: Sequence[int | str | None] = asked if asked is not None else [None] * len(declared)
    for position, want in enumerate(wanted):
        dim = declared[position] if position < len(declared) else None
        fallback = sizes[0] if position == 0 and len(wanted) > 1 else sizes[1]
        if isinstance(want, int):
            made.append(want)
        elif dim is not None and dim.HasField("dim_value") and dim.dim_value >= 0:
            made.append(dim.dim_value)
        else:
            symbol = want if isinstance(want, str) else dim.dim_param if dim is not None else ""
            made.append(known.setdefault(symbol, fallback) if symbol and symbol != "?" else fallback)
    return made


def _values(code: int, dims: Sequence[int], random: np.random.Generator, seed: int, most: int) -> Array:
    """Draw an array of the ONNX data type `code`.

    Floats are normal, wide with zeros and whole numbers, or small, by `seed`. Integers are in [0, most), so that they
    are valid ids for any vocabulary; every other seed draws uint8 from [0, 256).
    """
    if code == TensorProto.STRING:
        return np.full(dims, "a", dtype=object)
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(code))
    if dtype.kind == "b":
        return np.asarray(random.integers(0, 2, dims)).astype(bool)
    if dtype.kind in "iu":
        top = 256 if code == TensorProto.UINT8 and seed % 2 else most
        return np.asarray(random.integers(0, top, dims)).astype(dtype)
    made = np.asarray(random.standard_normal(dims), np.float64)
    if seed % 3 == 1:
        made = np.asarray(made * 4)
        choice = np.asarray(random.random(dims))
        made = np.where(choice < 0.2, 0.0, np.where(choice < 0.5, np.round(made), made))
    elif seed % 3 == 2:
        made = made * 0.1
    if dtype.kind == "c":
        return np.asarray(made + 1j * random.standard_normal(dims)).astype(dtype)
    return np.asarray(made).astype(dtype)

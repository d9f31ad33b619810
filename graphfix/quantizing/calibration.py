"""Calibration data: inputs of a model from an .npz, a folder of images or a function of the user, checked before use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from graphfix.errors import UsageError, nearest
from graphfix.ir.bind_inputs import interface
from graphfix.quantizing.input_dims import declared
from graphfix.quantizing.user_function import arrays_of_function
from graphfix.verify.archive import read_archive
from graphfix.verify.feeds import Array, Feed

LEAST = 8
"""The inputs from which ranges of activations are taken: fewer say too little of them."""
MOST = 128
"""The inputs that are used at most; more are left out evenly."""


def calibration_feeds(model: ModelProto, source: str, *, least: int = LEAST, most: int = MOST, pixels: Any = None) -> list[Feed]:
    """Return the inputs that `source` holds: a path of an .npz or of a folder, or `module:function`.

    `pixels` says how pictures become arrays (images.py); by default they are scaled to 0..1.

    Raises:
        UsageError: there is no such source, or its arrays do not fit the model's inputs, hold NaN, or are too few.
    """
    path = Path(source)
    if path.is_dir():
        from graphfix.quantizing.images import image_feeds

        feeds = image_feeds(model, path, pixels)
    elif path.suffix == ".npz" or path.exists():
        feeds = _rows(model, read_archive(path), source)
    elif ":" in source:
        samples = enumerate(arrays_of_function(source, most))
        feeds = [_whole(model, feed, f"sample {place} of {source}") for place, feed in samples]
    else:
        hint = "give an .npz, a folder of images or module:function"
        raise UsageError("there is no such file or folder", path=source, hint=hint)
    for place, feed in enumerate(feeds):
        _check_numbers(feed, f"sample {place} of {source}")
    if len(feeds) < least:
        hint = "ranges of activations from fewer say too little"
        raise UsageError(f"it has {len(feeds)} sample{'s' if len(feeds) != 1 else ''}, at least {least} are needed", path=source,
                         hint=hint)  # fmt: skip
    chosen = np.unique(np.linspace(0, len(feeds) - 1, min(most, len(feeds))).astype(int))
    return [feeds[place] for place in chosen]


def _rows(model: ModelProto, arrays: Mapping[str, Array], source: str) -> list[Feed]:
    """Split arrays into samples: along an added first axis, or along the batch into samples of the model's batch size."""
    inputs = {info.name: info for info in interface(model)}
    _check_names(arrays, inputs, source)
    pieces: dict[str, list[Array]] = {}
    for name, info in inputs.items():
        array, dims = arrays[name], declared(info)
        if array.ndim == len(dims) + 1 and _fits(array.shape[1:], dims):
            pieces[name] = list(array)
        elif dims and array.ndim == len(dims) and _fits(array.shape[1:], dims[1:]):
            batch = dims[0] if isinstance(dims[0], int) else 1
            if array.shape[0] % batch:
                _refuse_shape(name, array, dims, source)
            pieces[name] = [array[start : start + batch] for start in range(0, array.shape[0], batch)]
        elif _fits(array.shape, dims):
            pieces[name] = [array]
        else:
            _refuse_shape(name, array, dims, source)
    counts = {name: len(found) for name, found in pieces.items()}
    most = max(counts.values(), default=0)
    for name, count in counts.items():
        if count not in (1, most):
            raise UsageError(f"`{name}` has {count} samples, another input {most}", path=source)
    return [
        {name: _cast(found[place if len(found) > 1 else 0], inputs[name], source) for name, found in pieces.items()}
        for place in range(most)
    ]


def _whole(model: ModelProto, arrays: Mapping[str, Array], source: str) -> Feed:
    """Return one sample whose arrays are the model's inputs."""
    inputs = {info.name: info for info in interface(model)}
    if len(inputs) == 1 and list(arrays) == [""]:
        arrays = {next(iter(inputs)): arrays[""]}
    _check_names(arrays, inputs, source)
    made: Feed = {}
    for name, info in inputs.items():
        array, dims = arrays[name], declared(info)
        if len(dims) == array.ndim + 1 and (dims[0] == 1 or isinstance(dims[0], str)):
            array = array[None]  # one sample of a data set, which has no axis for the batch
        if not _fits(array.shape, dims):
            _refuse_shape(name, arrays[name], dims, source)
        made[name] = _cast(array, info, source)
    return made


def _fits(shape: Sequence[int], dims: Sequence[int | str]) -> bool:
    return len(shape) == len(dims) and all(
        isinstance(dim, str) or dim == size for size, dim in zip(shape, dims, strict=True)
    )  # fmt: skip


def _check_names(arrays: Mapping[str, Array], inputs: Mapping[str, ValueInfoProto], source: str) -> None:
    """Raise UsageError for an array that is no input, and an input without an array."""
    for name in arrays:
        if name not in inputs:
            raise UsageError(f"the data names `{name}`, which is no input", path=source, hint=nearest(name, inputs))
    for name in inputs:
        if name not in arrays:
            hint = f"it has {', '.join(arrays) or 'none'}"
            raise UsageError(f"the data has no array for the input `{name}`", path=source, hint=hint)


def _refuse_shape(name: str, array: Array, dims: Sequence[int | str], source: str) -> None:
    shape, wanted = ("x".join(map(str, sizes)) or "scalar" for sizes in (array.shape, dims))
    hint = "samples are along the first axis"
    raise UsageError(f"the data for `{name}` has shape {shape}, the input {wanted}", path=source, hint=hint)


def _cast(array: Array, info: ValueInfoProto, source: str) -> Array:
    """Return an array in the dtype of the input; UsageError where numbers would change kind."""
    if info.type.tensor_type.elem_type == TensorProto.STRING:
        raise UsageError(f"`{info.name}` takes strings, for which there is no calibration", path=source)
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type))
    if array.dtype != dtype and (array.dtype.kind not in "biuf" or (dtype.kind in "iub" and array.dtype.kind == "f")):
        raise UsageError(f"the data for `{info.name}` is {array.dtype}, the input {dtype}", path=source)
    with np.errstate(over="ignore"):  # infinite numbers are refused afterwards
        return np.ascontiguousarray(array.astype(dtype))


def _check_numbers(feed: Feed, source: str) -> None:
    """Raise UsageError for NaN and infinities."""
    for name, array in feed.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            kind = "NaN" if np.isnan(array).any() else "infinite values"
            raise UsageError(f"`{name}` holds {kind}", path=source, hint="ranges cannot be taken from them")


def says_little(feeds: Sequence[Feed]) -> str | None:
    """Return a note where every number of every input is the same in all samples; None for usual data."""
    same = all(bool((feed[name] == feeds[0][name].reshape(-1)[:1]).all()) for feed in feeds for name in feed)
    return "every number of each input is the same in all samples: ranges from such data say nothing of others" if same else None

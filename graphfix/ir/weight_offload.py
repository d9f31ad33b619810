"""Large weights put aside while a model is rewritten: kept once, in a file, however many versions of the model there are.

A model that is put aside refers to the file by ONNX's external data, under a name that no other shelf has; onnxruntime
maps it, and a rewrite that asks for a weight reads it from there.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper

from graphfix.ir.tensors import is_external, nbytes
from graphfix.ir.traversal import graphs

ENOUGH = 500_000_000
"""Bytes of large weights from which putting them aside is worth the disk."""
LARGE = 1 << 20
"""Bytes from which a weight is large."""
ALIGN = 4096
"""Lets a runtime map a weight straight from the file."""

_folders: dict[str, Path] = {}


@contextlib.contextmanager
def shelved(model: ModelProto) -> Iterator[ModelProto]:
    """The model with its large weights in a file as long as this lasts; the model itself where they are small."""
    large = [nbytes(t) or 0 for t in model.graph.initializer if t.HasField("raw_data")]
    if sum(size for size in large if size >= LARGE) < ENOUGH:
        yield model
        return
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        location = f"{os.path.basename(folder)}.data"
        _folders[location] = Path(folder)
        try:
            with open(Path(folder, location), "wb") as file:
                slim = _put(model, location, file.fileno())
            yield slim
        finally:
            del _folders[location]


def _put(model: ModelProto, location: str, file: int) -> ModelProto:
    """A copy of the model, its large weights written to a file; no weight is copied in memory."""
    slim = ModelProto()
    for field, content in model.ListFields():
        if field.name == "graph":
            continue
        if isinstance(content, int | str):
            setattr(slim, field.name, content)
        else:
            getattr(slim, field.name).extend(content)
    graph, position = slim.graph, 0
    for field, content in model.graph.ListFields():
        if field.name != "initializer":
            if isinstance(content, str):
                setattr(graph, field.name, content)
            else:
                getattr(graph, field.name).extend(content)
    for tensor in model.graph.initializer:
        if (nbytes(tensor) or 0) < LARGE or not tensor.HasField("raw_data"):
            graph.initializer.append(tensor)
            continue
        made = graph.initializer.add(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
        if tensor.HasField("doc_string"):
            made.doc_string = tensor.doc_string
        made.data_location = TensorProto.EXTERNAL
        raw = tensor.raw_data
        for key, value in (("location", location), ("offset", str(position)), ("length", str(len(raw)))):
            made.external_data.add(key=key, value=value)
        view = memoryview(raw)
        while view:
            view = view[os.write(file, view) :]
        pad = -len(raw) % ALIGN
        os.write(file, b"\0" * pad)
        position += len(raw) + pad
    return slim


def folder_of(model: ModelProto) -> str | None:
    """The folder in which a model's weights were put aside; None where they are in the model."""
    for tensor in model.graph.initializer:
        if is_external(tensor):
            place = _folders.get(_entry(tensor, "location"))
            if place is not None:
                return str(place)
    return None


def array_of(tensor: TensorProto) -> npt.NDArray[np.generic] | None:
    """A weight that was put aside, mapped from its file; None for any other."""
    location = _entry(tensor, "location")
    if not is_external(tensor) or location not in _folders:
        return None
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    path = _folders[location] / location
    return np.memmap(path, dtype, "r", int(_entry(tensor, "offset")), tuple(tensor.dims))


def whole(model: ModelProto) -> ModelProto:
    """The same model, changed in place: every weight that was put aside is back in it."""
    for graph in graphs(model.graph):
        for tensor in graph.initializer:
            location = _entry(tensor, "location")
            if is_external(tensor) and location in _folders:
                with open(_folders[location] / location, "rb") as file:
                    file.seek(int(_entry(tensor, "offset")))
                    tensor.raw_data = file.read(int(_entry(tensor, "length")))
                tensor.ClearField("external_data")
                tensor.ClearField("data_location")
    return model


def _entry(tensor: TensorProto, key: str) -> str:
    return next((entry.value for entry in tensor.external_data if entry.key == key), "")

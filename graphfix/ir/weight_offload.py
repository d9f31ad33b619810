"""Store large weights once in a temporary file while a model is rewritten, however many versions of it exist.

The model refers to the file by ONNX's external data, under a unique name; onnxruntime maps the file, and a rewrite that
needs a weight reads it from there.
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
"""The total bytes of large weights from which they are stored in a file."""
LARGE = 1 << 20
"""The bytes from which a weight is large."""
ALIGN = 4096
"""The alignment of weights in the file, which lets a runtime map them."""

_folders: dict[str, Path] = {}
"""The folders of the files in use, by file name."""


@contextlib.contextmanager
def weights_offloaded(model: ModelProto) -> Iterator[ModelProto]:
    """Yield the model with its large weights in a file, which exists for the `with` block.

    The model itself is yielded where the large weights have less than `ENOUGH` bytes in all.
    """
    large = [nbytes(t) or 0 for t in model.graph.initializer if t.HasField("raw_data")]
    if sum(size for size in large if size >= LARGE) < ENOUGH:
        yield model
        return
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        location = f"{os.path.basename(folder)}.data"
        _folders[location] = Path(folder)
        try:
            with open(Path(folder, location), "wb") as file:
                slim = _copy_without_weights(model, location, file.fileno())
            yield slim
        finally:
            del _folders[location]


def _copy_without_weights(model: ModelProto, location: str, file: int) -> ModelProto:
    """Copy the model, with its large weights written to a file descriptor; no large weight is copied in memory."""
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
        reference = graph.initializer.add(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
        if tensor.HasField("doc_string"):
            reference.doc_string = tensor.doc_string
        reference.data_location = TensorProto.EXTERNAL
        raw = tensor.raw_data
        for key, value in (("location", location), ("offset", str(position)), ("length", str(len(raw)))):
            reference.external_data.add(key=key, value=value)
        view = memoryview(raw)
        while view:
            view = view[os.write(file, view) :]
        pad = -len(raw) % ALIGN
        os.write(file, b"\0" * pad)
        position += len(raw) + pad
    return slim


def folder_of(model: ModelProto) -> str | None:
    """Return the folder of the file that holds a model's large weights; None where they are in the model."""
    for tensor in model.graph.initializer:
        if is_external(tensor):
            folder = _folders.get(_entry(tensor, "location"))
            if folder is not None:
                return str(folder)
    return None


def offloaded_array(tensor: TensorProto) -> npt.NDArray[np.generic] | None:
    """Return a weight that is stored in a file, as a memory map; None for any other tensor."""
    location = _entry(tensor, "location")
    if not is_external(tensor) or location not in _folders:
        return None
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    path = _folders[location] / location
    return np.memmap(path, dtype, "r", int(_entry(tensor, "offset")), tuple(tensor.dims))


def with_weights(model: ModelProto) -> ModelProto:
    """Read every weight that is stored in a file back into the model, which is changed in place and returned."""
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

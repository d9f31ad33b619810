"""Runs of a torch model on its example and on variations, and the names of its inputs.

An exporter that runs the model once bakes in the branches it took and the sizes it saw. The model is therefore also run
on other signs and values, and on other sizes of dynamic dims; onnxruntime has to agree with all of these runs.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as trees

from graphfix.lowering import steps
from graphfix.lowering.examples import Example, forward_parameters


class UnmatchedInputs(Exception):
    """The exported model's inputs cannot be matched with the arguments."""


@dataclass(slots=True)
class Run:
    """One run of the framework: its label, inputs and outputs, and the outputs of a second run on the same inputs."""

    label: str
    tensors: list[Any]
    outputs: list[Any]
    again: list[Any] | None = field(default=None)


def vary_values(tensor: Any) -> Any:
    """Return other values of the same dtype: floats rolled by one and scaled by -1.25, integers rolled or incremented."""
    if tensor.numel() == 0:
        return tensor
    if tensor.dtype is torch.bool or not (tensor.dtype.is_floating_point or tensor.dtype.is_complex):
        if tensor.numel() == 1 and tensor.dtype is not torch.bool:
            return tensor + 1
        return torch.roll(tensor.reshape(-1), 1).reshape(tensor.shape)
    return torch.roll(tensor.reshape(-1), 1).reshape(tensor.shape) * -1.25


def run_variations(opened: Any, example: Example) -> list[Run]:
    """Run the model on the example, and on those variations that it runs on."""
    first = Run("the example inputs", example.tensors, call_model(opened, example, example.tensors))
    with contextlib.suppress(Exception):
        first.again = call_model(opened, example, example.tensors)
    runs = [first]
    for label, make in variations(example):
        with contextlib.suppress(Exception):  # that the model rejects a variation says nothing of the export
            tensors = make()
            runs.append(Run(label, tensors, call_model(opened, example, tensors)))
    return runs


def variations(example: Example) -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    """Yield functions that make variations: other values, zeros, and other sizes of dynamic dims."""
    own = example.tensors
    yield "other values", lambda: [vary_values(tensor) for tensor in own]
    if any(tensor.dtype.is_floating_point for tensor in own):
        yield "zeros", lambda: [tensor * 0 if tensor.dtype.is_floating_point else tensor for tensor in own]
    for label, found in steps.resized_examples(own, functools.partial(resize_dynamic_dims, example)):
        yield label, functools.partial(list, found)


def call_model(opened: Any, example: Example, tensors: Sequence[Any]) -> list[Any]:
    """Return the tensors and numbers that the model gives for these tensors in place of the example's."""
    args, kwargs = example.with_tensors(tensors)
    with torch.no_grad():
        out = opened.model(*args, **kwargs)
    flat = trees.tree_leaves(out)
    return [torch.as_tensor(leaf).detach().clone() for leaf in flat if isinstance(leaf, (torch.Tensor, bool, int, float))]


def resize_dynamic_dims(example: Example, change: Callable[[int], int]) -> list[Any]:
    """Return the example's tensors with every dynamic dim of another size, their entries repeated from the first on."""
    out = []
    for name, tensor in zip(example.names, example.tensors, strict=True):
        for axis in example.dynamic.get(name, ()):
            size = tensor.shape[axis]
            tensor = tensor.index_select(axis, torch.arange(change(size)) % max(size, 1))
        out.append(tensor)
    return out


def dynamic_shapes(opened: Any, example: Example) -> Any:
    """Return the dynamic dims as torch.export takes them, one entry for each argument; None where all dims are fixed."""
    remaining = iter(example.names)
    if not example.dynamic:
        return None

    def dims_of(argument: Any) -> Any:
        return trees.tree_map(
            lambda leaf: example.dynamic.get(next(remaining)) if isinstance(leaf, torch.Tensor) else None, argument
        )

    positional = tuple(dims_of(argument) for argument in example.args)
    named = {name: dims_of(argument) for name, argument in example.kwargs.items()}
    if not named:
        return positional
    names = [one.name for one in forward_parameters(opened.model)][: len(positional)]
    return {**dict(zip(names, positional, strict=True)), **named}


def to_export_dims(shapes: Any) -> Any:
    """Replace the names of dynamic dims by torch.export.Dim, which the exporter may fix where the code needs it."""
    dims: dict[str, Any] = {}

    def convert(entry: Any) -> Any:
        if isinstance(entry, str):
            return dims.setdefault(entry, torch.export.Dim(entry))
        if isinstance(entry, dict):
            return {key: convert(value) for key, value in entry.items()}
        return type(entry)(map(convert, entry)) if isinstance(entry, (tuple, list)) else entry

    return convert(shapes)


def notes_on_fixed_dims(exported: Any, example: Example) -> list[str]:
    """Return a note for each dynamic dim that the exporter had to fix."""
    notes = []
    shapes = {value.name: list(value.shape or ()) for value in exported.model.graph.inputs}
    for name, symbols in example.dynamic.items():
        for axis, symbol in symbols.items():
            sizes = shapes.get(name, [])
            if axis < len(sizes) and isinstance(sizes[axis], int):
                notes.append(f"dim {axis} of `{name}`, {symbol}, is fixed to {sizes[axis]} by the code")
    return notes


def save_feeds(runs: Sequence[Run], program: str, names: Sequence[str], path: str) -> None:
    """Write `K/in/NAME` and `K/out/INDEX` of every run K, with the names of the exported model's inputs."""
    import onnx

    graph = onnx.load(program, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    input_names = [value.name for value in graph.input if value.name not in constants]
    count = len(runs[0].tensors)
    if len(input_names) == count:
        positions = dict(zip(input_names, range(count), strict=True))
    else:
        positions = {name: names.index(name) for name in input_names if name in names}
        if len(positions) < len(input_names):
            raise UnmatchedInputs(f"its inputs {', '.join(input_names)} cannot be matched with the arguments {', '.join(names)}")
    arrays: dict[str, Any] = {}
    for number, run in enumerate(runs):
        arrays |= {f"{number}/in/{name}": to_numpy(run.tensors[index]) for name, index in positions.items()}
        arrays |= {f"{number}/out/{index}": to_numpy(tensor) for index, tensor in enumerate(run.outputs)}
    with open(path, "wb") as sink:
        np.savez(sink, **arrays)
        sink.flush()
        os.fsync(sink.fileno())


def to_numpy(tensor: Any) -> Any:
    """Convert a tensor to numpy; bfloat16, which numpy lacks, becomes float32."""
    tensor = tensor.resolve_conj().resolve_neg().detach().cpu()
    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy()


def is_deterministic(runs: Sequence[Run]) -> bool:
    """Return whether the example gave the same outputs twice."""
    first = runs[0]
    if first.again is None:
        return True
    pairs = zip(first.outputs, first.again, strict=True)
    return all(torch.equal(a, b) or bool(torch.isclose(a, b, equal_nan=True).all()) for a, b in pairs)

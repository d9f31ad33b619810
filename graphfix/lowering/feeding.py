"""What a torch model is run on: example inputs, variations of them that show what an exporter baked in, and names.

An exporter that runs the model once keeps the branches it took and the sizes it saw. So the model is also run on
inputs with other signs and values, and where dims are free on another size, and onnxruntime is held to all of it.
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
from graphfix.lowering.examples import Example, parameters


class Unmatched(Exception):
    """The exported model's inputs cannot be told apart."""


@dataclass(slots=True)
class Run:
    """One run of the framework: what it was fed, and what came out, twice where that was asked for."""

    label: str
    tensors: list[Any]
    outputs: list[Any]
    again: list[Any] | None = field(default=None)


def varied(tensor: Any) -> Any:
    """Other values of the same kind: numbers moved on by one place and turned, counts moved on or one more."""
    if tensor.numel() == 0:
        return tensor
    if tensor.dtype is torch.bool or not (tensor.dtype.is_floating_point or tensor.dtype.is_complex):
        if tensor.numel() == 1 and tensor.dtype is not torch.bool:
            return tensor + 1
        return torch.roll(tensor.reshape(-1), 1).reshape(tensor.shape)
    return torch.roll(tensor.reshape(-1), 1).reshape(tensor.shape) * -1.25


def runs(opened: Any, given: Example) -> list[Run]:
    """The framework's outputs on the examples, and on those variations that the model runs on."""
    given_run = Run("the example inputs", given.tensors, called(opened, given, given.tensors))
    with contextlib.suppress(Exception):
        given_run.again = called(opened, given, given.tensors)
    found = [given_run]
    for label, make in variations(given):
        with contextlib.suppress(Exception):  # an input the model cannot take proves nothing
            tensors = make()
            found.append(Run(label, tensors, called(opened, given, tensors)))
    return found


def variations(given: Example) -> Iterator[tuple[str, Callable[[], list[Any]]]]:
    """Other values, zeros, and other sizes of the free dims: one more, half and double, as far as they differ."""
    own = given.tensors
    yield "other values", lambda: [varied(tensor) for tensor in own]
    if any(tensor.dtype.is_floating_point for tensor in own):
        yield "zeros", lambda: [tensor * 0 if tensor.dtype.is_floating_point else tensor for tensor in own]
    for label, found in steps.resizings(own, functools.partial(resized, given)):
        yield label, functools.partial(list, found)


def called(opened: Any, given: Example, tensors: Sequence[Any]) -> list[Any]:
    """The tensors and numbers that the model gives for these tensors in place of the example's."""
    args, kwargs = given.holding(tensors)
    with torch.no_grad():
        out = opened.model(*args, **kwargs)
    flat = trees.tree_leaves(out)
    return [torch.as_tensor(leaf).detach().clone() for leaf in flat if isinstance(leaf, (torch.Tensor, bool, int, float))]


def resized(given: Example, change: Callable[[int], int]) -> list[Any]:
    """The example with every free dim of another size, its entries repeated from the first on."""
    out = []
    for name, tensor in zip(given.names, given.tensors, strict=True):
        for axis in given.free.get(name, ()):
            size = tensor.shape[axis]
            tensor = tensor.index_select(axis, torch.arange(change(size)) % max(size, 1))
        out.append(tensor)
    return out


def dynamic_shapes(opened: Any, given: Example) -> Any:
    """Free dims as torch.export takes them: one entry for each argument; None where nothing is free."""
    left = iter(given.names)
    if not given.free:
        return None

    def of(argument: Any) -> Any:
        return trees.tree_map(lambda leaf: given.free.get(next(left)) if isinstance(leaf, torch.Tensor) else None, argument)

    positional = tuple(of(argument) for argument in given.args)
    named = {name: of(argument) for name, argument in given.kwargs.items()}
    if not named:
        return positional
    names = [one.name for one in parameters(opened.model)][: len(positional)]
    return {**dict(zip(names, positional, strict=True)), **named}


def as_dims(shapes: Any) -> Any:
    """The names of free dims as torch.export's Dim, which gives way where the code needs one size."""
    dims: dict[str, Any] = {}

    def turned(entry: Any) -> Any:
        if isinstance(entry, str):
            return dims.setdefault(entry, torch.export.Dim(entry))
        if isinstance(entry, dict):
            return {key: turned(value) for key, value in entry.items()}
        return type(entry)(map(turned, entry)) if isinstance(entry, (tuple, list)) else entry

    return turned(shapes)


def fixed(made: Any, given: Example) -> list[str]:
    """What the code allows of dims that were to be free, by what the exporter found."""
    notes = []
    values = {value.name: list(value.shape or ()) for value in made.model.graph.inputs}
    for name, wanted in given.free.items():
        for axis, symbol in wanted.items():
            sizes = values.get(name, [])
            if axis < len(sizes) and isinstance(sizes[axis], int):
                notes.append(f"dim {axis} of `{name}`, {symbol}, is fixed to {sizes[axis]} by the code")
    return notes


def saved(found: Sequence[Run], program: str, names: Sequence[str], place: str) -> None:
    """Write `K/in/NAME` and `K/out/INDEX` of every run; names are those of the exported model's inputs."""
    import onnx

    graph = onnx.load(program, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    wanted = [value.name for value in graph.input if value.name not in constants]
    count = len(found[0].tensors)
    if len(wanted) == count:
        which = dict(zip(wanted, range(count), strict=True))
    else:
        which = {name: names.index(name) for name in wanted if name in names}
        if len(which) < len(wanted):
            raise Unmatched(f"its inputs {', '.join(wanted)} cannot be told from the arguments {', '.join(names)}")
    arrays: dict[str, Any] = {}
    for number, run in enumerate(found):
        arrays |= {f"{number}/in/{name}": array(run.tensors[index]) for name, index in which.items()}
        arrays |= {f"{number}/out/{index}": array(tensor) for index, tensor in enumerate(run.outputs)}
    with open(place, "wb") as sink:
        np.savez(sink, **arrays)
        sink.flush()
        os.fsync(sink.fileno())


def array(tensor: Any) -> Any:
    """A tensor as numpy has it; bfloat16, which it has not, in float32."""
    tensor = tensor.resolve_conj().resolve_neg().detach().cpu()
    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy()


def steady(found: Sequence[Run]) -> bool:
    """Whether the example gave the same outputs twice."""
    first = found[0]
    if first.again is None:
        return True
    pairs = zip(first.outputs, first.again, strict=True)
    return all(torch.equal(a, b) or bool(torch.isclose(a, b, equal_nan=True).all()) for a, b in pairs)

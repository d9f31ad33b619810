"""What a torch model is run on: example inputs, variations of them that show what an exporter baked in, and names.

An exporter that runs the model once keeps the branches it took and the sizes it saw. So the model is also run on
inputs with other signs and values, and where dims are free on another size, and onnxruntime is held to all of it.
"""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as trees

SIZE = 2
"""The size of a free dim in an example of ours: 1 would be taken for a dim that is always 1."""


class Unmatched(Exception):
    """The exported model's inputs cannot be told apart."""


@dataclass(slots=True)
class Example:
    """Positional and keyword arguments, the names of the tensors in them, and whether values were made up."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    names: list[str]
    invented: bool = False

    @property
    def tensors(self) -> list[Any]:
        """The tensors in the arguments, in order."""
        return [leaf for leaf in trees.tree_leaves((self.args, self.kwargs)) if isinstance(leaf, torch.Tensor)]


@dataclass(slots=True)
class Run:
    """One run of the framework: what it was fed, and what came out, twice where that was asked for."""

    label: str
    tensors: list[Any]
    outputs: list[Any]
    again: list[Any] | None = field(default=None)


def parameters(model: Any) -> list[str]:
    """The names of forward's arguments."""
    with contextlib.suppress(Exception):
        if isinstance(model, torch.jit.ScriptModule):
            return [argument.name for argument in model.forward.schema.arguments[1:]]
        return [name for name, one in inspect.signature(model.forward).parameters.items() if one.kind not in (2, 4)]
    return []


def example(request: Mapping[str, Any], opened: Any) -> Example | None:
    """The inputs to export with: the user's arrays, those described, or those that came with the model; None without any."""
    params = parameters(opened.model)
    if request["data"]:
        with np.load(request["data"], allow_pickle=False) as arrays:
            given = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        return _named(given, params)
    if request["examples"]:
        given = {}
        for place, one in enumerate(request["examples"]):
            name = one["name"] or (params[place] if place < len(params) else f"input_{place}")
            given[name] = made(one)
        return _named(given, params, invented=True)
    if opened.examples is None:
        return None
    found = opened.examples
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], tuple) and isinstance(found[1], dict):
        return _labelled(found[0], found[1], params)
    if isinstance(found, Mapping):
        return _labelled((), dict(found), params)
    return _labelled(tuple(found) if isinstance(found, (tuple, list)) else (found,), {}, params)


def made(one: Mapping[str, Any]) -> Any:
    """A seeded tensor of the dims and dtype that `--input` states."""
    dims = [size if isinstance(size, int) else SIZE for size in one["dims"]]
    dtype = getattr(torch, one["dtype"] or "float32")
    if dtype is torch.bool:
        return torch.rand(dims) > 0.5
    if dtype.is_floating_point or dtype.is_complex:
        return torch.randn(dims).to(dtype) if not dtype.is_complex else torch.randn(dims, dtype=dtype)
    return torch.randint(0, 2, dims, dtype=dtype)


def _named(given: Mapping[str, Any], params: Sequence[str], *, invented: bool = False) -> Example:
    """Tensors by the names of forward's arguments: in its order, with what follows a gap by keyword."""
    args: list[Any] = []
    for name in params:
        if name not in given:
            break
        args.append(given[name])
    if len(args) < len(given) and not set(given) - set(params[: len(args)]) <= set(params):
        return Example(tuple(given.values()), {}, list(given), invented)  # names of another making: their order counts
    rest = {name: value for name, value in given.items() if name not in params[: len(args)]}
    return Example(tuple(args), rest, [*params[: len(args)], *rest], invented)


def _labelled(args: tuple[Any, ...], kwargs: dict[str, Any], params: Sequence[str]) -> Example:
    """Arguments as they are, their tensors named after the parameters that take them."""
    names: list[str] = []
    entries = [(params[i] if i < len(params) else f"input_{i}", arg) for i, arg in enumerate(args)]
    for name, arg in [*entries, *kwargs.items()]:
        count = sum(isinstance(leaf, torch.Tensor) for leaf in trees.tree_leaves(arg))
        names += [name] if count == 1 else [f"{name}_{i}" for i in range(count)]
    return Example(args, kwargs, names)


def varied(tensor: Any) -> Any:
    """Other values of the same kind: numbers moved on by one place and turned, counts moved on or one more."""
    if tensor.numel() == 0:
        return tensor
    if tensor.dtype is torch.bool or not (tensor.dtype.is_floating_point or tensor.dtype.is_complex):
        if tensor.numel() == 1 and tensor.dtype is not torch.bool:
            return tensor + 1
        return torch.roll(tensor.reshape(-1), 1).reshape(tensor.shape)
    return torch.roll(tensor.reshape(-1), 1).reshape(tensor.shape) * -1.25


def runs(opened: Any, given: Example, free: Mapping[str, Sequence[Any]]) -> list[Run]:
    """The framework's outputs on the examples, and on those variations that the model runs on."""
    given_run = Run("the example inputs", given.tensors, called(opened, given, given.tensors))
    with contextlib.suppress(Exception):
        given_run.again = called(opened, given, given.tensors)
    found = [given_run]
    others: list[tuple[str, Callable[[], list[Any]]]] = [
        ("other values", lambda: [varied(tensor) for tensor in given.tensors]),
        ("zeros", lambda: [tensor * 0 if tensor.dtype.is_floating_point else tensor for tensor in given.tensors]),
    ]
    if axes(given, free):
        others.append(("another size of free dims", lambda: resized(given, free)))
    for label, make in others:
        with contextlib.suppress(Exception):  # an input the model cannot take proves nothing
            tensors = make()
            found.append(Run(label, tensors, called(opened, given, tensors)))
    return found


def called(opened: Any, given: Example, tensors: Sequence[Any]) -> list[Any]:
    """The tensors and numbers that the model gives for these tensors in place of the example's."""
    leaves, form = trees.tree_flatten((given.args, given.kwargs))
    left = iter([tensor.clone() for tensor in tensors])
    args, kwargs = trees.tree_unflatten([next(left) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves], form)
    with torch.no_grad():
        out = opened.model(*args, **kwargs)
    flat = trees.tree_leaves(out)
    return [torch.as_tensor(leaf).detach().clone() for leaf in flat if isinstance(leaf, (torch.Tensor, bool, int, float))]


def axes(given: Example, free: Mapping[str, Sequence[Any]]) -> dict[str, dict[int, str]]:
    """The free dims of each input, by axis: the entries of `--shape` that are symbols."""
    found = {}
    for name, dims in free.items():
        place = name or (given.names[0] if len(given.names) == 1 else "")
        symbols = {axis: dim for axis, dim in enumerate(dims) if isinstance(dim, str)}
        if place in given.names and symbols:
            found[place] = symbols
    return found


def resized(given: Example, free: Mapping[str, Sequence[Any]]) -> list[Any]:
    """The example with every free dim longer by one, its first entries repeated at the end."""
    wanted = axes(given, free)
    out = []
    for name, tensor in zip(given.names, given.tensors, strict=True):
        for axis in wanted.get(name, ()):
            tensor = torch.cat([tensor, tensor.narrow(axis, 0, 1)], axis)
        out.append(tensor)
    return out


def dynamic_axes(given: Example, free: Mapping[str, Sequence[Any]]) -> dict[str, dict[int, str]]:
    """Free dims as the TorchScript exporter takes them."""
    return axes(given, free)


def dynamic_shapes(opened: Any, given: Example, free: Mapping[str, Sequence[Any]]) -> Any:
    """Free dims as torch.export takes them: one entry for each argument; None where nothing is free."""
    wanted, left = axes(given, free), iter(given.names)
    if not wanted:
        return None

    def of(argument: Any) -> Any:
        return trees.tree_map(lambda leaf: wanted.get(next(left)) if isinstance(leaf, torch.Tensor) else None, argument)

    positional = tuple(of(argument) for argument in given.args)
    named = {name: of(argument) for name, argument in given.kwargs.items()}
    if not named:
        return positional
    names = parameters(opened.model)[: len(positional)]
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


def fixed(made: Any, given: Example, free: Mapping[str, Sequence[Any]]) -> list[str]:
    """What the code allows of dims that were to be free, by the constraints that the exporter found."""
    notes = []
    values = {value.name: list(value.shape or ()) for value in made.model.graph.inputs}
    for name, wanted in axes(given, free).items():
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

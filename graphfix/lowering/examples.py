"""The inputs that a torch model is exported with: stated by the user, along with the model, or made up; and their free dims."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as trees

from graphfix.lowering.factory import Refused
from graphfix.lowering.steps import SIZES

ORDERED = re.compile(r"(?:arr|input)_\d+")
"""Names that only number things, as numpy.savez gives them."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument of forward: whether it can be given by place, and whether it has to be given."""

    name: str
    positional: bool = True
    needed: bool = True


@dataclass(slots=True)
class Example:
    """Positional and keyword arguments, the names of the tensors in them, and the symbols of free dims by name and axis.

    `invented` tells that the sizes of free dims were made up.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    names: list[str]
    free: dict[str, dict[int, str]] = field(default_factory=dict)
    invented: bool = False

    @property
    def tensors(self) -> list[Any]:
        """The tensors in the arguments, in order."""
        return [leaf for leaf in trees.tree_leaves((self.args, self.kwargs)) if isinstance(leaf, torch.Tensor)]

    def holding(self, tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with copies of other tensors in the places of the example's."""
        leaves, form = trees.tree_flatten((self.args, self.kwargs))
        left = iter([tensor.clone() for tensor in tensors])
        args, kwargs = trees.tree_unflatten([next(left) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves], form)
        return args, kwargs


def parameters(model: Any) -> list[Parameter]:
    """The arguments of forward that have names; empty where that cannot be told."""
    with contextlib.suppress(Exception):
        if isinstance(model, torch.jit.ScriptModule):
            schema = model.forward.schema.arguments[1:]
            return [Parameter(one.name, not one.kwarg_only, not one.has_default_value()) for one in schema]
        signature = inspect.signature(model.forward).parameters.values()
        return [Parameter(p.name, p.kind < 2, p.default is p.empty) for p in signature if p.kind not in (2, 4)]
    return []


def example(request: Mapping[str, Any], opened: Any, size: int = SIZES[0]) -> Example | None:
    """The inputs to export with: the user's arrays, those described, or those that came along; None without any.

    `size` is that of free dims in what is made up, but for a first one, which is the batch's. Refused for names that the
    model does not have.
    """
    takes = parameters(opened.model)
    came = None if opened.examples is None else along(opened.examples, takes)
    if request["data"]:
        with np.load(request["data"], allow_pickle=False) as arrays:
            found = by_name({name: torch.from_numpy(arrays[name]) for name in arrays.files}, takes)
        return shaped(found, request["shapes"])
    wanted = request["examples"]
    if not wanted and came is None:
        wanted = [{"name": name, "dims": dims, "dtype": ""} for name, dims in request["shapes"].items()]
    if not wanted:
        return None if came is None else shaped(came, request["shapes"])
    given, free = {}, {}
    for place, one in enumerate(wanted):
        name = one["name"] or (takes[place].name if place < len(takes) else f"input_{place}")
        like = None if came is None else dict(zip(came.names, came.tensors, strict=True)).get(name)
        given[name] = made(one, size, like)
        free[name] = {axis: dim for axis, dim in enumerate(one["dims"]) if isinstance(dim, str)}
    if came is not None and set(given) <= set(came.names):
        held = [given.get(name, tensor) for name, tensor in zip(came.names, came.tensors, strict=True)]
        found = dataclasses.replace(came)
        found.args, found.kwargs = came.holding(held)
    else:
        found = by_name(given, takes)
        found.invented = True
    found.free = {name: axes for name, axes in free.items() if axes and name in found.names}
    return shaped(found, request["shapes"] if request["examples"] else {})


def made(one: Mapping[str, Any], size: int, like: Any = None) -> Any:
    """A seeded tensor of the dims and dtype that `--input` states; `like` one that came along, where the ranks agree."""
    if like is not None and like.dim() == len(one["dims"]):
        return sized(like, one["dims"]).to(getattr(torch, one["dtype"]) if one["dtype"] else like.dtype)
    dims = [entry if isinstance(entry, int) else size if axis else SIZES[0] for axis, entry in enumerate(one["dims"])]
    dtype = getattr(torch, one["dtype"]) if one["dtype"] else torch.float32 if like is None else like.dtype
    if dtype is torch.bool:
        return torch.rand(dims) > 0.5
    if dtype.is_complex:
        return torch.randn(dims, dtype=dtype)
    if dtype.is_floating_point:
        return torch.randn(dims).to(dtype)
    return torch.randint(0, 2, dims).to(dtype)


def sized(tensor: Any, dims: Sequence[Any]) -> Any:
    """A tensor with those of its dims that are numbers in `dims` cut or repeated to that size."""
    for axis, size in enumerate(dims):
        if isinstance(size, int) and size != tensor.shape[axis]:
            old = max(tensor.shape[axis], 1)
            tensor = tensor.index_select(axis, torch.arange(size) % old) if tensor.numel() else tensor.new_zeros(
                [size if at == axis else own for at, own in enumerate(tensor.shape)]
            )  # fmt: skip
    return tensor


def by_name(given: Mapping[str, Any], takes: Sequence[Parameter]) -> Example:
    """Tensors by the names of forward's arguments: in its order, with what follows a gap by keyword."""
    known = [one.name for one in takes]
    strange = [name for name in given if name not in known]
    if strange and (not known or all(map(ORDERED.fullmatch, given)) or len(strange) == len(given) == len(known) == 1):
        return Example(tuple(given.values()), {}, [*known[: len(given)], *list(given)[len(known) :]])
    if strange:
        raise Refused(f"there is no argument `{strange[0]}`", f"it takes {', '.join(known)}")
    missing = [one.name for one in takes if one.needed and one.name not in given]
    if missing:
        raise Refused(
            f"nothing is said of its argument `{missing[0]}`", f"add --input {missing[0]}=1x16, with its dims and dtype"
        )
    args: list[Any] = []
    for one in takes:
        if one.name not in given or not one.positional:
            break
        args.append(given[one.name])
    rest = {name: given[name] for name in known[len(args) :] if name in given}
    return Example(tuple(args), rest, [*known[: len(args)], *rest])


def along(found: Any, takes: Sequence[Parameter]) -> Example:
    """Example inputs as programs keep them: a tensor, a tuple, a mapping by name, or a tuple of both."""
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], tuple) and isinstance(found[1], dict):
        args, kwargs = found
    elif isinstance(found, Mapping):
        args, kwargs = (), dict(found)
    else:
        args, kwargs = tuple(found) if isinstance(found, (tuple, list)) else (found,), {}
    if isinstance(found, Mapping) and takes and not set(kwargs) <= {one.name for one in takes}:
        args, kwargs = (found,), {}  # one argument that is a mapping itself
    names: list[str] = []
    entries = [(takes[i].name if i < len(takes) else f"input_{i}", arg) for i, arg in enumerate(args)]
    for name, arg in [*entries, *kwargs.items()]:
        for path, leaf in trees.tree_flatten_with_path(arg)[0]:
            if isinstance(leaf, torch.Tensor):
                names.append("_".join([name, *re.findall(r"\w+", trees.keystr(path))]))
    return Example(args, kwargs, names)


def shaped(found: Example, shapes: Mapping[str, Sequence[Any]]) -> Example:
    """The example with the dims of `--shape`: numbers are sizes, symbols name free dims."""
    held = dict(zip(found.names, found.tensors, strict=True))
    for name, dims in shapes.items():
        place = name or (found.names[0] if len(found.names) == 1 else "")
        if place not in held:
            said = f"there is no input `{name}`" if name else f"a shape without a name, and it takes {len(held)} inputs"
            raise Refused(said, f"its inputs are {', '.join(found.names)}")
        if held[place].dim() != len(dims):
            raise Refused(f"`{place}` has {held[place].dim()} dims in the example, not {len(dims)}", "give it as many")
        held[place] = sized(held[place], dims)
        found.free[place] = {axis: dim for axis, dim in enumerate(dims) if isinstance(dim, str)}
    found.args, found.kwargs = found.holding([held[name] for name in found.names])
    found.free = {name: axes for name, axes in found.free.items() if axes}
    return found

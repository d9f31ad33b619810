"""Example inputs for the export of a torch model: given by the user, provided by the program, or generated."""

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

from graphfix.lowering.factory import RequestError
from graphfix.lowering.steps import SIZES

NUMBERED_NAME = re.compile(r"(?:arr|input)_\d+")
"""Names that only number arrays, as numpy.savez gives them."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of forward: whether it can be passed by position, and whether it has no default."""

    name: str
    positional: bool = True
    required: bool = True


@dataclass(slots=True)
class Example:
    """Positional and keyword arguments, with the names of the tensors in them.

    `dynamic` holds the symbols of dynamic dims by tensor name and axis. `generated` is true where sizes were made up.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    names: list[str]
    dynamic: dict[str, dict[int, str]] = field(default_factory=dict)
    generated: bool = False

    @property
    def tensors(self) -> list[Any]:
        """The tensors in the arguments, in order."""
        return [leaf for leaf in trees.tree_leaves((self.args, self.kwargs)) if isinstance(leaf, torch.Tensor)]

    def with_tensors(self, tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments with copies of other tensors in place of the example's."""
        leaves, structure = trees.tree_flatten((self.args, self.kwargs))
        remaining = iter([tensor.clone() for tensor in tensors])
        args, kwargs = trees.tree_unflatten(
            [next(remaining) if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves], structure
        )
        return args, kwargs


def forward_parameters(model: Any) -> list[Parameter]:
    """Return the named parameters of forward; empty where they cannot be determined."""
    with contextlib.suppress(Exception):
        if isinstance(model, torch.jit.ScriptModule):
            schema = model.forward.schema.arguments[1:]
            return [Parameter(one.name, not one.kwarg_only, not one.has_default_value()) for one in schema]
        signature = inspect.signature(model.forward).parameters.values()
        return [Parameter(p.name, p.kind < 2, p.default is p.empty) for p in signature if p.kind not in (2, 4)]
    return []


def build_example(request: Mapping[str, Any], opened: Any, size: int = SIZES[0]) -> Example | None:
    """Build the inputs to export with: the user's arrays, the inputs described, or those the program provides.

    `size` is the size of generated dynamic dims except the first of each tensor, which is the batch size. Returns None where
    there are no inputs.

    Raises:
        RequestError: a name is not one of the model's inputs.
    """
    parameters = forward_parameters(opened.model)
    provided = None if opened.examples is None else parse_example_inputs(opened.examples, parameters)
    if request["data"]:
        with np.load(request["data"], allow_pickle=False) as arrays:
            found = arrange_by_name({name: torch.from_numpy(arrays[name]) for name in arrays.files}, parameters)
        return apply_shapes(found, request["shapes"])
    described = request["examples"]
    if not described and provided is None:
        described = [{"name": name, "dims": dims, "dtype": ""} for name, dims in request["shapes"].items()]
    if not described:
        return None if provided is None else apply_shapes(provided, request["shapes"])
    given, dynamic = {}, {}
    for position, one in enumerate(described):
        name = one["name"] or (parameters[position].name if position < len(parameters) else f"input_{position}")
        like = None if provided is None else dict(zip(provided.names, provided.tensors, strict=True)).get(name)
        given[name] = make_tensor(one, size, like)
        dynamic[name] = {axis: dim for axis, dim in enumerate(one["dims"]) if isinstance(dim, str)}
    if provided is not None and set(given) <= set(provided.names):
        tensors = [given.get(name, tensor) for name, tensor in zip(provided.names, provided.tensors, strict=True)]
        found = dataclasses.replace(provided)
        found.args, found.kwargs = provided.with_tensors(tensors)
    else:
        found = arrange_by_name(given, parameters)
        found.generated = True
    found.dynamic = {name: axes for name, axes in dynamic.items() if axes and name in found.names}
    return apply_shapes(found, request["shapes"] if request["examples"] else {})


def make_tensor(description: Mapping[str, Any], size: int, template: Any = None) -> Any:
    """Make a seeded tensor of the dims and dtype that `--input` states, or resize `template` where the ranks agree."""
    if template is not None and template.dim() == len(description["dims"]):
        return resize_to(template, description["dims"]).to(
            getattr(torch, description["dtype"]) if description["dtype"] else template.dtype
        )
    dims = [dim if isinstance(dim, int) else size if axis else SIZES[0] for axis, dim in enumerate(description["dims"])]
    dtype = (
        getattr(torch, description["dtype"]) if description["dtype"] else torch.float32 if template is None else template.dtype
    )
    if dtype is torch.bool:
        return torch.rand(dims) > 0.5
    if dtype.is_complex:
        return torch.randn(dims, dtype=dtype)
    if dtype.is_floating_point:
        return torch.randn(dims).to(dtype)
    return torch.randint(0, 2, dims).to(dtype)


def resize_to(tensor: Any, dims: Sequence[Any]) -> Any:
    """Return a tensor cut or repeated to the sizes in `dims`; symbols leave a dim as it is."""
    for axis, size in enumerate(dims):
        if isinstance(size, int) and size != tensor.shape[axis]:
            old = max(tensor.shape[axis], 1)
            tensor = tensor.index_select(axis, torch.arange(size) % old) if tensor.numel() else tensor.new_zeros(
                [size if at == axis else own for at, own in enumerate(tensor.shape)]
            )  # fmt: skip
    return tensor


def arrange_by_name(given: Mapping[str, Any], parameters: Sequence[Parameter]) -> Example:
    """Arrange tensors by the parameters of forward: positional up to the first one that is missing, then by keyword."""
    known = [one.name for one in parameters]
    unknown = [name for name in given if name not in known]
    if unknown and (not known or all(map(NUMBERED_NAME.fullmatch, given)) or len(unknown) == len(given) == len(known) == 1):
        return Example(tuple(given.values()), {}, [*known[: len(given)], *list(given)[len(known) :]])
    if unknown:
        raise RequestError(f"there is no argument `{unknown[0]}`", f"its arguments are {', '.join(known)}")
    missing = [one.name for one in parameters if one.required and one.name not in given]
    if missing:
        raise RequestError(
            f"no example is given for its argument `{missing[0]}`", f"add --input {missing[0]}=1x16, with its dims and dtype"
        )
    args: list[Any] = []
    for one in parameters:
        if one.name not in given or not one.positional:
            break
        args.append(given[one.name])
    rest = {name: given[name] for name in known[len(args) :] if name in given}
    return Example(tuple(args), rest, [*known[: len(args)], *rest])


def parse_example_inputs(provided: Any, parameters: Sequence[Parameter]) -> Example:
    """Parse example inputs as programs provide them: a tensor, a tuple, a mapping by name, or (args, kwargs)."""
    if isinstance(provided, tuple) and len(provided) == 2 and isinstance(provided[0], tuple) and isinstance(provided[1], dict):
        args, kwargs = provided
    elif isinstance(provided, Mapping):
        args, kwargs = (), dict(provided)
    else:
        args, kwargs = tuple(provided) if isinstance(provided, (tuple, list)) else (provided,), {}
    if isinstance(provided, Mapping) and parameters and not set(kwargs) <= {one.name for one in parameters}:
        args, kwargs = (provided,), {}  # one argument that is a mapping itself
    names: list[str] = []
    entries = [(parameters[i].name if i < len(parameters) else f"input_{i}", arg) for i, arg in enumerate(args)]
    for name, arg in [*entries, *kwargs.items()]:
        for path, leaf in trees.tree_flatten_with_path(arg)[0]:
            if isinstance(leaf, torch.Tensor):
                names.append("_".join([name, *re.findall(r"\w+", trees.keystr(path))]))
    return Example(args, kwargs, names)


def apply_shapes(example: Example, shapes: Mapping[str, Sequence[Any]]) -> Example:
    """Return the example with the dims of `--shape`: numbers are sizes, symbols name dynamic dims."""
    tensors = dict(zip(example.names, example.tensors, strict=True))
    for name, dims in shapes.items():
        input_name = name or (example.names[0] if len(example.names) == 1 else "")
        if input_name not in tensors:
            message = (
                f"there is no input `{name}`" if name else f"a shape without a name, and the model has {len(tensors)} inputs"
            )
            raise RequestError(message, f"its inputs are {', '.join(example.names)}")
        if tensors[input_name].dim() != len(dims):
            raise RequestError(
                f"`{input_name}` has {tensors[input_name].dim()} dims in the example, not {len(dims)}", "give it as many"
            )
        tensors[input_name] = resize_to(tensors[input_name], dims)
        example.dynamic[input_name] = {axis: dim for axis, dim in enumerate(dims) if isinstance(dim, str)}
    example.args, example.kwargs = example.with_tensors([tensors[name] for name in example.names])
    example.dynamic = {name: axes for name, axes in example.dynamic.items() if axes}
    return example

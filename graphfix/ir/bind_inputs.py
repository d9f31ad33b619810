"""Interface changes that the user requests: fixing an input's dims, and binding an input to a constant.

    NAME=1x3x224x224     fixed dims; an entry may stay symbolic: `Nx3x224x224`
    <N>=1                the size of a symbolic dim wherever it is; `<*>` are all dynamic dims of inputs without a shape
    NAME=VALUE           a bound input, which is removed from the interface

A symbolic dim that is fixed on one input has the same size wherever it appears. Skeletons work as well as whole models.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, TensorShapeProto, ValueInfoProto, helper, numpy_helper

from graphfix.errors import UsageError, nearest
from graphfix.ir.proto_values import Array
from graphfix.ir.traversal import graphs

Dims = Sequence[int | str | None]


def parsed_shapes(shapes: Mapping[str, str | Sequence[int | str]] | None) -> Mapping[str, Any] | None:
    """Return dims by input name, those written as a text such as `1x3xN` parsed; UsageError for a text that is no shape."""
    parsed = {name: parse_shape(f"{name}={dims}")[1] for name, dims in (shapes or {}).items() if isinstance(dims, str)}
    return {**shapes, **parsed} if shapes else None


def parse_shape(text: str) -> tuple[str | None, list[int | str]]:
    """Parse `x=1x3x224x224` or `1x3x224x224` into (name or None, dims); `x=` alone is a scalar. Commas work as well."""
    name, equals, written = text.rpartition("=")
    if equals and not name:
        raise UsageError(f"`{text}` names no input", hint="write NAME=1x3x224x224")
    separator = "," if "," in written else "x"
    words = [word.strip() for word in written.split(separator)] if written.strip() else []
    dims: list[int | str] = []
    for word in words:
        if word.lstrip("-").isdigit():
            if int(word) < 0:
                raise UsageError(f"`{text}` has the negative size {word}", hint="write a size, or a symbol such as N")
            dims.append(int(word))
        elif word.replace("_", "").replace(".", "").isalnum():
            dims.append(word)
        else:
            raise UsageError(f"`{text}` is not a shape", hint="write NAME=1x3x224x224, symbols such as N allowed")
    if not equals and not dims:
        raise UsageError("an empty shape", hint="write NAME=1x3x224x224")
    return name or None, dims


def parse_value(text: str) -> tuple[str, object]:
    """Parse `sr=16000` into (name, value): a number, true or false, or a nested list of them."""
    name, equals, written = text.rpartition("=")
    if not equals or not name:
        raise UsageError(f"`{text}` is not NAME=VALUE", hint="write for example sr=16000")
    plain = written.strip()
    if plain.lower() in ("true", "false"):
        return name, plain.lower() == "true"
    if plain.lower().lstrip("+-") in ("inf", "nan"):
        return name, float(plain)
    try:
        value = ast.literal_eval(plain.replace("true", "True").replace("false", "False"))
    except (ValueError, SyntaxError):
        value = None
    if not isinstance(value, bool | int | float | list | tuple):
        raise UsageError(f"`{plain}` is not a value for `{name}`", hint="write a number, true, false or a list such as [1,2]")
    return name, list(value) if isinstance(value, tuple) else value


def named_shapes(model: ModelProto, shapes: Sequence[tuple[str | None, Dims]]) -> dict[str, Dims]:
    """Return shapes by input name; a shape without a name is that of the model's only input."""
    inputs = [info.name for info in interface(model)]
    by_name: dict[str, Dims] = {}
    sizes: dict[str, int | str | None] = {}
    for name, dims in shapes:
        if name is not None and name[:1] + name[-1:] == "<>":
            sizes[name[1:-1]] = _one_size(name, dims)
            continue
        if name is None and len(inputs) != 1:
            raise UsageError(f"a shape without a name, and the model has {len(inputs)} inputs: {', '.join(inputs)}",
                             hint="write NAME=1x3x224x224")  # fmt: skip
        by_name[inputs[0] if name is None else name] = dims
    return by_name if not sizes else {**by_name, **_sized(model, by_name, sizes)}


def _one_size(name: str, dims: Dims) -> int | str | None:
    if len(dims) != 1:
        raise UsageError(f"`{name}` is one dim, {_dims(dims)} are {len(dims)}", hint=f"write '{name}=1'")
    return dims[0]


def _sized(model: ModelProto, by_name: Mapping[str, Dims], sizes: Mapping[str, int | str | None]) -> dict[str, Dims]:
    """Return the shapes of the inputs that have dims of these symbols, or any dynamic dims where there is a size for all."""
    found: dict[str, Dims] = {}
    symbols: set[str] = set()
    for info in interface(model):
        declared = info.type.tensor_type.shape.dim
        given = by_name.get(info.name, [None] * len(declared))
        rest = sizes.get("*") if info.name not in by_name else None
        made: list[int | str | None] = []
        for dim, size in zip(declared, given, strict=False):
            dynamic = not dim.HasField("dim_value") or dim.dim_value < 0
            symbols |= {dim.dim_param} if dynamic and dim.dim_param else set()
            made.append(sizes.get(dim.dim_param, rest or size) if dynamic and not isinstance(size, int) else size)
        if made != list(given):
            found[info.name] = made
    for symbol in sizes:
        if symbol != "*" and symbol not in symbols:
            raise UsageError(f"no input has a dynamic dim `{symbol}`", hint=nearest(symbol, sorted(symbols)))
    return found


def interface(model: ModelProto) -> list[ValueInfoProto]:
    """Return the inputs that a caller must feed: graph inputs that are not initializers as well."""
    initialized = {tensor.name for tensor in model.graph.initializer}
    return [info for info in model.graph.input if info.name not in initialized]


def bind(model: ModelProto, shapes: Mapping[str, Dims], values: Mapping[str, object]) -> ModelProto:
    """Return a copy of the model with these dims fixed and these inputs bound; the model itself when both are empty.

    Shapes hold an int, a symbol or None (unchanged) for each dim. Annotations that may no longer hold are removed.

    Raises:
        UsageError: an input does not exist, a rank or size contradicts the declaration, a value has the wrong shape
            or dtype, or one symbol would have two sizes.
    """
    if not shapes and not values:
        return model
    bound = ModelProto()
    bound.CopyFrom(model)
    inputs = {info.name: info for info in bound.graph.input}
    for name in (*shapes, *values):
        if name not in inputs:
            raise UsageError(f"the model has no input `{name}`", hint=nearest(name, [i.name for i in interface(model)]))
    sizes: dict[str, int] = {}
    for name, dims in shapes.items():
        _freeze(inputs[name], dims, sizes)
    for info in bound.graph.input:
        _fix_symbols(info, sizes)
    for name, value in values.items():
        _set(bound, inputs[name], value)
    clear_annotations(bound)
    return bound


def array_for(info: ValueInfoProto, value: object) -> Array:
    """Return the value as an array of the input's dtype and shape; UsageError where it does not fit."""
    tensor = info.type.tensor_type
    if not info.type.HasField("tensor_type") or tensor.elem_type == onnx.TensorProto.STRING:
        raise UsageError(f"`{info.name}` is not a numeric tensor and cannot be bound")
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    try:
        given = np.asarray(value)
        if given.dtype.kind not in "biuf" and given.dtype != dtype:
            raise ValueError
    except ValueError:
        raise UsageError(f"the value for `{info.name}` is not a number or a regular list of numbers") from None
    if dtype.kind in "iu" and given.size:
        limits = np.iinfo(dtype)
        if (
            (given.dtype.kind == "f" and np.any(given != np.trunc(given)))
            or np.any(given < limits.min)
            or np.any(given > limits.max)
        ):
            raise UsageError(f"`{value}` does not fit `{info.name}`, which is {dtype.name}")
    if dtype.kind == "b" and np.any((given != 0) & (given != 1)):
        raise UsageError(f"`{value}` does not fit `{info.name}`, which is bool")
    array = given.astype(dtype)
    if tensor.HasField("shape"):
        wanted = tensor.shape.dim
        if array.ndim == 0 and all(not d.HasField("dim_value") or d.dim_value == 1 for d in wanted):
            array = array.reshape([1] * len(wanted))
        fits = array.ndim == len(wanted) and all(
            not d.HasField("dim_value") or d.dim_value in (size, -1) for d, size in zip(wanted, array.shape, strict=True)
        )
        if not fits:
            raise UsageError(f"the value for `{info.name}` has shape {_dims(array.shape)}, the input {_declared(info)}")
    return array


def _freeze(info: ValueInfoProto, dims: Dims, sizes: dict[str, int]) -> None:
    """Write dims to one input, and add the size of each of its symbols to `sizes`."""
    tensor = info.type.tensor_type
    if not info.type.HasField("tensor_type"):
        raise UsageError(f"`{info.name}` is not a tensor and has no dims to freeze")
    if not tensor.HasField("shape"):
        tensor.shape.CopyFrom(TensorShapeProto(dim=[TensorShapeProto.Dimension() for _ in dims]))
    if len(tensor.shape.dim) != len(dims):
        raise UsageError(
            f"`{info.name}` is {_declared(info)}, of rank {len(tensor.shape.dim)}; {_dims(dims)} has rank {len(dims)}"
        )
    for position, (dim, size) in enumerate(zip(tensor.shape.dim, dims, strict=True)):
        if size is None:
            continue
        if isinstance(size, str):
            if not dim.HasField("dim_value") or dim.dim_value < 0:
                dim.dim_param = size
            continue
        if dim.HasField("dim_value") and dim.dim_value >= 0:
            if dim.dim_value != size:
                raise UsageError(f"dim {position} of `{info.name}` is {dim.dim_value}, not {size}")
            continue
        symbol = dim.dim_param
        if symbol and symbol != "?" and sizes.setdefault(symbol, size) != size:
            raise UsageError(f"dim `{symbol}` cannot be both {sizes[symbol]} and {size}")
        dim.dim_value = size


def _fix_symbols(info: ValueInfoProto, sizes: Mapping[str, int]) -> None:
    """Replace the symbolic dims of an input whose sizes are known."""
    for dim in info.type.tensor_type.shape.dim:
        if dim.dim_param in sizes:
            dim.dim_value = sizes[dim.dim_param]


def _set(model: ModelProto, info: ValueInfoProto, value: object) -> None:
    """Turn an input into an initializer."""
    tensor = numpy_helper.from_array(array_for(info, value), info.name)
    kept = [t for t in model.graph.initializer if t.name != info.name]
    if len(kept) < len(model.graph.initializer):
        position = next(i for i, t in enumerate(model.graph.initializer) if t.name == info.name)
        del model.graph.initializer[position]
    model.graph.initializer.append(tensor)
    model.graph.input.remove(info)
    if model.ir_version < 4:
        model.graph.input.append(info)  # before IR 4 an initializer had to be an input too


def clear_annotations(model: ModelProto) -> None:
    """Remove, in place, the shapes of a model's values and outputs: new input sizes may have made them wrong."""
    for graph in graphs(model.graph):
        _forget(graph, keep_rank=graph is model.graph)


def _forget(graph: GraphProto, *, keep_rank: bool) -> None:
    """Remove the value_info and the output shapes of a graph; onnx's checker requires that a model's outputs have a rank."""
    del graph.value_info[:]
    for output in graph.output:
        if output.type.tensor_type.HasField("shape"):
            rank = len(output.type.tensor_type.shape.dim)
            output.type.tensor_type.ClearField("shape")
            if keep_rank:
                output.type.tensor_type.shape.dim.extend(TensorShapeProto.Dimension() for _ in range(rank))
                output.type.tensor_type.shape.SetInParent()


def _dims(dims: Dims) -> str:
    return "x".join("?" if dim is None else str(dim) for dim in dims) or "scalar"


def _declared(info: ValueInfoProto) -> str:
    return _dims([d.dim_value if d.HasField("dim_value") else d.dim_param or None for d in info.type.tensor_type.shape.dim])


def dynamic_inputs(model: ModelProto) -> list[tuple[str, str, list[str]]]:
    """Return the inputs with dynamic dims: (name, dims as written for --shape, their dynamic dims)."""
    found = []
    for info in interface(model):
        dims = info.type.tensor_type.shape.dim
        words = [str(d.dim_value) if d.HasField("dim_value") and d.dim_value >= 0 else d.dim_param or "?" for d in dims]
        symbols = [word for word in words if not word.isdigit()]
        if symbols:
            found.append((info.name, "x".join(words), list(dict.fromkeys(symbols))))
    return found

"""A node of an exported program of torch, reduced to the flat dict that tables about ATen operators are keyed by.

The prober's worker and the one that lowers sources read a program through this one function. Neither has graphfix installed, so
this file imports the standard library alone; it reads the nodes of torch.fx without importing torch.

    overload             the operator's overload: `Tensor`, `Scalar`, `default`
    X.dtype, X.rank      of the operand with that name in the operator's schema
    X.dims               static | batch (only dim 0 is not fixed) | dynamic | empty (some dim is 0)
    X.from               absent | number | constant | folded (computed from constants) | runtime
    inputs               how many tensors a list holds; X.dtype, X.rank and X.dims of the list are those of all of them
    broadcast            none | scalar | one-sided | ranks | both, of operators with several plain operands
    result.dtype         the dtype of the first output
    alpha, dim, ...      the other arguments: words and flags as they are, numbers and lists as the classes below
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

Facet = str | int | bool | None
Facets = dict[str, Facet]

UNREAD = frozenset({"layout", "device", "pin_memory", "generator", "non_blocking", "cudnn_enabled"})
"""Arguments that say where and how a tensor is stored or computed, not what the operator computes."""
AXES = frozenset({"dim", "dims", "dim0", "dim1", "start_dim", "end_dim", "axis"})
"""Arguments that count axes, of one tensor."""
PLACES = frozenset({"start", "end", "index"})
"""Arguments that are positions on an axis, of which the sign alone is a facet."""
CALLED = {"size": "to_size", "k": "count"}
"""The facets of arguments whose names are those of facets with limits (words.BOUNDED), which these are not."""
EXACT = frozenset({-1, 0, 1, 2, 3})
"""Whole numbers that are facets as they are."""
MANY = 6
"""The number of tensors in a list from which it is not counted further."""


def operator_name(node: Any) -> tuple[str, str]:
    """Return the namespace and the name of a node's operator, without its overload: `aten`, `add`."""
    space, _, name = node.target._schema.name.partition("::")
    return space, name


def node_facets(node: Any, constants: Mapping[str, str]) -> Facets:
    """Return every facet of a node that calls an operator; `constants` maps nodes that hold no data of a user to their source."""
    out: Facets = {"overload": node.target._schema.overload_name or "default"}
    operands = []
    first = next((value for _, value in _arguments(node) if _is_node(value)), None)
    rank = len(_shape(first)) + (operator_name(node)[1] == "unsqueeze") if first is not None else None  # it counts the new axis
    for argument, value in _arguments(node):
        name, kind = argument.name, str(argument.type)
        if "Tensor" in kind:
            out |= _tensors(name, value, constants) if isinstance(value, (list, tuple)) else _tensor(name, value, constants)
            operands += [value] if _is_node(value) else []
        elif name not in UNREAD:
            out |= _plain(CALLED.get(name, name), value, rank)
    if len(operands) > 1:
        out["broadcast"] = _broadcast([_shape(one) for one in operands])
    out |= _windows({argument.name: value for argument, value in _arguments(node)})
    results = node.meta.get("val")
    result = results[0] if isinstance(results, (list, tuple)) and results else results
    out["result.dtype"] = _dtype(result)
    return out


def sources(graph: Any, held: Collection[str]) -> dict[str, str]:
    """Return `constant` for every node of a graph that is in `held`, and `folded` for those computed from such nodes alone."""
    found = dict.fromkeys(held, "constant")
    for node in graph.nodes:
        if node.op == "call_function" and node.all_input_nodes and all(one.name in found for one in node.all_input_nodes):
            found[node.name] = "folded"
    return found


def _arguments(node: Any) -> Iterator[tuple[Any, Any]]:
    for at, argument in enumerate(node.target._schema.arguments):
        given = node.args[at] if at < len(node.args) else node.kwargs.get(argument.name, argument.default_value)
        yield argument, given


def _is_node(value: Any) -> bool:
    return hasattr(value, "all_input_nodes")


def _value(node: Any) -> Any:
    return node.meta.get("val")


def _shape(node: Any) -> Sequence[Any]:
    return tuple(getattr(_value(node), "shape", ()))


def _dtype(value: Any) -> str:
    return str(getattr(value, "dtype", type(value).__name__)).removeprefix("torch.")


def _dims(shape: Sequence[Any]) -> str:
    open_axes = [axis for axis, size in enumerate(shape) if not isinstance(size, int)]
    if any(isinstance(size, int) and size == 0 for size in shape):
        return "empty"
    return "static" if not open_axes else "batch" if open_axes == [0] else "dynamic"


def _tensor(name: str, value: Any, constants: Mapping[str, str]) -> Facets:
    if not _is_node(value):
        return {f"{name}.from": "absent" if value is None else "number"}
    return {
        f"{name}.from": constants.get(value.name, "runtime"),
        f"{name}.dtype": _dtype(_value(value)),
        f"{name}.rank": len(_shape(value)),
        f"{name}.dims": _dims(_shape(value)),
    }


def _tensors(name: str, values: Sequence[Any], constants: Mapping[str, str]) -> Facets:
    given = [value for value in values if _is_node(value)]
    each = [_tensor(name, value, constants) for value in given]
    out: Facets = {"inputs": len(values) if len(values) < MANY else "many"}
    for facet in sorted({facet for one in each for facet in one}):
        found = {one.get(facet) for one in each}
        if facet.endswith(".from"):
            out[facet] = "runtime" if "runtime" in found or len(found) > 1 else found.pop()
        elif facet.endswith(".dims"):
            out[facet] = next(word for word in ("empty", "dynamic", "batch", "static") if word in found)
        else:
            out[facet] = found.pop() if len(found) == 1 else "mixed"
    if len(given) < len(values):
        out[f"{name}.left"] = True
    return out


def _plain(name: str, value: Any, rank: int | None) -> Facets:
    """Return the facets of an argument that is no tensor."""
    if isinstance(value, (list, tuple)):
        return _list(name, value, rank)
    if value is None:
        return {name: "absent"}
    if isinstance(value, (bool, str)):
        return {name: value}
    if name in AXES and isinstance(value, int):
        return {name: _place(value, rank)}
    if isinstance(value, int):
        exact = value == 0 if name in PLACES else value in EXACT
        return {name: value if exact else "positive" if value > 0 else "negative"}
    if isinstance(value, float):
        return {name: _number(value), f"{name}.whole": False}
    return {name: "dynamic" if _is_node(value) or "Sym" in type(value).__name__ else str(value).removeprefix("torch.")}


def _number(value: float) -> Facet:
    if value != value or value in (float("inf"), float("-inf")):
        return "infinite"
    if value in EXACT:
        return int(value)
    return "half" if value == 0.5 else "positive" if value > 0 else "negative"


def _place(axis: int, rank: int | None) -> Facet:
    """Return where an axis is in a tensor: first, second, inner, last, or behind the last."""
    if rank is None:
        return None
    place = axis + rank if axis < 0 else axis
    if place >= rank:
        return "end"
    return "last" if place == rank - 1 else "first" if place == 0 else "second" if place == 1 else "inner"


def _list(name: str, values: Sequence[Any], rank: int | None) -> Facets:
    """Return the facets of a list of numbers: axes, an order of axes, sizes, or the steps of windows."""
    if not all(isinstance(value, (int, float)) for value in values):
        count = sum(not isinstance(value, (int, float)) for value in values)
        return {name: "one-dynamic" if count == 1 else "dynamic", f"{name}.length": len(values)}
    if name in AXES and rank is not None:
        if sorted(value % rank if rank else value for value in values) == list(range(rank)) and name == "dims":
            return {name: _order([value % rank for value in values])}
        ends = sorted(value - rank if value >= 0 else value for value in values)
        return {name: "none" if not values else "all" if len(ends) == rank else ",".join(map(str, ends))}
    if not values:
        return {name: "none"}
    alike = len(set(values)) == 1
    word = _number(float(values[0])) if alike else "negative" if min(values) < 0 else "mixed"
    return {name: word, f"{name}.length": len(values)}


def _order(order: Sequence[int]) -> str:
    rank = len(order)
    if list(order) == list(range(rank)):
        return "identity"
    if rank > 1 and list(order) == [*range(rank - 2), rank - 1, rank - 2]:
        return "swap-last"
    if rank == 4 and list(order) in ([0, 2, 3, 1], [0, 3, 1, 2]):
        return "channels"
    return "keeps-batch" if order and order[0] == 0 else "moves-batch"


def _broadcast(shapes: Sequence[Sequence[Any]]) -> str:
    texts = [tuple(map(str, shape)) for shape in shapes]
    if len(set(texts)) == 1:
        return "none"
    if any(all(size == "1" for size in shape) for shape in texts):
        return "scalar"
    if len({len(shape) for shape in texts}) > 1:
        return "ranks"
    wide = [any(one == "1" != other for one, other in zip(shape, most, strict=True)) for shape, most in _against_most(texts)]
    return "both" if sum(wide) > 1 else "one-sided"


def _against_most(texts: Sequence[tuple[str, ...]]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    most = tuple(next((size for size in sizes if size != "1"), "1") for sizes in zip(*texts, strict=True))
    return [(text, most) for text in texts]


def _windows(given: Mapping[str, Any]) -> Facets:
    """Return what the arguments of a convolution or a pooling say together."""
    out: Facets = {}
    kernel, stride = given.get("kernel_size"), given.get("stride")
    if isinstance(kernel, (list, tuple)) and isinstance(stride, (list, tuple)) and stride:
        steps = [*stride] * (len(kernel) if len(stride) == 1 else 1)
        out["gaps"] = any(step > size for step, size in zip(steps, [*kernel] * len(steps), strict=False))
    weight, groups = given.get("weight"), given.get("groups")
    if isinstance(groups, int) and weight is not None:
        out["groups"] = "one" if groups == 1 else "depthwise" if groups == _channels(given) else "grouped"
    if "divisor_override" in given and isinstance(kernel, (list, tuple)):
        size = kernel[0] * kernel[-1]
        out["divisor_override"] = (
            "absent" if given["divisor_override"] is None else ("size" if given["divisor_override"] == size else "other")
        )
    return out


def _channels(given: Mapping[str, Any]) -> Any:
    shape = _shape(given.get("input"))
    return shape[1] if len(shape) > 1 else None

"""The peak memory of a model's activations: the most bytes of values that are needed at once, in the order of the nodes."""

from __future__ import annotations

from math import prod

import numpy as np
from onnx import ModelProto, TensorProto, helper

from graphfix.analysis.cache import facts_of
from graphfix.ir.bind_inputs import interface
from graphfix.ir.dtypes import NAMES


def peak_activation_bytes(model: ModelProto) -> int | None:
    """Return the peak over the nodes of the main graph; None where a size is dynamic or not known.

    No value shares memory with another, and one is freed behind the last node that reads it: runtimes may need less.
    """
    values, graph = facts_of(model).values[()], model.graph
    held = {tensor.name for tensor in graph.initializer}
    last: dict[str, int] = {}
    for place, node in enumerate(graph.node):
        last.update(dict.fromkeys(node.input, place))
    last.update((info.name, len(graph.node)) for info in graph.output)
    sizes: dict[str, int] = {}
    for name in (*(info.name for info in interface(model)), *(out for node in graph.node for out in node.output if out)):
        value = values.get(name)
        if value is None or value.shape is None or value.source in ("constant", "folded", "shape"):
            if value is None or value.source == "runtime":
                return None
            continue
        dims = [dim for dim in value.shape if isinstance(dim, int)]
        width = WIDTHS.get(value.dtype)
        if len(dims) < len(value.shape) or width is None:
            return None
        sizes[name] = prod(dims) * width
    live = peak = sum(sizes.get(info.name, 0) for info in interface(model))
    for place, node in enumerate(graph.node):
        live += sum(sizes.get(name, 0) for name in node.output)
        peak = max(peak, live)
        live -= sum(sizes.get(name, 0) for name in {*node.input, *node.output} - held if last.get(name, place) == place)
    return peak


def largest_result(model: ModelProto) -> tuple[str, int]:
    """Return the name and the bytes of the largest value of fixed dims that a node of the main graph makes; 0 where none does."""
    facts, found = facts_of(model), ("", 0)
    for name in facts.producers[()]:
        value = facts.values[()][name]
        dims = [dim for dim in value.shape or () if isinstance(dim, int)]
        if value.fixed and (size := prod(dims) * WIDTHS.get(value.dtype, 1)) > found[1]:
            found = name, size
    return found


def _widths() -> dict[str, int]:
    """Return the bytes of an element by the name of its dtype; narrower ones than a byte count one."""
    found = {}
    for code, name in NAMES.items():
        if code not in (TensorProto.STRING, TensorProto.UNDEFINED):
            try:
                found[name] = max(1, np.dtype(helper.tensor_dtype_to_np_dtype(code)).itemsize)
            except (KeyError, TypeError):
                continue
    return found


WIDTHS = _widths()

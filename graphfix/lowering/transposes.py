"""Cancellation of layout transposes that a converter put around each layer.

    y = Relu(Transpose(x)), z = Transpose'(y)    becomes    z = Relu(x)

TensorFlow's tensors are NHWC and ONNX's layers NCHW, so a converter puts a Transpose on each side of a layer. A Transpose
and its inverse cancel where the nodes between them can be computed in the layers' layout: elementwise operators, Concat,
and reductions, whose axes are renumbered. A region of such nodes changes its layout where that leaves fewer Transposes.
This file imports onnx and numpy alone, since workers load it where graphfix is not installed.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from graphfix.ir.layout_regions import (
    ValueIndex,
    captured_names,
    find_regions,
    inverse_permutation,
    permutation,
)
from graphfix.lowering.layout_change import LayoutChange, redirect_consumers


def count_transposes(model: Any) -> int:
    """Return the number of Transposes in a model's main graph."""
    return sum(node.op_type == "Transpose" for node in model.graph.node)


def cancel_transposes(model: Any) -> int:
    """Cancel Transposes in place as long as any cancel; return how many fewer there are."""
    before = count_transposes(model)
    while (now := count_transposes(model)) and _cancel_one(model) and count_transposes(model) < now:
        pass
    produced = {name for node in model.graph.node for name in node.output}
    described = [value for value in model.graph.value_info if value.name in produced]
    del model.graph.value_info[:]
    model.graph.value_info.extend(described)
    return before - count_transposes(model)


def _cancel_one(model: Any) -> bool:
    """Cancel one pair or change the layout of one region; return False where neither is possible."""
    index = ValueIndex.of(model)
    for node in model.graph.node:
        perm, first = permutation(node), permutation(index.producers.get(node.input[0])) if node.input else None
        if perm and first and len(perm) == len(first):
            source = str(index.producers[node.input[0]].input[0])
            composed = tuple(first[axis] for axis in perm)
            if composed == tuple(range(len(composed))) and node.output[0] not in index.required:
                redirect_consumers(index, node.output[0], source)
                _remove_dead_nodes_and_sort(model)
                return True
    for region in find_regions(index):
        for perm, _ in Counter(filter(None, (permutation(index.producers.get(name)) for name in region.entering))).most_common():
            change = LayoutChange.plan(region, perm, index)
            if change is not None and change.gain > 0:
                change.apply(model, index)
                _remove_dead_nodes_and_sort(model)
                return True
    return False


def border_transposes(model: Any) -> list[dict[str, Any]]:
    """Return a report (`kind`, `text`, `cure`) for each Transpose that alone reads an input, or that makes an output."""
    index, found = ValueIndex.of(model), []
    for value in model.graph.input:
        consumers = index.consumers.get(value.name, [])
        perms = {permutation(node) for node in consumers}
        (perm,) = perms if len(perms) == 1 else (None,)
        if perm is not None and value.name not in index.required:
            own, other = LAYOUTS.get(perm, ("", ""))
            cure = f"accept it as {other.upper()} with `graphfix fix --input-layout {value.name}={other}`" if own else ""
            layouts = f" from {own.upper()} to {other.upper()}" if own else f" by {list(perm)}"
            found.append({"kind": "border-transpose", "text": f"input `{value.name}` is transposed{layouts}", "cure": cure})
    for value in model.graph.output:
        perm = permutation(index.producers.get(value.name))
        if perm is not None:
            other, own = LAYOUTS.get(inverse_permutation(perm), ("", ""))
            layouts = f" from {own.upper()} to {other.upper()}" if own else f" by {list(perm)}"
            found.append({"kind": "border-transpose", "text": f"output `{value.name}` is transposed{layouts}", "cure": ""})
    return found


LAYOUTS = {(0, 2, 1): ("nwc", "ncw"), (0, 3, 1, 2): ("nhwc", "nchw"), (0, 4, 1, 2, 3): ("ndhwc", "ncdhw")}
"""The layouts of an input before and after a permutation."""


def _remove_dead_nodes_and_sort(model: Any) -> None:
    """Remove Transposes and initializers that nothing reads, and sort the nodes topologically."""
    graph = model.graph
    used = {value.name for value in graph.output} | {name for node in graph.node for name in (*node.input, *captured_names(node))}
    remaining = [node for node in graph.node if node.op_type != "Transpose" or node.output[0] in used]
    used = {value.name for value in graph.output} | {name for node in remaining for name in (*node.input, *captured_names(node))}
    produced = {name for node in remaining for name in node.output}
    ready, order = set(), []
    while remaining:
        blocked = []
        for node in remaining:
            if all(name in ready or name not in produced for name in (*node.input, *captured_names(node))):
                order.append(node)
                ready.update(node.output)
            else:
                blocked.append(node)
        if len(blocked) == len(remaining):
            raise ValueError("the graph has a cycle")
        remaining = blocked
    del graph.node[:]
    graph.node.extend(order)
    tensors = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(tensors)

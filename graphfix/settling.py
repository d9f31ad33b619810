"""What decides shapes that shape inference leaves open: folded operands, and the branch that a known condition takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from onnx import AttributeProto, NodeProto

from graphfix.dim_names import is_fresh
from graphfix.folding import Array, attribute
from graphfix.infer import Place
from graphfix.sizes import sizes_of
from graphfix.values import Dim, NodeFacts, Shape, Value, is_unclear

if TYPE_CHECKING:
    from graphfix.facts import Facts

SHAPED_BY = {"Reshape": (1,), "Expand": (1,), "Tile": (1,), "ConstantOfShape": (0,), "Range": (0, 1, 2),
             "Slice": (1, 2, 3, 4), "Pad": (1,), "Resize": (1, 2, 3), "Upsample": (1,), "Unsqueeze": (1,),
             "Squeeze": (1,), "Split": (1,), "TopK": (1,), "OneHot": (1,)}  # fmt: skip
"""Operators whose output shape is the value of an operand, and which operands those are."""


def foldable_operands(facts: Facts, settled: set[Place]) -> dict[Place, Array]:
    """Folded operands that shape an output which is not fixed yet, and that inference has not been told of."""
    wanted: dict[Place, Array] = {}
    for node in facts.nodes:
        for position in SHAPED_BY.get(node.op, ()) if node.domain == "" else ():
            operand = node.inputs[position] if position < len(node.inputs) else None
            if operand is not None and operand.source == "folded" and operand.constant is not None and _tells(node, operand):
                producer = facts.producer(operand.name, node.scope)
                if producer is not None and (producer.scope, operand.name) not in settled:
                    wanted[producer.scope, operand.name] = operand.constant
    return wanted


def _tells(node: NodeFacts, operand: Value) -> bool:
    """Whether knowing an operand can make the node's output shape better known than it is."""
    output, data = node.outputs[0], node.inputs[0]
    if output is None or output.fixed:
        return False
    if output.shape is None or data is None or data is operand or data.fixed:
        return True
    if node.op == "Reshape" and operand.constant is not None:
        sizes = operand.constant.reshape(-1).tolist()
        return any(size > 0 and not isinstance(dim, int) for size, dim in zip(sizes, output.shape, strict=False))
    return node.op in ("Expand", "Tile") or any(map(is_unclear, output.shape))


def taken(
    node: NodeProto, inputs: tuple[Value | None, ...], branches: list[tuple[Value | None, ...]]
) -> tuple[Value | None, ...] | None:
    """What the branch gives that an If with a known condition runs; None for any other node."""
    condition = inputs[0].constant if node.op_type == "If" and inputs and inputs[0] is not None else None
    if condition is None or condition.size != 1:
        return None
    names = [item.name for item in node.attribute if item.type == AttributeProto.GRAPH]
    wanted = "then_branch" if condition.reshape(-1)[0] else "else_branch"
    found = branches[names.index(wanted)] if wanted in names else ()
    return found if len(found) == len(node.output) else None


def decided(output: Value, taken: Value | None) -> Value:
    """An If's output with the facts of the value that the running branch gives."""
    if taken is None:
        return output
    source = "folded" if taken.source == "constant" else taken.source
    shape = output.shape if taken.shape is None else taken.shape
    return Value(output.name, output.dtype or taken.dtype, shape, source, taken.constant, measured=taken.measured)


RANKED_BY = {"Reshape": 1, "ConstantOfShape": 0, "Expand": 1, "Tile": 1}
"""Operators whose output has the rank that the length of an operand tells, and which operand that is."""


def _expanded(dim: Dim, size: Dim) -> int | None:
    """The dim that Expand makes, where both numbers are known."""
    return max(dim, size) if isinstance(dim, int) and isinstance(size, int) and min(dim, size) == 1 else None


def _repeated(dim: Dim, times: Dim) -> int | None:
    """The dim that Tile makes, where both numbers are known."""
    return dim * times if isinstance(dim, int) and isinstance(times, int) else None


GROWING: dict[str, Callable[[Dim, Dim], int | None]] = {"Expand": _expanded, "Tile": _repeated}
"""Operators whose target says how the data grows, and what each dim becomes."""


def ranked_outputs(facts: Facts, known: Mapping[Place, Value]) -> dict[Place, Value]:
    """Outputs whose target tells their rank by its length, or some of their sizes, where inference did not see it."""
    found = {}
    for node in facts.nodes:
        position = RANKED_BY.get(node.op) if not node.domain else None
        target = node.inputs[position] if position is not None and len(node.inputs) > position else None
        output = node.outputs[0] if node.outputs else None
        if target is None or output is None or output.fixed or target.shape is None or len(target.shape) != 1:
            continue
        length, data = target.shape[0], node.inputs[0]
        sizes = sizes_of(target) or ((None,) * length if isinstance(length, int) else ())
        if not sizes or (node.op in GROWING and (data is None or data.shape is None or len(data.shape) > len(sizes))):
            continue
        stated = output.shape if output.shape is not None and len(output.shape) == len(sizes) else (None,) * len(sizes)
        told = [None if isinstance(size, int) and size <= 0 else size for size in sizes]
        if data is not None and data.shape is not None and node.op in GROWING:
            before = (1,) * (len(sizes) - len(data.shape)) + data.shape
            told = [GROWING[node.op](dim, size) for dim, size in zip(before, sizes, strict=True)]
        pairs = zip(told, stated, strict=True)
        dims = tuple(new if isinstance(new, int) or (new is not None and is_unclear(old)) else old for new, old in pairs)
        place = node.scope, output.name
        if dims != output.shape and (place not in known or known[place].shape != dims):
            found[place] = Value(output.name, output.dtype or (data.dtype if data else ""), dims)
    return found


def unseen_outputs(facts: Facts, known: Mapping[Place, Value]) -> dict[Place, Value]:
    """Values whose size folding knows and inference did not see, where that leaves open what is made of them."""
    left = {place: value for place, value in facts.ahead.items() if place not in known or known[place].shape != value.shape}
    if not left:
        return {}
    found = {}
    for node in facts.nodes:
        if all(output is None or output.fixed for output in node.outputs):
            continue
        for operand in node.inputs:
            maker = facts.producer(operand.name, node.scope) if operand is not None else None
            if maker is not None and operand is not None and (maker.scope, operand.name) in left:
                found[maker.scope, operand.name] = left[maker.scope, operand.name]
    return found


def counted_outputs(facts: Facts, known: Mapping[Place, Value]) -> dict[Place, Value]:
    """Results of Reshape with one dim that inference gave up on: there are as many elements after it as before."""
    found = {}
    for node in facts.nodes:
        if node.op != "Reshape" or node.domain or not node.inputs or node.inputs[0] is None or not node.outputs:
            continue
        data, output = node.inputs[0], node.outputs[0]
        if data.shape is None or output is None or output.shape is None:
            continue
        open_ = [place for place, dim in enumerate(output.shape) if is_unclear(dim)]
        if len(open_) != 1 or any(map(is_unclear, data.shape)):
            continue
        rest = [dim for place, dim in enumerate(output.shape) if place != open_[0]]
        if sorted(dim for dim in data.shape if isinstance(dim, str)) != sorted(dim for dim in rest if isinstance(dim, str)):
            continue
        before, after = (math.prod(dim for dim in dims if isinstance(dim, int)) for dims in (data.shape, rest))
        if after and before % after == 0:
            place = open_[0]
            shape = (*output.shape[:place], before // after, *output.shape[place + 1 :])
            if (node.scope, output.name) not in known or known[node.scope, output.name].shape != shape:
                found[node.scope, output.name] = Value(output.name, output.dtype or data.dtype, shape)
    return found


def sliced_outputs(facts: Facts, known: Mapping[Place, Value]) -> dict[Place, Value]:
    """Results of Slice between bounds that are not known: the axes that are not sliced keep their sizes."""
    found = {}
    for node in facts.nodes:
        if node.op != "Slice" or node.domain or len(node.inputs) < 3 or not node.outputs:
            continue
        data, output = node.inputs[0], node.outputs[0]
        if data is None or data.shape is None or output is None or output.fixed:
            continue
        axes, starts = node.inputs[3] if len(node.inputs) > 3 else None, node.inputs[1]
        if axes is not None and axes.constant is not None:
            cut = {int(axis) % len(data.shape) for axis in axes.constant.reshape(-1)}
        elif axes is None and starts is not None and starts.fixed and starts.shape:
            cut = {at for at in range(len(data.shape)) if at < starts.shape[0]}  # type: ignore[operator]
        else:
            continue
        stated = output.shape if output.shape is not None and len(output.shape) == len(data.shape) else (None,) * len(data.shape)
        pairs = enumerate(zip(data.shape, stated, strict=True))
        dims = tuple(was if at not in cut and is_unclear(now) and not is_unclear(was) else now for at, (was, now) in pairs)
        place = node.scope, output.name
        if dims != output.shape and (place not in known or known[place].shape != dims):
            found[place] = Value(output.name, output.dtype or data.dtype, dims)
    return found


def lasting(found: Mapping[Place, Value], known: Mapping[Place, Value]) -> dict[Place, Value]:
    """What is found, without the names that open dims have in one round only, as far as it is not known already."""
    kept = {}
    for place, value in found.items():
        dims = value.shape
        if dims is not None:
            dims = tuple(None if is_fresh(dim) else dim for dim in dims)
        if place not in known or known[place].shape != dims:
            kept[place] = replace(value, shape=dims)
    return kept


def assumed(output: Value, plain: Shape | None) -> Value:
    """The output with the axes noted that had no size before the initial states of recurrent nodes were asked."""
    if output.shape == plain or output.shape is None:
        return output
    before = plain if plain is not None and len(plain) == len(output.shape) else (None,) * len(output.shape)
    pairs = enumerate(zip(output.shape, before, strict=True))
    return replace(output, assumed=tuple(at for at, (dim, old) in pairs if isinstance(dim, int) and not isinstance(old, int)))


RECURRENT = {"LSTM", "GRU", "RNN"}


def recurrent_outputs(facts: Facts, known: Mapping[Place, Value], which: str) -> dict[Place, Value]:
    """Outputs of recurrent nodes whose batch size only the initial state tells; onnx infers it from the data alone.

    `which` is `last` for the final states, shaped like the initial ones, or `all` for the results of every step.
    """
    found = {}
    for node in facts.nodes:
        state = node.inputs[5] if node.op in RECURRENT and not node.domain and len(node.inputs) > 5 else None
        if state is None or state.rank != 3 or attribute(node.proto, "layout", 0):
            continue
        directions, batch, hidden = state.shape or ()
        for position, output in enumerate(node.outputs):
            if output is None or output.shape is None or output.fixed or not isinstance(batch, int):
                continue
            if (position == 0) is not (which == "all"):
                continue
            shape = (output.shape[0], directions, batch, hidden) if position == 0 else (directions, batch, hidden)
            better = tuple(new if isinstance(new, int) else old for new, old in zip(shape, output.shape, strict=True))
            place = node.scope, output.name
            if better != output.shape and place not in known:
                found[place] = Value(output.name, output.dtype, better)
    return found


def quantised_outputs(facts: Facts, known: Mapping[Place, Value]) -> dict[Place, Value]:
    """Outputs of com.microsoft's DynamicQuantizeLSTM, which onnx has no inference for; the shapes are LSTM's."""
    found = {}
    for node in facts.nodes:
        data = node.inputs[0] if node.op == "DynamicQuantizeLSTM" and len(node.inputs) > 1 else None
        weight = node.inputs[1] if data is not None else None
        if data is None or weight is None or data.rank != 3 or weight.rank != 3:
            continue
        length, batch, _ = data.shape or ()
        directions, hidden = (weight.shape or ())[0], attribute(node.proto, "hidden_size")
        for position, output in enumerate(node.outputs):
            if output is not None and output.shape is None and (node.scope, output.name) not in known:
                tail = (directions, batch, hidden)
                found[node.scope, output.name] = Value(output.name, "float32", (length, *tail) if position == 0 else tail)
    return found


def decided_outputs(facts: Facts, known: Mapping[Place, Value]) -> dict[Place, Value]:
    """Outputs of Ifs with a known condition whose shape inference has not been told of, or not all of it."""
    found = {}
    for node in facts.nodes:
        condition = node.inputs[0] if node.op == "If" and node.inputs else None
        if condition is not None and condition.constant is not None:
            for output in node.outputs:
                place = node.scope, output.name if output is not None else ""
                if output is not None and output.shape is not None and (place not in known or known[place].shape != output.shape):
                    found[place] = output
    return found

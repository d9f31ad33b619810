"""Refinement of shapes that onnx does not infer: by folded operands, by the taken branch, and by rules of single operators."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from onnx import AttributeProto, NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.cut_shapes import Inputs, Outputs, by_axes, by_bounds, by_choice, by_parts, by_reduction, told
from graphfix.analysis.symbolic_shapes import counted, sizes_of
from graphfix.analysis.values import Dim, Shape, Value, is_unclear

SHAPED_BY = {"Reshape": (1,), "Expand": (1,), "Tile": (1,), "ConstantOfShape": (0,), "Range": (0, 1, 2),
             "Slice": (1, 2, 3, 4), "Pad": (1,), "Resize": (1, 2, 3), "Upsample": (1,), "Unsqueeze": (1,),
             "Squeeze": (1,), "Split": (1,), "TopK": (1,), "OneHot": (1,)}  # fmt: skip
"""Operators whose output shape depends on the value of an operand, and the positions of those operands."""


def telling_operands(node: NodeProto, domain: str, inputs: Inputs, output: Value) -> Iterator[Value]:
    """Yield the folded operands whose values can make the node's output shape more precise."""
    for position in SHAPED_BY.get(node.op_type, ()) if domain == "" else ():
        operand = inputs[position] if position < len(inputs) else None
        if operand is not None and operand.source == "folded" and _tells(node.op_type, operand, inputs[0], output):
            yield operand


def _tells(op: str, operand: Value, data: Value | None, output: Value) -> bool:
    if operand.constant is None or not output.name or output.fixed:
        return False
    if output.shape is None or data is None or data is operand or data.fixed:
        return True
    if op == "Reshape":
        sizes = operand.constant.reshape(-1).tolist()
        return any(size > 0 and not isinstance(dim, int) for size, dim in zip(sizes, output.shape, strict=False))
    return op in ("Expand", "Tile") or any(map(is_unclear, output.shape))


def taken(
    node: NodeProto, inputs: tuple[Value | None, ...], branches: Sequence[tuple[Value | None, ...]]
) -> tuple[Value | None, ...] | None:
    """Return the outputs of the branch that an If with a known condition runs; None for any other node."""
    condition = inputs[0].constant if node.op_type == "If" and inputs and inputs[0] is not None else None
    if condition is None or condition.size != 1:
        return None
    names = [item.name for item in node.attribute if item.type == AttributeProto.GRAPH]
    wanted = "then_branch" if condition.reshape(-1)[0] else "else_branch"
    found = branches[names.index(wanted)] if wanted in names else ()
    return found if len(found) == len(node.output) else None


def decided(output: Value, taken: Value | None) -> Value:
    """Return an If's output with the facts of the output of the branch that runs."""
    if taken is None:
        return output
    source = "folded" if taken.source == "constant" else taken.source
    shape = output.shape if taken.shape is None else taken.shape
    return Value(output.name, output.dtype or taken.dtype, shape, source, taken.constant, measured=taken.measured)


def assumed(output: Value, plain: Shape | None) -> Value:
    """Return the output with `assumed` set to the axes whose size is known only from initial states of recurrent nodes."""
    if output.shape == plain or output.shape is None:
        return output
    before = plain if plain is not None and len(plain) == len(output.shape) else (None,) * len(output.shape)
    pairs = enumerate(zip(output.shape, before, strict=True))
    return replace(output, assumed=tuple(at for at, (dim, old) in pairs if isinstance(dim, int) and not isinstance(old, int)))


def refined(node: NodeProto, domain: str, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Return the outputs refined by the operator's own rules: only shapes and unknown dtypes change."""
    for rule in RULES[node.op_type] if has_rule(node.op_type, domain) else ():
        outputs = rule(node, inputs, outputs)
    return outputs


def has_rule(op: str, domain: str) -> bool:
    """Return whether an operator has rules of its own."""
    return op in RULES and domain == FOREIGN.get(op, "")


def _expanded(dim: Dim, size: Dim) -> int | None:
    """Return the dim of an Expand's output, where both numbers are known."""
    return max(dim, size) if isinstance(dim, int) and isinstance(size, int) and min(dim, size) == 1 else None


def _repeated(dim: Dim, times: Dim) -> int | None:
    """Return the dim of a Tile's output, where both numbers are known."""
    return dim * times if isinstance(dim, int) and isinstance(times, int) else None


TARGET = {"Reshape": 1, "ConstantOfShape": 0, "Expand": 1, "Tile": 1}
"""Operators whose output rank is the length of an operand, and the position of that operand."""
GROWING: dict[str, Callable[[Dim, Dim], int | None]] = {"Expand": _expanded, "Tile": _repeated}
"""Operators whose target states the output dims, and the function that computes each dim."""


def _by_target(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the rank from the length of the target, and the sizes from its known elements."""
    position, output = TARGET[node.op_type], outputs[0]
    target = inputs[position] if len(inputs) > position else None
    if target is None or output.fixed or target.shape is None or len(target.shape) != 1:
        return outputs
    length, data = target.shape[0], inputs[0]
    sizes = sizes_of(target) or ((None,) * length if isinstance(length, int) else ())
    grows = GROWING.get(node.op_type)
    if not sizes or (grows is not None and (data is None or data.shape is None or len(data.shape) > len(sizes))):
        return outputs
    stated = output.shape if output.shape is not None and len(output.shape) == len(sizes) else (None,) * len(sizes)
    wanted = [None if isinstance(size, int) and size <= 0 else size for size in sizes]
    if grows is not None and data is not None and data.shape is not None:
        before = (1,) * (len(sizes) - len(data.shape)) + data.shape
        wanted = [grows(dim, size) for dim, size in zip(before, sizes, strict=True)]
    pairs = zip(wanted, stated, strict=True)
    dims = tuple(new if isinstance(new, int) or (new is not None and is_unclear(old)) else old for new, old in pairs)
    return told(output, dims, data.dtype if data else ""), *outputs[1:]


def _by_count(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the only unknown dim of a Reshape's output from the equal number of elements of data and output."""
    data, output = inputs[0], outputs[0]
    if data is None or data.shape is None or output.shape is None:
        return outputs
    left = [place for place, dim in enumerate(output.shape) if is_unclear(dim)]
    if len(left) != 1 or any(map(is_unclear, data.shape)):
        return outputs
    place = left[0]
    rest = output.shape[:place] + output.shape[place + 1 :]
    (before, names), (after, others) = counted(data.shape), counted(rest)
    if sorted(names) != sorted(others) or not after or before % after:
        return outputs
    return told(output, (*rest[:place], before // after, *rest[place:]), data.dtype), *outputs[1:]


def _by_state(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the final states of a recurrent node from its initial states; onnx infers the batch size from the data alone."""
    return (*outputs[:1], *_stated(node, inputs, outputs)[1:])


def by_every_step(node: NodeProto, domain: str, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the batch size of the results of every step of a recurrent node from its initial state."""
    return (*_stated(node, inputs, outputs)[:1], *outputs[1:]) if node.op_type in RECURRENT and not domain else outputs


RECURRENT = ("LSTM", "GRU", "RNN")


def _stated(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    state = inputs[5] if len(inputs) > 5 else None
    if state is None or state.shape is None or len(state.shape) != 3 or attribute(node, "layout", 0):
        return outputs
    directions, batch, hidden = state.shape
    found = []
    for position, output in enumerate(outputs):
        if output.name and output.shape is not None and not output.fixed and isinstance(batch, int):
            shape = (output.shape[0], directions, batch, hidden) if position == 0 else (directions, batch, hidden)
            dims = tuple(new if isinstance(new, int) else old for new, old in zip(shape, output.shape, strict=True))
            output = told(output, dims, "")
        found.append(output)
    return tuple(found)


def _by_weight(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the outputs of com.microsoft's DynamicQuantizeLSTM, for which onnx has no inference; the shapes are those of LSTM."""
    data, weight = (*inputs, None, None)[:2]
    if data is None or weight is None or data.shape is None or weight.shape is None or {data.rank, weight.rank} != {3}:
        return outputs
    length, batch, _ = data.shape
    tail = (weight.shape[0], batch, attribute(node, "hidden_size"))
    return tuple(
        Value(output.name, "float32", (length, *tail) if at == 0 else tail) if output.name and output.shape is None else output
        for at, output in enumerate(outputs)
    )


def _by_frames(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer [batch, frames, bins, 2] of an STFT; onnx infers nothing where the length of the signal is dynamic."""
    signal, _, window, length = (*inputs, None, None, None)[:4]
    output = outputs[0]
    if signal is None or not signal.shape or output.fixed or signal.rank not in (2, 3):
        return outputs
    width = window.shape[0] if window is not None and window.shape else (*(sizes_of(length) or ()), None)[0]
    bins = (width // 2 + 1 if attribute(node, "onesided", 1) else width) if isinstance(width, int) else None
    stated = output.shape if output.rank == 4 and output.shape is not None else (None,) * 4
    pairs = zip((signal.shape[0], None, bins, 2), stated, strict=True)
    dims = tuple(new if new is not None and is_unclear(old) else old for new, old in pairs)
    return told(output, dims, signal.dtype), *outputs[1:]


def _like_data(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the output of an element-wise operator of ai.onnx.ml, for which onnx has no inference."""
    data = inputs[0] if inputs else None
    if data is None or outputs[0].shape is not None:
        return outputs
    return Value(outputs[0].name, data.dtype if node.op_type in KEEPING else "float32", data.shape), *outputs[1:]


def _scores(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the labels and scores of a classifier of ai.onnx.ml, of which onnx infers the labels at most."""
    data = inputs[0] if inputs else None
    whole = next(filter(None, (attribute(node, name) for name in ("classlabels_ints", "classlabels_int64s"))), None)
    labels = whole or attribute(node, "classlabels_strings")
    if data is None or data.shape is None or data.rank != 2 or not labels or len(outputs) < 2 or outputs[1].shape is not None:
        return outputs
    first = Value(outputs[0].name, "int64" if whole else "string", data.shape[:1]) if outputs[0].name else outputs[0]
    return first, Value(outputs[1].name, "float32", (data.shape[0], len(labels))), *outputs[2:]


def _by_insertions(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the rank of an Unsqueeze's output from the number of its axes, which need not be known."""
    data, axes = inputs[0], inputs[1] if len(inputs) > 1 else None
    if data is None or data.rank is None or axes is None or not axes.shape or outputs[0].shape is not None:
        return outputs
    count = axes.shape[0]
    return (told(outputs[0], (None,) * (data.rank + count), data.dtype), *outputs[1:]) if isinstance(count, int) else outputs


def _as_given(node: NodeProto, inputs: Inputs, outputs: Outputs) -> Outputs:
    """Infer the output of a GroupNormalization; onnx infers nothing of it where a dim of the data is dynamic."""
    data = inputs[0] if inputs else None
    if data is None or data.shape is None or outputs[0].shape is not None:
        return outputs
    return told(outputs[0], data.shape, data.dtype), *outputs[1:]


REDUCTIONS = tuple(
    f"Reduce{word}" for word in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")
)
KEEPING = ("Imputer", "Binarizer")
"""Operators of ai.onnx.ml whose output has the dtype of their input."""
CLASSIFIERS = ("LinearClassifier", "TreeEnsembleClassifier")
FOREIGN = {
    "DynamicQuantizeLSTM": "com.microsoft",
    **dict.fromkeys(("Scaler", "Normalizer", *KEEPING, *CLASSIFIERS), "ai.onnx.ml"),
}
"""Operators of other domains that have rules."""
RULES: dict[str, Sequence[Callable[[NodeProto, Inputs, Outputs], Outputs]]] = {
    "Reshape": (_by_target, _by_count),
    **dict.fromkeys(("ConstantOfShape", "Expand", "Tile"), (_by_target,)),
    "Slice": (by_axes, by_bounds),
    "TopK": (by_choice,),
    "Unsqueeze": (_by_insertions,),
    "Split": (by_parts,),
    **dict.fromkeys(REDUCTIONS, (by_reduction,)),
    **dict.fromkeys(RECURRENT, (_by_state,)),
    "DynamicQuantizeLSTM": (_by_weight,),
    "STFT": (_by_frames,),
    "GroupNormalization": (_as_given,),
    **dict.fromkeys(("Scaler", "Normalizer", *KEEPING), (_like_data,)),
    **dict.fromkeys(CLASSIFIERS, (_scores,)),
}
"""The rules of operators that infer more than onnx does, in the order in which they are tried."""

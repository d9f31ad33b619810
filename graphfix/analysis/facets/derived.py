"""Facets of single operators that depend on several operands and attributes together."""

from __future__ import annotations

import math
from collections.abc import Callable

from onnx import AttributeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.dim_names import is_untold
from graphfix.analysis.facets.attributes import Facet
from graphfix.analysis.facets.control_flow import agreement, attention, loop, scan
from graphfix.analysis.facets.reshaping import reshape
from graphfix.analysis.facets.resizing import resize
from graphfix.analysis.facets.shared_dims import einsum, gemm, grid_sample, matmul, recurrent, scatter_elements
from graphfix.analysis.facets.signals import NAMED, dft, generator
from graphfix.analysis.facts import NodeFacts
from graphfix.analysis.patterns.registry import structural_facets
from graphfix.analysis.summed_sizes import is_lessened
from graphfix.analysis.values import integers, is_unclear

Facets = dict[str, Facet]

REARRANGING = {"Unsqueeze", "Reshape", "Expand", "ConstantOfShape", "Gather", "GatherND", "OneHot", "Tile"}
"""Operators whose result may have a higher rank than any operand: compilers limit both ranks."""


def derived_facets(node: NodeFacts) -> Facets:
    """Return the operator-specific facets of a node of ONNX's own domain; none for most operators."""
    derive = _DERIVED.get(node.op)
    found = derive(node) if derive else {}
    if node.op in REARRANGING:
        result = node.outputs[0] if node.outputs else None
        found["out.rank"] = None if result is None else result.rank
    found.update(structural_facets(node))
    return found


def _if(node: NodeFacts) -> Facets:
    """Return whether the outputs of an If's branches agree in shape, and whether all are known before running."""
    found = agreement(*node.branches) if len(node.branches) == 2 else "same"
    made = [value for branch in node.branches for value in branch]
    known = bool(made) and all(value is not None and value.source != "runtime" for value in made)
    return {
        "branches": None if found == "unknown" else found,
        "captures": bool(node.captured),
        "broken": node.broken,
        "results": "known" if known else "data",
    }


def _squeeze(node: NodeFacts) -> Facets:
    """Whether the squeezed dims are known to be 1; `assumed` without axes where only an initial state tells that some dim is."""
    data, axes = node.inputs[0], _given_axes(node)
    if data is None or data.shape is None:
        return {"squeezed": None}
    if axes is None:
        return {"squeezed": "assumed" if any(data.shape[axis] == 1 for axis in data.assumed) else "unknown"}
    dims = [data.shape[axis] for axis in axes if -len(data.shape) <= axis < len(data.shape)]
    if any(isinstance(dim, int) and dim != 1 for dim in dims):
        return {"squeezed": "not-one"}
    return {"squeezed": "ones" if all(dim == 1 for dim in dims) else "unknown"}


def _given_axes(node: NodeFacts, position: int = 1) -> list[int] | None:
    if len(node.inputs) > position and node.inputs[position] is not None:
        value = node.inputs[position].constant  # type: ignore[union-attr]
        return None if value is None else [int(axis) for axis in value.reshape(-1)]
    for item in node.proto.attribute:
        if item.name == "axes" and item.type == AttributeProto.INTS:
            return list(item.ints)
    return None


def _conv(node: NodeFacts) -> Facets:
    """Whether a convolution is dense, grouped or depthwise."""
    group = next((item.i for item in node.proto.attribute if item.name == "group"), 1)
    weight = node.inputs[1] if len(node.inputs) > 1 else None
    if group == 1:
        return {"group": "one"}
    channels = group if weight is None or weight.shape is None or len(weight.shape) < 2 else weight.shape[1]
    return {"group": "depthwise" if channels == 1 else "grouped"}


def _conv_transpose(node: NodeFacts) -> Facets:
    """Return the group, and what a stated output shape cuts off: none without one, an even or odd size, or less than none."""
    wanted = attribute(node.proto, "output_shape", ())
    if not wanted:
        return {**_conv(node), "cut": "none"}
    data, weight = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else None
    count = len(wanted)
    sizes = data.shape[2:] if data is not None and data.shape is not None else ()
    kernel = attribute(node.proto, "kernel_shape", weight.shape[2:] if weight is not None and weight.shape is not None else ())
    if len(sizes) != count or len(kernel) != count or not all(isinstance(size, int) for size in (*sizes, *kernel)):
        return {**_conv(node), "cut": None}
    ones, zeros = (1,) * count, (0,) * count
    strides, dilations = (attribute(node.proto, name, ones) for name in ("strides", "dilations"))
    padding = attribute(node.proto, "output_padding", zeros)
    parts = zip(sizes, kernel, strides, dilations, padding, wanted, strict=False)
    cuts = [stride * (size - 1) + more + (taps - 1) * step + 1 - out for size, taps, stride, step, more, out in parts]
    word = "less" if min(cuts) < 0 else "odd" if any(cut % 2 for cut in cuts) else "even"
    return {**_conv(node), "cut": word}


def _equal(node: NodeFacts) -> Facets:
    """Return whether one side is a constant of negative numbers only, which no size equals: exporters of Expand compare so."""
    values = [value.constant for value in node.inputs if value is not None and value.constant is not None]
    return {"against": "negative" if any(v.dtype.kind == "i" and v.size and (v < 0).all() for v in values) else "nothing"}


def _slice(node: NodeFacts) -> Facets:
    """Whether the sliced dims are fixed."""
    data, axes = node.inputs[0], _given_axes(node, 3)
    if data is None or data.shape is None:
        return {"sliced": None}
    if axes is None and len(node.inputs) > 3 and node.inputs[3] is not None:
        return {"sliced": "unknown"}
    if axes is None:
        starts = node.inputs[1].shape if len(node.inputs) > 1 and node.inputs[1] is not None else None
        count = starts[0] if starts and isinstance(starts[0], int) else len(data.shape)
        axes = list(range(count))
    dims = [data.shape[axis] for axis in axes if -len(data.shape) <= axis < len(data.shape)]
    return {"sliced": "fixed" if all(isinstance(dim, int) for dim in dims) else "open"}


def _bounds(node: NodeFacts) -> Facets:
    """Return how many dims a Slice cuts, whether its result cannot be empty, and whether it omits axes for some dims only."""
    starts = node.inputs[1] if len(node.inputs) > 1 else None
    given = starts.shape[0] if starts is not None and starts.shape else None
    count = len(attribute(node.proto, "starts", ())) if node.since < 10 else given
    result = node.outputs[0] if node.outputs else None
    empty = result is not None and result.shape is not None and 0 in result.shape
    cuts = None if not isinstance(count, int) else count if count < 3 else "many"
    data = node.inputs[0].rank if node.inputs[0] is not None else None
    named = len(node.inputs) > 3 and node.inputs[3] is not None
    first = node.since >= 10 and not named and data is not None and isinstance(count, int) and count < data
    return {"cuts": cuts, "left": "empty" if empty else "some", "first": first}


def _lessened(node: NodeFacts) -> str:
    """Return `lessened` where a Slice begins or ends at a number minus dims, which a compiler may take for a negative bound."""
    return "lessened" if any(map(is_lessened, node.inputs[1:3])) else "other"


def _split(node: NodeFacts) -> Facets:
    """Whether a Split cuts equal parts: `uneven` where the last is to be smaller, `other` where sizes are given that differ."""
    sizes = node.inputs[1] if len(node.inputs) > 1 else None
    given = attribute(node.proto, "split") if sizes is None else integers(sizes)
    if given is not None:
        return {"parts": "equal" if len(set(given)) == 1 else "other"}
    data, axis = node.inputs[0], attribute(node.proto, "axis", 0)
    if sizes is not None or data is None or data.shape is None or not -len(data.shape) <= axis < len(data.shape):
        return {"parts": "unknown"}
    length, count = data.shape[axis], attribute(node.proto, "num_outputs", len(node.proto.output))
    return {"parts": "unknown" if not isinstance(length, int) or not count else "uneven" if length % count else "equal"}


def _elements(node: NodeFacts) -> Facets:
    """Return whether the data of an operator that computes with numbers is sizes of dims."""
    data = node.inputs[0] if node.inputs else None
    return {"elements": "sizes" if data is not None and data.sized else "data"}


def _constant(node: NodeFacts) -> Facets:
    """Which attribute holds a Constant's value."""
    return {"holds": ",".join(sorted(item.name for item in node.proto.attribute)) or "nothing"}


def _compress(node: NodeFacts) -> Facets:
    """Whether the condition of a Compress is as long as the dim that it picks from."""
    data, condition = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else None
    axis = attribute(node.proto, "axis")
    if data is None or data.shape is None or condition is None or not condition.shape:
        return {"covers": None}
    if axis is None:
        length: object = math.prod(dim for dim in data.shape if isinstance(dim, int)) if data.fixed else None
    else:
        length = data.shape[axis] if -len(data.shape) <= axis < len(data.shape) else None
    both = isinstance(length, int) and isinstance(condition.shape[0], int)
    return {"covers": "unknown" if not both else "whole" if length == condition.shape[0] else "part"}


def _mixed(node: NodeFacts) -> Facets:
    """Whether all operands have one dtype, which ONNX does not ask of base and exponent, nor of parameters and data."""
    dtypes = [value.dtype for value in node.inputs if value is not None]
    return {"dtypes": None if not all(dtypes) else "same" if len(set(dtypes)) == 1 else "other"}


def _col2im(node: NodeFacts) -> Facets:
    """How many spatial dims a Col2Im puts together."""
    image = node.inputs[1] if len(node.inputs) > 1 else None
    length = image.shape[0] if image is not None and image.shape else None
    return {"spatial": length if isinstance(length, int) else None}


def _reduced(node: NodeFacts) -> Facets:
    """Return whether a reduction without keepdims has several runtime axes, on which its output rank depends.

    `counted` states that computed axes come from ranks and not from sizes, which some compilers distinguish.
    """
    axes = node.inputs[1] if len(node.inputs) > 1 else None
    counted = axes is not None and axes.counted
    kept = next((item.i for item in node.proto.attribute if item.name == "keepdims"), 1)
    if axes is None or axes.constant is not None or kept:
        return {"unranked": False, "counted": counted}
    count = axes.shape[0] if axes.shape else None
    return {"unranked": count != 1 if isinstance(count, int) else None, "counted": counted}


REDUCTIONS = ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
              "ReduceLogSumExp", "ReduceSumSquare")  # fmt: skip


def _flattened(node: NodeFacts) -> Facets:
    """Return how many dims of the data of a Flatten are dynamic; a compiler may multiply sizes with one symbol only."""
    data = node.inputs[0] if node.inputs else None
    if data is None or data.shape is None or None in data.shape:
        return {"symbols": None}
    count = sum(isinstance(dim, str) for dim in data.shape)
    return {"symbols": "several" if count > 1 else "one" if count else "none"}


def _concat(node: NodeFacts) -> Facets:
    """Return whether the dynamic dims that operands must share have one expression, so that they are equal for all inputs."""
    shapes = [value.shape for value in node.inputs if value is not None and value.shape is not None]
    rank = len(shapes[0]) if shapes else 0
    if not rank or any(len(shape) != rank for shape in shapes):
        return {"extents": "same"}
    along = attribute(node.proto, "axis", 1) % rank
    for axis in set(range(rank)) - {along}:
        dims = {shape[axis] for shape in shapes if not is_unclear(shape[axis])}
        dims = {dim for dim in dims if not is_untold(dim)}
        if len(dims) > 1 and any(isinstance(dim, str) for dim in dims):
            return {"extents": "differ"}
    return {"extents": "same"}


def _scattered(node: NodeFacts) -> Facets:
    """Return whether the indices of a ScatterElements are as wide as the data off the axis, and whether they are longer on it."""
    data, indices = node.inputs[0], node.inputs[1] if len(node.inputs) > 1 else None
    if data is None or data.shape is None or indices is None or indices.shape is None:
        return {"scattered": None, "longer": False}
    along = attribute(node.proto, "axis", 0) % max(len(data.shape), 1)
    every = list(zip(data.shape, indices.shape, strict=False))
    longer = any(isinstance(one, int) and isinstance(other, int) and other > one for one, other in every)
    pairs = [pair for axis, pair in enumerate(every) if axis != along]
    unclear = any(one is None or other is None for one, other in pairs)
    width = None if unclear else "whole" if all(one == other for one, other in pairs) else "part"
    return {"scattered": width, "longer": longer}


_DERIVED: dict[str, Callable[[NodeFacts], Facets]] = {
    "Concat": _concat,
    "Flatten": _flattened,
    "Slice": lambda node: {**_slice(node), **_bounds(node), "bounds": _lessened(node)},
    "Split": _split,
    "Constant": _constant,
    "Compress": _compress,
    "Col2Im": _col2im,
    **dict.fromkeys(("Pow", "BatchNormalization", "RMSNormalization"), _mixed),
    "If": _if,
    "Loop": loop,
    "Scan": scan,
    "Attention": attention,
    "Squeeze": _squeeze,
    "Conv": _conv,
    "ConvTranspose": _conv_transpose,
    "Equal": _equal,
    "Clip": lambda node: {"blanks": len(node.inputs) > 1 and node.inputs[-1] is None},
    "ScatterElements": lambda node: {**_scattered(node), **scatter_elements(node)},
    "Reshape": reshape,
    "Resize": resize,
    **dict.fromkeys(("Sign", "NonZero", "CumSum", "TopK", "ArgMax", "ArgMin"), _elements),
    "DFT": dft,
    "MatMul": matmul,
    "Gemm": gemm,
    "Einsum": einsum,
    "GridSample": grid_sample,
    **dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent),
    **dict.fromkeys(NAMED, generator),
    **dict.fromkeys(REDUCTIONS, _reduced),
}

"""Which dynamic dims of a model's inputs its weights fix, and which of them are the same size.

An exporter that leaves every dim dynamic also leaves those that can have one size only: the channels of an image that a
Conv reads, the width that a MatMul takes, the batch of a recurrent state. Each dynamic dim gets a name of its own, shape
inference carries the names through the graph, and the operators that need equal sizes tell what they stand for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from onnx import AttributeProto, ModelProto, TensorShapeProto, ValueInfoProto

from graphfix.analysis.dim_names import WORD
from graphfix.analysis.facts import Facts
from graphfix.analysis.required_sizes import required_sizes
from graphfix.analysis.shape_inference import without_payloads
from graphfix.analysis.values import Dim, NodeFacts, Shape
from graphfix.ir.bind_inputs import Dims, interface

PREFIX = "dim_of_input_"
BROADCAST = ("Add", "Sub", "Mul", "Div", "Pow", "Where", "Max", "Min", "Sum", "Equal", "Less", "Greater", "And", "Or")
Pair = tuple[Dim, Dim]


@dataclass(slots=True)
class DeducedDims:
    """The dims of every input: an int, or a symbol that stands for the same size wherever it is.

    `facts` are the model's facts in terms of the names in `names`, which maps each to its int or its symbol.
    """

    layout: dict[str, Dims]
    names: dict[str, int | str] = field(default_factory=dict)
    facts: Facts | None = None

    def largest(self, sizes: Mapping[str, int]) -> int:
        """Return the most elements of any value where the symbols have these sizes, as far as its dims are known."""
        most = 0
        for values in self.facts.values.values() if self.facts is not None else ():
            for value in values.values():
                elements = 1
                for dim in value.shape or ():
                    elements *= self._size(dim, sizes)
                most = max(most, elements)
        return most

    def _size(self, dim: Dim, sizes: Mapping[str, int]) -> int:
        """Return the size of a dim, 1 where it cannot be told."""
        if not isinstance(dim, str):
            return 1 if dim is None else dim
        product = 1
        for word in WORD.findall(dim):
            meant = self.names.get(word, word)
            product *= meant if isinstance(meant, int) else int(word) if word.isdigit() else sizes.get(meant, 1)
        return product


def deduced_dims(model: ModelProto, shapes: Mapping[str, Dims]) -> DeducedDims:
    """Return the dims of a model's inputs as `shapes`, the declarations and the operators that read them fix them."""
    work = without_payloads(model)
    inputs = interface(work)
    if not all(info.type.HasField("tensor_type") for info in inputs):
        return DeducedDims(dict(shapes))
    layout = _named_layout(inputs, shapes)
    named = {dim for dims in layout.values() for dim in dims if isinstance(dim, str)}
    if not named:
        return DeducedDims(layout)
    try:
        facts = Facts.of(work)
    except Exception:  # no more than a guess is lost
        return DeducedDims(layout)
    known = _unified([pair for node in facts.nodes for pair in _equal(node)], named)
    known = _unified([pair for node in facts.nodes for pair in _broadcast(node)], named, known)
    settled: dict[str, Dims] = {name: [_root(known, dim) for dim in dims] for name, dims in layout.items()}
    return DeducedDims(settled, {name: _root(known, name) or name for name in named}, facts)


def _named_layout(inputs: Sequence[ValueInfoProto], shapes: Mapping[str, Dims]) -> dict[str, Dims]:
    """Return the dims of inputs, with a name for each dynamic one, and write them into their declarations."""
    told: dict[str, int | str] = {}
    asked: list[tuple[ValueInfoProto, Dims]] = []
    for info in inputs:
        declared = info.type.tensor_type.shape.dim
        wanted = shapes.get(info.name)
        if wanted is not None and len(declared) < len(wanted):
            del declared[:]
            declared.extend(TensorShapeProto.Dimension() for _ in wanted)
            info.type.tensor_type.shape.SetInParent()
        asked.append((info, wanted if wanted is not None else [None] * len(declared)))
        for dim, want in zip(declared, asked[-1][1], strict=False):
            if isinstance(want, int) and dim.dim_param and dim.dim_param != "?":
                told[dim.dim_param] = want
    layout: dict[str, Dims] = {}
    for number, (info, dims) in enumerate(asked):
        made: list[int | str | None] = []
        for axis, (dim, want) in enumerate(zip(info.type.tensor_type.shape.dim, dims, strict=False)):
            fresh = f"{PREFIX}{number}_{axis}"
            symbol = want if isinstance(want, str) else dim.dim_param
            if isinstance(want, int) or (dim.HasField("dim_value") and dim.dim_value >= 0):
                size: int | str = want if isinstance(want, int) else int(dim.dim_value)
            elif symbol and symbol != "?":
                size = told.setdefault(symbol, symbol if symbol.isidentifier() else fresh)
            else:
                size = fresh
            dim.Clear()
            if isinstance(size, int):
                dim.dim_value = size
            else:
                dim.dim_param = size
            made.append(size)
        layout[info.name] = made
    return layout


def _attribute(node: NodeFacts, name: str, default: int) -> int:
    return next((item.i for item in node.proto.attribute if item.name == name and item.type == AttributeProto.INT), default)


def _equal(node: NodeFacts) -> Iterator[Pair]:
    """Yield the pairs of dims that are one size wherever a node runs."""
    if node.domain:
        return
    shapes: list[Shape | None] = [None if value is None else value.shape for value in node.inputs]

    def dim(place: int, axis: int) -> Dim:
        shape = shapes[place] if place < len(shapes) else None
        return shape[axis] if shape is not None and -len(shape) <= axis < len(shape) else None

    if node.op == "Conv":
        deep = dim(1, 1)
        yield dim(0, 1), deep * _attribute(node, "group", 1) if isinstance(deep, int) else None
    elif node.op == "ConvTranspose" or node.op in ("BatchNormalization", "InstanceNormalization"):
        yield dim(0, 1), dim(1, 0)
    elif node.op == "MatMul":
        yield dim(0, -1), dim(1, -2) if len(shapes) > 1 and len(shapes[1] or ()) != 1 else dim(1, 0)
    elif node.op == "Gemm":
        yield dim(0, 0 if _attribute(node, "transA", 0) else 1), dim(1, 1 if _attribute(node, "transB", 0) else 0)
    elif node.op in ("RNN", "GRU", "LSTM"):
        batch = 0 if _attribute(node, "layout", 0) else 1
        yield dim(0, 2), dim(1, 2)
        for place in (5, 6):
            yield dim(place, batch), dim(0, batch)
            yield dim(place, 1 - batch), dim(1, 0)
            yield dim(place, 2), dim(2, 2)
    for place, axis, size in required_sizes(node):
        yield dim(place, axis), size
    if node.op == "Concat":
        rank = len(shapes[0] or ())
        along = _attribute(node, "axis", 1) % rank if rank else 0
        for place in range(1, len(shapes)):
            yield from ((dim(0, axis), dim(place, axis)) for axis in range(rank) if axis != along)


def _broadcast(node: NodeFacts) -> Iterator[Pair]:
    """Yield the pairs of dims that are most likely one size: two that an operator broadcasts, neither of them 1."""
    if node.domain or node.op not in BROADCAST:
        return
    shapes = [value.shape for value in node.inputs if value is not None and value.shape is not None]
    for one, other in itertools.pairwise(shapes):
        yield from ((a, b) for a, b in zip(reversed(one), reversed(other), strict=False) if a != 1 and b != 1)


def _root(known: Mapping[str, int | str], dim: int | str | None) -> int | str | None:
    while isinstance(dim, str) and dim in known:
        dim = known[dim]
    return dim


def _unified(pairs: Sequence[Pair], named: set[str], before: Mapping[str, int | str] | None = None) -> dict[str, int | str]:
    """Return for names what they stand for; pairs that contradict what is known are left out."""
    known = dict(before or {})
    for pair in pairs:
        one, other = (_root(known, dim) for dim in pair)
        if one == other or one is None or other is None:
            continue
        if isinstance(one, int):
            one, other = other, one
        if isinstance(one, str) and one in named:
            if isinstance(other, int) or other in named:
                known[one] = other
        elif isinstance(one, str) and isinstance(other, int):
            factor, name = _multiple(one)
            name = str(_root(known, name)) if name else ""
            if name in named and factor and other % factor == 0:
                known[name] = other // factor
    return known


def _multiple(dim: str) -> tuple[int, str]:
    """Return the factor and the name of a dim such as `4*N`; 0 and no name for another."""
    words = WORD.findall(dim)
    return (int(words[0]), words[1]) if len(words) == 2 and words[0].isdigit() else (0, "")

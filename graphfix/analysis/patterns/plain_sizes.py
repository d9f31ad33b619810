"""Values that depend on sizes which plain shape inference does not find.

The indices of a GatherElements are as many as a TopK takes, also of an axis of unknown size, where plain inference finds no size
at all. The two values of a OneHot may be computed from a size that only constant folding finds: for plain inference they are no
constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.patterns.structural_pattern import StructuralPattern
from graphfix.analysis.values import Dim, NodeFacts, Structure, Value

Producer = Callable[[str], NodeFacts | None]
Plain = Mapping[str, tuple[int | None, ...] | None]
"""The sizes that plain inference finds, by value; None without a rank."""
PASSING = frozenset({"Cast", "Div", "Mul", "Sub", "Add", "Mod", "Min", "Max", "Clip", "Floor", "Unsqueeze", "Squeeze", "Expand",
                     "Tile", "Identity"})  # fmt: skip
"""Operators through which the indices of a TopK come to what gathers by them."""
SIZING = frozenset({"Shape", "Size"})
MOST_STEPS = 64

PICKED = StructuralPattern(
    frozenset({"GatherElements"}),
    {"picked": "nothing"},
    kind="dynamic",
    loading=True,
)
MEASURED = StructuralPattern(
    frozenset({"OneHot"}),
    {"sized.by": "plain"},
    kind="dynamic",
    loading=True,
)


def sizes_unknown(nodes: Iterable[NodeFacts], producer: Producer, plain: Plain) -> dict[int, Structure]:
    """Return the facets of main-graph nodes that depend on sizes which plain inference does not find, by position."""
    found: dict[int, Structure] = {}
    for at, node in enumerate(nodes):
        if node.scope or node.domain or len(node.inputs) < 2:
            continue
        if node.op == "GatherElements" and (word := _picked(node, producer, plain)) != "nothing":
            found[at] = (("picked", word),)
        if node.op == "OneHot" and len(node.inputs) > 2 and made_by_folding(node.inputs[2], producer, plain):
            found[at] = (("sized.by", "folding"),)
    return found


def _picked(node: NodeFacts, producer: Producer, plain: Plain) -> str:
    """Whether the indices are of a TopK over an axis of unknown size: `nothing`, or its dim is `alone` or `among others` above 1.

    Plain inference infers no dim of such indices but those that the operators in between state.
    """
    indices = node.inputs[1]
    if indices is None or not indices.shape:
        return "nothing"
    if not any(_takes_of_unknown(maker, plain) for maker, _ in _makers(indices, producer, PASSING)):
        return "nothing"
    axis = attribute(node.proto, "axis", 0) % len(indices.shape)
    others = [dim for at, dim in enumerate(indices.shape) if at != axis and isinstance(dim, int)]
    return "alone" if all(dim == 1 for dim in others) else "among others"


def _takes_of_unknown(node: NodeFacts, plain: Plain) -> bool:
    data = node.inputs[0] if node.op == "TopK" and node.inputs else None
    if data is None or not data.shape:
        return False
    sizes: tuple[Dim, ...] | None = plain.get(data.name, data.shape)
    return sizes is None or not isinstance(sizes[attribute(node.proto, "axis", -1)], int)


def made_by_folding(value: Value | None, producer: Producer, plain: Plain) -> bool:
    """Return whether a value that folding finds is computed from a size that plain inference does not find."""
    if value is None or not value.measured:
        return False
    return any(
        size is None
        for maker, reader in _makers(value, producer, None)
        if maker.op in SIZING and maker.inputs and maker.inputs[0] is not None and not folds(maker.inputs[0])
        for size in _sizes_read(maker.inputs[0], reader, plain)
    )


def folds(value: Value | None) -> bool:
    """Whether a value is known before a run, and with it its sizes where folding needs no others for it."""
    return value is not None and value.source in ("constant", "folded")


def _sizes_read(data: Value, reader: NodeFacts | None, plain: Plain) -> Sequence[int | None]:
    """Return the sizes of data that the node which reads its shape takes, as plain inference finds them."""
    told: tuple[Dim, ...] | None = plain.get(data.name, data.shape)
    if told is None:
        return [None]
    sizes = [size if isinstance(size, int) else None for size in told]
    operands = () if reader is None or reader.domain else reader.inputs[1:]
    bounds = [value.constant for value in operands if value is not None and value.constant is not None]
    if reader is None or len(bounds) < len(operands):
        return sizes
    if reader.op == "Gather":
        return [sizes[int(at)] for at in bounds[0].reshape(-1) if -len(sizes) <= int(at) < len(sizes)]
    if reader.op == "Slice" and len(bounds) < 4:
        return sizes[int(bounds[0].reshape(-1)[0]) : int(bounds[1].reshape(-1)[0])]
    return sizes


def _makers(value: Value, producer: Producer, through: frozenset[str] | None) -> Iterator[tuple[NodeFacts, NodeFacts | None]]:
    """Yield the nodes that a value is computed by, each with a node that reads it, None for the value itself.

    It ends at nodes of other operators than `through`, and at those that read sizes of what is not known before a run.
    """
    waiting: list[tuple[str, NodeFacts | None]] = [(value.name, None)]
    seen = set[tuple[str, NodeFacts | None]]()
    while waiting and len(seen) < MOST_STEPS:
        step = waiting.pop()
        maker = producer(step[0]) if step not in seen else None
        seen.add(step)
        if maker is None or maker.domain:
            continue
        yield maker, step[1]
        if (through is None or maker.op in through) and (maker.op not in SIZING or all(map(folds, maker.inputs))):
            waiting += [(given.name, maker) for given in maker.inputs if given is not None]

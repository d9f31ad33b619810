"""The facts of a single value and of a single node: dtype, shape and source of a value, operands and scope of a node."""

from __future__ import annotations

from dataclasses import field

import onnx
from onnx import NodeProto, TypeProto

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.dims import DimExpr
from graphfix.ir.dtypes import NAMES
from graphfix.ir.records import dataclass

Dim = int | str | None
Shape = tuple[Dim, ...]
Sizes = tuple[int | str | None, ...]
Facet = str | int | bool | None
"""The value of a facet, by which support tables are keyed: a word, a number or a boolean; None where it is unknown."""
Structure = tuple[tuple[str, Facet], ...]
"""Facets of structural patterns, by name."""


@dataclass(frozen=True, slots=True)
class Value:
    """One tensor: its dtype, its shape, its source, and its value where that is known and small.

    `shape` holds an int for a fixed dim, a str for a symbol, None for an unknown dim; `shape` itself is None when
    the rank is unknown. `source` is `constant` (an initializer or a Constant node), `folded` (computed from
    constants and fixed dims alone), `shape` (computed from dims that are not fixed), `cast-shape` (the same with a cast to
    another dtype than int64, after which some compilers no longer evaluate sizes) or `runtime`. `measured` states that a folded
    value was computed from fixed dims of some tensor, which not every compiler folds, and `counted` that it was computed from
    ranks only. `sizes` are the elements of a small vector of sizes, None for an unknown one. `assumed` are the axes whose sizes
    are known only from the initial state of a recurrent node, from which not every compiler infers the batch size. `sized` states
    that compilers with symbolic sizes hold the elements as such: sizes of dims, what arithmetic makes of them, casts to int64.
    `total` is the only element where it is a sum of sizes, which no dim is written as.
    """

    name: str
    dtype: str = ""
    shape: Shape | None = None
    source: str = "runtime"
    constant: Array | None = None
    sizes: Sizes | None = None
    measured: bool = False
    assumed: tuple[int, ...] = ()
    counted: bool = False
    sized: bool = False
    total: DimExpr | None = None
    kin: object = field(default=None, init=False, compare=False, repr=False)
    """What a walk (node_memo.py) notes about the value, with which all values that agree in everything but names are marked."""

    @property
    def rank(self) -> int | None:
        """Return the number of dims, or None when unknown."""
        return None if self.shape is None else len(self.shape)

    @property
    def fixed(self) -> bool:
        """Return whether every dim is fixed."""
        return self.shape is not None and all(isinstance(dim, int) for dim in self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class NodeFacts:
    """A node with the facts about its operands; `inputs[i]` is None where an optional input is left out.

    `op` and `domain` are copies of the proto's fields, as protobuf makes a new string on each access; the domain is empty for
    ai.onnx. `branches` are the outputs of its subgraphs, `captured` the names that those read from outer scopes, `broken` the
    operator inside them whose operands contradict it, by the precedence in operand_conflicts.py, `none` without one. `under` is
    `nothing` in the main graph, else the source of the condition that its execution depends on, the least static of several.
    `structure` holds the facets of the patterns that it is part of, without those of usual value, see patterns/registry.py.
    Nodes of one model with the same `form` agree in operator, attributes, operands and outputs but for names; 0 tells nothing.
    """

    proto: NodeProto
    op: str
    domain: str
    scope: tuple[str, ...]
    inputs: tuple[Value | None, ...]
    outputs: tuple[Value | None, ...]
    since: int
    branches: tuple[tuple[Value | None, ...], ...] = ()
    captured: tuple[str, ...] = ()
    broken: str = "none"
    under: str = "nothing"
    structure: Structure = ()
    form: int = 0

    @property
    def label(self) -> str:
        """Return the node's name, else the name of its first output."""
        return self.proto.name or next((name for name in self.proto.output if name), self.op)

    @property
    def given(self) -> list[str]:
        """Return the names of the node's operands, as its proto does; those of facts are at hand, protobuf makes new strings."""
        try:
            return [value.name for value in self.inputs]  # type: ignore[union-attr]
        except AttributeError:  # of an operand that is left out
            return list(self.proto.input)

    @property
    def made(self) -> list[str]:
        """Return the names of the node's outputs, as its proto does."""
        return [value.name if value is not None else "" for value in self.outputs]


def is_unclear(dim: Dim) -> bool:
    """Return whether a dim could not be inferred: it has no name, or one that onnx generated."""
    return dim is None or (isinstance(dim, str) and dim.startswith("unk__"))


def integers(value: Value | None) -> list[int] | None:
    """Return the elements of a constant operand; None where it is none, or does not hold integers."""
    held = value.constant if value is not None else None
    return held.reshape(-1).tolist() if held is not None and held.dtype.kind in "iu" else None


def typed(info: onnx.ValueInfoProto, source: str = "runtime") -> Value:
    """Return the facts that a ValueInfoProto states."""
    dtype, shape = dtype_and_shape(info.type)
    return Value(info.name, dtype, shape, source)


def dtype_and_shape(stated: TypeProto) -> tuple[str, Shape | None]:
    """Return the dtype and the shape that a type states; for a type that is no tensor its kind, and no shape."""
    kind = stated.WhichOneof("value")
    if kind != "tensor_type":
        return (kind or "").removesuffix("_type"), None
    tensor = stated.tensor_type
    shape: Shape | None = None
    if tensor.HasField("shape"):  # most dims are numbers above 0, and testing for that alone is fast
        shape = tuple([d.dim_value or (0 if d.HasField("dim_value") else d.dim_param or None) for d in tensor.shape.dim[:]])
    return NAMES.get(tensor.elem_type, ""), shape

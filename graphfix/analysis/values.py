"""A value and a node as facts know them: dtype, shape, where a value comes from, and what is around a node."""

from __future__ import annotations

from dataclasses import dataclass

import onnx
from onnx import NodeProto

from graphfix.analysis.constant_folding import Array
from graphfix.ir.dtypes import NAMES

Dim = int | str | None
Shape = tuple[Dim, ...]
Sizes = tuple[int | str | None, ...]
Facet = str | int | bool | None
"""What support tables are keyed by: a word, a number or a truth value; None where it is not known."""
Structure = tuple[tuple[str, Facet], ...]
"""Facets that tell of patterns of nodes, by name."""


@dataclass(frozen=True, slots=True)
class Value:
    """One tensor: its dtype, its shape, where it comes from, and its value where that is known and small.

    `shape` holds an int for a fixed dim, a str for a symbol, None for an unknown dim; `shape` itself is None when
    the rank is unknown. `source` is `constant` (an initializer or a Constant node), `folded` (computed from
    constants and fixed dims alone), `shape` (computed from dims that are not fixed), `cast-shape` (the same by way of
    another dtype than int64, where some compilers lose track of sizes) or `runtime`. `measured` says of a folded value
    that fixed dims of some tensor stand behind it, which not every compiler takes for constants, and `counted` that only ranks
    do. `sizes` are the elements of a
    small vector of sizes as far as they are known, None for one that is not. `assumed` are the axes whose sizes are known
    only from the initial state of a recurrent node, which not every compiler asks for the batch size.
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

    @property
    def rank(self) -> int | None:
        """The number of dims, or None when unknown."""
        return None if self.shape is None else len(self.shape)

    @property
    def fixed(self) -> bool:
        """Whether every dim is a number."""
        return self.shape is not None and all(isinstance(dim, int) for dim in self.shape)


@dataclass(frozen=True, slots=True, eq=False)
class NodeFacts:
    """A node with the facts about its operands; `inputs[i]` is None where an optional input is left out.

    `op` and `domain` are the proto's, which makes a new string for each look, the domain empty for ai.onnx. `branches` are
    the outputs of its subgraphs, `captured` the names that those read from outer scopes,
    `broken` the gravest operator inside them whose operands contradict it, `none` without one. `under` is `nothing` in
    the main graph, else the source of the condition that its execution hangs on, the least settled of several.
    `structure` holds the facets that tell of the patterns that it is part of, as far as they are unusual, see structural.py.
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

    @property
    def label(self) -> str:
        """What to call the node: its name, else its first output."""
        return self.proto.name or next((name for name in self.proto.output if name), self.op)


def is_unclear(dim: Dim) -> bool:
    """Whether inference gave up on a dim: it has no name, or one that onnx made up."""
    return dim is None or (isinstance(dim, str) and dim.startswith("unk__"))


def typed(info: onnx.ValueInfoProto, source: str = "runtime") -> Value:
    """The facts that a ValueInfoProto states."""
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type":
        return Value(info.name, (kind or "").removesuffix("_type"), None, source)
    tensor = info.type.tensor_type
    shape: Shape | None = None
    if tensor.HasField("shape"):  # of a dim, a number above 0 is what there is most of, and asking for it alone is cheap
        shape = tuple([d.dim_value or (0 if d.HasField("dim_value") else d.dim_param or None) for d in tensor.shape.dim[:]])
    return Value(info.name, NAMES.get(tensor.elem_type, ""), shape, source)

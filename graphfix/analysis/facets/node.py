"""A node and the facts about it, reduced to the flat dict that support tables are keyed by.

The prober varies these facets and the linter looks them up through this one function, so the two cannot drift
apart. A facet is a name and a small value (a word, a number, a truth value); None means that the fact is unknown.

    since                the operator's schema version; 0 when ONNX defines no such operator
    foldable             whether every operand is constant, so that a compiler may compute the node ahead of time;
                         `fixed-shape` when some are computed from fixed dims, `shape` (or `cast-shape`) when some
                         are from open dims and none from data
    T, T1, Tind, ...     dtype bound to a type variable of the schema
    X.rank               rank of the operand with that formal name
    X.dims               static | batch (only dim 0 is not fixed) | spatial (others too, but not dim 1) | sequence
                         (dim 1 too, but not the last) | dynamic (any) | empty (some dim is 0)
    X.from               absent | constant | folded | fixed-shape | shape | cast-shape | runtime (unless plain data)
    X.value              what a small integer or float operand holds: ones, zeros, positive, negative, mixed; operands
                         whose numbers decide nothing (see payload_operands.py) have no such facet
    mode, axis, ...      attributes: words and flags as they are, numbers and lists as the classes below
    out.Y                used | absent, for optional outputs
    inside               branch (of an If that only running decides on) | nothing; of a looping operator, what
                         decides whether it runs: nothing, constant, folded, ...
    broken               the gravest operator in the branches of an If that no input can make run, or none
    inputs, outputs      how many, for variadic operators
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphfix.analysis.constant_folding import Array, attribute
from graphfix.analysis.dim_names import is_untold
from graphfix.analysis.facets.attributes import Facet as Facet
from graphfix.analysis.facets.attributes import attribute_facets
from graphfix.analysis.facets.bounded import bounded_facets
from graphfix.analysis.facets.derived import derived_facets
from graphfix.analysis.facets.payload_operands import decides
from graphfix.analysis.facts import NodeFacts, Value
from graphfix.ir.schemas import formal_operands, schema_of

Facets = dict[str, Facet]

DATA = {"X", "x", "A", "B", "C", "data", "input", "Input", "Y", "data_0", "inputs", "condition", "a", "b"}
"""Formal names of operands that are plain data, where constancy decides nothing by itself."""
NUMBERS = {"scales", "roi", "ratio", "min", "max"}
"""Float operands whose numbers decide how the operator works; the numbers of weights do not."""
WEIGHTS = {"Conv": ("W", "B"), "ConvTranspose": ("W", "B"), "Gemm": ("B", "C"), "MatMul": ("B",), "PRelu": ("slope",),
           "ConvInteger": ("w",), "MatMulInteger": ("B",), "Pow": ("Y",), "Where": ("condition",), "BitShift": ("Y",),
           "Compress": ("condition",), "BatchNormalization": ("B",), "InstanceNormalization": ("B",), "QLinearMatMul": ("b",),
           "ArrayFeatureExtractor": ("Y",)}  # fmt: skip
"""Data operands whose constancy matters after all."""
RENAMED = {"BatchNormalization": {"mean": "input_mean", "var": "input_var"}}
"""What older schemas call an operand that newer ones call otherwise: evidence of every version is about one operand."""
RENAMED_OUTPUTS = {"BatchNormalization": {"mean": "running_mean", "var": "running_var"}}
"""The same for outputs, some of whose old names are those of operands."""
RECURRENT = {"LSTM", "GRU", "RNN"}
CONVOLUTIONS = {"Conv": 1, "ConvTranspose": 0}
"""Operators whose weight tells the channels of their data, and the axis of it that does."""
LOOPING = {*RECURRENT, "Loop", "Scan"}
"""Operators that compilers turn into loops, which some do not allow inside a branch."""
ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "Pow", "Mod", "And", "Or", "Xor", "Equal", "Greater", "GreaterOrEqual",
               "Less", "LessOrEqual", "PRelu", "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Max", "Min",
               "Mean", "Sum", "Where", "MatMul"}  # fmt: skip


def facets(node: NodeFacts) -> Facets:
    """Every facet of one node; an operator that ONNX does not define has the domain-free ones only."""
    given = [value for value in node.inputs if value is not None]
    sources = {value.source for value in given}
    foldable: Facet = bool(given) and sources <= {"constant", "folded"}
    if foldable and any(value.measured for value in given):
        foldable = "fixed-shape"
    elif not foldable and given and "runtime" not in sources:
        foldable = "cast-shape" if "cast-shape" in sources else "shape"
    out: Facets = {"since": node.since, "foldable": foldable}
    if schema_of(node.op, node.domain, node.since) is None:
        for i, value in enumerate(node.inputs):
            _operand(out, f"in{i}", value, weight=True, counts=decides(node.op, f"in{i}"))
            if value is not None:
                out[f"in{i}.dtype"] = value.dtype or None
        return out
    known = _of_one_batch if node.op in RECURRENT else _of_own_channels if node.op in CONVOLUTIONS else None
    operands = node.inputs if known is None else known(node)
    names, made = RENAMED.get(node.op, {}), RENAMED_OUTPUTS.get(node.op, {})
    formal_inputs, formal_outputs = formal_operands(node.op, node.domain, node.since)
    for i, formal in enumerate(formal_inputs):
        value = operands[i] if i < len(operands) else None
        if formal.variable and formal.variable not in out and value is not None:
            out[formal.variable] = value.dtype or None
        plain = formal.name in DATA and formal.name not in WEIGHTS.get(node.op, ())
        name = names.get(formal.name, formal.name)
        _operand(out, name, value, weight=not plain or formal.kind == "optional", counts=decides(node.op, name))
        if formal.kind == "variadic":
            rest = node.inputs[i:]
            out["inputs"] = len(rest) if len(rest) < 3 else "many"
            out["constants"] = any(v is not None and v.source in ("constant", "folded") for v in rest)
    for i, produced in enumerate(formal_outputs):
        if produced.kind == "optional":
            used = i < len(node.outputs) and node.outputs[i] is not None
            out[f"out.{made.get(produced.name, produced.name)}"] = "used" if used else "absent"
        elif produced.kind == "variadic":
            out["outputs"] = len(node.outputs) if len(node.outputs) < 3 else "many"
        if produced.variable and produced.variable not in out and i < len(node.outputs):
            result = node.outputs[i]
            out[produced.variable] = None if result is None else result.dtype or None
    if not node.branches or node.op in LOOPING:
        out["inside"] = node.under if node.op in LOOPING and node.domain == "" else _inside(node)
    if node.op in ELEMENTWISE and node.domain == "":
        out["broadcast"] = _broadcast(node.inputs)
    out.update(attribute_facets(node))
    if node.domain == "":
        out.update(derived_facets(node))
        out.update(bounded_facets(node))
    return out


def _of_one_batch(node: NodeFacts) -> Sequence[Value | None]:
    """The operands of a recurrent node, the batch size of its data taken from a fixed initial state: they have the same."""
    inputs = node.inputs
    data, state = inputs[0], inputs[5] if len(inputs) > 5 else None
    if data is None or state is None or data.rank != 3 or state.rank != 3 or not state.fixed:
        return inputs
    length, batch, size = data.shape or ()
    if not _unclear(batch) or attribute(node.proto, "layout", 0):
        return inputs
    return [replace(data, shape=(length, (state.shape or ())[1], size)), *inputs[1:]]


def _of_own_channels(node: NodeFacts) -> Sequence[Value | None]:
    """The operands of a convolution; channels of its data that no inference tells are those of its weight."""
    inputs = node.inputs
    data, weight = inputs[0], inputs[1] if len(inputs) > 1 else None
    if data is None or weight is None or data.rank is None or data.rank < 3 or not weight.fixed or node.domain:
        return inputs
    batch, channels, *spatial = data.shape or ()
    if not _unclear(channels) and not (isinstance(channels, str) and is_untold(channels)):
        return inputs
    groups = attribute(node.proto, "group", 1) if node.op == "Conv" else 1
    told = (weight.shape or ())[CONVOLUTIONS[node.op]]
    return [replace(data, shape=(batch, told * groups, *spatial)), *inputs[1:]] if isinstance(told, int) else inputs


def _inside(node: NodeFacts) -> str:
    """Return `branch` for a node that is only in branches of Ifs whose condition is not known before running, else `nothing`."""
    decided = node.under not in ("shape", "cast-shape", "runtime")
    return "nothing" if decided or not in_branches(node.scope) else "branch"


@functools.lru_cache(maxsize=256)
def in_branches(scope: tuple[str, ...]) -> bool:
    """Whether every subgraph around a node is a branch of an If: all that facets read of a scope, see memo.py."""
    return all(word.startswith(("then_branch of ", "else_branch of ")) for word in scope)


def _operand(out: Facets, name: str, value: Value | None, *, weight: bool, counts: bool) -> None:
    if value is None:
        out[f"{name}.from"] = "absent"
        return
    if weight:
        out[f"{name}.from"] = "fixed-shape" if value.measured else value.source
    out[f"{name}.rank"] = value.rank
    if value.source in ("constant", "folded") and weight:
        whole = value.constant is not None and value.constant.dtype.kind in "iub"
        if counts and value.constant is not None and (whole or name in NUMBERS):
            out[f"{name}.value"] = value_class(value.constant)
    else:
        out[f"{name}.dims"] = dims_class(value)


def dims_class(value: Value) -> Facet:
    """Which dims of a value are fixed: static, batch, spatial, sequence, dynamic (without a rank too) or empty.

    A dim that could not be inferred may be fixed for a compiler; where that makes a difference the possible classes are joined,
    as in `batch|sequence`.
    """
    if value.shape is None:
        return "dynamic"
    if 0 in value.shape:
        return "empty"
    if value.fixed:
        return "static"
    fixed = [(True, False) if _unclear(dim) else (isinstance(dim, int),) for dim in value.shape]
    found = {_fixed_class(choice) for choice in itertools.product(*fixed)} if len(fixed) <= MOST_DIMS else {"dynamic"}
    return "|".join(sorted(found - {"static"}))


def _fixed_class(fixed: Sequence[bool]) -> str:
    rest = fixed[1:]
    if all(fixed):
        return "static"
    if not rest:
        return "dynamic"
    if all(rest):
        return "batch"
    return "spatial" if rest[0] else "sequence" if rest[-1] else "dynamic"


MOST_DIMS = 6
"""The number of dims up to which every combination of unknown dims being fixed or dynamic is considered."""


def _unclear(dim: object) -> bool:
    """Return whether a dim could not be inferred: it has no name, or one that onnx generated."""
    return dim is None or (isinstance(dim, str) and dim.startswith("unk__"))


def value_class(value: Array) -> str:
    """The class of a small operand's numbers: ones, zeros, positive, negative, mixed, none or other."""
    if value.size == 0:
        return "none"
    if value.dtype.kind not in "iufb":
        return "other"
    low, high = value.min(), value.max()
    if np.isnan(low):
        return "other"
    if low == high == 1:
        return "ones"
    if low == high == 0:
        return "zeros"
    return "positive" if low > 0 else "negative" if high < 0 else "with-zeros" if low == 0 else "mixed"


def _broadcast(inputs: Sequence[Value | None]) -> Facet:
    """How two or more operands are broadcast: none, scalar, one-sided, ranks or both; None for unknown shapes."""
    shapes = [v.shape for v in inputs if v is not None]
    if any(shape is None for shape in shapes):
        return None
    known = [shape for shape in shapes if shape is not None]
    if len(set(known)) == 1:
        return "none"
    if any(all(dim == 1 for dim in shape) for shape in known):
        return "scalar"
    ranks = {len(shape) for shape in known}
    width = max(ranks)
    padded = [(1,) * (width - len(shape)) + shape for shape in known]
    stretched = [any(a == 1 and b != 1 for other in padded for a, b in zip(mine, other, strict=True)) for mine in padded]
    return "both" if all(stretched) else "ranks" if len(ranks) > 1 else "one-sided"

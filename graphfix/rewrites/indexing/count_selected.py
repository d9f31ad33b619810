"""Shape(NonZero(m))[1] = ReduceSum(m) and Range(0, n, 1) = NonZero(places < n): the number of selected elements from its mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import ClassVar

import numpy as np
from onnx import ModelProto, NodeProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.facts import Facts
from graphfix.analysis.values import Value
from graphfix.ir.dtypes import CODES
from graphfix.ir.value_names import ValueNames
from graphfix.rewrites.indexing.mask_nonzero import masked
from graphfix.rewrites.indexing.selected_rows import COUNTS, Unfit, at_count, mask_dims
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.emission import Protos
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""
SIZES = (FixRule("Shape"), FixRule("Size"))


class CountSelected(Rewrite):
    """Count the elements that a NonZero selects in its mask, and number them by a NonZero of the places below the count.

    Why: a compiler that has NonZero may have no Shape of what is known at run time, and no Range up to it. Detectors number
    their boxes this way.
    """

    name = "count-selected"
    safety = Safety.EXACT
    needs_opset = 9
    everywhere = True
    fixes = (*SIZES, FixRule("Range"))
    before = """n = Shape(NonZero(m))[1]
                y = Range(0, n, 1)"""
    after = """n = ReduceSum(m)
               y = NonZero(Less(places, n))"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[2, 4] x) => (int64[K] y, int64[1] z)
               <float limit = {{0.2}}, int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] first = {{0}}, int64 start = {{0}},
                int64 delta = {{1}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 s = Shape(n)
                 z = Slice(s, one, two, first)
                 k = Squeeze(z, first)
                 y = Range(start, k, delta) }}""",
            ops=("Greater", "NonZero", "Shape", "Cast", "Cast", "Reshape", "ReduceSum", "Squeeze", "Less", "NonZero", "Reshape"),
        ),
        Case(
            f"""{HEAD} (int32[2, 3] m) => (int32[K] y) <int32 start = {{0}}, int32 delta = {{1}}, int64 first = {{0}}> {{
                 n = NonZero(m)
                 v = Gather(n, first)
                 s = Size(v)
                 k = Cast<to = 6>(s)
                 y = Range(start, k, delta) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N] x) => (int64 y) {{
                 n = NonZero(x)
                 y = Size(n) }}""",
            because="the dims of `x` are not fixed",
        ),
        Case(
            f"""{HEAD} (float[2, 3] x) => (int64 y) {{
                 n = NonZero(x)
                 y = Size(n) }}""",
            because="nothing is computed from the number of selected elements alone",
        ),
        Case(
            f"""{HEAD} (float[3, 4] x) => (float[3, 4] y) <float v = {{2}}, int64[1] one = {{1}}, int64[1] two = {{2}}> {{
                 n = NonZero(x)
                 s = Shape(n)
                 k = Slice(s, one, two)
                 u = Expand(v, k)
                 i = Transpose<perm = [1, 0]>(n)
                 y = ScatterND(x, i, u) }}""",
            because="its entries are combined inside, which mask-nonzero does without their number",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        made, changed, declined = ModelProto(), list[NodeProto](), list[Declined]()
        made.CopyFrom(model)
        for node in [each for each in model.graph.node if each.op_type == "NonZero" and not each.domain]:
            label = node.name or node.output[0]
            try:
                dims = mask_dims(model, node)
            except Unfit as unfit:
                declined.append(Declined(str(unfit), at=label))
                continue
            found = list(_counted(made, node, len(dims)))
            if not found:
                declined.append(Declined("nothing is computed from the number of selected elements alone", at=label))
            elif _combined(made, node):
                declined.append(
                    Declined("its entries are combined inside, which mask-nonzero does without their number", at=label)
                )
                continue
            _replace(made, node, found, prod(dims))
            changed += found
        keys = tuple(((), node.output[0]) for node in changed)
        labels = tuple(node.name or node.output[0] for node in changed)
        return Outcome(made if changed else None, labels, keys, tuple(declined))


def _counted(model: ModelProto, nonzero: NodeProto, rank: int) -> Iterator[NodeProto]:
    """Yield the nodes of the main graph that give the number of selected elements first, and the Ranges up to it."""
    both = [at_count(model, nonzero, rank, count) for count in COUNTS]
    counts = {
        name for name in both[0][1] if all(_is(values.get(name), count) for (_, values), count in zip(both, COUNTS, strict=True))
    }
    known = facts_of(model)
    for node in model.graph.node:
        numbers = node.op_type == "Range" and node.input[1] in counts and _starts(known, node)
        counts_first = bool(node.output) and node.output[0] in counts and not counts.intersection(node.input)
        if numbers or counts_first:
            yield node


def _combined(model: ModelProto, nonzero: NodeProto) -> bool:
    """Whether all places can be computed and masked instead."""
    trial = ModelProto()
    trial.CopyFrom(model)
    try:
        masked(trial, nonzero)
    except Unfit:
        return False
    return True


def _is(value: Value | None, count: int) -> bool:
    return (
        value is not None and value.constant is not None and value.constant.size == 1 and int(value.constant.reshape(())) == count
    )


def _starts(facts: Facts, node: NodeProto) -> bool:
    """Whether a Range counts from 0 in steps of 1."""
    return _is(facts.value(node.input[0], ()), 0) and _is(facts.value(node.input[2], ()), 1)


def _replace(model: ModelProto, nonzero: NodeProto, found: list[NodeProto], most: int) -> None:
    """Replace the nodes that were found by sums over the mask, and by NonZero of the places below it."""
    names, facts, made = ValueNames.of(model.graph), facts_of(model), list[NodeProto]()
    results = {node.output[0] for node in found}
    for node in model.graph.node:
        if not node.output or node.output[0] not in results:
            made.append(node)
            continue
        build = Builder(Protos(model.graph), names, CountSelected.name, node.name or node.output[0])
        value = facts.value(node.output[0], ())
        dtype = value.dtype if value is not None and value.dtype else "int64"
        if node.op_type == "Range":
            below = build.op("NonZero", build.op("Less", build.constant("places", np.arange(most, dtype=dtype)), node.input[1]))
            _row(build, below if dtype == "int64" else build.op("Cast", below, to=CODES[dtype]), node.output)
        else:
            ones = build.op("Cast", build.op("Cast", nonzero.input[0], to=CODES["bool"]), to=CODES[dtype])
            total = value is not None and value.shape == ()
            kept = ones if total else _row(build, ones, [build.fresh("row")])
            build.node("ReduceSum", [kept], node.output, {"keepdims": 0 if total else 1})
        made += build.nodes
    del model.graph.node[:]
    model.graph.node.extend(made)
    del model.graph.value_info[:]


def _row(build: Builder[str], name: str, outputs: Sequence[str]) -> str:
    """Add the elements of a value as a vector."""
    build.node("Reshape", [name, build.constant("flat", np.asarray([-1], np.int64))], outputs)
    return outputs[0]

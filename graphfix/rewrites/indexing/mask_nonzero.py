"""ScatterND(x, Transpose(NonZero(m)), u) = Where(m, u, x): all places are computed, and those not selected are masked."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from onnx import ModelProto, NodeProto, numpy_helper

from graphfix.analysis.cache import facts_of
from graphfix.analysis.facts import Facts
from graphfix.ir.dtypes import CODES
from graphfix.ir.value_names import ValueNames
from graphfix.rewrites.indexing.mask_counts import counts_by_shape
from graphfix.rewrites.indexing.masked_sinks import MaskedSink
from graphfix.rewrites.indexing.selected_rows import SelectedRows, Unfit, mask_dims
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.emission import Protos
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Outcome, Rewrite, Safety

HEAD = """<ir_version: 8, opset_import: ["" : 17]> g"""


class MaskNonzero(Rewrite):
    """Compute what follows a NonZero for every place, and mask the places that are not selected where they are combined.

    Why: the number of selected elements is known only at run time, and few compilers have such dims. Exporters write boolean
    indexing this way: an assignment ends in a ScatterND, a masked sum or maximum in a reduction, and both have fixed sizes.
    """

    name = "mask-nonzero"
    safety = Safety.EXACT
    needs_opset = 13
    ulps = 64
    everywhere = True
    fixes = (
        FixRule("NonZero"),
        *(FixRule(op, kinds=("operand",)) for op in ("Expand", "Reshape", "ConstantOfShape")),
        *(FixRule(op, kinds=("dynamic",)) for op in ("Shape", "Expand", "Reshape", "ConstantOfShape", "ScatterND", "GatherND",
                                                      "Gather")),
    )  # fmt: skip
    before = """n = NonZero(m)
                i = Transpose<perm = [1, 0]>(n)
                y = ScatterND(x, i, u)"""
    after = "y = Where(m, u, x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[3, 4] x, float v) => (float[3, 4] y) <float limit = {{0.2}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 s = Shape(i)
                 zero = Constant<value_ints = [0]>()
                 k = Gather<axis = 0>(s, zero)
                 u = Expand(v, k)
                 y = ScatterND(x, i, u) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[3, 4] x, float v) => (float[3, 4] y) <float limit = {{0.2}}, int64[1] flat = {{-1}}> {{
                 m = Greater(x, limit)
                 r = Reshape(m, flat)
                 c = Cast<to = 7>(r)
                 k = ReduceSum(c)
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 u = Expand(v, k)
                 y = ScatterND(x, i, u) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[2, 3, 2] x, int32[2, 3] m) => (float[2, 3, 2] y) {{
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 g = GatherND(x, i)
                 u = Exp(g)
                 y = ScatterND<reduction = "add">(x, i, u) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[3, 4] x) => (float[3, 4] y) <float limit = {{0.2}}, int64[1] zero = {{0}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 g = GatherND(x, i)
                 k = Shape<start = 0, end = 1>(i)
                 u = Slice(g, zero, k, zero)
                 h = Neg(u)
                 y = ScatterND(x, i, h) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[2, 3] x) => (float[3] y) <float limit = {{0.2}}, float[3] z = {{9, 9, 9}}, int64 one = {{1}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 u = GatherND(x, i)
                 c = Gather<axis = 1>(i, one)
                 axis = Constant<value_ints = [-1]>()
                 j = Unsqueeze(c, axis)
                 y = ScatterND(z, j, u) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[3, 5] x) => (float y, float z) <float limit = {{0.3}}, int64[1] zero = {{0}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 g = GatherND(x, i)
                 y = ReduceMean<keepdims = 0>(g)
                 h = Abs(g)
                 z = ReduceSum<keepdims = 0>(h, zero) }}""",
            ops=("*",),
        ),
        Case(
            f"""{HEAD} (float[2, 3] x, float[2, 3, 4] w) => (float[2, 3] y)
               <float limit = {{0.2}}, float low = {{-2}}, int64 far = {{100}}, int64 last = {{1}}, int64 none = {{0}},
                int64 one = {{1}}, int64[1] first = {{0}}, int64[1] second = {{1}}, int64[4] pads = {{0, 1, 0, 0}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 g = GatherND(x, i)
                 u = GatherND(w, i)
                 s = Softmax<axis = 1>(u)
                 c = CumSum(s, last)
                 p = Pad(c, pads)
                 k = Shape<start = 0, end = 1>(g)
                 count = Squeeze(k, first)
                 r = Range(none, count, one)
                 rows = Unsqueeze(r, second)
                 zeros = Mul(rows, none)
                 places = Concat<axis = 1>(rows, zeros)
                 left = Expand(low, k)
                 d = ScatterND(p, places, left)
                 e = Unsqueeze(g, second)
                 above = GreaterOrEqual(e, d)
                 ones = Cast<to = 7>(above)
                 sum = ReduceSum(ones, second)
                 at = Sub(sum, one)
                 outside = LessOrEqual(e, limit)
                 number = Cast<to = 7>(outside)
                 beyond = Mul(number, far)
                 index = Add(at, beyond)
                 t = GatherElements<axis = 1>(d, index)
                 v = Squeeze(t, second)
                 y = ScatterND(x, i, v) }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[4] x) => (float[4] y) <float limit = {{0}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 g = GatherND(x, i)
                 s = Softmax<axis = 0>(g)
                 y = ScatterND(x, i, s) }}""",
            because="`Softmax` does not treat the selected entries one by one",
        ),
        Case(
            f"""{HEAD} (float[4] x) => (float[4] y)
               <float limit = {{0}}, int64 none = {{0}}, int64 one = {{1}}, int64[1] first = {{0}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 g = GatherND(x, i)
                 k = Shape(g)
                 count = Squeeze(k, first)
                 r = Range(none, count, one)
                 f = Cast<to = 1>(r)
                 s = Add(g, f)
                 y = ScatterND(x, i, s) }}""",
            because="`Add` computes with the places among the selected entries",
        ),
        Case(
            f"""{HEAD} (float[4] x) => (float[K] y) <float limit = {{0}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 i = Transpose<perm = [1, 0]>(n)
                 y = GatherND(x, i) }}""",
            because="the output `y` has as many entries as there are selected elements",
        ),
        Case(
            f"""{HEAD} (float[4] x) => (float y) <float limit = {{0}}, int64[1] zero = {{0}}> {{
                 m = Greater(x, limit)
                 n = NonZero(m)
                 s = Shape(n)
                 c = Cast<to = 1>(s)
                 y = ReduceSum<keepdims = 0>(c, zero) }}""",
            because="the output `y` is computed from the number of selected elements",
        ),
        Case(
            f"""{HEAD} (float[4] x) => (float[1] y) <int64 most = {{2}}, int64[1] zero = {{0}}, int64[1] one = {{1}}> {{
                 n = NonZero(x)
                 i = Transpose<perm = [1, 0]>(n)
                 y = Slice(i, zero, one, zero)
                 z = GatherND(x, y) }}""".replace("float[1] y", "int64[1, 1] y"),
            because="`Slice` does not treat the selected entries one by one",
        ),
        Case(
            f"""{HEAD} (float[N] x, float[3] z) => (float[3] y) {{
                 n = NonZero(x)
                 i = Transpose<perm = [1, 0]>(n)
                 u = GatherND(x, i)
                 y = ScatterND(z, i, u) }}""",
            because="the dims of `x` are not fixed",
        ),
    )

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        made, changed, declined = ModelProto(), list[NodeProto](), list[Declined]()
        made.CopyFrom(model)
        for node in [each for each in model.graph.node if each.op_type == "NonZero" and not each.domain]:
            trial = ModelProto()
            trial.CopyFrom(made)
            counts_by_shape(trial, node, self.name)
            try:
                masked(trial, node)
            except Unfit as unfit:
                declined.append(Declined(str(unfit), at=unfit.label))
                continue
            made = trial
            changed.append(node)
        keys = tuple(((), node.output[0]) for node in changed)
        labels = tuple(node.name or node.output[0] for node in changed)
        return Outcome(made if changed else None, labels, keys, tuple(declined))


def masked(model: ModelProto, nonzero: NodeProto) -> None:
    """Replace a NonZero by all places, and mask what combines them; raises Unfit where that is not possible."""
    label, facts = nonzero.name or nonzero.output[0], facts_of(model)
    dims, mask = mask_dims(model, nonzero), facts.value(nonzero.input[0], ())
    rows = SelectedRows.of(model, nonzero, len(dims))
    for name in rows.results(model):
        raise Unfit(f"the output `{name}` has as many entries as there are selected elements", label)
    places = np.indices(dims, np.int64).reshape(len(dims), -1)
    index = {name: rows.computed(model, nonzero, places, name) for name in (*rows.indices, *(s.input[1] for s in rows.sinks
             if s.op_type == "ScatterND"))}  # fmt: skip
    build = Builder(Protos(model.graph), ValueNames.of(model.graph), MaskNonzero.name, label)
    made: list[NodeProto] = []
    for node in model.graph.node:
        if node.output == nonzero.output:
            chosen = (
                node.input[0] if mask is not None and mask.dtype == "bool" else build.op("Cast", node.input[0], to=CODES["bool"])
            )
            valid = build.op("Reshape", chosen, build.constant("flat", np.asarray([-1], np.int64)), word="selected")
            made += build.nodes
            model.graph.initializer.append(numpy_helper.from_array(places, node.output[0]))
        elif any(node.output == sink.output for sink in rows.sinks):
            mine = MaskedSink(build.at(node.name or node.output[0], build.pool), node, facts, valid, rows.axes)
            mine.scatter(index[node.input[1]]) if node.op_type == "ScatterND" else mine.reduction()
            made += mine.build.nodes
        else:
            if node.op_type == "GatherElements" and node.input[1] in rows.axes:
                made += _within(build.at(node.name or node.output[0], build.pool), node, facts, valid, rows.axes[node.input[1]])
            made.append(node)
    del model.graph.node[:]
    model.graph.node.extend(made)
    del model.graph.value_info[:]


def _within(build: Builder[str], node: NodeProto, facts: Facts, valid: str, axis: int) -> list[NodeProto]:
    """Let a GatherElements read the first element for places that are not selected, whose indices may be anything."""
    value = facts.value(node.input[1], ())
    rank = value.rank if value is not None and value.rank is not None else 0
    if value is None or not rank:
        raise Unfit(f"the rank of `{node.input[1]}` is not known", node.name or node.output[0])
    shape = np.asarray([-1 if each == axis else 1 for each in range(rank)], np.int64)
    chosen = valid if rank == 1 else build.op("Reshape", valid, build.constant("column", shape), word="selected")
    first = build.constant("first", np.asarray(0, np.dtype(value.dtype)))
    node.input[1] = build.op("Where", chosen, node.input[1], first, word="within")
    return build.nodes

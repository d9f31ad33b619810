"""f(x) = Cast<int64>(f(Cast<int32>(x))) where x and f(x) lie within int32, which follows from constants and dims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from graphfix.rewrites.dtype.recast import free_places, is_free, recast
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.integer_ranges import IntegerRanges
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

LIMIT = 2**31 - 1


class NarrowInt64(GraphRewrite):
    """Compute an int64 operator in int32 where no value can overflow, and cast its result back.

    Why: ONNX uses int64 for indices and sizes, devices use int32, and a compiler with symbolic sizes may take all int64 for
    them. These values are small; their ranges are derived
    from constants, fixed dims and the operators that return indices. An input's values may be anything, unless they are read as
    indices of a fixed axis, as tokens are, and a dynamic dim has no upper bound: fix it with `--shape` where it is small.
    """

    name = "narrow-int64"
    safety = Safety.EXACT
    needs_opset = 7
    fixes = (FixRule("*", kinds=("dtype",)), FixRule("*", codes=("GF301", "GF103", "GF108"), traits=("elements",)))
    before = "y = Abs(x)"
    after = """narrow = Cast<to = 6>(x)
               made = Abs(narrow)
               y = Cast<to = 7>(made)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 9] x) => (int64[2] y) <int64 two = {2}> {
                 i = ArgMax<axis = 1, keepdims = 0>(x)
                 y = Mul(i, two) }""",
            ops=("ArgMax", "Cast", "Mul", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int32[3] x, bool[3] p) => (int64[3] y) {
                 b = Cast<to = 7>(p)
                 n = Neg(b)
                 y = Sub(n, b) }""",
            ops=("Cast", "Cast", "Neg", "Sub", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9] x) => (int64[N] y) <int64 two = {2}> {
                 i = ArgMax<axis = 1, keepdims = 0>(x)
                 y = Mul(i, two) }""",
            ops=("ArgMax", "Cast", "Mul", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (uint8[2, 9] x) => (int64[2, 3] y, int64[2, 3] i) <int64[1] k = {3}> {
                 b = Cast<to = 7>(x)
                 y, i = TopK<largest = 0>(b, k) }""",
            ops=("Cast", "Cast", "TopK", "Cast"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int64[N, S] x, float[30, 2] e) => (float[M, 2] y, int64[N, 1] i)
               <int64[1] all = {-1}> {
                 flat = Reshape(x, all)
                 y = Gather(e, flat)
                 i = ArgMax<axis = 1>(x) }""",
            ops=("Cast", "Reshape", "ArgMax", "Gather"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (int64[3] x) => (int64[3] y) { y = Abs(x) }""",
            because="`x` may hold what int32 cannot",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 9] x) => (int64[2] y) <int64 most = {2147483647}> {
                 i = ArgMax<axis = 1, keepdims = 0>(x)
                 y = Add(i, most) }""",
            because="`y` may hold what int32 cannot",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9] x) => (int64[9] y) <int64 two = {2}> {
                 i = ArgMax<axis = 0, keepdims = 0>(x)
                 y = Mul(i, two) }""",
            because="`i` may hold what int32 cannot",
        ),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g (float[3] x) => (float[3] y) { y = Abs(x) }"""),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        done: dict[int, Any] = {}
        bounds = IntegerRanges(surgery)
        chosen = []
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                key = surgery.key(node)
                if (wanted is not None and key not in wanted) or not is_free(surgery, node, "int64", "int32"):
                    continue
                reads, makes = free_places(surgery, node, "int64", "int32")
                touched = [*(node.inputs[i] for i in reads), *(node.outputs[i] for i in makes)]
                wild = next((tensor for tensor in touched if not _fits(bounds, tensor)), None)
                if wild is None and node.op == "Mod" and _overflows(bounds, *node.inputs):
                    yield Declined(f"`{node.inputs[0].name}` may be the least of int32, which has no remainder by -1 there",
                                   at=surgery.label(key))  # fmt: skip
                elif wild is not None:
                    yield Declined(f"`{wild.name}` may hold what int32 cannot", at=surgery.label(key))
                elif makes or node.op not in ("Shape", "Size", "Constant"):
                    chosen.append((graph, node, key))
        for graph, node, key in chosen:
            recast(surgery, graph, node, "int64", "int32", done)
            yield key


def _fits(bounds: IntegerRanges, tensor: Any) -> bool:
    found = bounds.of(tensor)
    return found is not None and found[0] >= -LIMIT - 1 and found[1] <= LIMIT


def _overflows(bounds: IntegerRanges, dividend: Any, divisor: Any) -> bool:
    """Whether the division for a remainder may trap, because its quotient overflows int32."""
    one, other = bounds.of(dividend), bounds.of(divisor)
    return one is None or other is None or (one[0] < -LIMIT and other[0] <= -1 <= other[1])

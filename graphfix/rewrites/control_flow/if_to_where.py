"""If(p, A, B) = Where(p, A, B), where A and B can be computed unconditionally and have the same shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

MOST_NODES = 128
"""Maximum number of nodes of both branches together; afterwards both are always computed."""
MOST_HEAVY = 4

HEAVY = {"Conv", "ConvTranspose", "MatMul", "Gemm", "Einsum", "Attention"}
IMPURE = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}
CELLS = {"LSTM", "GRU", "RNN"}
GUARDED = {"Gather": 1, "GatherND": 1, "GatherElements": 1, "ScatterND": 1, "ScatterElements": 1, "Reshape": 1, "Expand": 1,
           "Squeeze": 1, "Range": 0, "Tile": 1, "OneHot": 0, "TopK": 1, "Split": 1}  # fmt: skip
"""Operators that may fail for some values of an operand, by its index; the condition may guard against these values."""


class IfToWhere(GraphRewrite):
    """Compute both branches of an If whose condition is not known, and select between their results by Where.

    Why: few compilers support If, all support Where. The branch that is not selected is computed too, so both must be small,
    and neither may fail or draw random numbers.
    """

    name = "if-to-where"
    safety = Safety.EXACT
    needs_opset = 9
    fixes = (FixRule("If"), FixRule("*", traits=("inside",)))
    before = """y = If (p) <then_branch = t () => (a) { a = Relu(x) }, else_branch = e () => (b) { b = Neg(x) }>"""
    after = """a = Relu(x)
               b = Neg(x)
               y = Where(p, a, b)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool p, float[N] x) => (float[N] y) {
                 y = If (p) <
                   then_branch = t () => (float[N] a) { h = Neg(x)  a = Relu(h) },
                   else_branch = e () => (float[N] b) { h = Abs(x)  b = Exp(h) }> }""",
            ops=("Neg", "Abs", "Relu", "Exp", "Where"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] x, float s) => (float[2] y, float[2] z) <float zero = {0}> {
                 p = Greater(s, zero)
                 y, z = If (p) <
                   then_branch = t () => (float[2] a, float[2] c) { a = Neg(x)  c = Constant<value = float[2] {1, 2}>() },
                   else_branch = e () => (float[2] b, float[2] d) { b = Identity(x)  d = Abs(x) }> }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool[1] p, bool q, float[3] x) => (float[3] y) {
                 y = If (p) <
                   then_branch = t () => (float[3] a) { a = Ceil(x) },
                   else_branch = e () => (float[3] b) {
                     b = If (q) <
                       then_branch = tt () => (float[3] c) { c = Floor(x) },
                       else_branch = ee () => (float[3] d) { d = Sign(x) }> }> }""",
            ops=("Ceil", "Floor", "Sign", "Where", "Where"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool p, float[1, 3] x) => (float[M] y) <int64[1] zero = {0}> {
                 y = If (p) <
                   then_branch = t () => (float[3] a) { a = Squeeze(x, zero) },
                   else_branch = e () => (float[1, 3] b) { b = Identity(x) }> }""",
            because="its branches give [3] and [1, 3]",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool p, float[3] x, int64[2] i) => (float[2] y) {
                 y = If (p) <
                   then_branch = t () => (float[2] a) { a = Gather(x, i) },
                   else_branch = e () => (float[2] b) { b = Constant<value = float[2] {0, 0}>() }> }""",
            because="`Gather` in a branch may fail on values that the condition keeps from it",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (bool p) => (float[2] y) {
                 y = If (p) <
                   then_branch = t () => (float[2] a) { a = RandomNormal<shape = [2]>() },
                   else_branch = e () => (float[2] b) { b = Constant<value = float[2] {0, 0}>() }> }""",
            because="`RandomNormal` in a branch draws random numbers",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in reversed(surgery.graphs()):  # inner before outer: a rewritten If leaves plain nodes
            for node in [n for n in graph.nodes if n.op == "If" and is_standard(n)]:
                key = surgery.key(node)
                if (wanted is not None and not _is_wanted(surgery, node, key, wanted)) or surgery.known(
                    node.inputs[0]
                ) is not None:
                    continue
                reason = _refusal(surgery, node)
                if reason is not None:
                    yield Declined(reason, at=surgery.label(key))
                    continue
                _choose(surgery, graph, node)
                yield key


def _is_wanted(surgery: GraphEditor, node: Any, key: Key, wanted: frozenset[Key]) -> bool:
    """Whether the node is wanted, or a node inside one of its branches."""
    scopes = [surgery.scope(node.attrs[name]) for name in ("then_branch", "else_branch")]
    return key in wanted or any(scope[: len(own)] == own for scope, _ in wanted for own in scopes)


def _refusal(surgery: GraphEditor, node: Any) -> str | None:
    branches = [node.attrs["then_branch"], node.attrs["else_branch"]]
    inner = [n for branch in branches for n in branch.nodes]
    for each in inner:
        if any(isinstance(value, surgery.gs.Graph) for value in each.attrs.values()):
            return f"a branch holds `{each.op}`"
        if each.op in IMPURE:
            return f"`{each.op}` in a branch draws random numbers"
        if _may_fail(surgery, each):
            return f"`{each.op}` in a branch may fail on values that the condition keeps from it"
    heavy = sum(n.op in HEAVY for n in inner) + MOST_HEAVY * sum(n.op in CELLS for n in inner)
    if len(inner) > MOST_NODES or heavy > MOST_HEAVY:
        return f"both branches would always run: {len(inner)} nodes, {heavy} of them heavy"
    condition = surgery.value(node.inputs[0])
    if condition is None or condition.shape not in ((), (1,)):
        return f"the condition `{node.inputs[0].name}` is not known to be one value"
    for one, other in zip(*(branch.outputs for branch in branches), strict=True):
        shapes = [value.shape if (value := surgery.value(t)) is not None else None for t in (one, other)]
        if None in shapes or None in (*(shapes[0] or ()), *(shapes[1] or ())):
            return f"the shape of `{(one if shapes[0] is None or None in shapes[0] else other).name}` is not known"
        if shapes[0] != shapes[1] or (condition.shape == (1,) and shapes[0] == ()):
            return f"its branches give {_shown(shapes[0])} and {_shown(shapes[1])}"
    return None


def _shown(shape: Any) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _may_fail(surgery: GraphEditor, node: Any) -> bool:
    if node.op in ("Div", "Mod"):
        value = surgery.value(node.inputs[0])
        return (value is None or not value.dtype.startswith("float")) and surgery.known(node.inputs[1]) is None
    place = GUARDED.get(node.op)
    if place is None or len(node.inputs) <= place or not node.inputs[place].name:
        return node.op == "Squeeze" and "axes" not in node.attrs
    return surgery.known(node.inputs[place]) is None


def _choose(surgery: GraphEditor, graph: Any, node: Any) -> None:
    """Replace the If by both branches, followed by a Where for each output."""
    origin = surgery.label(surgery.key(node))
    branches = [node.attrs["then_branch"], node.attrs["else_branch"]]
    condition, outputs = node.inputs[0], list(node.outputs)
    at = next(i for i, other in enumerate(graph.nodes) if other is node)
    results, inlined = [], []
    for branch in branches:
        local = {id(tensor) for inner in branch.nodes for tensor in inner.outputs}
        surgery.rename(branch)
        ends = [
            t if id(t) in local or isinstance(t, surgery.gs.Constant) or t.inputs else surgery.find(t) for t in branch.outputs
        ]
        results.append(ends)
        inlined.append(list(branch.nodes))
    node.inputs.clear()
    node.outputs.clear()
    node.attrs.clear()
    graph.nodes[at : at + 1] = [inner for nodes in inlined for inner in nodes]
    place = at + sum(map(len, inlined))
    for output, one, other in zip(outputs, *results, strict=True):
        if output.name:
            graph.nodes.insert(place, surgery.at(origin).node("Where", [condition, one, other], [output]))
            place += 1
    for branch in branches:
        surgery.merge(branch, graph)

"""RandomNormalLike named `noise` = RandomNormalLike named `noise/Like`: a name says nothing about what a node computes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from onnx import ModelProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.facets.signals import LIKE
from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

OPS = ("RandomNormalLike", "RandomUniformLike")


class NameRandomNodes(GraphRewrite):
    """Let the name of a node that draws numbers in the shape of a tensor end in `Like`.

    Why: tract decides by the end of the name whether the shape is an attribute or that of an operand. TorchScript's exporter
    names such nodes after the operator, newer ones after the function in PyTorch.
    """

    name = "name-random-nodes"
    safety = Safety.EXACT
    fixes = tuple(FixRule(op, traits=("called",)) for op in OPS)
    before = "noise = RandomNormalLike(x)"
    after = "noise = RandomNormalLike(x), in a node whose name ends in Like"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] y) <float zero = {0}> {
                 [draw] r = RandomNormalLike(x)
                 m = Mul(r, zero)
                 y = Add(x, m) }""",
            ops=("RandomNormalLike", "Mul", "Add"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[2, 3] y) {
                 r = RandomUniformLike<low = 1.0, high = 2.0>(x)
                 f = Floor(r)
                 y = Mul(x, f) }""",
            ops=("RandomUniformLike", "Floor", "Mul"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3] x) => (float[2, 3] y) {
                 [drawLike] r = RandomUniformLike<low = 1.0, high = 2.0>(x)
                 f = Floor(r)
                 y = Mul(x, f) }""",
            because="",
        ),
        Case("""<ir_version: 8, opset_import: ["" : 17]> g () => (float[2] y) { y = RandomNormal<shape = [2]>() }""", because=""),
    )

    def idle(self, model: ModelProto) -> bool:
        return not facts_of(model).of_operator(*OPS)

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op in OPS and is_standard(n)]:
                key = surgery.key(node)
                if (wanted is not None and key not in wanted) or node.name.endswith(LIKE):
                    continue
                node.name = surgery.at(surgery.label(key)).fresh(LIKE)
                yield key

"""IsInf(Cast<to = double>(x)) = IsInf(x), for an x in narrower floats: a wider dtype holds what it holds, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

WIDER = {"float16": ("float32", "float64"), "bfloat16": ("float32", "float64"), "float32": ("float64",)}
"""For each dtype of floats, those that hold all its values."""
SINCE = {"IsInf": {"float32": 10, "float16": 20, "bfloat16": 20}, "IsNaN": {"float32": 9, "float16": 9, "bfloat16": 13}}
"""The operators, and the opset from which they take a dtype."""


class AskBeforeWidening(GraphRewrite):
    """Ask IsInf and IsNaN of floats before they are cast to wider ones.

    Why: PyTorch's older exporter casts to float64 for `isinf`, and compilers for phones have no float64.
    """

    name = "ask-before-widening"
    safety = Safety.EXACT
    needs_opset = 9
    fixes = (FixRule("IsInf"), FixRule("IsNaN"))
    before = """wide = Cast<to = 11>(x)
                y = IsInf(wide)"""
    after = "y = IsInf(x)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 9] x) => (bool[N, 9] y) <float big = {1e38}> {
                 wide = Mul(x, big)
                 double = Cast<to = 11>(wide)
                 y = IsInf<detect_negative = 0>(double) }""",
            ops=("Mul", "IsInf"),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (float16[9] x) => (bool[9] y) {
                 root = Sqrt(x)
                 wide = Cast<to = 1>(root)
                 y = IsNaN(wide) }""",
            ops=("Sqrt", "IsNaN"),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 20]> g (double[9] x) => (bool[9] y) {
                 narrow = Cast<to = 1>(x)
                 y = IsInf(narrow) }""",
            because="`narrow` is not cast from narrower floats",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float16[9] x) => (bool[9] y) {
                 wide = Cast<to = 1>(x)
                 y = IsInf(wide) }""",
            because="`IsInf` of this opset takes no float16",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op in SINCE and is_standard(n)]:
                key, asked = surgery.key(node), node.inputs[0]
                if wanted is not None and key not in wanted:
                    continue
                before = next((maker.inputs[0] for maker in asked.inputs if maker.op == "Cast"), asked)
                source, wide = surgery.value(before), surgery.value(asked)
                narrow = source.dtype if source is not None else ""
                if wide is None or wide.dtype not in WIDER.get(narrow, ()):
                    yield Declined(f"`{asked.name}` is not cast from narrower floats", at=surgery.label(key))
                elif surgery.opset < SINCE[node.op][narrow]:
                    yield Declined(f"`{node.op}` of this opset takes no {narrow}", at=surgery.label(key))
                else:
                    node.inputs[0] = before
                    yield key

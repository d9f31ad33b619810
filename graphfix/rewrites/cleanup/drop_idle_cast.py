"""Cast<to = the dtype of x>(x) = x."""

from __future__ import annotations

from typing import Any, ClassVar

from graphfix.ir.dtypes import CODES
from graphfix.rewrites.cleanup.drop_identity import DropIdentity
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.rewrite import Case, FixRule

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g'


class DropIdleCast(DropIdentity):
    """Remove a Cast to the dtype that its input has; its consumers read its input instead.

    Why: it computes nothing, and a compiler with symbolic sizes may take what is cast to int64 for one, and not give it out.
    """

    name = "drop-idle-cast"
    everywhere = True
    fixes = (FixRule("", traits=("outputs.sizes",)),)
    before = """i = Cast<to = 7>(n)
                y = Neg(i)"""
    after = "y = Neg(n)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""{HEAD} (float[N, 4] x) => (int64[N] y) {{
                 n = ArgMax<axis = 1, keepdims = 0>(x)
                 i = Cast<to = 7>(n)
                 y = Neg(i) }}""",
            ops=("ArgMax", "Neg"),
        ),
        Case(
            f"""{HEAD} (float[N, 4] x) => (int64[N] y) {{
                 n = ArgMax<axis = 1, keepdims = 0>(x)
                 y = Cast<to = 7>(n) }}""",
            ops=("ArgMax",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(f"{HEAD} (float[N, 4] x) => (int64[N, 4] y) {{ i = Cast<to = 7>(x)  y = Neg(i) }}", because=""),
        Case(
            f"{HEAD} (int64[N] x) => (int64[N] y) {{ y = Cast<to = 7>(x) }}",
            because="it stands between an input and an output of the graph",
        ),
    )

    def concerns(self, node: Any, surgery: GraphEditor) -> bool:
        """Whether a node is a Cast to the dtype that its input is known to have."""
        value = surgery.value(node.inputs[0]) if node.op == "Cast" else None
        return value is not None and CODES.get(value.dtype) == node.attrs.get("to")

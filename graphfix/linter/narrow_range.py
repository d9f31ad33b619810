"""Whether a node is computed in float16: its values are float16, or the target computes float32 models in it by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphfix.tables.default_precision import default_precision

if TYPE_CHECKING:
    from graphfix.analysis.values import NodeFacts
    from graphfix.linter.check import LintContext

LARGEST = 65504.0
"""The largest number of float16."""
VANISHES = 2.0**-25
"""The largest number that float16 rounds to 0."""


def narrows(look: LintContext) -> bool:
    """Whether the target was measured to compute float32 models in float16 by default."""
    return default_precision(look.table) == "float16"


def in_float16(node: NodeFacts, narrowed: bool) -> bool:
    """Whether a node's float values are float16 when it runs; `narrowed` is what `narrows` says of the target."""
    dtypes = {value.dtype for value in node.inputs if value is not None}
    return "float16" in dtypes or (narrowed and "float32" in dtypes)

"""A uint8 value between two nodes, where a compiler has bytes only for what comes in and goes out."""

from __future__ import annotations

from collections.abc import Mapping

from graphfix.analysis.patterns.structural_pattern import Context, StructuralPattern, Told

OPS = frozenset({"Cast", "Identity"})
"""The operators that take what comes in and make what goes out; compilers that reject inner bytes reject all others for them."""


def inner_bytes(context: Context) -> Mapping[int, Told]:
    """Return the facets of nodes whose uint8 result is no output of the model."""
    places = [at for at in context.at(OPS) if _makes_bytes(context, at)]
    if not places:
        return {}
    leaving = {output.name for output in context.graph.output}
    inner = [at for at in places if context.nodes[at].scope or context.nodes[at].proto.output[0] not in leaving]
    return {at: {"bytes.inner": True} for at in inner}


def _makes_bytes(context: Context, at: int) -> bool:
    result = context.nodes[at].outputs[0]
    return result is not None and result.dtype == "uint8"


PATTERN = StructuralPattern(
    OPS,
    {"bytes.inner": False},
    inner_bytes,
    kind="dtype",
    own=True,
)

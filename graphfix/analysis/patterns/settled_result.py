"""A result whose inputs do not tell its shape, and for which the model states one: some compilers read what is stated.

Stated shapes may be stale, so that nothing else is inferred from them.
"""

from __future__ import annotations

from collections.abc import Sequence

from onnx import GraphProto, ValueInfoProto

from graphfix.analysis.patterns.structural_pattern import StructuralPattern
from graphfix.analysis.values import Facet, NodeFacts

REDUCTIONS = ("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
              "ReduceSum", "ReduceSumSquare")  # fmt: skip
OPS = frozenset((*REDUCTIONS, "Attention", "Expand", "Pad", "Range", "Reshape", "Resize", "Slice", "Split", "Squeeze", "Tile",
                 "TopK", "Unsqueeze", "Upsample"))  # fmt: skip
"""Operators with an operand whose numbers decide the shape of a result, or whose results' shapes onnx does not infer."""


def settled_results(nodes: Sequence[NodeFacts], graph: GraphProto) -> dict[int, list[tuple[str, Facet]]]:
    """Return the facets of nodes of the main graph, as the model has it, whose results are fixed by what is stated alone."""
    plain = ((at, node) for at, node in enumerate(nodes) if node.op in OPS and not node.scope and not node.domain)
    open_ended = {at: names for at, node in plain if (names := _open_results(node))}
    if not open_ended:
        return {}
    stated = {info.name for infos in (graph.output, graph.value_info) for info in infos if _is_fixed(info)}
    return {at: [("settled", True)] for at, names in open_ended.items() if stated.issuperset(names)}


def _open_results(node: NodeFacts) -> list[str]:
    """Return the results of a node whose shapes are not fixed."""
    return [value.name for value in node.outputs if value is not None and not value.fixed]


def _is_fixed(info: ValueInfoProto) -> bool:
    kind = info.type.tensor_type
    return kind.HasField("shape") and all(dim.HasField("dim_value") and dim.dim_value >= 0 for dim in kind.shape.dim)


PATTERN = StructuralPattern(
    OPS,
    {"settled": False},
    kind="dynamic",
    own=True,
)

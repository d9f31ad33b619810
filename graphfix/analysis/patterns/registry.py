"""The registry of structural patterns, and their recognition in a model.

A pattern is one file with a PATTERN in it, and one entry in PATTERNS here; their order is that of the facets.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from onnx import AttributeProto, GraphProto, NodeProto

from graphfix.analysis import unfolded_inference as plain
from graphfix.analysis import unit_dim_conflicts as at_one
from graphfix.analysis.dims import DimExpr
from graphfix.analysis.known_facts import Known
from graphfix.analysis.patterns import borrowed_constants as borrowing
from graphfix.analysis.patterns import broadcast_into_matmul as stretching
from graphfix.analysis.patterns import chosen_shapes as choosing
from graphfix.analysis.patterns import contradicting_operands as contradicting
from graphfix.analysis.patterns import converted_constant as casting
from graphfix.analysis.patterns import default_fill as company
from graphfix.analysis.patterns import dequantised_product as scaling
from graphfix.analysis.patterns import einsum_labels as lettering
from graphfix.analysis.patterns import fifth_dim as inserting
from graphfix.analysis.patterns import filled_operands as filled
from graphfix.analysis.patterns import float_trip_counts as counting
from graphfix.analysis.patterns import folded_parameters as folding
from graphfix.analysis.patterns import fractional_scales as scaled
from graphfix.analysis.patterns import gated_erf as gating
from graphfix.analysis.patterns import gelu_factors as activating
from graphfix.analysis.patterns import hard_gates as fusing
from graphfix.analysis.patterns import inner_bytes
from graphfix.analysis.patterns import lost_rank as ranking
from graphfix.analysis.patterns import moved_batch as rebatching
from graphfix.analysis.patterns import multiplied_dims as extending
from graphfix.analysis.patterns import normalized_sizes as normalizing
from graphfix.analysis.patterns import plain_sizes as sizing
from graphfix.analysis.patterns import postponed_check as postponing
from graphfix.analysis.patterns import quantized_input as entering
from graphfix.analysis.patterns import quantizing_constant as fixing
from graphfix.analysis.patterns import removed_nodes as removing
from graphfix.analysis.patterns import requantized_softmax as requantising
from graphfix.analysis.patterns import reshape_transpose_chain as regrouping
from graphfix.analysis.patterns import reshaped_again as overwriting
from graphfix.analysis.patterns import reshaped_window as reshaping
from graphfix.analysis.patterns import reversed_slice as reversing
from graphfix.analysis.patterns import runtime_sized_loss as resized
from graphfix.analysis.patterns import settled_result as settling
from graphfix.analysis.patterns import several_images as counted_images
from graphfix.analysis.patterns import shifted_convolution as shifting
from graphfix.analysis.patterns import sized_factor as multiplying
from graphfix.analysis.patterns import stated_attributes as stating
from graphfix.analysis.patterns import stated_end as ending
from graphfix.analysis.patterns import stepwise_sizes as stepping
from graphfix.analysis.patterns import strided_matmul as thinning
from graphfix.analysis.patterns import strided_reshape as skipping
from graphfix.analysis.patterns import summed_dims as summing
from graphfix.analysis.patterns import uneven_branches as branching
from graphfix.analysis.patterns import unplanned_data as planning
from graphfix.analysis.patterns import widened_spectrum as widening
from graphfix.analysis.patterns.structural_pattern import Context, Judge, StructuralPattern, Told
from graphfix.analysis.values import Facet, NodeFacts, Structure, Value

PATTERNS: tuple[StructuralPattern, ...] = (
    regrouping.PATTERN,
    company.PATTERN,
    thinning.PATTERN,
    at_one.PATTERN,
    plain.PATTERN,
    resized.PATTERN,
    stretching.PATTERN,
    reshaping.PATTERN,
    requantising.PATTERN,
    branching.PATTERN,
    entering.PATTERN,
    inner_bytes.PATTERN,
    skipping.PATTERN,
    borrowing.PATTERN,
    scaling.PATTERN,
    filled.PATTERN,
    folding.PATTERN,
    shifting.PATTERN,
    counting.PATTERN,
    ranking.PATTERN,
    sizing.PICKED,
    sizing.MEASURED,
    widening.PATTERN,
    reversing.PATTERN,
    rebatching.PATTERN,
    postponing.PATTERN,
    counted_images.PATTERN,
    multiplying.PATTERN,
    stepping.PATTERN,
    settling.PATTERN,
    ending.PATTERN,
    gating.PATTERN,
    activating.PATTERN,
    fusing.PATTERN,
    normalizing.PATTERN,
    extending.PATTERN,
    fixing.CONSTANT,
    fixing.PASSED,
    choosing.PATTERN,
    planning.PATTERN,
    lettering.PATTERN,
    removing.PATTERN,
    casting.PATTERN,
    inserting.PATTERN,
    stating.CAST,
    stating.PAD,
    overwriting.PATTERN,
    scaled.PATTERN,
    summing.PATTERN,
    contradicting.PATTERN,
)


def structural_facets(node: NodeFacts) -> dict[str, Facet]:
    """Return the structural facets of a node of ONNX's own domain; none for most operators."""
    names = usual(node.op)
    if not node.structure:
        return dict(names)
    found = dict(node.structure)
    return {name: found.get(name, value) for name, value in names.items()}


@functools.cache
def usual(op: str) -> Told:
    """The facets of an operator of ONNX's own domain where none of its patterns is found."""
    return {name: value for pattern in PATTERNS if op in pattern.ops for name, value in pattern.usual.items()}


def judged(op: str, node: NodeProto, inputs: Sequence[Value | None], extents: Mapping[str, DimExpr]) -> Structure:
    """Return the facets of unusual value that the single-node patterns give a node of ONNX's own domain."""
    return tuple([told for pattern, judge in _judges(op) for told in _unusual(pattern, judge(node, inputs, extents))])


@functools.cache
def _judges(op: str) -> Sequence[tuple[StructuralPattern, Judge]]:
    return [(pattern, pattern.judge) for pattern in PATTERNS if pattern.judge is not None and op in pattern.ops]


def recognise(known: Known) -> None:
    """Find the patterns of several nodes in every graph of a model, and add their facets to the known facts."""
    opsets = known.opsets
    for graph, places in _graphs(known):
        nodes = [known.nodes[place] for place in places]
        scope = nodes[0].scope if nodes else ()
        context = Context(graph, dict(enumerate(nodes)), opsets, functools.partial(known.producer, scope=scope))
        found: dict[int, list[tuple[str, Facet]]] = defaultdict(list)
        for pattern in PATTERNS:
            if pattern.find is not None and not pattern.ops.isdisjoint(context.by_op):
                for at, told in pattern.find(context).items():
                    found[places[at]] += _unusual(pattern, told)
        noted(known, found)


def noted(known: Known, found: Mapping[int, Sequence[tuple[str, Facet]]]) -> None:
    """Add the facets found, by position among all nodes, to the facts of the nodes."""
    for place, told in found.items():
        if told:
            node = known.nodes[place]
            node = known.nodes[place] = dataclasses.replace(node, structure=(*node.structure, *told))
            made = known.producers.setdefault(node.scope, {})
            made.update({name: node for name in node.proto.output[:] if name})


def _unusual(pattern: StructuralPattern, told: Told) -> list[tuple[str, Facet]]:
    return [(name, value) for name, value in told.items() if value != pattern.usual[name]]


def _graphs(known: Known) -> Iterator[tuple[GraphProto, list[int]]]:
    """Every graph of a model, and the places of its nodes among all nodes, where those of subgraphs come before their node."""
    waiting: dict[int, list[int]] = defaultdict(list)  # places by depth, of graphs whose own node is still to come
    for place, node in enumerate(known.nodes):
        depth = len(node.scope)
        waiting[depth].append(place)
        if node.branches:
            inner = waiting.pop(depth + 1, [])
            for item in node.proto.attribute:
                if item.type == AttributeProto.GRAPH:
                    count = len(item.g.node)
                    yield item.g, inner[:count]
                    inner = inner[count:]
    yield known.model.graph, waiting[0]

"""Outputs that alone need what a target rejects: without them, or in another form, no error without a fix is left."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence, Set
from typing import TYPE_CHECKING

from graphfix.analysis.dim_names import WORD
from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import Finding, Fix, Severity

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts, Value

STRING = 8
"""ONNX's code of the dtype of strings."""

MAPS = frozenset({"ZipMap"})
"""The operators that make an output of scores a map by class."""
TENSORS = "tensor-outputs"
"""The rewrite that gives maps as tensors, and its option."""
KINDS_OF_OUTPUTS = "outputs.kinds"
"""The facet of a model by which a target rejects outputs that are no tensors."""
PADDED = "padded-outputs"
"""The rewrite that gives outputs of a size known at run time at their largest, and its option."""
SELECTING = frozenset({"NonZero", "NonMaxSuppression", "Compress"})
"""The operators whose results have as many entries as they select."""


@dataclass(slots=True)
class OutputOptions:
    """The outputs to drop, whether to give maps as tensors, and whether to give outputs at their largest size."""

    drop: tuple[str, ...]
    tensors: bool
    padded: bool

    def told(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings, those that one of the options removes with it as their fix."""
        asked = [(TENSORS, _is_about_maps)] * self.tensors + [(PADDED, _is_about_selection)] * self.padded
        return [_told(finding, asked) for finding in findings]


def helpful_outputs(facts: Facts, left: Sequence[Sequence[Finding]]) -> OutputOptions:
    """Return the options for outputs with which no error without a fix remains.

    `left` are the findings of each target. The first output that holds no strings is by custom what a model is for, and is
    never dropped; class names are a table that the application can hold as well.
    """
    stuck = [f for found in left for f in found if f.severity is Severity.ERROR and f.rewrite is None]
    others = [finding for finding in stuck if not _is_about_maps(finding)]
    tensors = len(others) < len(stuck) and _only_maps(facts)
    stuck = others if tensors else stuck
    dropped = _droppable(facts, stuck)
    others = [finding for finding in stuck if not _is_about_selection(finding)]
    padded = not dropped and len(others) < len(stuck) and _selected(facts)
    return OutputOptions(_droppable(facts, others) if padded else dropped, tensors, padded)


def _told(finding: Finding, asked: Sequence[tuple[str, Callable[[Finding], bool]]]) -> Finding:
    if finding.severity is Severity.ERROR and finding.rewrite is None:
        for option, about in asked:
            if about(finding):
                return dataclasses.replace(finding, cure=f"--{option}", rewrite=Fix(option, "interface"))
    return finding


def _is_about_maps(finding: Finding) -> bool:
    return finding.op in MAPS or (not finding.op and KINDS_OF_OUTPUTS in (finding.traits or ()))


def _is_about_selection(finding: Finding) -> bool:
    return finding.op in SELECTING


def _selected(facts: Facts) -> bool:
    """Whether an output with a size that follows from no input's depends on a node that selects entries."""
    names = [output.name for output in facts.model.graph.output]
    needed = _needed_by(facts, names)
    given = {word for value in facts.inputs for dim in value.shape or () if isinstance(dim, str) for word in WORD.findall(dim)}
    bits = sum(1 << at for at, name in enumerate(names) if not _follows(facts.value(name, ()), given))
    return any(node.op in SELECTING and needed[at] & bits for at, node in enumerate(facts.nodes))


def _follows(value: Value | None, given: Set[str]) -> bool:
    """Whether every dim of a value is fixed, or made of the inputs' symbols."""
    if value is None or value.shape is None:
        return False
    words = [word for dim in value.shape if isinstance(dim, str) for word in WORD.findall(dim)]
    return None not in value.shape and all(word in given or word.isdigit() for word in words)


def _only_maps(facts: Facts) -> bool:
    """Whether every output that is no tensor comes out of a ZipMap."""
    made = {name: node.op_type for node in facts.model.graph.node for name in node.output}
    kinds = {output.name: output.type.WhichOneof("value") for output in facts.model.graph.output}
    others = [name for name, kind in kinds.items() if kind in ("sequence_type", "map_type")]
    return bool(others) and all(made.get(name) in MAPS for name in others)


def _droppable(facts: Facts, stuck: Sequence[Finding]) -> tuple[str, ...]:
    """Return the outputs without which none of these errors is left; empty where that cannot be had."""
    outputs = facts.model.graph.output
    names = [output.name for output in outputs]
    if len(names) < 2 or not stuck or any(not finding.op for finding in stuck):
        return ()
    needed = _needed_by(facts, names)
    positions = {(node.scope, name): at for at, node in enumerate(facts.nodes) for name in node.proto.output if name}
    bits = 0
    for finding in stuck:
        at = positions.get((finding.scope, finding.output))
        if at is None:
            return ()
        bits |= needed[at]
    kept = next((at for at, output in enumerate(outputs) if output.type.tensor_type.elem_type != STRING), 0)
    dropped = tuple(name for position, name in enumerate(names) if bits >> position & 1)
    return () if bits >> kept & 1 else dropped


def _needed_by(facts: Facts, names: Sequence[str]) -> list[int]:
    """Return for each node the outputs that depend on it, as bits; a node of a subgraph has those of the node around it."""
    wanted: dict[str, int] = {}
    for position, name in enumerate(names):
        wanted[name] = wanted.get(name, 0) | 1 << position
    needed = [0] * len(facts.nodes)
    bits = 0
    for at in range(len(facts.nodes) - 1, -1, -1):  # a node comes after the nodes of its subgraphs
        node = facts.nodes[at]
        if not node.scope:
            bits = 0
            for name in node.proto.output:
                bits |= wanted.get(name, 0)
            for name in (*node.proto.input, *node.captured):
                wanted[name] = wanted.get(name, 0) | bits
        needed[at] = bits
    return needed

"""Findings reported by compilers on single nodes, kept for later versions of the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from onnx import ModelProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.facts import NodeFacts
from graphfix.linter.diagnostics import Finding, Result, Severity

Ask = Callable[[ModelProto], list[Finding]]
NodeKey = tuple[object, ...]
"""A node's scope, its serialized NodeProto, and the dtypes, shapes and sources of its operands."""


@dataclass(slots=True)
class CompilerFindings:
    """Findings from compilers on nodes; they apply to a later model as long as it contains the node unchanged."""

    entries: list[tuple[Finding, NodeKey | None]] = field(default_factory=list)

    def add(self, findings: Sequence[Finding], model: ModelProto) -> bool:
        """Add findings on a model; returns False when all of them were known."""
        nodes = {(node.scope, _first_output(node)): node for node in facts_of(model).nodes}
        added = False
        for finding in findings:
            node = nodes.get((tuple(finding.scope), finding.output))
            entry = finding, None if node is None else _node_key(node)
            if all((f.target, key, f.message) != (finding.target, entry[1], finding.message) for f, key in self.entries):
                self.entries.append(entry)
                added = True
        return added

    def merged(self, results: Sequence[Result], model: ModelProto) -> list[Result]:
        """Return the Results with the findings that still apply to the model added."""
        if not self.entries:
            return list(results)
        keys = {_node_key(node) for node in facts_of(model).nodes}
        for result in results:
            applicable = [f for f, key in self.entries if f.target == result.target and key in keys]
            known = {(f.scope, f.output) for f in result.findings if f.severity is Severity.ERROR}
            result.findings[:0] = [f for f in applicable if (f.scope, f.output) not in known]
        return list(results)


def _first_output(node: NodeFacts) -> str:
    return next((name for name in node.proto.output if name), "")


def _node_key(node: NodeFacts) -> NodeKey:
    operands = tuple(None if v is None else (v.dtype, v.shape, v.source) for v in node.inputs)
    return node.scope, node.proto.SerializeToString(deterministic=True), operands

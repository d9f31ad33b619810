"""What compilers said of single nodes, remembered for later versions of the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from onnx import ModelProto

from graphfix.diagnostic import Finding, Result, Severity
from graphfix.facts import NodeFacts
from graphfix.sharing import facts_of

Ask = Callable[[ModelProto], list[Finding]]
Mark = tuple[object, ...]
"""A node as a compiler saw it: where it is, what is written of it, and what its operands are."""


@dataclass(slots=True)
class Witnessed:
    """What compilers said of nodes: it holds for a later model as long as the node stands in it unchanged."""

    told: list[tuple[Finding, Mark | None]] = field(default_factory=list)

    def add(self, findings: Sequence[Finding], model: ModelProto) -> bool:
        """Remember findings about a model; False when nothing about it is new."""
        nodes = {(node.scope, _first(node)): node for node in facts_of(model).nodes}
        fresh = False
        for finding in findings:
            node = nodes.get((tuple(finding.scope), finding.output))
            entry = finding, None if node is None else _mark(node)
            if all((f.target, mark, f.message) != (finding.target, entry[1], finding.message) for f, mark in self.told):
                self.told.append(entry)
                fresh = True
        return fresh

    def joined(self, results: Sequence[Result], model: ModelProto) -> list[Result]:
        """The Results with the findings that still hold for the model."""
        if not self.told:
            return list(results)
        marks = {_mark(node) for node in facts_of(model).nodes}
        for result in results:
            held = [f for f, mark in self.told if f.target == result.target and mark in marks]
            known = {(f.scope, f.output) for f in result.findings if f.severity is Severity.ERROR}
            result.findings[:0] = [f for f in held if (f.scope, f.output) not in known]
        return list(results)


def _first(node: NodeFacts) -> str:
    return next((name for name in node.proto.output if name), "")


def _mark(node: NodeFacts) -> Mark:
    operands = tuple(None if v is None else (v.dtype, v.shape, v.source) for v in node.inputs)
    return node.scope, node.proto.SerializeToString(deterministic=True), operands

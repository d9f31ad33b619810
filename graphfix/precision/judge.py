"""What a target's arithmetic does to a model: the error of its outputs, where it comes from, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from graphfix.analysis.facts import Facts
from graphfix.errors import ModelError
from graphfix.ir.operator_set import opset_version
from graphfix.precision.output_errors import OutputError, errors_of
from graphfix.precision.range_rewrites import apply_range_rewrites
from graphfix.precision.simulation import Feed, Simulation, simulation
from graphfix.precision.troubles import Trouble, dominating, range_troubles
from graphfix.tables.precision import Arithmetic

LEAST_OPSET = 9
"""The first opset that has Where."""
MOST_FOR_ERROR = 1
"""Inputs on which the nodes that dominate the error are looked for."""


@dataclass(frozen=True, slots=True)
class NodeTrouble:
    """A trouble with its node: the operator, the label, and the source location as text, empty where it is unknown."""

    trouble: Trouble
    op: str
    node: str
    source: str

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON holds them."""
        found = self.trouble
        return {
            "kind": found.kind, "op": self.op, "node": self.node, "source": self.source, "value": found.value,
            "share": found.share, "largest": found.largest,
        }  # fmt: skip


@dataclass(slots=True)
class PrecisionReport:
    """The simulation of one model in one arithmetic.

    `arithmetic` is None for one that the user asked for without a target's table. `rewrites` are those that keep the model in
    range, with the nodes they change, and `after` the outputs' errors with them; both are empty where none is needed.
    """

    precision: str
    arithmetic: Arithmetic | None
    samples: int
    seeded: bool
    simulated: int
    outputs: list[OutputError]
    troubles: list[NodeTrouble] = field(default_factory=list)
    rewrites: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    after: list[OutputError] = field(default_factory=list)

    @property
    def lost(self) -> bool:
        """Whether any output has values that are no longer finite."""
        return any(error.lost for error in self.outputs)


def inlined(model: ModelProto) -> ModelProto:
    """Return the model without functions of its own, and at an opset that has Where."""
    if model.functions:
        from onnx import inliner

        model = inliner.inline_local_functions(model)
    opset = opset_version(model)
    if opset < LEAST_OPSET:
        from onnx import version_converter

        try:
            model = version_converter.convert_version(model, LEAST_OPSET)
        except Exception as error:  # the converter raises RuntimeError and its own
            raise ModelError(f"opset {opset} cannot be converted to {LEAST_OPSET}, which has Where: {error}") from error
    return model


def output_errors(simulated: Simulation, feeds: Sequence[Feed]) -> list[OutputError]:
    """Return the error of each output with all nodes rounded."""
    return errors_of(simulated.outputs, [(simulated.run(feed, ()), simulated.run(feed, None)) for feed in feeds])


def judge(
    model: ModelProto, precision: str, feeds: Sequence[Feed], *, arithmetic: Arithmetic | None = None, seeded: bool = True
) -> PrecisionReport:
    """Simulate a model in an arithmetic on these inputs, and find what goes wrong in it."""
    model = inlined(model)
    if precision == "float32":
        return PrecisionReport(precision, arithmetic, len(feeds), seeded, 0, [])
    with simulation(model, precision) as simulated:
        report = PrecisionReport(
            precision, arithmetic, len(feeds), seeded, simulated.count, output_errors(simulated, feeds)
        )  # fmt: skip
        found = range_troubles(model, simulated, feeds, precision)
        spoilt = {one.place for one in found if one.kind == "overflow"}
        for feed in feeds[:MOST_FOR_ERROR]:
            found += dominating(simulated, feed, without=spoilt)
        report.troubles = located(model, simulated, found)
        spoilt_outputs = {simulated.made.nodes[one.place].output[0] for one in found if one.kind != "error"}
    if spoilt_outputs:
        rewritten, fired = apply_range_rewrites(model, spoilt_outputs)
        if fired:
            with simulation(rewritten, precision) as simulated:
                report.rewrites, report.after = fired, output_errors(simulated, feeds)
    return report


def located(model: ModelProto, simulated: Simulation, found: Sequence[Trouble]) -> list[NodeTrouble]:
    """Return troubles with their nodes' operators, labels and source locations."""
    facts = Facts.of(model)
    by_output = {name: node for node in facts.nodes if not node.scope for name in node.proto.output if name}
    made = []
    for trouble in found:
        proto = simulated.made.nodes[trouble.place]
        node = by_output.get(next(filter(None, proto.output), ""))
        origin = facts.origin(node) if node is not None else None
        where = "" if origin is None else origin.spot or origin.module
        made.append(NodeTrouble(trouble, proto.op_type, node.label if node is not None else proto.name, where))
    return made

"""GF302: the compiler takes the node, and the compiled model runs only with its dynamic dims at the size it was built with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import RESIZED, Finding, Fix, Severity
from graphfix.linter.example import Example
from graphfix.linter.measured_fix import FREEZE
from graphfix.linter.node_phrases import describe_node
from graphfix.tables.compiler_words import compiler_words
from graphfix.tables.versions import WHOLE

if TYPE_CHECKING:
    from graphfix.analysis.facets.node import Facets
    from graphfix.analysis.facts import NodeFacts
    from graphfix.tables.resized import Stuck
    from graphfix.tables.table import Table


class OnlyStatic(Check):
    """A node with dynamic dims that is compiled, and whose compiled model fails or computes something else at other sizes.

    A converter may set dynamic dims to 1 and compute every size in the graph from that. The file loads and runs, and fails
    when an input is resized. It comes from a measured list: the prober runs every accepted probe with dynamic dims at two
    other sizes. The verdict stays `accepted`: there is a file that loads. `fix` changes nothing for it without sizes.

    Why: the compiler prints no warning, and the runtime fails on the first input of a real size.
    Instead: compile for the sizes of the model's use, `--shape x=1x3x224x224`, one file for each.
    """

    code = "GF302"
    name = "only-static"
    severity = Severity.ERROR
    kind = RESIZED
    fix = Fix(FREEZE, "interface")
    valid = (Example("y = Neg(x)"), Example("y = Relu(x)", inputs="float[n,3] x"))
    invalid = (
        Example(
            "y = Neg(x)", inputs="float[n,3] x", says="runs only with its dynamic dims set to 1", evidence="demo/Neg/only-static"
        ),
    )

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield a finding for every node with dynamic dims that was measured to run only at one size."""
        if all(_fixed(value.shape) for value in look.facts.inputs):
            return
        from graphfix.analysis.facets.flattening import OPERATOR, flattening  # these import onnx, which `explain` does without
        from graphfix.tables.resized import resized_table

        known = resized_table(look.table)
        if known is None:
            return
        found = _stuck(look, known, WHOLE, "", look.model_facets) if look.model.verdict != "rejected" else None
        if found is not None:
            yield self.at(look, None, **_fields(look, known, None, look.model_facets, found))
        stuck = {at: met for at, form in enumerate(look.forms.distinct) if (met := _stuck(look, known, *form)) is not None}
        flattened = {at for at, (op, domain, _) in enumerate(look.forms.distinct) if op == OPERATOR and domain == ""}
        for position in look.forms.nodes_of({*stuck, *flattened}):
            node, ruling = look.facts.nodes[position], look.rulings[position]
            if ruling.verdict == "rejected" or ruling.wrong is not None or not _resized(node):
                continue
            facets = {**look.facets[position], **flattening(node)}
            met = stuck.get(look.forms.of_node[position]) or _stuck(look, known, node.op, node.domain, facets)
            if met is not None:
                yield self.at(look, node, **_fields(look, known, node, facets, met))


def _fixed(shape: tuple[int | str | None, ...] | None) -> bool:
    return shape is not None and all(isinstance(dim, int) for dim in shape)


def _resized(node: NodeFacts) -> bool:
    """Whether any size of the node's operands or results is not fixed, or any operand is computed from such sizes."""
    values = [value for value in (*node.inputs, *node.outputs) if value is not None and value.name]
    return any(not _fixed(value.shape) or value.source in ("shape", "cast-shape") for value in values)


def _stuck(look: LintContext, known: Table, op: str, domain: str, facets: Facets) -> Stuck | None:
    """What is known of a node that runs only at one size; few probes decide nothing where the target's table has that floor."""
    from graphfix.tables.resized import only_static

    entry = look.table.entry(op, domain)
    return only_static(known, op, domain, facets, floor=entry is not None and entry.active)


def _fields(look: LintContext, known: Table, node: NodeFacts | None, facets: Facets, stuck: Stuck) -> dict[str, Any]:
    """The message and the evidence as the fields of a Finding, a note where few probes showed it."""
    evidence = stuck.evidence
    op, domain = (WHOLE, "") if node is None else (node.op, node.domain)
    when = evidence.when if evidence.id != "exception" else {}
    subject = "a model" if node is None else f"`{node.op}`"
    subject += describe_node(when, facets, node, look.facts) if when else ""
    if stuck.thin:
        does = (
            "may run only with its dynamic dims set to 1"
            if stuck.fails
            else "may compute something else where a dynamic dim is not 1"
        )
        every = evidence.supports + evidence.opposes
        does += f" ({evidence.supports} of {every} probes)" if every > 1 else " (1 probe)"
    else:
        does = (
            "runs only with its dynamic dims set to 1" if stuck.fails else "computes something else where a dynamic dim is not 1"
        )
    entry = known.entry(op, domain)
    probes = f"{evidence.supports} probe{'s' if evidence.supports != 1 else ''}"
    said = f': "{compiler_words(evidence.said)}"' if evidence.said else ""
    return {
        "message": f"{subject} compiles on {look.table.name}, but {does}",
        "evidence": f"{look.table.measured_target}/{f'{domain}.' if domain else ''}{op}/{evidence.id}",
        "measured": f"{entry.compiler if entry is not None else look.table.version}, {probes}{said}",
        "traits": tuple(evidence.when),
        "severity": Severity.NOTE if stuck.thin else Severity.ERROR,
    }

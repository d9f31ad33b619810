"""The size profile of a compiler that builds for a range of sizes: the bounds of dynamic dims that a verdict is about.

Without ranges from the user these are sizes that the graph itself makes possible. With ranges, the graph is also judged at the
usual sizes, which such a compiler tunes for: it rejects a model that cannot run there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphfix.analysis.facets.words import BOUNDED
from graphfix.linter.check import place
from graphfix.linter.deciding_options import example_sizes
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.fitting_sizes import runs_at
from graphfix.linter.table_sizes import fitted_if_small
from graphfix.tables.table import table

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.analysis.facts import Facts, NodeFacts
    from graphfix.linter.next_step import Judge

CODE, NAME = "GF106", "dynamic-dimension"
"""The code under which sizes are reported at which the graph cannot run."""


def set_profiles(model: ModelProto, results: Sequence[Result], ranges: Mapping[str, Any], judge: Judge) -> None:
    """Set the profile of the results whose compiler builds for one, where the model has dynamic dims.

    `ranges` are the dims that the user gave by input, some of them ranges; `judge` lints a model for some targets.
    """
    from graphfix.analysis.cache import facts_of

    concerned = [result for result in results if result.error is None and table(result.called).builds_for_sizes]
    if not concerned:
        return
    facts = facts_of(model)
    if all(value.fixed for value in facts.inputs):
        return
    from graphfix.ir.dim_ranges import DimRange, shape_profile

    given = any(isinstance(dim, DimRange) for dims in ranges.values() for dim in dims)
    bounds = shape_profile(model, ranges if given else {}, dict(_possible_sizes(model, facts)))
    for result in concerned:
        result.profile = {
            "given": given,
            "shapes": {name: {"min": low, "opt": usual, "max": high} for name, (low, usual, high) in bounds.items()},
        }
        if given:
            usual_sizes = {name: usual for name, (_, usual, _) in bounds.items()}
            result.findings += _at_usual_sizes(model, facts, result, usual_sizes, judge)


def _possible_sizes(model: ModelProto, facts: Facts) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield a size for every dim of every input: known or plausible ones, and no fewer elements than a TopK takes."""
    sizes: dict[tuple[str, int], int] = {}
    symbols: dict[str, int] = {}
    inputs = {value.name: value.shape or () for value in facts.inputs}
    for option in fitted_if_small(model, facts, example_sizes(facts))[0]:
        for axis, (dim, size) in enumerate(zip(inputs[option.input], option.dims, strict=True)):
            sizes[option.input, axis] = size
            if isinstance(dim, str):
                symbols[dim] = size
    for node in facts.of_operator("TopK"):
        taken = _taken(node)
        if taken is not None and isinstance(taken[1], str) and taken[1] in symbols:
            symbols[taken[1]] = max(taken[0], symbols[taken[1]])
    for name, shape in inputs.items():
        yield (
            name,
            tuple(
                dim if isinstance(dim, int) else symbols.get(dim or "") or sizes.get((name, axis), 1)
                for axis, dim in enumerate(shape)
            ),
        )


def _taken(node: NodeFacts) -> tuple[int, int | str | None] | None:
    """Return how many elements a TopK takes, and of how many; None for another node, or where that is not known."""
    from graphfix.analysis.constant_folding import attribute

    if node.op != "TopK" or node.domain or len(node.inputs) < 2:
        return None
    data, count = node.inputs[0], node.inputs[1]
    axis = attribute(node.proto, "axis", -1)
    if data is None or data.shape is None or count is None or count.constant is None:
        return None
    if not -len(data.shape) <= axis < len(data.shape):
        return None
    return int(count.constant.reshape(-1)[0]), data.shape[axis]


def _at_usual_sizes(model: ModelProto, facts: Facts, result: Result, sizes: Mapping[str, Any], judge: Judge) -> list[Finding]:
    """Return the errors that a model has at the usual sizes of the profile, and not with its dims dynamic."""
    from graphfix.analysis.cache import facts_of
    from graphfix.ir.bind_inputs import bind

    fixed = bind(model, sizes, {})
    there = facts_of(fixed)
    found = [
        finding
        for finding in judge(fixed, [result.called or result.target])[0].findings
        if finding.severity is Severity.ERROR and not BOUNDED.isdisjoint(finding.traits or ())
    ]
    at = ", ".join(f"{name}={'x'.join(map(str, dims))}" for name, dims in sizes.items())
    for node in there.nodes:
        taken = _taken(node)
        if taken is not None and isinstance(taken[1], int) and taken[0] > taken[1]:
            found.append(_misfit(result, at, there, node, f"`TopK` takes {taken[0]} elements of {taken[1]}"))
    if not found and (not runs_at(there) or (there.trouble and not facts.trouble)):
        found.append(_misfit(result, at, there, None, "the graph does not run"))
    known = {(finding.code, finding.output, finding.evidence) for finding in result.findings}
    return [finding for finding in found if (finding.code, finding.output, finding.evidence) not in known]


def _misfit(result: Result, at: str, facts: Facts, node: NodeFacts | None, said: str) -> Finding:
    message = f"{result.title.partition(' (')[0]} tunes the engine for the usual sizes of its profile ({at}), and {said} there"
    where = place(node, facts) if node is not None else {}
    return Finding(CODE, NAME, Severity.ERROR, result.target, message, kind="dynamic", called=result.called, **where)

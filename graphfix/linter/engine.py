"""The stages of lint, from a model file to a Result for each target."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx

from graphfix.analysis.cache import facts_of, shared_facts
from graphfix.analysis.facets.memo import node_facets
from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facets.node import Facets
from graphfix.analysis.facets.stored import is_torch_program
from graphfix.analysis.facts import Facts
from graphfix.analysis.reachability import folded_nodes, unreachable_nodes, untaken_nodes
from graphfix.errors import GraphfixError, UsageError
from graphfix.ir.reading import Shapes, Values, bound
from graphfix.linter.check import Forms, LintContext, checks
from graphfix.linter.control_flow_fixes import with_control_flow_fixes
from graphfix.linter.diagnostics import Finding, Result, number_duplicates
from graphfix.linter.finding_order import in_order_of_decision
from graphfix.linter.next_step import advise
from graphfix.linter.selection_fixes import with_selection_fixes
from graphfix.linter.size_profile import set_profiles
from graphfix.linter.timings import StageTimer
from graphfix.tables.evidence import TableVerdict
from graphfix.tables.table import Table, table
from graphfix.tables.versions import starts_from_torch

FROM_TORCH = "ExecuTorch starts from torch, and this is an ONNX model"
"""What is said of an ONNX model that is given to a target which takes programs of torch."""


def judge(
    model: onnx.ModelProto,
    targets: Sequence[str],
    *,
    name: str = "",
    home: Path | None = None,
    statistics: bool = False,
    detail: bool = False,
    clock: StageTimer | None = None,
) -> list[Result]:
    """Lint a model in memory and return one Result per target; the model is not changed.

    With `statistics` each Result counts the nodes its target supports, and the islands they form; with `detail` it holds
    the verdict on every node. `clock` records the time of each stage.
    """
    for target in targets:
        if starts_from_torch(target, home=home) != is_torch_program(model):
            raise UsageError(FROM_TORCH, path=name or None, hint="name the program, package.module:factory, or a .pt2 file")
    clock = clock or StageTimer()
    facts = facts_of(model)
    clock.lap("facts")
    keys = node_facets(facts)
    whole = model_facets(facts)
    forms = Forms.of(facts.nodes, keys)
    clock.lap("facets")
    shared: dict[str, list[Finding]] = {}
    results = []
    inputs = [(value.name, value.dtype, value.rank) for value in facts.inputs]
    interface = inputs, [output.name for output in facts.model.graph.output]
    for target in targets:
        result = _judge(facts, keys, whole, forms, table(target, home), name, shared, statistics, detail)
        result.called, result.interface, result.graph = target, interface, facts.model.graph.name
        named = with_selection_fixes(with_control_flow_fixes(number_duplicates(result.findings, target), facts), facts)
        result.findings = in_order_of_decision(named, facts)
        results.append(result)
        clock.lap(f"looking up {target}")
    return results


def _judge(
    facts: Facts,
    keys: Sequence[Facets],
    whole: Facets,
    forms: Forms,
    rules: Table,
    name: str,
    shared: dict[str, list[Finding]],
    statistics: bool,
    detail: bool,
) -> Result:
    """Judge by one target's table; `shared` caches the findings of rules about the graph alone, for the next target."""
    idle = unreachable_nodes(facts) if rules.drops_unreached else frozenset[int]()
    if rules.drops_untaken != "never":
        idle |= untaken_nodes(facts, folded=rules.drops_untaken == "always")
    if rules.folds != "never":
        idle |= folded_nodes(facts, sizes=rules.folds == "always")
    ruled = [rules.rule(*form) for form in forms.distinct]
    rulings = [ruled[at] for at in forms.of_node]
    for position in idle:
        rulings[position] = TableVerdict("supported")
    look = LintContext(facts, rules, keys, rulings, rules.rule("@model", "", whole), whole, forms)
    findings: list[Finding] = []
    for check in checks():
        if check.per_target:
            findings.extend(check.check(look))
        else:
            if check.code not in shared:
                shared[check.code] = list(check.check(look))
            findings.extend(dataclasses.replace(finding, target=rules.target) for finding in shared[check.code])
    findings.sort(key=lambda finding: -finding.severity.weight)
    result = Result(
        name, rules.target, rules.version, len(facts.nodes), findings, title=rules.title, measured_on=rules.measured_on
    )
    if statistics:
        result.statistics = _counted(facts, rulings) | ({"placement": rules.placement} if rules.placement else {})
    if detail:
        from graphfix.linter.node_verdicts import node_verdicts

        result.rulings = node_verdicts(facts, rulings, rules)
    return result


def _counted(facts: Facts, rulings: Sequence[TableVerdict]) -> dict[str, object]:
    """Return the number of nodes of the main graph, of supported ones, and the sizes of the islands they form."""
    from graphfix.analysis.partitions import islands

    taken = [i for i, ruling in enumerate(rulings) if ruling.verdict == "supported" and not facts.nodes[i].scope]
    main = sum(not node.scope for node in facts.nodes)
    return {"nodes": main, "supported": len(taken), "islands": [len(group) for group in islands(facts.nodes, taken)]}


def lint_model(
    model: onnx.ModelProto,
    targets: Sequence[str],
    *,
    name: str = "",
    statistics: bool = False,
    detail: bool = False,
    clock: StageTimer | None = None,
    ranges: Mapping[str, Any] | None = None,
) -> list[Result]:
    """Lint a model in memory like `judge`, and set the next step of the Results that are not accepted.

    `ranges` are the dims that the user gave by input, some of them ranges: bounds for a compiler that builds for sizes.
    """
    clock = clock or StageTimer()
    with shared_facts():
        results = judge(model, targets, name=name, statistics=statistics, detail=detail, clock=clock)
        if not is_torch_program(model):  # which cannot be rewritten
            advise(model, results, judge)
            set_profiles(model, results, ranges or {}, judge)
    clock.lap("the next step")
    return results


def lint_file(
    path: str | Path,
    targets: Sequence[str],
    *,
    shapes: Shapes | None = None,
    values: Values | None = None,
    statistics: bool = False,
    detail: bool = False,
    clock: StageTimer | None = None,
    name: str | None = None,
    ranges: Mapping[str, Any] | None = None,
) -> list[Result]:
    """Lint one model file, read as a skeleton, and report it as `name`; for an unreadable file `error` is set."""
    from graphfix.ir.skeleton import read_skeleton
    from graphfix.ir.verifier import check

    clock, name = clock or StageTimer(), name or str(path)
    clock.start()
    try:
        model = read_skeleton(path)
        clock.lap("reading")
        check(model, path)
        clock.lap("ONNX constraints")
        asked = bound(model, shapes, values)
        clock.lap("binding inputs")
        return lint_model(asked, targets, name=name, statistics=statistics, detail=detail, clock=clock, ranges=ranges)
    except Exception as unforeseen:  # a bug of graphfix on one model must not end the run for the others
        error = unforeseen if isinstance(unforeseen, GraphfixError) else _internal_error(unforeseen)
        error.path = error.path or name
        return [Result(name, t.partition("@")[0], table(t).version, error=error.line(), called=t) for t in targets]


def _internal_error(error: Exception) -> GraphfixError:
    """Return the error for a bug of graphfix itself, in one line."""
    said = f"graphfix failed on this model ({type(error).__name__}: {str(error)[:200]})"
    return GraphfixError(said, hint="report it, with the model if you may share it")

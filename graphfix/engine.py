"""The stages of lint, from a model file to a Result for each target."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import AttributeProto

from graphfix.check import Look, checks
from graphfix.clock import Clock
from graphfix.diagnostic import Finding, Result, told_apart
from graphfix.errors import GraphfixError
from graphfix.facets import Facets, facets
from graphfix.facts import Facts, Value
from graphfix.model_facets import model_facets
from graphfix.reach import unreached, untaken
from graphfix.reading import Shapes, Values, bound
from graphfix.sharing import facts_of
from graphfix.table import Ruling, Table, table


def judge(
    model: onnx.ModelProto,
    targets: Sequence[str],
    *,
    name: str = "",
    home: Path | None = None,
    statistics: bool = False,
    detail: bool = False,
    clock: Clock | None = None,
) -> list[Result]:
    """Lint a model in memory and return one Result per target; the model is not changed.

    With `statistics` each Result counts the nodes its target supports, and the islands they form; with `detail` it holds
    the verdict on every node. `clock` records the time of each stage.
    """
    clock = clock or Clock()
    facts = facts_of(model)
    clock.lap("facts")
    keys = node_facets(facts)
    whole = model_facets(facts)
    clock.lap("facets")
    shared: dict[str, list[Finding]] = {}
    results = []
    inputs = [(value.name, value.dtype, value.rank) for value in facts.inputs]
    interface = inputs, [output.name for output in facts.model.graph.output]
    for target in targets:
        result = _judge(facts, keys, whole, table(target, home), name, shared, statistics, detail)
        result.called, result.interface, result.graph = target, interface, facts.model.graph.name
        result.findings = told_apart(result.findings, target)
        results.append(result)
        clock.lap(f"judging by {target}")
    return results


def node_facets(facts: Facts) -> list[Facets]:
    """Return the facets of every node; identical nodes share one computation, and nodes with equal facets one dict."""
    memo: dict[tuple[object, ...], Facets] = {}
    equal: dict[tuple[object, ...], Facets] = {}
    signs: dict[int, tuple[object, ...]] = {}
    found = []
    for node in facts.nodes:
        if node.branches:
            found.append(facets(node))
            continue
        key = (
            node.op, node.domain, node.since, node.under, node.regroups, node.accompanied, node.resized, node.thins, node.clashes,
            node.followed,
            tuple(map(_written, node.proto.attribute[:])),
            tuple([_signature(value, signs) for side in (node.inputs, node.outputs) for value in side]), len(node.inputs),
            node.feeds, node.reshaped, node.requantised,
        )  # fmt: skip
        if key not in memo:
            fresh = facets(node)
            memo[key] = equal.setdefault((node.op, node.domain, *fresh.items()), fresh)
        found.append(memo[key])
    return found


def _written(item: AttributeProto) -> object:
    """The part of an attribute that facets depend on: all of it, or a tensor's type and dims."""
    return (item.name, item.t.data_type, *item.t.dims) if item.type == AttributeProto.TENSOR else item.SerializeToString()


def _signature(value: Value | None, known: dict[int, tuple[object, ...]]) -> tuple[object, ...] | None:
    """The part of a value that facets depend on; `known` caches it by `id`, as the facts keep the values alive."""
    found = known.get(id(value))
    if found is None and value is not None:
        constant = value.constant
        marks = value.source, value.measured, value.assumed, value.counted
        found = known[id(value)] = value.dtype, value.shape, value.sizes, marks, None if constant is None else constant.tobytes()
    return found


def _judge(
    facts: Facts,
    keys: Sequence[Facets],
    whole: Facets,
    rules: Table,
    name: str,
    shared: dict[str, list[Finding]],
    statistics: bool,
    detail: bool,
) -> Result:
    """Judge by one target's table; `shared` caches the findings of rules about the graph alone, for the next target."""
    memo: dict[tuple[str, str, int], Ruling] = {}
    rulings = []
    idle = unreached(facts) if rules.drops_unreached else set[int]()
    if rules.drops_untaken != "never":
        idle |= untaken(facts, folded=rules.drops_untaken == "always")
    for position, (node, found) in enumerate(zip(facts.nodes, keys, strict=True)):
        if position in idle:
            rulings.append(Ruling("supported"))
            continue
        key = (node.op, node.domain, id(found))  # nodes alike share one dict of facets
        if key not in memo:
            memo[key] = rules.rule(node.op, node.domain, found)
        rulings.append(memo[key])
    look = Look(facts, rules, keys, rulings, rules.rule("@model", "", whole), whole)
    findings: list[Finding] = []
    for check in checks():
        if check.per_target:
            findings.extend(check.check(look))
        else:
            if check.code not in shared:
                shared[check.code] = list(check.check(look))
            findings.extend(dataclasses.replace(finding, target=rules.target) for finding in shared[check.code])
    findings.sort(key=lambda finding: -finding.severity.weight)
    result = Result(name, rules.target, rules.version, len(facts.nodes), findings)
    if statistics:
        result.statistics = _counted(facts, rulings)
    if detail:
        from graphfix.verdicts import node_verdicts

        result.rulings = node_verdicts(facts, rulings, rules)
    return result


def _counted(facts: Facts, rulings: Sequence[Ruling]) -> dict[str, object]:
    """Return the number of nodes of the main graph, of supported ones, and the sizes of the islands they form."""
    from graphfix.graph import islands

    taken = [i for i, ruling in enumerate(rulings) if ruling.verdict == "supported" and not facts.nodes[i].scope]
    main = sum(not node.scope for node in facts.nodes)
    return {"nodes": main, "supported": len(taken), "islands": [len(group) for group in islands(facts.nodes, taken)]}


def lint_file(
    path: str | Path,
    targets: Sequence[str],
    *,
    shapes: Shapes | None = None,
    values: Values | None = None,
    statistics: bool = False,
    detail: bool = False,
    clock: Clock | None = None,
    name: str | None = None,
) -> list[Result]:
    """Lint one model file, read as a skeleton, and report it as `name`; for an unreadable file `error` is set."""
    from graphfix.skeleton import read_skeleton
    from graphfix.spec import check

    clock, name = clock or Clock(), name or str(path)
    clock.start()
    try:
        model = read_skeleton(path)
        clock.lap("reading")
        check(model, path)
        clock.lap("ONNX's laws")
        asked = bound(model, shapes, values)
        clock.lap("binding inputs")
        return judge(asked, targets, name=name, statistics=statistics, detail=detail, clock=clock)
    except Exception as unforeseen:  # a bug of graphfix on one model must not end the run for the others
        error = unforeseen if isinstance(unforeseen, GraphfixError) else _stumble(unforeseen)
        error.path = error.path or name
        return [Result(name, t.partition("@")[0], table(t).version, error=error.line(), called=t) for t in targets]


def _stumble(error: Exception) -> GraphfixError:
    """Return the error for a bug of graphfix itself, in one line."""
    said = f"graphfix failed on this model ({type(error).__name__}: {str(error)[:200]})"
    return GraphfixError(said, cure="report it, with the model if you may share it")

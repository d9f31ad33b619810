"""The next step that helps a model: options that fix values, sizes or outputs, and `fix`, measured by linting with them.

Small models are linted again in memory with the options bound, and an option is advised only where that leaves fewer
errors. For larger ones this would slow lint down; there the kinds of the errors and the provenance of values decide.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from graphfix.errors import GraphfixError
from graphfix.ir.records import dataclass
from graphfix.linter.deciding_options import SizeOption, deciding_values, example_sizes, sizes_matter
from graphfix.linter.diagnostics import UNDECIDED, WRONG, Finding, Fix, NextStep, Result, Severity
from graphfix.linter.finding_order import REQUESTED, in_order_of_decision
from graphfix.linter.fix_rules import ARTIFACT
from graphfix.linter.input_options import InputOptions
from graphfix.linter.measured_fix import FREEZE
from graphfix.linter.next_options import PLACEHOLDER
from graphfix.linter.output_options import helpful_outputs
from graphfix.linter.settled import settled_places
from graphfix.linter.table_sizes import fits, fitted, fitted_if_small

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.analysis.facts import Facts

MEASURED_NODES = 150
"""The number of nodes up to which lint measures options; linting these once more takes less than a tenth of a run's time."""

MOST_FIXED = 0.75
"""The share of the probes of a form that an exact rewrite fixed, from which on it is tried before sizes are fixed."""

NESTED = re.compile(r" \((?:[^()]|\([^()]*\))*\)")
Judge = Callable[["ModelProto", Sequence[str]], list[Result]]
APPROXIMATE = "approximate"
UNFIT = "contradicting-operands"
"""What lint says of nodes that do not run at sizes which the graph does not fit."""
Place = tuple[str, tuple[str, ...], str, str]


@dataclass(slots=True)
class _Search:
    """The search for the options of one model: the best options so far and the findings that they leave, by target.

    `unfit` states that the graph does not run at the sizes, and that no others were found at which it does. `sized` are the
    findings that all values and sizes together leave, whether or not these are the best; empty where they were not tried.
    """

    model: ModelProto
    facts: Facts
    results: Sequence[Result]
    judge: Judge
    most_nodes: int
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    sizes: Sequence[SizeOption] = ()
    left: Sequence[Sequence[Finding]] = ()
    measured: bool = False
    misfit: bool = False
    unfit: bool = False
    sized: Sequence[Sequence[Finding]] = ()

    def better(self, values: Mapping[str, str], sizes: Sequence[SizeOption], *, anyway: bool = False) -> bool:
        """Lint with these options, and take them where fewer errors are left, or as many and fewer undecided nodes.

        Sizes that the graph does not fit are not taken, unless `anyway`; they set `misfit`.
        """
        from graphfix.analysis.cache import facts_of
        from graphfix.ir.bind_inputs import bind, parse_value

        given = dict(parse_value(f"{name}={1 if text == PLACEHOLDER else text}") for name, text in values.items())
        try:
            bound = bind(self.model, {size.input: size.dims for size in sizes if size.input not in given}, given)
            self.misfit = bool(sizes) and not anyway and not fits(facts_of(bound))
            if self.misfit:
                return False
            results = self.judge(bound, [result.called or result.target for result in self.results])
        except GraphfixError:  # the sizes contradict each other
            return False
        if facts_of(bound).trouble and not self.facts.trouble:
            return False
        settled = settled_places(facts_of(bound))
        left = [[f for f in result.findings if not settled.covers(f) and not (anyway and f.name == UNFIT)] for result in results]
        self.sized = left if sizes else ()
        if _score(left) >= _score(self.left):
            return False
        self.values, self.sizes, self.left, self.measured = values, sizes, left, True
        return True


def advise(model: ModelProto, results: Sequence[Result], judge: Judge, *, most_nodes: int = MEASURED_NODES) -> None:
    """Set the next step of the Results of one model that have errors, a warning with a fix, no artifact or are undecided.

    Their findings are ordered by it. `judge` lints a model for some targets. Options are measured where the model has at most
    `most_nodes` nodes. Errors that the options remove get them as `cure`.
    """
    from graphfix.analysis.cache import facts_of

    judged = [result for result in results if result.error is None]
    open_ = [result for result in judged if result.verdict != "accepted" or any(map(_fixable, result.findings))]
    if not open_:
        _advise_artifacts(judged)
        return
    facts = facts_of(model)
    search = _Search(model, facts, open_, judge, most_nodes, left=[result.findings for result in open_])
    before = sum(map(error_count, search.left))
    _search_options(search)
    for place, (result, left) in enumerate(zip(open_, search.left, strict=True)):
        _mark(result, left, search)
        if search.sized:
            result.findings = _without_idle_sizes(result.findings, search.sized[place])
    inputs = InputOptions.of(facts, search.left)
    search.left = [inputs.told(found, facts) for found in search.left]
    outputs = helpful_outputs(facts, search.left)
    search.left = [outputs.told(found) for found in search.left]
    for result in open_:
        told = outputs.told(inputs.told(result.findings, facts))
        result.findings = in_order_of_decision(told, facts)
    fixes = [f.rewrite for found in search.left for f in found if f.rewrite is not None and _fixable(f)]
    named = {fix.safety for fix in fixes if fix.name not in REQUESTED or fix.safety == APPROXIMATE}
    if not (search.values or search.sizes or inputs.found or outputs.drop or outputs.tensors or outputs.padded or named):
        if all(result.verdict == "accepted" for result in open_):
            _advise_artifacts(judged)
        return
    after = sum(map(error_count, search.left)) if search.measured else None
    examples = [name for size in search.sizes for name in size.examples] + [n for n, text in search.values.items() if "," in text]
    step = NextStep(
        tuple(search.values.items()), tuple((size.input, size.dims) for size in search.sizes), outputs.drop,
        (APPROXIMATE,) if APPROXIMATE in named else (), tuple(dict.fromkeys(examples)), before, after,
        tensors=outputs.tensors, padded=outputs.padded, inner=inputs.inner, unfit=search.unfit, dtypes=inputs.dtypes,
        vectors=inputs.vectors,
    )  # fmt: skip
    for result in open_:
        result.next = step


def _advise_artifacts(results: Sequence[Result]) -> None:
    """Set as the next step of supported models the rewrites, to be asked for by name, that let the compilers write them."""
    told = {id(result): [f.cure.split() for f in result.findings if f.kind == ARTIFACT and f.cure] for result in results}
    chains = [words for found in told.values() for words in found]
    names = dict.fromkeys(name for words in chains for name in words[1].split(","))
    step = NextStep(rewrites=tuple(names), allow=tuple(dict.fromkeys(word for words in chains for word in words[3:])))
    for result in results:
        if told[id(result)]:
            result.next = step


def _fixable(finding: Finding) -> bool:
    """Whether a finding is an error, or a warning for which a fix is named."""
    return finding.severity is Severity.ERROR or (finding.severity is Severity.WARNING and finding.rewrite is not None)


def _search_options(search: _Search) -> None:
    """Find the options that leave fewer errors, values first: binding one can remove half of a graph."""
    found = [finding for result in search.results for finding in result.findings]
    values = deciding_values(search.facts, found)
    sizes: Sequence[SizeOption] = example_sizes(search.facts)
    if len(search.facts.nodes) > search.most_nodes:
        search.values = values if any(finding.severity is Severity.ERROR for finding in found) else {}
        search.sizes = sizes if sizes_matter(search.facts, found) and not _fixed_exactly([found]) else ()
        if search.sizes:
            search.sizes, fit = fitted_if_small(search.model, search.facts, sizes)
            search.unfit = not fit
        return
    for one in _choices(values):
        if search.better(one, ()):
            break
    if sizes and any(_score(search.left)) and not _fixed_exactly(search.left):
        search.better(search.values, sizes)
        if search.misfit:
            sizes, fit = fitted(search.model, search.facts, sizes)
            search.unfit = search.better(search.values, sizes, anyway=True) and not fit
    if values and not search.values and sizes and any(_score(search.left)):
        search.better(values, search.sizes or sizes)  # values may help at fixed sizes only


def _fixed_exactly(left: Sequence[Sequence[Finding]]) -> bool:
    """Whether exact rewrites fixed most probes of all that is wrong or rejected: then no size needs to be given up."""
    grave = [finding for found in left for finding in found if _is_grave(finding) or finding.kind in UNDECIDED]
    fixes = [finding.rewrite for finding in grave if finding.rewrite is not None and finding.rewrite.safety == "exact"]
    return bool(grave) and len(fixes) == len(grave) and all(fix.fixed >= MOST_FIXED * fix.of > 0 for fix in fixes)


def _choices(values: Mapping[str, str]) -> list[Mapping[str, str]]:
    """Return the bindings to try: the plausible one, and the other value of an only bool."""
    if not values:
        return []
    other = [{name: "false"} for name, text in values.items() if text == "true" and len(values) == 1]
    return [values, *other]


def _mark(result: Result, left: Sequence[Finding], search: _Search) -> None:
    """Name the options in the errors that they remove, and order the result's findings."""
    words = NextStep(tuple(search.values.items()), tuple((size.input, size.dims) for size in search.sizes)).words
    if words and search.measured:
        there = {_place(finding) for finding in left}
        for position, finding in enumerate(result.findings):
            if not _fixable(finding) or _place(finding) in there:
                continue
            fix = finding.rewrite or (Fix(FREEZE, "interface") if search.sizes else None)
            result.findings[position] = dataclasses.replace(finding, cure=finding.cure or shlex.join(words), rewrite=fix)
    result.findings = in_order_of_decision(result.findings, search.facts)


def _without_idle_sizes(findings: Sequence[Finding], sized: Sequence[Finding]) -> list[Finding]:
    """Return the findings, those without sizes as their fix that say the same of the same place at fixed sizes, with no fix."""
    stuck = (f for f in sized if f.severity is Severity.ERROR and (f.rewrite is None or f.rewrite.name == FREEZE))
    there = {(_place(finding), _form(finding)) for finding in stuck}
    return [
        dataclasses.replace(finding, rewrite=None, cure="")
        if finding.rewrite is not None and finding.rewrite.name == FREEZE and (_place(finding), _form(finding)) in there
        else finding
        for finding in findings
    ]


def _form(finding: Finding) -> str:
    """Return what a finding says of the node's form, without the names, sizes and origins in parentheses."""
    return NESTED.sub("", finding.message)


def _place(finding: Finding) -> Place:
    return finding.code, finding.scope, finding.output, finding.op


def error_count(findings: Sequence[Finding]) -> int:
    """Return the number of errors among findings."""
    return sum(finding.severity is Severity.ERROR for finding in findings)


def _score(left: Sequence[Sequence[Finding]]) -> tuple[int, int, int]:
    """Return the number of errors, of findings that leave a verdict undecided, and of those that only sizes or nothing fixes."""
    every = [finding for found in left for finding in found]
    stuck = sum((f.rewrite is None or f.rewrite.name == FREEZE) and _is_grave(f) for f in every)
    return sum(map(error_count, left)), sum(finding.kind in UNDECIDED for finding in every), stuck


def _is_grave(finding: Finding) -> bool:
    """Whether a finding is an error, or a warning about wrong numerics."""
    return finding.severity is Severity.ERROR or (finding.severity is Severity.WARNING and finding.kind == WRONG)

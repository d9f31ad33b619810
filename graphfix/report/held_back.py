"""What holds back the models of a registry: for each target, the operators and the causes in how many models, most first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import field
from typing import Any

from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import UNDECIDED
from graphfix.report.results_file import Row


@dataclass(slots=True)
class Cause:
    """A reason why models are not accepted: a finding of one kind, about an operator or a whole model.

    `models` are the numbers of those it is found in, `alone` of those in which there is no other. `fix` is the rewrite that
    helps, empty without one.
    """

    code: str
    name: str
    op: str
    message: str
    fix: str = ""
    models: set[int] = field(default_factory=set)
    alone: set[int] = field(default_factory=set)

    @property
    def order(self) -> tuple[Any, ...]:
        """The sort key: most models first."""
        return -len(self.models), -len(self.alone), self.code, self.op, self.message


@dataclass(slots=True)
class OperatorCount:
    """An operator, the models that it holds back, and those that nothing else holds back."""

    op: str
    models: set[int] = field(default_factory=set)
    alone: set[int] = field(default_factory=set)


@dataclass(slots=True)
class TargetTally:
    """One target's verdicts, and what holds models back on it."""

    target: str
    version: str
    verdicts: Counter[str] = field(default_factory=Counter)
    causes: dict[tuple[str, ...], Cause] = field(default_factory=dict)
    operators: dict[str, OperatorCount] = field(default_factory=dict)

    def add(self, row: Row, model: int) -> None:
        """Count one result."""
        if row["error"] is not None:
            self.verdicts["unreadable"] += 1
            return
        self.verdicts[row["verdict"]] += 1
        causes = {_key(finding): finding for finding in deciding(row)}
        ops = {finding["op"] for finding in causes.values()}
        for key, finding in causes.items():
            cause = self.causes.get(key) or self.causes.setdefault(key, _cause(finding))
            cause.models.add(model)
            if len(causes) == 1:
                cause.alone.add(model)
        for op in ops - {""}:
            operator = self.operators.setdefault(op, OperatorCount(op))
            operator.models.add(model)
            if len(ops) == 1:
                operator.alone.add(model)

    @property
    def title(self) -> str:
        """The target with its version, as reports name it."""
        return f"{self.target} {self.version}"

    @property
    def held_back(self) -> int:
        """The number of models that are not accepted."""
        return self.verdicts["rejected"] + self.verdicts["undecided"]

    def ranked_causes(self) -> list[Cause]:
        """Return the causes, those of most models first."""
        return sorted(self.causes.values(), key=lambda cause: cause.order)

    def ranked_operators(self) -> list[OperatorCount]:
        """Return the operators, those of most models first."""
        return sorted(self.operators.values(), key=lambda one: (-len(one.models), -len(one.alone), one.op))


@dataclass(slots=True)
class Registry:
    """The tallies of all targets, and the names of the models by their numbers."""

    models: dict[str, int] = field(default_factory=dict)
    targets: dict[tuple[str, str], TargetTally] = field(default_factory=dict)

    def tallies(self) -> list[TargetTally]:
        """Return the targets in the order of their names."""
        return [self.targets[key] for key in sorted(self.targets)]

    def names(self, numbers: Iterable[int], most: int) -> list[str]:
        """Return the names of the first of some models."""
        names = list(self.models)
        return [names[number] for number in sorted(numbers)[:most]]


def tally(rows: Iterable[Row]) -> Registry:
    """Count results, one at a time."""
    registry = Registry()
    for row in rows:
        model = registry.models.setdefault(row["model"], len(registry.models))
        key = row["target"], row["target_version"]
        one = registry.targets.get(key) or registry.targets.setdefault(key, TargetTally(*key))
        one.add(row, model)
    return registry


def deciding(row: Row) -> list[dict[str, Any]]:
    """Return the findings because of which a result is not accepted."""
    if row["verdict"] == "rejected":
        return [finding for finding in row["findings"] if finding["severity"] == "error"]
    if row["verdict"] == "undecided":
        return [finding for finding in row["findings"] if finding["name"] in UNDECIDED]
    return []


def _key(finding: dict[str, Any]) -> tuple[str, ...]:
    """Return what findings of one cause share: the statement of the table, where there is one."""
    return finding["code"], finding["op"], finding["evidence"] or ""


def _cause(finding: dict[str, Any]) -> Cause:
    rewrite = finding["rewrite"]
    fix = f"{' + '.join(rewrite.get('rewrites') or [rewrite['name']])} ({rewrite['safety']})" if rewrite else ""
    return Cause(finding["code"], finding["name"], finding["op"], finding["message"], fix)

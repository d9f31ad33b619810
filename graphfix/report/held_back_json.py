"""What holds back a registry, as JSON."""

from __future__ import annotations

from typing import Any

from graphfix.report.held_back import Cause, OperatorCount, Registry, TargetTally
from graphfix.report.held_back_text import VERDICTS
from graphfix.version import VERSION

EXAMPLES = 20
"""The models named for each cause."""


def registry_document(registry: Registry, *, most: int | None = None) -> dict[str, Any]:
    """Return the tallies as one object; `most` limits the operators and causes of each target."""
    targets = [_target(registry, one, most) for one in registry.tallies()]
    return {"schema": 1, "graphfix": VERSION, "models": len(registry.models), "targets": targets}


def _target(registry: Registry, one: TargetTally, most: int | None) -> dict[str, Any]:
    return {
        "target": one.target,
        "target_version": one.version,
        **{word: one.verdicts[word] for word in VERDICTS},
        "operators": [_operator(operator) for operator in one.ranked_operators()[:most]],
        "causes": [_cause(registry, cause) for cause in one.ranked_causes()[:most]],
    }


def _operator(operator: OperatorCount) -> dict[str, Any]:
    return {"op": operator.op, "models": len(operator.models), "alone": len(operator.alone)}


def _cause(registry: Registry, cause: Cause) -> dict[str, Any]:
    return {
        "code": cause.code, "name": cause.name, "op": cause.op, "message": cause.message, "fix": cause.fix or None,
        "models": len(cause.models), "alone": len(cause.alone), "examples": registry.names(cause.models, EXAMPLES),
    }  # fmt: skip

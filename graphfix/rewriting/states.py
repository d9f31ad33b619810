"""States of the working model: the rewrites that led there, and what is needed to return to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onnx import ModelProto

from graphfix.linter.diagnostics import Result
from graphfix.rewriting.change import Change
from graphfix.rewriting.rewrite import Key, Outcome, Rewrite
from graphfix.verify.reference import Tolerance, Verification


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state of the working model: its counts of findings, and the changes made until then."""

    score: tuple[int, int]
    model: ModelProto
    results: Sequence[Result]
    verification: Verification | None
    tolerance: Tolerance
    applied: int


@dataclass(frozen=True, slots=True)
class Step:
    """A rewrite that was kept: the nodes it was on (`key` is None: the whole model), their labels, and what it led to."""

    rewrite: Rewrite
    sites: tuple[tuple[Key | None, str], ...]
    model: ModelProto
    results: Sequence[Result]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rewrite applied to a copy, and the verdicts on the copy; not verified yet."""

    rewrite: Rewrite
    outcome: Outcome
    results: Sequence[Result]


@dataclass(frozen=True, slots=True)
class WorkingState:
    """A state of the working model that it can be restored to, with the changes made until then."""

    model: ModelProto
    results: Sequence[Result] | None
    verification: Verification | None
    tolerance: Tolerance
    changes: tuple[Change, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class RoundStart:
    """What a round of rewrites starts from; it is restored where what the round kept fails verification as a whole."""

    state: WorkingState
    floor: Sequence[Result] | None
    best: Snapshot | None
    trail: tuple[Step, ...]

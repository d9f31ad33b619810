"""What a compiler made of one model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["load", "convert", "compile", "build", "runtime", "ok", "crash", "timeout"]
Numerics = Literal["match", "differ", "error"]


@dataclass(frozen=True, slots=True)
class Placed:
    """One operation as a compiler runs it: what it calls it, what carries it out, and the names it is known by."""

    kind: str
    by: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a compiler made of one model.

    `stage` is where it stopped, or `ok`. `message` is its own words, on one line. `numerics` compares with
    expected outputs at a relative and absolute tolerance of 0.01, `error` is the largest
    |got - want| / max(1, largest |want|); both None when nothing was compared. `nodes` are the nodes or
    operators its words name, `seconds` what the question took in all. `placed` is what the compiled model is run
    as, in order; None where it was not asked for or this compiler does not tell.
    """

    accepted: bool
    stage: Stage
    message: str = ""
    seconds: float = 0.0
    numerics: Numerics | None = None
    error: float | None = None
    nodes: tuple[str, ...] = ()
    placed: tuple[Placed, ...] | None = None

"""What a compiler made of one model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["load", "convert", "compile", "build", "runtime", "ok", "crash", "timeout"]
Numerics = Literal["match", "differ", "error"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a compiler made of one model.

    `stage` is where it stopped, or `ok`. `message` is its own words, on one line. `numerics` compares with
    expected outputs at a relative and absolute tolerance of 0.01, `error` is the largest
    |got - want| / max(1, largest |want|); both None when nothing was compared. `nodes` are the nodes or
    operators its words name, `seconds` what the question took in all.
    """

    accepted: bool
    stage: Stage
    message: str = ""
    seconds: float = 0.0
    numerics: Numerics | None = None
    error: float | None = None
    nodes: tuple[str, ...] = ()

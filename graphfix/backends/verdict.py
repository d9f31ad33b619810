"""The verdict of a compiler on one model."""

from __future__ import annotations

from typing import Literal

from graphfix.ir.records import dataclass

Stage = Literal["load", "convert", "compile", "build", "runtime", "delegate", "partly", "ok", "crash", "timeout"]
Numerics = Literal["match", "differ", "error"]


@dataclass(frozen=True, slots=True)
class PlacedOperation:
    """One operation of a compiled model.

    `kind` is the compiler's name for it, `implementation` the kernel, primitive or delegate that runs it, and `names` are
    the nodes or values of the original model it stands for.
    """

    kind: str
    implementation: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resized:
    """What came of running a compiled model at other sizes of its dynamic dims than those it was compiled with.

    `result` is `works`, `wrong` (the outputs differ, by `error`) or `fails`, with the runtime's message; `place` is the number
    of the sizes, of those asked for, at which that was seen.
    """

    result: Literal["works", "wrong", "fails"]
    place: int
    message: str = ""
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of a compiler on one model.

    `stage` is where it stopped, or `ok`. `message` is the compiler's message, on one line. `numerics` is the comparison
    with expected outputs at a relative and absolute tolerance of 0.01, `error` the largest
    |got - want| / max(1, largest |want|); both are None when nothing was compared. `nodes` are the nodes or
    operators that the message names, `seconds` the total time of the question. `placed` are the operations of the
    compiled model, in order; None where they were not requested or the compiler does not report them. `resized` is None
    where the model was not run at other sizes. `medians` are the median seconds of a run of the model and of one that it
    was paired with; None where it was not timed. `differs` says how the outputs differ where no number does: other dims, or
    infinities.
    """

    accepted: bool
    stage: Stage
    message: str = ""
    seconds: float = 0.0
    numerics: Numerics | None = None
    error: float | None = None
    nodes: tuple[str, ...] = ()
    placed: tuple[PlacedOperation, ...] | None = None
    resized: Resized | None = None
    medians: tuple[float, ...] | None = None
    differs: str = ""

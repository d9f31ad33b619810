"""The options of `fix_model`: allowed safety classes, tolerance, data, deadline and reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from graphfix.ir.bind_inputs import Dims
from graphfix.verify.reference import Tolerance

if TYPE_CHECKING:
    from graphfix.rewriting.compiler_rejections import Ask
    from graphfix.rewriting.interface_rewrite import InterfaceRewrite
    from graphfix.rewriting.measurement import Measure
    from graphfix.rewriting.requested import NamedRewrite

Array = np.ndarray[tuple[int, ...], np.dtype[np.generic]]


class TimeLimitReached(Exception):
    """The deadline has passed; raised between two rewrites."""


@dataclass(frozen=True, slots=True)
class FixOptions:
    """The options of one run of `fix_model`; every default means no restriction and no extra work.

    Attributes:
        targets: the targets whose findings count, optionally with `@VERSION`; if empty, all count.
        allow: safety classes beyond `exact`.
        shapes: dims to freeze, by input name. values: inputs to bind to constants, by name.
        data: one array for each input, used in verification in place of seeded random inputs.
        rtol, atol: the tolerance on outputs, in place of the tolerance of each rewrite.
        interface: interface changes, applied before all other rewrites.
        rewrites: rewrites requested by name, applied before those that findings call for (requested.py).
        progress: called with the name of each rewrite before it is tried.
        deadline: the `time.monotonic` time after which no rewrite begins and TimeLimitReached is raised.
        ask: returns the findings of the compilers themselves; rewriting continues until they report none, or none fires.
        measure: asks the compilers about the model before and after; a result that is worse on a target is withdrawn.
        explain: whether each finding that remains is explained.
        without: names of rewrites that are not tried.
    """

    targets: Sequence[str] = ()
    allow: Set[str] = frozenset()
    shapes: Mapping[str, Dims] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, Array] | None = None
    rtol: float | None = None
    atol: float | None = None
    interface: Sequence[InterfaceRewrite] = ()
    rewrites: Sequence[NamedRewrite] = ()
    progress: Callable[[str], None] | None = None
    deadline: float | None = None
    ask: Ask | None = None
    measure: Measure | None = None
    explain: bool = False
    without: Set[str] = frozenset()

    @property
    def tolerance(self) -> Tolerance | None:
        """The caller's tolerance; None where the tolerance of each rewrite applies."""
        return None if self.rtol is None and self.atol is None else Tolerance(self.rtol or 0.0, self.atol or 0.0)

    @property
    def allowed(self) -> frozenset[str]:
        """Every safety class that may be applied."""
        return frozenset({"exact", *self.allow})

    @property
    def binds(self) -> bool:
        """Whether dims are frozen or inputs bound."""
        return bool(self.shapes or self.values)

    def begin(self, rewrite: str) -> None:
        """Report that a rewrite is about to be tried; raises TimeLimitReached when the deadline has passed."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise TimeLimitReached
        if self.progress is not None:
            self.progress(rewrite)


DEFAULTS = FixOptions()

"""What a caller asks of `fix_model`: what is allowed, how exact, on which data, until when, and what else is wanted."""

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

Array = np.ndarray[tuple[int, ...], np.dtype[np.generic]]


class TimeLimitReached(Exception):
    """The deadline has passed; raised between two rewrites."""


@dataclass(frozen=True, slots=True)
class FixOptions:
    """The options of one run of `fix_model`, each with the default that asks for nothing.

    Attributes:
        targets: the targets whose findings count, perhaps with `@VERSION`; none named: all count.
        allow: safety classes beyond `exact`.
        shapes: dims to freeze, by input name. values: inputs to bind to constants, by name.
        data: one array an input to verify with, in place of seeded ones.
        rtol, atol: the tolerance on outputs, in place of each rewrite's own.
        interface: changes of the interface, applied before anything else.
        progress: told the name of each rewrite before it is tried.
        deadline: the moment, as `time.monotonic` counts, after which no rewrite begins and TimeLimitReached is raised.
        ask: gives what the compilers themselves blame; the rewriting goes on until they are content, or nothing fires.
        explain: whether each finding that remains is explained.
    """

    targets: Sequence[str] = ()
    allow: Set[str] = frozenset()
    shapes: Mapping[str, Dims] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, Array] | None = None
    rtol: float | None = None
    atol: float | None = None
    interface: Sequence[InterfaceRewrite] = ()
    progress: Callable[[str], None] | None = None
    deadline: float | None = None
    ask: Ask | None = None
    explain: bool = False

    @property
    def tolerance(self) -> Tolerance | None:
        """The caller's tolerance; None where each rewrite's own holds."""
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
        """Tell the caller that a rewrite is about to be tried; TimeLimitReached when the deadline has passed."""
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise TimeLimitReached
        if self.progress is not None:
            self.progress(rewrite)


DEFAULTS = FixOptions()

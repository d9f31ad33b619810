"""Base class of rewrites: each is one file under graphfix/rewrites/ with its formula, safety class and examples.

A rewrite takes a model and returns a new one with the list of nodes changed, or the reason why it declined. It never
changes its argument, never verifies itself (transaction.py does) and never writes a file. Importing this module or any
rewrite costs no more than onnx: graphsurgeon, onnxruntime and onnxsim are imported where a model is rewritten.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from graphfix.ir.location_propagation import propagate_locations
from graphfix.linter.fix_rules import FixRule as FixRule
from graphfix.linter.fix_rules import Safety as Safety
from graphfix.verify.feed_adapter import Adapt

if TYPE_CHECKING:
    from onnx import ModelProto

Key = tuple[tuple[str, ...], str]
"""A node's key: its scope, and the name of its first output."""


FLOATS = ("float16", "float32", "float64")
"""The dtypes for which a rewrite of real arithmetic is correct."""


@dataclass(frozen=True, slots=True)
class Declined:
    """The reason why a rewrite declined, and the node or value concerned."""

    reason: str
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """An example of a rewrite: a whole model in ONNX text.

    For a case under `fires`, `ops` are the remaining operators (top graph, in order; `*` where they are too many). For a
    case under `declines`, `because` is the reason, empty where the rewrite finds nothing to do.
    """

    text: str
    ops: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a rewrite: the new model (None when nothing changed), the nodes changed, and those declined.

    `adapt` turns the original's verification inputs into those of a model whose interface the rewrite changed.
    """

    model: ModelProto | None
    changed: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    declined: tuple[Declined, ...] = ()
    adapt: Adapt | None = None


class Rewrite(ABC):
    """A named transformation of a model; its docstring says what it does and why."""

    name: ClassVar[str]
    safety: ClassVar[Safety]
    needs_opset: ClassVar[int] = 1
    fixes: ClassVar[tuple[FixRule, ...]] = ()
    everywhere: ClassVar[bool] = False
    """Whether it acts on the whole model when called for, rather than on the nodes that findings name."""
    tidies: ClassVar[bool] = False
    """Whether it is tried first when anything is rejected, because nodes that it removes need no other fix."""
    last_resort: ClassVar[bool] = False
    """Whether it is tried only when no other rewrite fires."""
    undoes: ClassVar[str] = ""
    """The name of a rewrite that it undoes: behind that one it is not tried, as the two would take turns."""
    ulps: ClassVar[int] = 8
    """The rounding difference allowed to an exact rewrite, in units in the last place of an output's largest magnitude."""
    rtol: ClassVar[float] = 0.0
    atol: ClassVar[float] = 0.0
    """An approximate rewrite's tolerance on the model's outputs: `atol + rtol * |value|`."""
    differs_at: ClassVar[tuple[str, ...]] = ()
    """The columns of edge values (verify/edge_values.py) at which an exact rewrite may compute something else."""
    before: ClassVar[str] = ""
    after: ClassVar[str] = ""
    fires: ClassVar[tuple[Case, ...]] = ()
    declines: ClassVar[tuple[Case, ...]] = ()

    @property
    def title(self) -> str:
        """The first line of the docstring."""
        return inspect.cleandoc(self.__doc__ or "").partition("\n")[0]

    @final
    def answers(self, op: str, kind: str, code: str, traits: Collection[str] | None = None) -> bool:
        """Whether a finding of this kind and code about an operator, or the model, calls for this rewrite."""
        return any(cure.answers(op, kind, code, traits) for cure in self.fixes)

    @abstractmethod
    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        """Rewrite the wanted nodes (None: every node it fits) in a new model; the argument stays as it is."""


def apply_with_locations(rewrite: Rewrite, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
    """Apply a rewrite to a model; new nodes inherit the source locations of the nodes they replace."""
    outcome = rewrite.apply(model, wanted)
    if outcome.model is not None and outcome.model is not model:
        propagate_locations(model, outcome.model)
    return outcome

"""Base class of rewrites of the model's interface, which the user requests by name."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphfix.ir.value_names import ValueNames
from graphfix.rewriting.rewrite import Declined, Key, Outcome, Rewrite, Safety
from graphfix.verify.feed_adapter import Adapt

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True, slots=True)
class Reformed:
    """A model with a changed interface, the inputs and outputs changed, and the mapping from the original's inputs to its own."""

    model: ModelProto
    names: tuple[str, ...]
    adapt: Adapt


class InterfaceRewrite(Rewrite):
    """A change of the model's inputs or outputs; without parameters it declines, and its reason says how to request it.

    An instance with parameters is created from the command line or in Python and passed to `fix_model`, which applies it
    once, before all rewrites that findings call for.
    """

    safety = Safety.INTERFACE
    everywhere = True
    ask: ClassVar[str] = ""
    """The option the user has to give, as the reason of a Declined states it."""
    redefines: ClassVar[bool] = False
    """Whether its result defines what the model computes, because the original's inputs cannot be drawn."""

    @property
    def asked(self) -> bool:
        """Whether it has the parameters it needs to be applied."""
        return True

    @abstractmethod
    def reform(self, model: ModelProto) -> Reformed | Declined:
        """Return a changed copy of the model with the data to verify it, or why there is none."""

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if not self.asked:
            return Outcome(None, declined=(Declined(self.ask),) if self.ask else ())
        made = self.reform(model)
        if isinstance(made, Declined):
            return Outcome(None, declined=(made,))
        return Outcome(made.model, (", ".join(made.names),), (((), ""),), adapt=made.adapt)


class SwitchedRewrite(InterfaceRewrite):
    """A change of the interface that an option without a value requests; where nothing is to change it says so instead."""

    absent: ClassVar[str]
    """The reason where the model has nothing that it would change."""

    def __init__(self, *, requested: bool = False) -> None:
        self.requested = requested

    @property
    def asked(self) -> bool:
        return self.requested

    @abstractmethod
    def occurs(self, model: ModelProto) -> bool:
        """Whether the model has something that it would change."""

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if self.asked or self.occurs(model):
            return super().apply(model, wanted)
        return Outcome(None, declined=(Declined(self.absent),))


def read_behind(model: ModelProto, name: str) -> str:
    """Rename an input for all its consumers, at every depth, and return the new name; the caller adds its producer."""
    from onnx import helper

    from graphfix.ir.traversal import graphs

    new = ValueNames.of(model.graph).fresh(name)
    for graph in graphs(model.graph):
        for node in graph.node:
            for position, word in enumerate(node.input):
                if word == name:
                    node.input[position] = new
        for output in graph.output:
            if output.name == name:
                graph.node.append(helper.make_node("Identity", [new], [name]))
    return new

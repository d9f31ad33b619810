"""A rewrite of the model's interface that the user asks for by name."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from graphfix.ir.value_names import Taken
from graphfix.rewriting.rewrite import Declined, Key, Outcome, Rewrite, Safety
from graphfix.verify.feed_adapter import Adapt

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True, slots=True)
class Reformed:
    """A model with another interface, the inputs and outputs it is about, and how inputs of the original become its own."""

    model: ModelProto
    names: tuple[str, ...]
    adapt: Adapt


class InterfaceRewrite(Rewrite):
    """A change of what the model takes or gives; without its parameters it declines and says how to ask for it.

    An instance with parameters is made from the command line or by hand and given to `fix_model`, which applies it
    once, before all rewrites that findings call for.
    """

    safety = Safety.INTERFACE
    everywhere = True
    ask: ClassVar[str] = ""
    """What the user is to write, in the words of a refusal."""

    @property
    def asked(self) -> bool:
        """Whether it has what it needs to be applied."""
        return True

    @abstractmethod
    def reform(self, model: ModelProto) -> Reformed | Declined:
        """A changed copy of the model with what it takes to verify it, or why there is none."""

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if not self.asked:
            return Outcome(None, declined=(Declined(self.ask),) if self.ask else ())
        made = self.reform(model)
        if isinstance(made, Declined):
            return Outcome(None, declined=(made,))
        return Outcome(made.model, (", ".join(made.names),), (((), ""),), adapt=made.adapt)


def read_behind(model: ModelProto, name: str) -> str:
    """A new name under which every reader of an input, at every depth, reads it from now on; its maker is yet to be added."""
    from onnx import helper

    from graphfix.ir.traversal import graphs

    new = Taken.of(model.graph).fresh(name)
    for graph in graphs(model.graph):
        for node in graph.node:
            for position, word in enumerate(node.input):
                if word == name:
                    node.input[position] = new
        for output in graph.output:
            if output.name == name:
                graph.node.append(helper.make_node("Identity", [new], [name]))
    return new

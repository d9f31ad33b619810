"""A rewrite of the model's interface that the user asks for by name."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from graphfix.feed_adapter import Adapted
from graphfix.rewrite import Declined, Key, Outcome, Rewrite, Safety

if TYPE_CHECKING:
    from onnx import ModelProto


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
    def reform(self, model: ModelProto) -> ModelProto | Declined:
        """A changed copy of the model, or why it cannot be."""

    @abstractmethod
    def adapt(self, given: Adapted) -> Adapted:
        """The same inputs for an original as it was and for a model changed by `reform`."""

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        if not self.asked:
            return Outcome(None, declined=(Declined(self.ask),) if self.ask else ())
        made = self.reform(model)
        if isinstance(made, Declined):
            return Outcome(None, declined=(made,))
        return Outcome(made, (self.label(),), (((), ""),))

    def label(self) -> str:
        """What it is applied to, in a report."""
        return ""


def read_behind(model: ModelProto, name: str) -> str:
    """A new name under which every reader of an input, at every depth, reads it from now on; its maker is yet to be added."""
    from onnx import helper

    from graphfix.infer import graphs

    inner = list(graphs(model.graph))
    taken = {item.name for graph in inner for item in (*graph.initializer, *graph.input)}
    taken |= {word for graph in inner for node in graph.node for word in (*node.output, node.name)}
    new = next(f"{name}_{i}" for i in itertools.count(1) if f"{name}_{i}" not in taken)
    for graph in inner:
        for node in graph.node:
            for position, word in enumerate(node.input):
                if word == name:
                    node.input[position] = new
        for output in graph.output:
            if output.name == name:
                graph.node.append(helper.make_node("Identity", [new], [name]))
    return new

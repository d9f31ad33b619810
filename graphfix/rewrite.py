"""What a rewrite is: one file in graphfix/rewrites/ that carries its algebra, its safety class and its examples.

A rewrite takes a model and gives a new one with the list of nodes it changed, or says why it declined. It never
changes its argument, never verifies itself (planner.py does) and never writes a file. Importing this module or any
rewrite costs no more than onnx: graphsurgeon, onnxruntime and onnxsim are imported where a model is rewritten.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from graphfix.cure import Cure as Cure
from graphfix.cure import Safety as Safety

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

    from graphfix.surgeon import Surgery

Key = tuple[tuple[str, ...], str]
"""A node's address: its scope, and the name of its first output."""


FLOATS = ("float16", "float32", "float64")
"""The dtypes in which a rewrite of real arithmetic holds."""


@dataclass(frozen=True, slots=True)
class Declined:
    """A refusal with its reason, and the node or value it is about."""

    reason: str
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """An example: a whole model in ONNX text.

    A case under `fires` names the operators left in `ops` (top graph, in order; `*` where they are too many). A case
    under `declines` names the sentence in `because`, empty where the rewrite finds nothing to do.
    """

    text: str
    ops: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rewrite did: the new model (None when nothing changed), the nodes changed, and the refusals."""

    model: ModelProto | None
    changed: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    declined: tuple[Declined, ...] = ()


class Rewrite(ABC):
    """A named transformation of a model; its docstring says what it does and why."""

    name: ClassVar[str]
    safety: ClassVar[Safety]
    needs_opset: ClassVar[int] = 1
    cures: ClassVar[tuple[Cure, ...]] = ()
    everywhere: ClassVar[bool] = False
    """Whether it acts on the whole model once called for, rather than on the nodes that findings name."""
    tidies: ClassVar[bool] = False
    """Whether it is asked first wherever anything is rejected: what it takes away need not be cured."""
    last_resort: ClassVar[bool] = False
    """Whether it is asked only when nothing else fires any more."""
    ulps: ClassVar[int] = 8
    """What an exact rewrite may round otherwise: units in the last place of an output's largest magnitude."""
    rtol: ClassVar[float] = 0.0
    atol: ClassVar[float] = 0.0
    """An approximate rewrite's tolerance on the model's outputs: `atol + rtol * |value|`."""
    before: ClassVar[str] = ""
    after: ClassVar[str] = ""
    fires: ClassVar[tuple[Case, ...]] = ()
    declines: ClassVar[tuple[Case, ...]] = ()

    @property
    def title(self) -> str:
        """The first line of the docstring."""
        return inspect.cleandoc(self.__doc__ or "").partition("\n")[0]

    @final  # what it answers is data: an index of it names remedies where no rewrite is imported (remedy_index.py)
    def answers(self, op: str, kind: str, code: str, traits: Collection[str] | None = None) -> bool:
        """Whether a finding of this kind and code about an operator, or the model, calls for this rewrite."""
        return any(cure.answers(op, kind, code, traits) for cure in self.cures)

    @abstractmethod
    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        """Rewrite the wanted nodes (None: every node it fits) in a new model; the argument stays as it is."""


class GraphRewrite(Rewrite):
    """A rewrite that edits an onnx-graphsurgeon graph, at every depth."""

    @abstractmethod
    def edit(self, surgery: Surgery, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        """Change the open graphs in place, yielding the address of each node changed and each refusal."""

    def idle(self, model: ModelProto) -> bool:
        """Whether a look at the model as it is shows that there is nothing to do; opening it costs far more."""
        return False

    def apply(self, model: ModelProto, wanted: frozenset[Key] | None = None) -> Outcome:
        from graphfix.surgeon import Surgery

        if self.idle(model):
            return Outcome(None)
        surgery = Surgery(model, self.name)
        if surgery.opset < self.needs_opset:
            return Outcome(None, declined=(Declined(f"needs opset {self.needs_opset}, the model has {surgery.opset}"),))
        keys: list[Key] = []
        declined: list[Declined] = []
        for event in self.edit(surgery, wanted):
            if isinstance(event, Declined):
                declined.append(event)
            else:
                keys.append(event)
        if not keys:
            return Outcome(None, declined=tuple(declined))
        labels = tuple(surgery.label(key) for key in keys)
        return Outcome(surgery.close(), labels, tuple(keys), tuple(declined))


class NodeRewrite(GraphRewrite):
    """A rewrite of one node at a time, written as ONNX text.

    `before` is one node, such as `y = HardSwish(x)`; its names are bound to the node's operands, which also go by
    `in0`, `in1`, and its outputs by `out0`. `after` is the text that replaces it, in which those names, and the names
    that `numbers` and `constants` give, may be used. A rewrite whose replacement depends on the node overrides
    `replacement`, or `compose` where text will not do (draft.py).
    """

    ops: ClassVar[tuple[str, ...]] = ()
    """Further operators of the domain and form of `before`."""
    dtypes: ClassVar[tuple[str, ...]] = ()
    """The dtypes of the first operand that it is right for; none named: any."""

    def guard(self, node: Any, surgery: Surgery) -> Declined | None:
        """Why this node cannot be rewritten; None when it can."""
        return None

    def numbers(self, node: Any, surgery: Surgery) -> Mapping[str, float]:
        """Scalars that the replacement uses by name, in the dtype of the first operand."""
        return {}

    def constants(self, node: Any, surgery: Surgery) -> Mapping[str, np.ndarray[Any, Any]]:
        """Arrays that the replacement uses by name."""
        return {}

    def replacement(self, node: Any, surgery: Surgery) -> str:
        """The ONNX text that computes the node's outputs."""
        return self.after

    def compose(self, node: Any, surgery: Surgery) -> tuple[list[NodeProto], Mapping[str, np.ndarray[Any, Any]]] | Declined:
        """The nodes and constants that stand for the node, or why there are none."""
        from graphfix.spelling import spelled
        from graphfix.surgeon import parse_nodes

        refusal = self.guard(node, surgery)
        if refusal is not None:
            return refusal
        dtype = surgery.dtype(node.inputs[0]) if node.inputs else None
        numbers = {name: np.asarray(number, dtype) for name, number in self.numbers(node, surgery).items()}
        nodes, operands = spelled(parse_nodes(self.replacement(node, surgery), surgery.opset), surgery.opset, dtype)
        return nodes, {**numbers, **operands, **self.constants(node, surgery)}

    def edit(self, surgery: Surgery, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        from graphfix.surgeon import parse_nodes

        pattern = parse_nodes(self.before, self.needs_opset)[0]
        for graph in surgery.graphs():
            for node in list(graph.nodes):
                domain = "" if node.domain in (None, "ai.onnx") else node.domain
                if node.op not in (pattern.op_type, *self.ops) or domain != pattern.domain:
                    continue
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                refusal = surgery.dtype_only(node, self.dtypes)
                composed = refusal if refusal is not None else self.compose(node, surgery)
                if isinstance(composed, Declined):
                    if composed.reason:  # an empty one says that the node is as it should be
                        yield composed
                    continue
                bound = {f"in{i}": tensor for i, tensor in enumerate(node.inputs)}
                bound |= dict(zip(pattern.input, node.inputs, strict=False))
                made = {f"out{i}": tensor for i, tensor in enumerate(node.outputs)}
                made |= dict(zip(pattern.output, node.outputs, strict=False))
                named = {name: tensor for name, tensor in made.items() if tensor.name}
                surgery.replace(graph, node, composed[0], bound, named, composed[1])
                yield key


@functools.cache
def registry() -> Mapping[str, Rewrite]:
    """Every rewrite in graphfix/rewrites/ by name, found by walking the package."""
    import graphfix.rewrites as package

    found: dict[str, Rewrite] = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for item in vars(module).values():
            if inspect.isclass(item) and issubclass(item, Rewrite) and item.__module__ == module.__name__:
                if inspect.isabstract(item):
                    continue
                found[item.name] = item()
    return dict(sorted(found.items()))


def remedies(op: str, kind: str, code: str, traits: Collection[str] | None = None) -> list[Rewrite]:
    """The rewrites that a finding calls for, the one to be asked first in front."""
    return preferred(rewrite for rewrite in registry().values() if rewrite.answers(op, kind, code, traits))


def preferred(rewrites: Iterable[Rewrite]) -> list[Rewrite]:
    """Rewrites in the order in which they are asked: exact, interface, approximate, last resorts at the end."""
    return sorted(rewrites, key=lambda r: (r.last_resort, r.safety.rank, r.everywhere, r.name))

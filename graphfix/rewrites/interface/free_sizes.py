"""f(x: [1, 3, 64, 64]) becomes f(x: [1, 3, height, width]): the size of an image that only Reshapes hold is dynamic again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from graphfix.ir.value_names import ValueNames
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.emission import Protos
from graphfix.rewriting.interface_rewrite import InterfaceRewrite, Reformed
from graphfix.rewriting.rewrite import Case, Declined

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, ValueInfoProto

    from graphfix.analysis.facts import Facts
    from graphfix.analysis.values import NodeFacts, Value

    Sizes = tuple[int, ...]
    Group = tuple[list[int], list[int]]

SIDES = ("height", "width")
LARGER = (2, 3)
"""The multiples of height and width at which the result is run: two, so that one is not taken for the other."""
CHANNELS = (1, 2, 3, 4)


class FreeSizes(InterfaceRewrite):
    """Give every image input dynamic height and width in place of those it was exported with, by `--free-sizes`.

    Why: an export at one size stores it in every Reshape, so that a network of convolutions runs at no other. Each target is
    computed from the sizes of the tensor instead. The original runs at its own size only, at which both are compared; at
    another size the result must run.
    """

    name = "free-sizes"
    before = "graphfix fix model.onnx --free-sizes"
    ask = "needs an option: --free-sizes"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y) { y = Relu(x) }""",
            because=ask,
        ),
    )

    def __init__(self, *, requested: bool = False) -> None:
        self.requested = requested

    @property
    def asked(self) -> bool:
        return self.requested

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto

        from graphfix.analysis.facts import Facts
        from graphfix.ir.bind_inputs import clear_annotations, interface

        made = ModelProto()
        made.CopyFrom(model)
        images = {info.name: axes for info in interface(made) if (axes := _sides(info))}
        if not images:
            return Declined("no input is an image of a fixed size")
        fixed = Facts.of(made)
        for info in interface(made):
            for axis, name in zip(images.get(info.name, ()), SIDES, strict=False):
                info.type.tensor_type.shape.dim[axis].dim_param = name
        clear_annotations(made)
        opened = _Opened(made, {value.name: value for node in fixed.nodes if not node.scope
                                for value in (*node.inputs, *node.outputs) if value is not None})  # fmt: skip
        while (step := opened.step()) is not None:
            if isinstance(step, Declined):
                return step
        trouble = _trouble(model, made, images)
        return Declined(trouble) if trouble else Reformed(made, tuple(images), lambda given: given)


def _sides(info: ValueInfoProto) -> tuple[int, int] | None:
    """Return the axes of height and width of an image input; None for other inputs, and where one is dynamic already."""
    dims = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
    if len(dims) != 4:
        return None
    axes = (1, 2) if dims[3] in CHANNELS and dims[1] not in CHANNELS else (2, 3)
    return axes if min(dims[axis] for axis in axes) > 1 else None


def _trouble(model: ModelProto, made: ModelProto, images: Mapping[str, tuple[int, int]]) -> str:
    """Run the result at a larger size; return why it does not run, empty where it does."""
    from graphfix.ir.bind_inputs import interface
    from graphfix.verify.feeds import seeded_feeds
    from graphfix.verify.runtime import brief, running

    shapes: dict[str, tuple[int | str | None, ...]] = {}
    for info in interface(model):
        dims: list[int | str | None] = [dim.dim_value or 1 for dim in info.type.tensor_type.shape.dim]
        for axis, times in zip(images.get(info.name, ()), LARGER, strict=False):
            dims[axis] = info.type.tensor_type.shape.dim[axis].dim_value * times
        shapes[info.name] = tuple(dims)
    feed = seeded_feeds(made, shapes, {}, (1, 1), 0)
    larger = next("x".join(map(str, shapes[name])) for name in images)
    try:
        with running(made) as session:
            session.run(None, feed)
    except Exception as error:  # onnxruntime has exceptions of its own
        return f"something else than a Reshape holds the size: at {larger} {brief(error)}"
    return ""


@dataclass(slots=True)
class _Opened:
    """A model whose images have dynamic sizes, while its Reshapes are rewritten to match; `was` are the values before."""

    model: ModelProto
    was: Mapping[str, Value]
    done: set[str] = field(default_factory=set)
    build: Builder[str] = field(init=False)

    def __post_init__(self) -> None:
        self.build = Builder(Protos(self.model.graph), ValueNames.of(self.model.graph), FreeSizes.name)

    def step(self) -> str | Declined | None:
        """Rewrite the first Reshape that holds a size; None when there is none left."""
        from graphfix.analysis.facts import Facts

        facts = Facts.of(self.model)
        for node in facts.nodes:
            key = next(filter(None, node.proto.output), "")
            if node.scope or key in self.done or not _holds(node):
                continue
            self.done.add(key)
            before, after = self._sizes(node.proto.input[0]), self._sizes(key)
            groups = list(_groups(before, after)) if before and after else []
            sizes = self._target(facts, node, groups) if groups else None
            if sizes is None:
                return Declined(f"`{node.label}` spreads the size of the image over several dims", at=node.label)
            self._replace(next(each for each in self.model.graph.node if key in each.output), sizes)
            return key
        return None

    def _sizes(self, name: str) -> Sizes:
        value = self.was.get(name)
        return tuple(int(dim or 0) for dim in value.shape or ()) if value is not None and value.fixed else ()

    def _target(self, facts: Facts, node: NodeFacts, groups: Sequence[Group]) -> list[int | tuple[str, list[int]]] | None:
        """Return for each dim of the result its size, or the value and the axes of which it is the product; None if unknown."""
        data, after = node.inputs[0], self._sizes(node.proto.output[0])
        shape = data.shape or () if data is not None else ()
        found: list[int | tuple[str, list[int]]] = list(after)
        for old, new in groups:
            moving = [axis for axis in old if not isinstance(shape[axis], int)]
            kept = [axis for axis in new if after[axis] > 1]
            if not moving:
                continue
            if len(kept) == 1:
                found[kept[0]] = node.proto.input[0], old
            elif (spread := self._like(facts, node, [after[axis] for axis in kept])) is not None:
                for axis, place in zip(kept, spread[1], strict=True):
                    found[axis] = spread[0], [place]
            else:
                return None
        return found

    def _like(self, facts: Facts, node: NodeFacts, sizes: list[int]) -> tuple[str, list[int]] | None:
        """Return the last value before a node that had these sizes in neighbouring dims, dynamic now, with their axes."""
        found = None
        for each in facts.nodes:
            if each.proto.output == node.proto.output:
                break
            for name, value in zip(each.proto.output, each.outputs, strict=True):
                old, now = list(self._sizes(name)), value.shape or () if value is not None else ()
                for at in range(len(old) - len(sizes) + 1 if not each.scope and len(now) == len(old) else 0):
                    if old[at : at + len(sizes)] == sizes and not any(isinstance(dim, int) for dim in now[at : at + len(sizes)]):
                        found = name, list(range(at, at + len(sizes)))
        return found

    def _replace(self, node: NodeProto, sizes: Sequence[int | tuple[str, list[int]]]) -> None:
        """Give a Reshape a computed target; one that is a product of sizes is left to it as -1 where that is enough."""
        build = self.build.at(node.name or node.output[0])
        if sum(not isinstance(size, int) for size in sizes) == 1:
            known = np.asarray([size if isinstance(size, int) else -1 for size in sizes], np.int64)
            node.input[1] = build.constant("target", known)
            return
        parts = []
        for size in sizes:
            if isinstance(size, int):
                parts.append(build.constant("size", np.asarray([size], np.int64)))
                continue
            name, axes = size
            shape = build.op("Shape", name)
            factors = [build.op("Gather", shape, build.constant("axis", np.asarray([axis], np.int64)), axis=0) for axis in axes]
            while len(factors) > 1:
                factors = [build.op("Mul", *factors[:2]), *factors[2:]]
            parts += factors
        node.input[1] = build.op("Concat", *parts, axis=0)
        at = next(place for place, other in enumerate(self.model.graph.node) if other.output == node.output)
        for place, made in enumerate(build.nodes):
            self.model.graph.node.insert(at + place, made)
        self.model.graph.node[at + len(build.nodes)].input[1] = node.input[1]


def _holds(node: NodeFacts) -> bool:
    """Whether a node is a Reshape to a constant target of something that has dynamic dims."""
    data, target = node.inputs[0] if node.inputs else None, node.inputs[1] if len(node.inputs) > 1 else None
    if node.op != "Reshape" or node.domain or data is None or target is None or target.constant is None:
        return False
    return data.shape is not None and any(not isinstance(dim, int) for dim in data.shape)


def _groups(before: Sizes, after: Sizes) -> Iterator[Group]:
    """Yield the smallest groups of neighbouring dims that hold the same elements before and after, as axes."""
    old, new = list[int](), list[int]()
    left, right = list(range(len(before))), list(range(len(after)))
    while left or right:
        if right and (not left or prod(after[axis] for axis in new) < prod(before[axis] for axis in old)):
            new.append(right.pop(0))
        elif left:
            old.append(left.pop(0))
        if old and new and prod(before[axis] for axis in old) == prod(after[axis] for axis in new):
            yield old, new
            old, new = [], []
    if old or new:
        yield old, new

"""f(x: [1, 3, 8, 8]) becomes f(x: [N, 3, 8, 8]): the batch dim that the export fixed is dynamic again."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from graphfix.ir.value_names import ValueNames
from graphfix.rewriting.builder import Builder
from graphfix.rewriting.emission import Protos
from graphfix.rewriting.interface_rewrite import InterfaceRewrite, Reformed
from graphfix.rewriting.rewrite import Case, Declined
from graphfix.verify.feed_adapter import Adapted

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

    from graphfix.analysis.values import NodeFacts, Value
    from graphfix.verify.feeds import Array, Feed

MOST_PASSES = 100


class FreeBatch(InterfaceRewrite):
    """Give every input a dynamic first dim in place of the size it was exported with, by `--free-batch`.

    Why: an export with a batch of 1 stores that 1 in every Reshape, Expand and initial state, so the model runs with no
    other batch. Each of them is rewritten to use the batch of the input; a batch of two must give what the original gives
    for its two entries one after the other.
    """

    name = "free-batch"
    before = "graphfix fix model.onnx --free-batch"
    ask = "needs an option: --free-batch"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3] x) => (float[1, 3] y) { y = Relu(x) }""",
            because=ask,
        ),
    )

    def __init__(self, symbol: str = "") -> None:
        """Set the name of the dynamic dim; an empty `symbol` means that the change is not requested."""
        self.symbol = symbol

    @property
    def asked(self) -> bool:
        return bool(self.symbol)

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto

        from graphfix.analysis.facts import Facts
        from graphfix.ir.bind_inputs import clear_annotations, interface

        made = ModelProto()
        made.CopyFrom(model)
        batched = [info for info in interface(made) if info.type.tensor_type.shape.dim]
        sizes = {info.type.tensor_type.shape.dim[0].dim_value for info in batched}
        if len(sizes) != 1 or 0 in sizes:
            return Declined(f"the inputs have no first dim in common that is fixed: {sorted(sizes)}")
        batch = sizes.pop()
        fixed = Facts.of(made)
        for info in batched:
            info.type.tensor_type.shape.dim[0].dim_param = self.symbol
        names = tuple(info.name for info in batched)
        clear_annotations(made)
        was = {(node.scope, value.name): value for node in fixed.nodes for value in (*node.inputs, *node.outputs) if value}
        opened = Opened(made, self.symbol, batch, was, names[0])
        for _ in range(MOST_PASSES):
            step = opened.step()
            if isinstance(step, Declined):
                return step
            if not step:
                break
        return Reformed(made, names, functools.partial(_doubled, names))


def _doubled(names: Collection[str], given: Adapted) -> Adapted:
    """Append a batch of other numbers to the input: the original runs on the two in turn, the result on both together."""

    def other(feed: Feed) -> Feed:
        return {name: np.roll(array.reshape(-1), 7).reshape(array.shape) if name in names else array
                for name, array in feed.items()}  # fmt: skip

    new = {name: np.concatenate([array, other(given.new)[name]]) if name in names else array
           for name, array in given.new.items()}  # fmt: skip
    return dataclasses.replace(given, old=tuple(run for feed in given.old for run in (feed, other(feed))), new=new)


@dataclasses.dataclass(slots=True)
class Opened:
    """A model whose inputs have a dynamic batch, while the rest of the graph is rewritten to match."""

    model: ModelProto
    symbol: str
    batch: int
    was: Mapping[tuple[tuple[str, ...], str], Value]
    source: str
    done: set[str] = dataclasses.field(default_factory=set)
    build: Builder[str] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.build = Builder(Protos(self.model.graph), ValueNames.of(self.model.graph), FreeBatch.name)

    def step(self) -> bool | Declined:
        """Rewrite the first nodes that fix the batch; False when there are none left."""
        from graphfix.analysis.facts import Facts

        changed = False
        for facts in [node for node in Facts.of(self.model).nodes if not node.scope]:
            key = next(filter(None, facts.proto.output), "")
            node = next((n for n in self.model.graph.node if key in n.output), None)
            if node is None or key in self.done:
                continue
            fresh = self._reshape(facts, node) if node.op_type == "Reshape" else self._widen(facts, node)
            if isinstance(fresh, Declined):
                return fresh
            if fresh:
                self.done.add(key)
                changed = True
                if node.op_type == "Reshape":
                    break  # what follows has other dims now
        return changed

    def _reshape(self, facts: NodeFacts, node: NodeProto) -> bool | Declined:
        """Rewrite a constant Reshape target that holds the batch: 0 where the batch keeps its axis, else -1."""
        data, target = facts.inputs[0], facts.inputs[1] if len(facts.inputs) > 1 else None
        result = self.was.get((facts.scope, node.output[0]))
        given = self.was.get((facts.scope, node.input[0]))
        if data is None or data.shape is None or target is None or target.constant is None or not _moves(data, given):
            return False
        at = next(place for place, dim in enumerate(data.shape) if not isinstance(dim, int))
        if result is None or not result.fixed or given is None or not given.fixed:
            return Declined(f"the sizes around `{facts.label}` are not known", at=facts.label)
        before, after = [int(d or 0) for d in given.shape or ()], [int(d or 0) for d in result.shape or ()]
        ahead = int(np.prod(before[:at]))
        places = [i for i, size in enumerate(after) if int(np.prod(after[:i])) == ahead and size % self.batch == 0]
        if not places:
            return Declined(f"`{facts.label}` spreads the batch over several dims", at=facts.label)
        stays = places[0] == at and after[at] == before[at]
        made = [(0 if stays else -1) if place == places[0] else size for place, size in enumerate(after)]
        self._operand(node, 1, np.asarray(made, np.int64))
        return True

    def _widen(self, facts: NodeFacts, node: NodeProto) -> bool:
        """Expand constants that hold the batch among their dims, beside values whose batch is dynamic."""
        from graphfix.rewrites.interface.batch_sites import sites

        changed = False
        for position, axis in sites(facts, self.batch):
            self._expand(node, position, axis)
            changed = True
        return changed

    def _operand(self, node: NodeProto, position: int, array: Array) -> None:
        node.input[position] = self.build.at(node.name or node.output[0]).constant("target", array)

    def _expand(self, node: NodeProto, position: int, axis: int) -> None:
        """Insert an Expand by the batch of the first input before an operand."""
        build, rank = self.build.at(node.name or node.output[0]), len(self._dims(node.input[position]))

        def numbers(word: str, *of: int) -> str:
            return build.constant(word, np.asarray(of, np.int64))

        size = build.op("Slice", build.op("Shape", self.source), numbers("zero", 0), numbers("one", 1), word="size")
        times = build.op("Div", size, numbers("batch", self.batch), word="times")
        around = [numbers("head", *[1] * axis), times, numbers("tail", *[1] * (rank - axis - 1))]
        tiled = build.op("Tile", node.input[position], build.op("Concat", *around, word="repeats", axis=0), word="tiled")
        at = next(i for i, other in enumerate(self.model.graph.node) if other.output == node.output)
        for place, made in enumerate(build.nodes):
            self.model.graph.node.insert(at + place, made)
        self.model.graph.node[at + len(build.nodes)].input[position] = tiled

    def _dims(self, name: str) -> tuple[object, ...]:
        return next(value.shape or () for (_, each), value in self.was.items() if each == name)


def _moves(now: Value, before: Value | None) -> bool:
    """Whether a dim of a value is dynamic that was fixed before."""
    return before is not None and any(
        not isinstance(new, int) and isinstance(old, int) for new, old in zip(now.shape or (), before.shape or (), strict=False)
    )

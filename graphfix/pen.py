"""A pen: new nodes written one after another where one node stood, in the forms that the model's opset has.

An `OperatorRewrite` names operators and is handed each of their nodes with a pen. It first looks (shapes, constants,
attributes) and may decline with a reason; only then it writes, and says which tensors stand for the node's outputs.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewrite import Declined, GraphRewrite, Key
from graphfix.surgeon import Surgery
from graphfix.values import Value

Array = npt.NDArray[Any]
ALL = np.iinfo(np.int64).max
"""The end of a slice that runs to the end of its axis."""


class Pen:
    """What is known of one node, and the nodes written in its place so far."""

    def __init__(self, surgery: Surgery, graph: Any, node: Any) -> None:
        self.surgery, self.graph, self.node = surgery, graph, node
        self.origin = surgery.label(surgery.key(node))
        self.new: list[Any] = []
        self._constants: dict[tuple[tuple[int, ...], str, bytes], Any] = {}

    # What is known.

    @property
    def opset(self) -> int:
        """The opset of the standard operators."""
        return self.surgery.opset

    def given(self, position: int) -> Any:
        """An operand, None where it is left out."""
        inputs = self.node.inputs
        return inputs[position] if len(inputs) > position and inputs[position].name else None

    def wanted(self, position: int) -> Any:
        """An output that something reads or the graph gives, else None."""
        outputs = self.node.outputs
        made = outputs[position] if len(outputs) > position and outputs[position].name else None
        if made is None or made.outputs or any(made is output for output in self.graph.outputs):
            return made
        inner = self.surgery.graphs()
        captured = any(t.name == made.name and t is not made for g in inner for n in g.nodes for t in n.inputs)
        captured |= any(t.name == made.name and t is not made for g in inner for t in g.outputs)
        return made if captured else None

    def value(self, position: int) -> Value | None:
        """The facts about an operand; None where it is left out or nothing is known."""
        tensor = self.given(position)
        return None if tensor is None else self.surgery.value(tensor)

    def known(self, position: int) -> Array | None:
        """An operand's value where it is constant."""
        tensor = self.given(position)
        return None if tensor is None else self.surgery.known(tensor)

    def dims(self, position: int = 0) -> list[int | str | None] | None:
        """The dims of an operand, None where its rank is unknown."""
        value = self.value(position)
        return None if value is None or value.shape is None else list(value.shape)

    def fixed(self, position: int = 0) -> list[int] | None:
        """The dims of an operand where every one is a number."""
        dims = self.dims(position)
        if dims is None:
            return None
        numbers = [dim for dim in dims if isinstance(dim, int)]
        return numbers if len(numbers) == len(dims) else None

    def dtype(self, position: int = 0) -> str:
        """The dtype of an operand, empty where it is unknown."""
        value = self.value(position)
        return value.dtype if value is not None else ""

    def attr(self, name: str, default: Any = None) -> Any:
        """An attribute as a plain value."""
        return self.node.attrs.get(name, default)

    # What is written.

    def ops(self, op: str, count: int, *inputs: Any, **attrs: Any) -> list[Any]:
        """One new node with `count` outputs; an operand None is left out, an array becomes an initializer."""
        taken = [self.const(t) if isinstance(t, np.ndarray) else t for t in inputs]
        while taken and taken[-1] is None:
            taken.pop()
        operands = [self.surgery.gs.Variable.empty() if t is None else t for t in taken]
        made = [self.surgery.gs.Variable(self.surgery.fresh(f"{self.origin}/{op.lower()}")) for _ in range(count)]
        kept = {name: value for name, value in attrs.items() if value is not None}
        self.new.append(self.surgery.node(op, operands, list(made), kept, self.origin))
        return made

    def op(self, op: str, *inputs: Any, **attrs: Any) -> Any:
        """One new node with one output."""
        return self.ops(op, 1, *inputs, **attrs)[0]

    def const(self, array: Array, name: str = "constant") -> Any:
        """An initializer, made once for equal content."""
        array = np.asarray(array)
        key = (array.shape, array.dtype.str, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.surgery.constant(f"{self.origin}/{name}", array)
        return self._constants[key]

    def ints(self, *values: int) -> Any:
        """A vector of int64."""
        return self.const(np.asarray(values, np.int64), "ints")

    def squeeze(self, x: Any, *axes: int) -> Any:
        """Squeeze with its axes as the opset writes them."""
        return self.op("Squeeze", x, axes=list(axes)) if self.opset < 13 else self.op("Squeeze", x, self.ints(*axes))

    def unsqueeze(self, x: Any, *axes: int) -> Any:
        """Unsqueeze with its axes as the opset writes them."""
        return self.op("Unsqueeze", x, axes=list(axes)) if self.opset < 13 else self.op("Unsqueeze", x, self.ints(*axes))

    def reshape(self, x: Any, *dims: int) -> Any:
        """Reshape to constant dims, 0 keeping a dim and -1 taking what is left."""
        return self.op("Reshape", x, shape=list(dims)) if self.opset < 5 else self.op("Reshape", x, self.ints(*dims))

    def transpose(self, x: Any, *perm: int) -> Any:
        """Transpose; nothing is written where the order stays."""
        return x if list(perm) == list(range(len(perm))) else self.op("Transpose", x, perm=list(perm))

    def slice(self, x: Any, axis: int, start: int, end: int, step: int = 1) -> Any:
        """One axis cut; a step other than 1 needs opset 10."""
        if self.opset < 10:
            return self.op("Slice", x, axes=[axis], starts=[start], ends=[end])
        steps = None if step == 1 else self.ints(step)
        return self.op("Slice", x, self.ints(start), self.ints(end), self.ints(axis), steps)

    def concat(self, parts: Sequence[Any], axis: int) -> Any:
        """Concat; one part alone is itself."""
        return parts[0] if len(parts) == 1 else self.op("Concat", *parts, axis=axis)

    def pad(self, x: Any, before: Sequence[int], after: Sequence[int], fill: Array | None = None) -> Any:
        """Pad every axis by constant amounts, with zero or a scalar; nothing is written where all are 0."""
        if not any(before) and not any(after):
            return x
        amounts = [*before, *after]
        if self.opset < 11:
            return self.op("Pad", x, pads=amounts, mode="constant", value=0.0 if fill is None else float(fill))
        return self.op("Pad", x, self.ints(*amounts), fill, mode="constant")

    def reduce(self, op: str, x: Any, axes: Sequence[int], *, keep: bool) -> Any:
        """A reduction with its axes as the opset writes them."""
        if self.opset < (13 if op == "ReduceSum" else 18):
            return self.op(op, x, axes=list(axes), keepdims=int(keep))
        return self.op(op, x, self.ints(*axes), keepdims=int(keep))

    def finish(self, *results: Any) -> None:
        """Put what was written where the node stood; `results` are its outputs in order, None for one not read."""
        outputs = list(self.node.outputs)
        at = next(i for i, other in enumerate(self.graph.nodes) if other is self.node)
        self.node.inputs.clear()
        self.node.outputs.clear()
        own = {id(made) for node in self.new for made in node.outputs}
        for result, output in zip(results, outputs, strict=False):
            if result is None or not output.name:
                continue
            if id(result) in own:
                own.discard(id(result))
                self.surgery.become(result, output)
                results = tuple(output if other is result else other for other in results)
            else:
                self.new.append(self.surgery.node("Identity", [result], [output], {}, self.origin))
        self.graph.nodes[at : at + 1] = self.new


class OperatorRewrite(GraphRewrite):
    """A rewrite of the nodes of some operators, each by itself, as other nodes."""

    operators: ClassVar[tuple[str, ...]]
    domain: ClassVar[str] = ""

    @abstractmethod
    def write(self, pen: Pen) -> str | None:
        """Write what stands for the node and finish; or the reason why not, empty where there is nothing to do."""

    def edit(self, surgery: Surgery, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op in self.operators]:
                key = surgery.key(node)
                if (wanted is not None and key not in wanted) or self.domain != plain(node.domain):
                    continue
                reason = self.write(Pen(surgery, graph, node))
                if reason is None:
                    yield key
                elif reason:
                    yield Declined(reason, at=surgery.label(key))


def plain(domain: str | None) -> str:
    """The domain of a node, empty for the standard one."""
    return "" if domain in (None, "", "ai.onnx") else str(domain)

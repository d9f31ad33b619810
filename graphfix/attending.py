"""softmax(scale * q k' + mask) v over heads, drawn up in products: what every kind of attention comes to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphfix.draft import Draft


@dataclass(frozen=True, slots=True)
class Heads:
    """How many heads there are, and how wide one is."""

    count: int
    width: int

    def apart(self, draft: Draft, name: str) -> str:
        """[batch, length, heads * width] as [batch, heads, length, width]."""
        return draft.op("Transpose", draft.reshape(name, [0, 0, self.count, self.width]), perm=[0, 2, 1, 3])

    def together(self, draft: Draft, name: str) -> str:
        """[batch, heads, length, width] as [batch, length, heads * width]."""
        return draft.reshape(draft.op("Transpose", name, perm=[0, 2, 1, 3]), [0, 0, self.count * self.width])


@dataclass(frozen=True, slots=True)
class Attending:
    """The scale of the scores, their soft limit (0 for none), what is added to them, and which of them are seen at all."""

    scale: float
    softcap: float = 0.0
    masks: tuple[str, ...] = ()
    seen: str = ""
    low: float = -np.inf
    """What stands for a score that is not seen."""

    def draw(self, draft: Draft, q: str, k: str, v: str) -> str:
        """Draw up the values that the queries attend to; all are [batch, heads, length, width]."""
        scores = draft.op("MatMul", q, draft.op("Transpose", k, perm=[0, 1, 3, 2]))
        scores = draft.op("Mul", scores, draft.number(self.scale))
        if self.softcap:
            cap = draft.number(self.softcap)
            scores = draft.op("Mul", draft.op("Tanh", draft.op("Div", scores, cap)), cap)
        for mask in self.masks:
            scores = draft.op("Add", scores, mask)
        if self.seen:
            scores = draft.op("Where", self.seen, scores, draft.number(self.low))
        return draft.op("MatMul", draft.op("Softmax", scores, axis=3), v)


def triangle(draft: Draft, rows: int, columns: int, past: int) -> str:
    """What a row sees that sees as many columns as are past, and those up to its own."""
    return draft.constant(np.tril(np.ones((rows, columns), bool), past))


def padding(draft: Draft, index: int, length: int | None, low: float) -> str | None:
    """The mask that an operand of onnxruntime's attention gives, to add to the scores; None for a form not known here.

    [batch, keys], [batch, queries, keys] and [batch, 1, queries, keys] hold 1 for what is seen; [batch] holds lengths.
    """
    dims = draft.shape(index)
    if dims is None or len(dims) not in (1, 2, 3, 4):
        return None
    seen = draft.inputs[index]
    if len(dims) == 1:
        if length is None:
            return None
        places = draft.constant(np.arange(length), np.int32)
        seen = draft.cast(draft.op("Less", places, draft.op("Unsqueeze", seen, axes=[1])), "int32")
    if len(dims) < 4:
        seen = draft.op("Unsqueeze", seen, axes=[1, 2] if len(dims) < 3 else [1])
    hidden = draft.op("Less", seen, draft.constant(1, np.int32))
    return draft.op("Mul", draft.cast(hidden, draft.dtype()), draft.number(low))

"""softmax(scale * q k' + mask) v over heads, in a draft: the computation common to all attention operators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphfix.rewriting.replacement import ReplacementBuilder

LOWEST = {"float16": -65504.0, "float64": float(np.finfo(np.float64).min)}
"""What replaces a masked score, by dtype: the lowest finite number, below all scores that are not masked."""
LOWEST_SINGLE = float(np.finfo(np.float32).min)
"""The same for all other dtypes."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The number of heads and the width of one."""

    count: int
    width: int

    def apart(self, draft: ReplacementBuilder, name: str) -> str:
        """Return [batch, length, heads * width] as [batch, heads, length, width]."""
        return draft.op("Transpose", draft.reshape(name, [0, 0, self.count, self.width]), perm=[0, 2, 1, 3])

    def together(self, draft: ReplacementBuilder, name: str) -> str:
        """Return [batch, heads, length, width] as [batch, length, heads * width]."""
        return draft.reshape(draft.op("Transpose", name, perm=[0, 2, 1, 3]), [0, 0, self.count * self.width])


@dataclass(frozen=True, slots=True)
class AttentionResult:
    """The scores after scaling, softcap, masking and softmax, and the weighted values."""

    scores: tuple[str, str, str, str]
    value: str


@dataclass(frozen=True, slots=True)
class AttentionSettings:
    """The scale of the scores, their softcap (0 for none), the masks added to them, and the mask of visible scores.

    `blind` says that a row may have all scores masked, and its output is then zero. `dtype` is the dtype of the softmax
    where it differs.
    """

    scale: float
    softcap: float = 0.0
    masks: tuple[str, ...] = ()
    seen: str = ""
    blind: bool = False
    dtype: str = ""

    def draw(self, draft: ReplacementBuilder, q: str, k: str, v: str) -> AttentionResult:
        """Add the attention of `q` on `k` and `v` to the draft; all are [batch, heads, length, width]."""
        scores = draft.op("MatMul", q, draft.op("Transpose", k, perm=[0, 1, 3, 2]))
        scaled = capped = draft.op("Mul", scores, draft.number(self.scale))
        if self.softcap:
            cap = draft.number(self.softcap)
            capped = draft.op("Mul", draft.op("Tanh", draft.op("Div", scaled, cap)), cap)
        masked = capped
        for mask in self.masks:
            masked = draft.op("Add", masked, mask)
        if self.seen:
            masked = draft.op("Where", self.seen, masked, draft.number(LOWEST.get(draft.dtype() or "", LOWEST_SINGLE)))
        weights = draft.cast(masked, self.dtype) if self.dtype else masked
        weights = draft.op("Softmax", weights, axis=3)
        weights = draft.cast(weights, draft.dtype()) if self.dtype else weights
        if self.blind:
            weights = draft.op("Where", self.seen, weights, draft.number(0))
        return AttentionResult((scaled, capped, masked, weights), draft.op("MatMul", weights, v))


def with_packed_state(draft: ReplacementBuilder, index: int, key: str, value: str) -> tuple[str, str]:
    """Return a key and value behind those of the operand [2, batch, heads, length, width], as [batch, heads, length, width]."""
    keys, values = unpacked_state(draft, index)
    return draft.op("Concat", keys, key, axis=2), draft.op("Concat", values, value, axis=2)


def unpacked_state(draft: ReplacementBuilder, index: int) -> tuple[str, str]:
    """Return the key and value of an operand [2, batch, heads, length, width]."""
    key, value = (draft.op("Gather", draft.inputs[index], draft.constant(place), axis=0) for place in (0, 1))
    return key, value


def packed_state(draft: ReplacementBuilder, key: str, value: str) -> str:
    """Return a key and value of [batch, heads, length, width] as one state of [2, batch, heads, length, width]."""
    return draft.op("Concat", *(draft.op("Unsqueeze", part, axes=[0]) for part in (key, value)), axis=0)


def triangle(draft: ReplacementBuilder, rows: int, columns: int, past: int) -> str:
    """Return the causal mask: a row sees the `past` columns and those up to its own."""
    return draft.constant(np.tril(np.ones((rows, columns), bool), past))


def padding(draft: ReplacementBuilder, index: int, length: int | None, low: float) -> str | None:
    """Return the additive mask given by an operand of onnxruntime's attention; None for an unknown form.

    [batch, keys], [batch, queries, keys] and [batch, 1, queries, keys] hold 1 for visible keys; [batch] holds lengths.
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

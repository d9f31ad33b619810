"""Rotary position embedding in a draft: pairs (a, b) of a head's elements rotated to (a cos - b sin, a sin + b cos)."""

from __future__ import annotations

from dataclasses import dataclass

from graphfix.rewriting.replacement import ReplacementBuilder


@dataclass(frozen=True, slots=True)
class Rotary:
    """Number of a head's `width` elements that are rotated, and whether pairs are adjacent or half of that number apart."""

    width: int
    turned: int
    neighbours: bool

    def draw(self, draft: ReplacementBuilder, x: str, cos: str, sin: str) -> str:
        """Rotate [batch, heads, length, width] by angles that broadcast to [batch, heads, length, turned / 2]."""
        rest = ""
        if self.turned < self.width:
            x, rest = draft.ops("Split", 2, x, axis=3, split=[self.turned, self.width - self.turned])
        half = self.turned // 2
        if self.neighbours:
            pairs = draft.ops("Split", 2, draft.reshape(x, [0, 0, -1, half, 2]), axis=4, split=[1, 1])
            a, b = (draft.op("Squeeze", part, axes=[4]) for part in pairs)
        else:
            a, b = draft.ops("Split", 2, x, axis=3, split=[half, half])
        first = draft.op("Sub", draft.op("Mul", a, cos), draft.op("Mul", b, sin))
        second = draft.op("Add", draft.op("Mul", a, sin), draft.op("Mul", b, cos))
        if self.neighbours:
            both = draft.op("Concat", *(draft.op("Unsqueeze", part, axes=[4]) for part in (first, second)), axis=4)
            turned = draft.reshape(both, [0, 0, -1, self.turned])
            return draft.op("Concat", turned, rest, axis=3) if rest else turned
        return draft.op("Concat", first, second, *([rest] if rest else []), axis=3)

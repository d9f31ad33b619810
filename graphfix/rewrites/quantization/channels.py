"""Channels moved from behind the spatial axes to the front of them, and back, in a draft."""

from __future__ import annotations

from graphfix.rewriting.replacement import ReplacementBuilder


def channels_first(draft: ReplacementBuilder, name: str, rank: int) -> str:
    """Return [batch, spatial..., channels] as [batch, channels, spatial...]."""
    return draft.transpose(name, [0, rank - 1, *range(1, rank - 1)])


def channels_last(draft: ReplacementBuilder, name: str, rank: int) -> str:
    """Return [batch, channels, spatial...] as [batch, spatial..., channels]."""
    return draft.transpose(name, [0, *range(2, rank), 1])

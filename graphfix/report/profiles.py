"""The size profile of a result in words: the bounds that a compiler builds for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST_INPUTS = 3
"""The number of inputs whose bounds are written out."""


def profile_line(profile: Mapping[str, Any]) -> str:
    """Say which sizes a verdict is about: `profile x=1..8x3x224x224, tuned for x=8x3x224x224`."""
    shapes = profile["shapes"]
    bounds = _listed({name: _dims(each["min"], each["max"]) for name, each in shapes.items()})
    if not profile["given"]:
        return f"profile {bounds}; give a range with --shape, such as 1..8 for a dim"
    usual = _listed({name: "x".join(map(str, each["opt"])) for name, each in shapes.items()})
    return f"profile {bounds}" + (f", tuned for {usual}" if usual != bounds else "")


def _dims(low: Sequence[int], high: Sequence[int]) -> str:
    return "x".join(str(least) if least == most else f"{least}..{most}" for least, most in zip(low, high, strict=True))


def _listed(shapes: Mapping[str, str]) -> str:
    said = [f"{name}={dims}" for name, dims in shapes.items()]
    return ", ".join(said[:MOST_INPUTS]) + (f" and {len(said) - MOST_INPUTS} more" if len(said) > MOST_INPUTS else "")

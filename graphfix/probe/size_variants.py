"""Other sizes for the operands of a probe, in words that say which: `sizes 3=5,4=7`, or `A.sizes 0=6` for one operand."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any

from graphfix.probe.change import apply_change
from graphfix.probe.form import Change, Form, Tensor

SIZES = re.compile(r"(?:(\w+)\.)?sizes (\d+=\d+(?:,\d+=\d+)*)")
TIED = frozenset({"Attention"})
"""Operators that want two operands of one size and whose inference does not check it: none is changed alone."""
SPREAD = (5, 7, 6, 9, 8, 11, 10)
"""Sizes that are larger than the usual ones, and different from each other."""


def size_change(words: str) -> Change:
    """Return the change that the words describe."""
    found = SIZES.fullmatch(words)
    assert found is not None
    pairs = tuple((int(old), int(new)) for old, _, new in (pair.partition("=") for pair in found[2].split(",")))
    return {f"{found[1]}.sized" if found[1] else "sized": pairs}


def size_choices(form: Form, change: Change, seed: str, *, ones: bool) -> list[str]:
    """Return the sizes to try with a changed form, in an order that depends on the seed and looks arbitrary.

    With `ones` some size becomes 1, which broadcasts; else none does.
    """
    operands = apply_change(form, change)[0]
    alone = form.op not in TIED
    choices = [words for words in dict.fromkeys(_choices(operands, alone)) if words.endswith("=1") == ones]
    return sorted(choices, key=lambda words: zlib.crc32(f"{seed} {words}".encode()))


def _choices(operands: dict[str, Any], alone: bool) -> Iterator[str]:
    shapes = {name: given.shape for name, given in operands.items() if _may_change(given)}
    several = [one for given in operands.values() if isinstance(given, (list, tuple)) for one in given if _may_change(one)]
    sizes = sorted({size for shape in (*shapes.values(), *(one.shape for one in several)) for size in shape if size})
    larger = [size for size in sizes if size > 1]
    if larger:
        yield "sizes " + ",".join(f"{size}={new}" for size, new in zip(larger, SPREAD, strict=False))
        yield "sizes " + ",".join(f"{size}={2 * size}" for size in larger)
        yield "sizes " + ",".join(f"{size}={larger[-1]}" for size in larger)
    yield from (f"sizes {size}=1" for size in larger)
    yield from (f"sizes {size}={2 * size + 1}" for size in larger)
    yield from (f"sizes {one}={other}" for one in larger for other in larger if one != other)
    for name, shape in shapes.items() if alone else ():
        for at, size in enumerate(shape):
            yield from (f"{name}.sizes {at}={new}" for new in (size + 3, 1, 2 * size) if size and new != size)


def _may_change(given: Any) -> bool:
    """Whether an operand's shape is the form's choice: not where its values are given."""
    return isinstance(given, Tensor) and given.values is None and bool(given.shape)

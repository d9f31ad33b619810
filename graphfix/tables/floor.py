"""How many probes an entry needs before its condition decides a verdict.

One refused probe shows that a compiler rejects one model, not that it rejects every node of that form. In a table whose
entries were probed actively (`measured` has `active`), an entry that rests on fewer probes, or that as many probes
contradict, leaves the verdict undecided. Older tables have no such floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphfix.tables.phrases import condition_in_words

if TYPE_CHECKING:
    from graphfix.tables.conditions import Condition

FLOOR = 8
"""Probes for an entry below which it decides nothing."""


def too_thin(supports: int, opposes: int) -> bool:
    """Whether so many probes for and against an entry are too few to decide by it."""
    return supports < FLOOR or opposes >= supports


def thin_reason(when: Condition, supports: int, opposes: int, *, single: bool = False) -> str:
    """Say how few probes there are: `only 3 probes with rank 4: all rejected`."""
    count = supports + opposes
    form = "" if not when else " in exactly this form" if single else f" with {condition_in_words(when)}"
    if opposes:
        return f"of {count} probes{form}, {supports} {'was' if supports == 1 else 'were'} rejected"
    probes = "1 probe" if count == 1 else f"{count} probes"
    return f"only {probes}{form}: {'all ' if count > 1 else ''}rejected"

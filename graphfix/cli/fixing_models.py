"""Fixing models in place within a run of `lint` or `ci`, where findings count."""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix.cli.fix_in_place import FixedModel, fix_in_place
from graphfix.cli.options import exit_code
from graphfix.cli.run_settings import ModelSettings
from graphfix.errors import GraphfixError
from graphfix.linter.policy import Policy

if TYPE_CHECKING:
    from graphfix.linter.diagnostics import Result


def has_counting_finding(one: ModelSettings, found: Sequence[Result], *levels: str) -> bool:
    """Whether a finding counts under the settings at any of these levels; the findings and the baseline are not changed."""
    policy = Policy(one.policy.config, one.policy.baseline, shrinks=False)
    copies = copy.deepcopy(list(found))
    for result in copies:
        policy.apply(result)
    return any(exit_code(copies, level) == 1 for level in levels)


def fix_or_say(one: ModelSettings, *, write: bool, confirm: bool) -> FixedModel | None:
    """Fix a model for its targets, in place with `write`; where that is not possible, say why on stderr and return None.

    With `confirm` the installed compilers are asked about the original and the result.
    """
    try:
        return fix_in_place(Path(one.model), one.targets, one.shapes, one.values, one.config, write=write, confirm=confirm)
    except GraphfixError as error:
        print(f"graphfix: {error.line()}", file=sys.stderr)
        return None


def applied_in_words(fixed: FixedModel) -> str:
    """Return the names of the rewrites that were applied, with the number of nodes of each."""
    counts: dict[str, int] = {}
    for change in fixed.results[0].changes or ():
        if change["applied"]:
            counts[change["rewrite"]] = counts.get(change["rewrite"], 0) + 1
    return ", ".join(name if count == 1 else f"{name} ({count})" for name, count in counts.items())

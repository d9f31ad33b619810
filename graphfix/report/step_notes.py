"""What is said of a next step: its measured effect, and what of it only the user knows."""

from __future__ import annotations

from collections.abc import Sequence

from graphfix.linter.deciding_options import PLACEHOLDER
from graphfix.linter.diagnostics import NextStep

OPPOSITES = {"true": "false", "false": "true"}


def step_notes(step: NextStep) -> list[str]:
    """Return short sentences, without a full stop."""
    notes = []
    if step.after is not None and step.after < step.before:
        errors = f"{step.before} error{'s' if step.before != 1 else ''}"
        notes.append(f"with these options {step.after or 'none'} of {errors} are left")
    if step.outputs:
        needs = "needs" if len(step.outputs) == 1 else "need"
        notes.append(f"only {_names(step.outputs)} {needs} a node that no rewrite fixes; drop outputs that you do not need")
    flags = [f"`{name}` may be {OPPOSITES[value]} as well" for name, value in step.values if value in OPPOSITES]
    notes += [", ".join(flags)] if flags else []
    unknown = [name for name, value in step.values if value == PLACEHOLDER]
    if unknown:
        notes.append(f"put the value of {_names(unknown)} that you use in place of {PLACEHOLDER}")
    if step.examples:
        count = "sizes of" if len(step.examples) > 1 else "size of"
        verb = "are examples" if len(step.examples) > 1 else "is an example"
        notes.append(f"the {count} {', '.join(step.examples)} {verb}: replace them with your own")
    return notes


def _names(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)

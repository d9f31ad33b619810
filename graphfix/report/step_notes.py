"""What is said of a next step: its measured effect, and what of it only the user knows."""

from __future__ import annotations

from collections.abc import Sequence

from graphfix.linter.diagnostics import NextStep
from graphfix.linter.next_options import PLACEHOLDER

OPPOSITES = {"true": "false", "false": "true"}


def step_notes(step: NextStep) -> list[str]:
    """Return short sentences, without a full stop."""
    notes = []
    if step.after is not None and step.after < step.before:
        notes.append(_effect(step, step.before - step.after))
    if step.outputs:
        needs = "needs" if len(step.outputs) == 1 else "need"
        notes.append(f"only {_names(step.outputs)} {needs} a node that no rewrite fixes; drop outputs that you do not need")
    flags = [f"`{name}` may be {OPPOSITES[value]} as well" for name, value in step.values if value in OPPOSITES]
    notes += [", ".join(flags)] if flags else []
    unknown = [name for name, value in step.values if value == PLACEHOLDER]
    if unknown:
        notes.append(f"put the value of {_names(unknown)} that you use in place of {PLACEHOLDER}")
    if step.unfit:
        notes.append("the model does not run at these sizes, which are examples: give those that it was exported at")
    elif step.examples:
        if len(step.examples) > 1:
            notes.append(f"the sizes of {', '.join(step.examples)} are examples: replace them with your own")
        else:
            notes.append(f"the size of {step.examples[0]} is an example: replace it with your own")
    return notes


def _effect(step: NextStep, fixed: int) -> str:
    """Say how many errors the values and shapes fix, without the rewrites that `fix` applies then and the outputs dropped."""
    options = ["`--set`"] * bool(step.values) + ["`--shape`"] * bool(step.shapes)
    verb = "fixes" if len(options) == 1 else "fix"
    count = f"{fixed} of {step.before} errors"
    if fixed == step.before:
        count = {1: "the error", 2: "both errors"}.get(fixed, f"all {fixed} errors")
    return f"{' and '.join(options)} {verb} {count}"


def _names(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)

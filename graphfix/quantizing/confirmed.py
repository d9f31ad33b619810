"""A quantised model that the installed compilers agree with: other forms and fewer layers are tried where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from onnx import ModelProto

from graphfix.backends.compile.paired_runs import Pair, PairedRun, paired_runs
from graphfix.quantizing.form_choice import FormChoice
from graphfix.quantizing.on_targets import within_budget_on
from graphfix.quantizing.quantize import Quantized, QuantizeOptions, choices, compared, quantize_model
from graphfix.verify.budget import Budget
from graphfix.verify.feeds import Feed

MOST_FORMS = 3
"""The forms that are tried until no compiler rejects one."""
MOST_ROUNDS = 3
"""The rounds in which more layers are left out: what helps one compiled model may bring another beyond the budget."""


@dataclass(slots=True)
class Confirmed:
    """A quantised model with the compilers' answers; `beyond` says for a target why its compiled model is beyond the budget."""

    quantized: Quantized
    runs: Sequence[PairedRun] = ()
    beyond: dict[str, str] = field(default_factory=dict)


def quantize_confirmed(model: ModelProto, feeds: Sequence[Feed], options: QuantizeOptions, *, ask: bool) -> Confirmed:
    """Quantise a model; with `ask` the compilers of the targets that are installed are asked about each try."""
    tried: list[str] = []
    first: Confirmed | None = None
    for choice in choices(model, options)[: MOST_FORMS if ask else 1]:
        found = _in_form(model, feeds, options, choice, ask=ask)
        rejecting = [run for run in found.runs if run.accepted is False and run.original is not False]
        first = first or found
        if not rejecting:
            found.quantized.notes[:0] = tried
            return found
        said = ", ".join(f"{run.target} rejects it ({run.said[:120]})" for run in rejecting)
        tried.append(f"{choice.form.label} was tried: {said}")
    assert first is not None
    return first


def _in_form(
    model: ModelProto, feeds: Sequence[Feed], options: QuantizeOptions, choice: FormChoice, *, ask: bool
) -> Confirmed:  # fmt: skip
    """Quantise to one form; where a compiled model is beyond the budget, leave out what that target computes worst."""
    found = Confirmed(quantize_model(model, feeds, options, choice))
    if not ask:
        return found
    feeds = compared(feeds)
    _ask(found, model, feeds, options)
    wrong: list[str] = []
    for _ in range(MOST_ROUNDS):
        more = [target for target in found.beyond if target not in wrong]
        if not more:
            break
        wrong += more
        found = Confirmed(within_budget_on(found.quantized, model, feeds, options, wrong))
        _ask(found, model, feeds, options)
    return found


def _ask(found: Confirmed, model: ModelProto, feeds: Sequence[Feed], options: QuantizeOptions) -> None:
    """Ask the compilers of all targets about a try."""
    pair = Pair(model, found.quantized.model, feeds, found.quantized.expected)
    found.runs = paired_runs(pair, options.targets, options.progress)
    found.beyond = beyond_budget(found.runs, options.budget)


def beyond_budget(runs: Sequence[PairedRun], budget: Budget | None) -> dict[str, str]:
    """Return for each target whose compiled model is beyond the budget which output is."""
    said = {run.target: budget.exceeded(run.metrics) for run in runs} if budget is not None else {}
    return {target: reason for target, reason in said.items() if reason is not None}

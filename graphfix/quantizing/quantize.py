"""Quantising a model for targets: the form is chosen, and sensitive layers are left out until the budget holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from graphfix.errors import GraphfixError, UsageError
from graphfix.quantizing.form_choice import FormChoice, form_choices
from graphfix.quantizing.fusing import at_opset, fused
from graphfix.quantizing.methods import AUTO, tried_methods
from graphfix.quantizing.sensitivity import LayerSensitivity, measure_sensitivity, most_sensitive_first
from graphfix.quantizing.variants import Variants
from graphfix.tables.precision import Form
from graphfix.verify.budget import Budget, measured
from graphfix.verify.feeds import Feed
from graphfix.verify.metrics import OutputMetrics
from graphfix.verify.sample_runs import run_samples

NEEDS_DATA = "static quantisation needs --data: the ranges of activations are measured on inputs, and cannot be known without"


MOST_COMPARED = 32
"""The inputs on which versions of a model are compared, taken evenly from those that calibrate."""


MOST_BACK = 12
"""The layers that are quantised again on trial once the budget holds: each trial runs the model on all inputs compared."""
NOTABLE = 0.1
"""The energy of the error, as a share of the output's, from which a note says so: 10 dB."""


def compared(feeds: Sequence[Feed]) -> list[Feed]:
    """Return the inputs on which versions of a model are compared."""
    step = -(-len(feeds) // MOST_COMPARED) or 1
    return list(feeds[::step])


class NothingLeft(GraphfixError):
    """No layer can be quantised within the budget."""


@dataclass(frozen=True, slots=True)
class QuantizeOptions:
    """How to quantise: the targets, a scheme of form_choice.SCHEMES, bits, calibration method and budget.

    The method `auto` tries others than minmax where the budget leaves layers in float, and keeps the one that leaves fewest.
    """

    targets: Sequence[str]
    scheme: str = "static"
    bits: int = 8
    method: str = AUTO
    budget: Budget | None = None
    progress: Callable[[str], None] = lambda _: None


@dataclass(slots=True)
class Quantized:
    """A quantised model with its form, the sensitivity of its layers, and the error of its outputs in onnxruntime."""

    model: ModelProto
    form: Form
    variants: Variants
    layers: list[LayerSensitivity] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    metrics: Mapping[str, OutputMetrics] = field(default_factory=dict)
    expected: list[list[Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def far_off(metrics: Mapping[str, OutputMetrics]) -> str | None:
    """Return a note on outputs whose error is beyond a tenth of their energy; None where there is none."""
    far = [name for name, one in metrics.items() if one.noise > NOTABLE * one.signal]
    if not far:
        return None
    return (
        f"{', '.join(f'`{name}`' for name in far[:3])} {'is' if len(far) == 1 else 'are'} far from the original: give a --budget"
    )


def choices(model: ModelProto, options: QuantizeOptions) -> list[FormChoice]:
    """Return the forms that all targets accept, the best one first; UsageError where there is none."""
    return form_choices(model, options.targets, options.scheme, options.bits)


def quantize_model(model: ModelProto, feeds: Sequence[Feed], options: QuantizeOptions, choice: FormChoice) -> Quantized:
    """Return a model in a form, with as many layers as the budget allows; the argument is not changed.

    Raises:
        UsageError: the model has no layer that the form applies to.
        NothingLeft: the budget holds only with all layers in float.
    """
    options.progress(f"quantising to {choice.form.label}")
    proof = compared(feeds)
    expected = run_samples(model, proof)
    ready = _ready(model, choice.form)
    best: Quantized | None = None
    refused: NothingLeft | None = None
    for method, given in tried_methods(ready, feeds, options.method, options.scheme, options.budget):
        if best is not None and not best.left_out:
            break
        variants = Variants(ready, choice.form, given if options.scheme == "static" else (), method)
        if not variants.layers:
            raise UsageError(f"the model has no layer with constant weights to quantise to {choice.form.label}")
        try:
            found = _within_budget(variants, proof, expected, options)
        except NothingLeft as error:
            refused = refused or error
            continue
        if best is None or len(found.left_out) < len(best.left_out):
            best = found
    if best is None:
        assert refused is not None
        raise refused
    best.notes = list(choice.notes)
    return best


def _within_budget(variants: Variants, proof: Sequence[Feed], expected: list[list[Any]], options: QuantizeOptions) -> Quantized:
    """Return a calibrated model with as many layers quantised as the budget allows; NothingLeft where it allows none."""
    layers = measure_sensitivity(variants, proof, expected, options.progress)
    found = Quantized(variants.whole, variants.form, variants, layers, expected=expected)
    names = [info.name for info in variants.model.graph.output]

    def trial(left_out: Sequence[str]) -> str | None:
        options.progress(f"{variants.method}: leaving {len(left_out)} of {len(layers)} layers in float")
        metrics = measured(names, expected, run_samples(variants.without(left_out), proof))
        return options.budget.exceeded(metrics) if options.budget is not None else None

    return with_left_out(found, proof, left_out_for(found, trial) if options.budget is not None else [])


def left_out_for(found: Quantized, trial: Callable[[Sequence[str]], str | None]) -> list[str]:
    """Return layers to leave in float so that a trial is not beyond the budget.

    They are as few of the most sensitive ones as it needs, less those of them, large ones first, without which it holds as well.
    """
    ranked = most_sensitive_first(found.layers)
    left = ranked[: least_left_out(lambda count: trial(ranked[:count]), len(ranked))]
    for name in sorted(left, key=found.variants.weight_bytes, reverse=True)[:MOST_BACK]:
        fewer = [other for other in left if other != name]
        if trial(fewer) is None:
            left = fewer
    return left


def with_left_out(found: Quantized, feeds: Sequence[Feed], left_out: list[str]) -> Quantized:
    """Return the same with these layers in float, and the error of its outputs."""
    model = found.variants.without(left_out)
    names = [info.name for info in found.variants.model.graph.output]
    return dataclasses.replace(
        found,
        model=model,
        left_out=left_out,
        layers=[dataclasses.replace(one, quantised=one.layer not in left_out) for one in found.layers],
        metrics=measured(names, found.expected, run_samples(model, feeds)),
        notes=list(found.notes),
    )


def _ready(model: ModelProto, form: Form) -> ModelProto:
    """Return the model fused, and at an opset in which the form can be written."""
    try:
        return fused(at_opset(model, 13 if form.scheme != "weight-only" else max(13, form.opset if form.opset > 17 else 13)))
    except (RuntimeError, ValueError) as error:  # what onnx's converter of versions raises
        raise UsageError(f"the model cannot be brought to opset {form.opset}, which the form needs ({error})") from error


def least_left_out(trial: Callable[[int], str | None], most: int) -> int:
    """Return the least number of left-out layers at which a trial is not beyond the budget, by doubling and then halving."""
    beyond = trial(0)
    if beyond is None:
        return 0
    low, high = 0, 1
    while high < most and (said := trial(high)) is not None:
        beyond, low, high = said, high, high * 2
    if high >= most:
        if most - 1 <= low or trial(most - 1) is not None:
            hint = "allow more, or leave the model in float"
            raise NothingLeft(f"no layer can be quantised within the budget: {beyond}", hint=hint)
        high = most - 1
    while high - low > 1:
        middle = (low + high) // 2
        if trial(middle) is None:
            high = middle
        else:
            low = middle
    return high

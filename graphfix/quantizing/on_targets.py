"""Layers that a compiled model computes worse than onnxruntime: each is compiled quantised alone, and more stay in float."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from onnx import ModelProto

from graphfix.backends.compile.paired_runs import CompiledRuns, Pair
from graphfix.quantizing.quantize import NothingLeft, Quantized, QuantizeOptions, left_out_for, with_left_out
from graphfix.quantizing.sensitivity import SAMPLES, LayerSensitivity, least_ratio, most_sensitive_first
from graphfix.verify.feeds import Feed

SECONDS = 240.0
"""The time for the layers of one model on one target; those that are left keep their rank from onnxruntime."""


def within_budget_on(
    made: Quantized, model: ModelProto, feeds: Sequence[Feed], options: QuantizeOptions, targets: Sequence[str]
) -> Quantized:  # fmt: skip
    """Return the same with as few layers in float as the budget needs in onnxruntime and compiled by these targets.

    All layers but one are left in float where no number of them holds the budget.
    """
    pair = Pair(model, made.model, feeds, made.expected)
    with ExitStack() as stack:
        sessions = {target: stack.enter_context(CompiledRuns(pair, target)) for target in targets}
        ratios = {target: _ratios(made, runs, target, options) for target, runs in sessions.items()}
        layers = [_with_ratios(one, ratios) for one in made.layers]
        ranked = dataclasses.replace(made, layers=layers)

        def trial(left_out: Sequence[str]) -> str | None:
            options.progress(f"compiling with {len(left_out)} of {len(layers)} layers in float")
            found = with_left_out(ranked, feeds, list(left_out))
            beyond = options.budget.exceeded(found.metrics) if options.budget is not None else None
            for runs in sessions.values():
                if beyond is None and options.budget is not None:
                    beyond = options.budget.exceeded(runs.of(found.model).metrics)
            return beyond

        try:
            left_out = left_out_for(ranked, trial)
        except NothingLeft:
            left_out = most_sensitive_first(layers)[:-1]
    return with_left_out(ranked, feeds, left_out)


def _ratios(made: Quantized, runs: CompiledRuns, target: str, options: QuantizeOptions) -> dict[str, float]:
    """Return the signal-to-noise ratio of the compiled model with each layer quantised alone."""
    until = time.monotonic() + SECONDS
    found = {}
    for place, one in enumerate(made.layers):
        if time.monotonic() > until:
            break
        options.progress(f"compiling layer {place + 1} of {len(made.layers)} alone for {target}")
        told = runs.of(made.variants.single(one.layer), most=SAMPLES)
        if told.metrics:
            found[one.layer] = least_ratio(told.metrics)
    return found


def _with_ratios(one: LayerSensitivity, ratios: Mapping[str, Mapping[str, float]]) -> LayerSensitivity:
    return dataclasses.replace(one, on_targets={target: told[one.layer] for target, told in ratios.items() if one.layer in told})

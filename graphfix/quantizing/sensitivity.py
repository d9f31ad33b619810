"""How much each layer costs when it alone is quantised: the signal-to-noise ratio of the worst output in onnxruntime."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphfix.quantizing.variants import Variants
from graphfix.verify.budget import measured
from graphfix.verify.feeds import Feed
from graphfix.verify.metrics import MOST_EXACT, OutputMetrics
from graphfix.verify.sample_runs import run_samples

SAMPLES = 3
"""The inputs on which each layer is measured."""
SECONDS = 120.0
"""The time after which the layers that are left are not measured."""


@dataclass(frozen=True, slots=True)
class LayerSensitivity:
    """The cost of quantising one layer alone.

    `snr` is the signal-to-noise ratio in dB of the output that suffers most, `largest` its largest difference; both None where
    time ran out before the layer. `quantised` tells whether the layer is quantised in the result. `on_targets` holds the ratio
    of the compiled model, for targets on which the layers were measured because the compiled result was beyond the budget.
    """

    layer: str
    operator: str
    snr: float | None
    largest: float | None
    quantised: bool = True
    on_targets: Mapping[str, float] = field(default_factory=dict)

    @property
    def worst(self) -> float | None:
        """The smallest ratio, in onnxruntime or on a target; None where there is none."""
        return min((value for value in (self.snr, *self.on_targets.values()) if value is not None), default=None)

    def to_json(self) -> dict[str, Any]:
        """The layer as docs/json.md describes it."""
        return {
            "layer": self.layer, "operator": self.operator, "snr_db": self.snr, "max_abs": self.largest,
            "quantised": self.quantised, "on_targets": dict(self.on_targets),
        }  # fmt: skip


def measure_sensitivity(
    variants: Variants, feeds: Sequence[Feed], expected: Sequence[Sequence[Any]], progress: Callable[[str], None]
) -> list[LayerSensitivity]:
    """Return the sensitivity of every layer, in the order of the graph."""
    names = [info.name for info in variants.model.graph.output]
    operators = {node.name: node.op_type for node in variants.model.graph.node}
    until = time.monotonic() + SECONDS
    found = []
    for place, layer in enumerate(variants.layers):
        snr = largest = None
        if time.monotonic() < until:
            progress(f"quantising layer {place + 1} of {len(variants.layers)} alone")
            outputs = run_samples(variants.single(layer), feeds[:SAMPLES])
            told = measured(names, expected[:SAMPLES], outputs)
            snr, largest = least_ratio(told), max((one.largest for one in told.values()), default=0.0)
        found.append(LayerSensitivity(layer, operators.get(layer, ""), snr, largest))
    return found


def least_ratio(metrics: Mapping[str, OutputMetrics]) -> float:
    """Return the signal-to-noise ratio in dB of the output that suffers most."""
    told = [one.to_json() for one in metrics.values()]
    return min((MOST_EXACT if one["max_abs"] == 0.0 else one["snr_db"] or 0.0 for one in told), default=MOST_EXACT)


def most_sensitive_first(layers: Sequence[LayerSensitivity]) -> list[str]:
    """Return the names of layers by what they cost; those that were not measured are last."""
    return [one.layer for one in sorted(layers, key=lambda one: (one.worst is None, one.worst or 0.0))]

"""BatchNormalization of weights that are normalized themselves: constant data, and parameters computed from constants."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from graphfix.probe.form import Change, Form, Limit, Tensor, data, weight
from graphfix.probe.forms.normalisation import BATCH, CHANNELS, PARAMETERS


def computed(names: Sequence[str], channels: int) -> Change:
    """Many channels, of which some parameters are computed from constants."""
    held = {name: Tensor((channels,), "folded" if name in names else "constant", low=0.5, high=1.5) for name in PARAMETERS}
    return {"X": data(1, channels, 1), **held}


TRAINED: list[Change] = [
    *({"X": data(*shape), "training_mode": 1, "outputs": outputs, "foldable": True} for shape in CHANNELS for outputs in (1, 3)),
    *({"training_mode": 1, "outputs": outputs, "foldable": True, "since": 14} for outputs in (1, 3)),
    *({"training_mode": 1, "outputs": outputs, "X": weight(*shape), **{f"{name}.from": "folded" for name in names}}
      for shape in CHANNELS for outputs in (1, 3) for names in (PARAMETERS[2:], PARAMETERS)),
    *({"X": data(*shape), "training_mode": 1, "outputs": outputs, "foldable": True, **more} for shape in CHANNELS[:3]
      for outputs in (1, 3) for more in ({"momentum": 1.0}, {"epsilon": 1e-3}, {"momentum": 0.5, "epsilon": 1e-3},
                                         {"T": "float64", "T1": "float64", "T2": "float64"})),
    *({"training_mode": 1, "outputs": outputs, "X": data(*shape)} for shape in CHANNELS for outputs in (1, 3)),
    *({"X": weight(*shape), **{f"{name}.from": "folded" for name in names}} for shape in CHANNELS
      for names in (PARAMETERS[2:], PARAMETERS)),
]  # fmt: skip
"""A BatchNormalization that computes the mean and variance of its data itself, and one that does not."""
FORMS = [
    Form(
        "BatchNormalization",
        BATCH,
        oldest=7,
        changes=TRAINED,
        limits=[
            Limit("folding", "the elements of a computed variance", partial(computed, PARAMETERS[3:]), 4, 4_000_000),
            Limit("folding", "the elements of computed parameters", partial(computed, PARAMETERS), 4, 4_000_000),
        ],
    ),
]

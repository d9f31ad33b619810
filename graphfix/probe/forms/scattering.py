"""Scatters of indices that are as wide as the data or narrower, and of indices of high rank."""

import math

from graphfix.probe.form import Change, Form, Tensor, data

WIDTHS = (((5, 8), (3, 8), 0), ((5, 8), (3, 4), 0), ((5, 8), (20, 8), 0), ((5, 8), (5, 3), 1), ((5, 8), (2, 3), 1),
          ((2, 5, 8), (2, 3, 8), 1), ((2, 5, 8), (2, 3, 4), 1), ((2, 5, 8), (7, 5, 8), 0), ((2, 5, 8), (1, 5, 4), 0),
          ((2, 5, 8), (2, 5, 3), -1), ((2, 5, 8), (1, 5, 3), -1), ((6,), (3,), 0), ((6,), (9,), 0),
          ((2, 3, 5, 8), (2, 3, 3, 8), 2), ((2, 3, 5, 8), (2, 3, 3, 4), 2), ((2, 3, 5, 8), (1, 3, 5, 8), 0),
          ((2, 3, 5, 8), (2, 3, 5, 2), -1), ((2, 2, 3, 5, 8), (2, 2, 3, 5, 3), -1), ((2, 2, 3, 5, 8), (2, 1, 3, 5, 8), 1),
          ((2, 2, 3, 2, 2, 2), (2, 2, 3, 1, 2, 2), 3))  # fmt: skip
"""Shapes of data and of indices, and the axis that the indices are about."""


def put(shape: tuple[int, ...], picks: tuple[int, ...], axis: int, first: int) -> Change:
    """Return a scatter whose indices count along the axis, from the first one on."""
    along = axis % len(shape)
    inner = math.prod(picks[along + 1 :])
    values = tuple((at // inner % picks[along] + first) % shape[along] for at in range(math.prod(picks)))
    return {"data": data(*shape), "indices": Tensor(picks, "constant", values), "updates": data(*picks), "axis": axis}


def ranked(rank: int, depth: int) -> Change:
    """Return a ScatterND whose indices have this rank, and pick along so many axes."""
    picks = (2, *(1,) * (rank - 2))
    values = (0,) * depth + (1,) * depth
    return {"data": data(*(3,) * depth, 2), "indices": Tensor((*picks, depth), "constant", values), "updates": data(*picks, 2)}


WIDE: list[Change] = [
    {**put(shape, picks, axis, first), "reduction": how, **source}
    for shape, picks, axis in WIDTHS
    for first in (0, 1)
    for how in ("none", "add", "max")
    for source in ({}, {"indices.from": "runtime"}, {"data.from": "constant"})
    if how != "none" or picks[axis] <= shape[axis]
]
REPEATED: list[Change] = [
    {**put(shape, picks, axis, 0), **more}
    for shape, picks, axis in WIDTHS
    if picks[axis] > shape[axis]
    for more in ({}, {"indices.from": "runtime"}, {"data.from": "constant"}, {"T": "float16"}, {"since": 11}, {"since": 16})
]
"""More indices than data: some repeat, and ONNX leaves open which update remains."""
FORMS = [
    Form("ScatterElements", {"data": data(5, 8), "indices": Tensor((1, 8), "constant", (2,) * 8), "updates": data(1, 8)},
         {"axis": 0}, random=True, changes=REPEATED),
    Form("ScatterElements", {"data": data(5, 8), "indices": Tensor((1, 8), "constant", (1,) * 8), "updates": data(1, 8)},
         {"axis": 0}, changes=WIDE),
    Form("ScatterND", {"data": data(4, 4), "indices": Tensor((2, 1), "constant", (0, 1)), "updates": data(2, 4)},
         changes=[{**ranked(rank, depth), **more} for rank in (4, 5, 6, 7) for depth in (1, 2, 4)
                  for more in ({}, {"indices.from": "runtime"}, {"reduction": "add"}, {"T": "bool"}, {"dims": "batch"})]),
]  # fmt: skip

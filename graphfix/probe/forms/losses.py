"""Losses over classes: every rank, with and without weights, ignoring classes or not."""

import math

from graphfix.probe.form import Change, Form, Tensor, data, each, weight

RANKS = {2: (), 3: (2,), 4: (2, 2), 5: (2, 2, 2), 6: (2, 1, 2, 1), 7: (2, 1, 2, 1, 2)}
IGNORED = (-1, 0, 1, 2, 10)
DTYPES = ("float16", "bfloat16", "float64")


def losses(scores: str, labels: str, weights: str, outputs: tuple[int, ...]) -> list[Change]:
    """Return the changes for both losses, by the names of their operands."""
    found: list[Change] = []
    for rank, rest in RANKS.items():
        base: Change = {scores: data(3, 5, *rest), labels: data(3, *rest, low=0, high=4)}
        fixed: Change = {**base, labels: weight(3, *rest, low=1, high=4)}
        weighed = [{}, {weights: data(5)}, {weights: weight(5)}]
        for count in outputs:
            more: Change = {"outputs": count} if count > 1 else {}
            found += [
                {**base, **given, **how, **more} for given in weighed[:2] for how in each(reduction=["none", "sum", "mean"])
            ]
            found += [{**base, **given, "ignore_index": ignored, **more} for given in weighed[:2] for ignored in IGNORED]
            found += [{**base, weights: weight(5), **more}, {**base, "dims": "batch", **more}]
            found += [{**fixed, **given, **more} for given in weighed[:2]]
            if rank < 5:
                found += [
                    {**base, labels: weight(3, *rest, low=low, high=high), **given, "ignore_index": ignored, **more}
                    for low, high in ((0, 0), (1, 1), (0, 4))
                    for ignored in (None, 0)
                    for given in weighed[:2]
                ]
                masked = Tensor((3, *rest), "constant", ((-1, 2, 0) * math.prod((3, *rest)))[: math.prod((3, *rest))])
                found += [{**base, labels: masked, "ignore_index": -1, **given, **more} for given in weighed[:2]]
            if rank < 5:
                found += [
                    {**base, **given, "reduction": how, "ignore_index": 10, **more}
                    for given in weighed[:2]
                    for how in ("none", "sum")
                ]
                found += [{**fixed, weights: data(5), "ignore_index": 1, **more}, {**base, "dims": "dynamic", **more}]
            if rank in (2, 4):
                found += [{**base, "T": dtype, **given, **more} for dtype in DTYPES for given in weighed[:2]]
                found += [{**base, "Tind": "int32", **given, **more} for given in weighed[:2]]
    return found


FORMS = [
    Form(
        "SoftmaxCrossEntropyLoss",
        {"scores": data(3, 5), "labels": data(3, low=0, high=4), "weights": None},
        changes=losses("scores", "labels", "weights", (1, 2)),
    ),
    Form(
        "NegativeLogLikelihoodLoss",
        {"input": data(3, 5), "target": data(3, low=0, high=4), "weight": None},
        changes=losses("input", "target", "weight", (1,)),
    ),
]

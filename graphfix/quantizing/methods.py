"""Which ways of taking ranges from data are tried: several where a budget leaves layers in float and memory allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from onnx import ModelProto

from graphfix.analysis.activation_memory import WIDTHS
from graphfix.analysis.cache import facts_of
from graphfix.ir.bind_inputs import bind
from graphfix.precision.quantised_form import CORE
from graphfix.quantizing.calibration import LEAST
from graphfix.verify.budget import Budget
from graphfix.verify.feeds import Feed

AUTO = "auto"
FIRST = "minmax"
OTHERS = ("percentile", "entropy")
"""The methods that cut outliers off; onnxruntime.quantization holds all activations of all inputs in memory for them."""
MOST_BYTES = 1 << 30


def tried_methods(
    model: ModelProto, feeds: Sequence[Feed], method: str, scheme: str, budget: Budget | None
) -> Iterator[tuple[str, Sequence[Feed]]]:
    """Yield the methods to try in order, each with the inputs that it is given; the caller stops where one leaves nothing out."""
    if method != AUTO:
        yield method, feeds
        return
    yield FIRST, feeds
    if scheme != "static" or budget is None:
        return
    count = MOST_BYTES // max(1, calibrated_bytes(model, feeds[0]))
    if count >= LEAST:
        step = -(-len(feeds) // count)
        for other in OTHERS:
            yield other, feeds[::step]


def calibrated_bytes(model: ModelProto, feed: Feed) -> int:
    """Return the bytes of the activations whose ranges are taken, for one input; dims of unknown size count as 1."""
    sizes = {name: list(array.shape) for name, array in feed.items()}
    known = facts_of(bind(model, sizes, {})).values[()]
    held = {tensor.name for tensor in model.graph.initializer}
    wanted = {name for node in model.graph.node if node.op_type in CORE for name in (*node.input, *node.output)} - held
    values = [known[name] for name in wanted & known.keys()]
    return sum(WIDTHS.get(one.dtype, 0) * math.prod(dim for dim in one.shape or () if isinstance(dim, int)) for one in values)

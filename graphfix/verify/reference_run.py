"""The reference run of a model in onnxruntime: whether it loads, and one input that it runs on with its outputs.

The input is the user's, or a seeded one. Where dims are dynamic, typical sizes of images, sequences and audio are tried,
and the first ones that the model runs on are given to compilers that need sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto

from graphfix.analysis.value_sources import RANDOM
from graphfix.errors import GraphfixError
from graphfix.ir.bind_inputs import Dims
from graphfix.verify.feeds import Feed, given_feeds, seeded_feeds
from graphfix.verify.runtime import session
from graphfix.verify.size_inputs import size_inputs
from graphfix.verify.trial_sizes import TrialSizes

SEQUENCES = ((1, 512), (1, 224), (1, 64), (2, 32), (1, 16000), (1, 16), (2, 7), (1, 1))
PICTURES = ((1, 224), (1, 64), (1, 320), (2, 32), (1, 16), (2, 24), (1, 1))
"""(first dim, other dims) tried for dynamic dims: inputs with at most one such other dim, and inputs with several."""
FALLBACK = (1, 64)
"""(first dim, other dims) for dynamic dims of a model that onnxruntime runs at no size that was tried."""

SEEDS = 4
MOST_RUNS = 12
"""The most inputs that are tried until all outputs are finite: NaN and infinities are hard to compare."""


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """The result of the reference run: `trouble` is why onnxruntime cannot load the model, `feed` an input it runs on.

    `outputs` are in the model's order; both are empty where it ran on no input. `sizes` holds a shape for every
    input, taken from the feed, or assumed where there is none; `seeded` tells that the feed is not the user's.
    """

    version: str
    trouble: str = ""
    feed: Feed = field(default_factory=dict)
    outputs: Sequence[Any] = ()
    sizes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    seeded: bool = True

    @property
    def loads(self) -> bool:
        """Whether onnxruntime can load the model."""
        return not self.trouble

    def save(self, model: ModelProto, place: Path, without: Mapping[str, object]) -> Path | None:
        """Write feed and outputs to a .npz file for a compiler's run, except inputs that are bound in `without`.

        Returns None without writing where outputs cannot be compared: sequences, strings and random outputs, and NaN
        or infinities on seeded inputs, which may be outside of the model's domain.
        """
        if self.seeded and not all(map(_finite, self.outputs)):
            return None
        arrays = [value for value in self.outputs if isinstance(value, np.ndarray) and value.dtype.kind in "biufc"]
        if not arrays or len(arrays) < len(self.outputs) or is_random(model.graph):
            return None
        kept: dict[str, Any] = {f"in:{name}": value for name, value in self.feed.items() if name not in without}
        if any(value.dtype.kind not in "biufc" for value in kept.values()):
            return None
        kept |= {f"out:{info.name}": value for info, value in zip(model.graph.output, arrays, strict=True)}
        np.savez(place, **kept)
        return place


def run_reference(
    model: ModelProto,
    shapes: Mapping[str, Dims] | None = None,
    values: Mapping[str, object] | None = None,
    data: Mapping[str, Any] | None = None,
) -> ReferenceRun:
    """Load the model in onnxruntime and run it once, with `values` for the inputs that are to be bound.

    Raises UsageError for data that does not fit the model's inputs.
    """
    import onnxruntime

    version, shapes, values = onnxruntime.__version__, dict(shapes or {}), dict(values or {})
    feeds = given_feeds(model, data, values) if data is not None else _seeded(model, shapes, values)
    first: ReferenceRun | None = None
    try:
        with session(model) as loaded:
            left = MOST_RUNS
            for feed in feeds:
                try:
                    outputs = loaded.run(None, feed)
                except Exception:  # onnxruntime has exceptions of its own; the model may run at another size
                    continue
                found = ReferenceRun(
                    version, "", feed, outputs, {name: array.shape for name, array in feed.items()}, data is None
                )
                first, left = first or found, left - 1
                if all(map(_finite, outputs)):
                    return found
                if not left:
                    break
            return first or ReferenceRun(version, sizes=_assumed_sizes(model, shapes, values))
    except GraphfixError:
        raise
    except Exception as error:
        return ReferenceRun(
            version, " ".join(str(error).split()) or type(error).__name__, sizes=_assumed_sizes(model, shapes, values)
        )


def _finite(output: Any) -> bool:
    return not isinstance(output, np.ndarray) or output.dtype.kind not in "fc" or bool(np.isfinite(output).all())


def is_random(graph: GraphProto) -> bool:
    """Whether any operator in the graph, at any depth, draws random numbers."""
    return any(
        node.op_type in RANDOM or any(is_random(inner) for item in node.attribute for inner in (item.g, *item.graphs))
        for node in graph.node
    )


def _seeded(model: ModelProto, shapes: Mapping[str, Dims], values: Mapping[str, object]) -> Iterator[Feed]:
    """Iterate over seeded feeds at the sizes that are typical of images, or of sequences."""
    trial, counts = TrialSizes.of(model, shapes), size_inputs(model)
    pairs = SEQUENCES if _widest(trial) < 2 else PICTURES
    for sizes, layout in trial.at(pairs if trial.dynamic else SEQUENCES[:1]):
        for seed in range(SEEDS):
            feed = seeded_feeds(model, layout, values, sizes, seed, counts=counts)
            if feed is not None:
                yield feed


def _widest(trial: TrialSizes) -> int:
    """Return the most dynamic dims of any input, the first dim not counted."""
    return max((sum(isinstance(dim, str) for dim in dims[1:]) for dims in trial.deduced.layout.values()), default=0)


def _assumed_sizes(model: ModelProto, shapes: Mapping[str, Dims], values: Mapping[str, object]) -> dict[str, Sequence[int]]:
    """Return a shape for every input of a model that runs at no size that was tried; empty without tensor inputs."""
    feed: Feed | None = None
    for sizes, layout in TrialSizes.of(model, shapes).at([FALLBACK]):  # the last has the inner dims at 1
        feed = seeded_feeds(model, layout, values, sizes, 0)
    return {name: array.shape for name, array in (feed or {}).items()}

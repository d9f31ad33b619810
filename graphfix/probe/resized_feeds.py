"""The inputs of a probe at sizes other than those of a compiled model, and what the probe should compute at them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, ValueInfoProto

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.facets.model import telling
from graphfix.probe.build import Probe
from graphfix.probe.expect import expected

GROWTHS: tuple[Callable[[int], int], ...] = (
    lambda size: size + 1,
    lambda size: size if size == 1 else size + 1,
    lambda size: 2 * size,
    lambda size: 3 * size,
)
"""How the dynamic dims of the feeds grow; a probe is tried at the first sizes at which it has outputs."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Inputs by name, and the expected outputs; `wanted` is empty where the numbers are not to be compared."""

    feeds: dict[str, Array]
    wanted: dict[str, Array]

    def sizes(self) -> str:
        """The sizes of the inputs in words: `x 2x3, y 4`."""
        return ", ".join(f"{name} {'x'.join(map(str, array.shape)) or 'scalar'}" for name, array in self.feeds.items())


def dynamic_inputs(model: ModelProto) -> list[ValueInfoProto]:
    """Return the inputs of a model that have dims without a size."""
    known = {tensor.name for tensor in model.graph.initializer}
    return [
        info
        for info in model.graph.input
        if info.name not in known and any(not dim.HasField("dim_value") for dim in info.type.tensor_type.shape.dim)
    ]


def resized_samples(probe: Probe) -> list[Sample]:
    """Return a probe's own feeds and larger ones, without those at which every dynamic dim is 1; none without dynamic dims."""
    inputs = dynamic_inputs(probe.model)
    if not inputs:
        return []
    found = [Sample(probe.feeds, probe.wanted or {})] if any(_moved(probe.feeds[i.name], i) for i in inputs) else []
    return [*found, *_larger(probe, inputs)]


def _moved(array: Array, info: ValueInfoProto) -> bool:
    """Whether any dynamic dim of an input has a size other than 1."""
    dims = info.type.tensor_type.shape.dim
    return any(size != 1 and not dim.HasField("dim_value") for size, dim in zip(array.shape, dims, strict=True))


def _larger(probe: Probe, inputs: list[ValueInfoProto]) -> Iterator[Sample]:
    for grow in GROWTHS:
        feeds = dict(probe.feeds)
        symbols: dict[str, int] = {}
        for info in inputs:
            dims = zip(feeds[info.name].shape, info.type.tensor_type.shape.dim, strict=True)
            sizes = []
            for size, dim in dims:
                grown = size if dim.HasField("dim_value") else grow(size)
                sizes.append(symbols.setdefault(dim.dim_param, grown) if telling(dim.dim_param) else grown)
            feeds[info.name] = _of_size(info.name, feeds[info.name], tuple(sizes))
        wanted = expected(probe.model, feeds)
        if wanted is not None and (wanted or not probe.wanted):
            yield Sample(feeds, wanted if probe.wanted is not None else {})
            return


def _of_size(name: str, array: Array, sizes: tuple[int, ...]) -> Array:
    """Return an array of other sizes: floats in the range of the array's, and else a choice of its values."""
    if array.shape == sizes:
        return array
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    if not array.size or array.dtype.kind != "f":
        drawn = generator.choice(array.ravel(), sizes) if array.size else np.zeros(sizes)
        return np.asarray(drawn).astype(array.dtype)
    return np.asarray(generator.uniform(float(array.min()), float(array.max()), sizes)).astype(array.dtype)

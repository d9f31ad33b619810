"""Running a model in a narrower arithmetic in onnxruntime: every node rounded, or some of them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper

from graphfix.analysis.facts import Facts
from graphfix.errors import ModelError
from graphfix.precision.instrument import SWITCHES, Instrumented, instrument
from graphfix.verify.runtime import brief, session

Array = npt.NDArray[Any]
Feed = Mapping[str, Array]

CHUNK_BYTES = 256 * 2**20
"""The bytes of values that are held at once for each of the two runs."""
UNKNOWN_BYTES = 4 * 2**20
"""The bytes that a value of unknown size counts as."""


class Simulation:
    """One session that runs a model in float32, in an arithmetic, or in a mixture; made by `simulation`."""

    def __init__(self, made: Instrumented, running: Any, sizes: Mapping[str, int], outputs: Sequence[str]) -> None:
        self.made, self._running, self._sizes, self.outputs = made, running, sizes, list(outputs)

    @property
    def count(self) -> int:
        """The number of nodes that can be rounded."""
        return len(self.made.nodes)

    def run(self, feed: Feed, narrow: Collection[int] | None, names: Sequence[str] = ()) -> list[Array]:
        """Return the model's outputs, or the named values, with these nodes rounded (None: all of them)."""
        switches = np.zeros(self.count, np.bool_)
        switches[list(range(self.count) if narrow is None else narrow)] = True
        try:
            found: list[Array] = self._running.run(list(names) or self.outputs, {**feed, SWITCHES: switches})
        except Exception as error:
            raise ModelError(f"onnxruntime cannot run it on these inputs: {brief(error)}") from error
        return found

    def values(self, feed: Feed) -> Iterator[tuple[str, Array, Array]]:
        """Yield every value that a rounded node makes, in order, in float32 and with all nodes rounded."""
        made = self.made
        steps: dict[int, list[str]] = {}
        for name, place in made.steps.items():
            steps.setdefault(place, []).append(name)
        names = [name for at, own in enumerate(made.values) for name in (*steps.get(at, ()), *own)]
        for chunk in self._chunks(names):
            exact, narrow = (self.run(feed, which, chunk) for which in ((), None))
            yield from zip(chunk, exact, narrow, strict=True)

    def _chunks(self, names: Sequence[str]) -> Iterator[list[str]]:
        chunk: list[str] = []
        held = 0
        for name in names:
            size = self._sizes.get(name, UNKNOWN_BYTES)
            if chunk and held + size > CHUNK_BYTES:
                yield chunk
                chunk, held = [], 0
            chunk.append(name)
            held += size
        if chunk:
            yield chunk


@contextlib.contextmanager
def simulation(model: ModelProto, arithmetic: str) -> Iterator[Simulation]:
    """Yield the simulation of a model in an arithmetic; all values of the main graph can be read.

    ModelError where onnxruntime cannot load the model with the roundings in it.
    """
    made = instrument(model, arithmetic)
    outputs = [info.name for info in model.graph.output]
    graph = made.model.graph
    there = set(outputs)
    for name in dict.fromkeys((*made.steps, *(name for names in made.values for name in names))):
        if name not in there:
            graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    sizes = {
        name: 4 * int(np.prod([int(dim) for dim in value.shape]))  # type: ignore[arg-type]
        for name, value in Facts.of(model).values.get((), {}).items()
        if value.shape is not None and all(isinstance(dim, int) for dim in value.shape)
    }
    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(session(made.model))
        except Exception as error:
            raise ModelError(f"onnxruntime cannot simulate it: {brief(error)}") from error
        yield Simulation(made, running, sizes, outputs)

"""The last candidate that was loaded, kept for further runs: loading a model of many nodes takes longer than running it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from onnx import ModelProto

from graphfix.ir.weight_offload import folder_of
from graphfix.verify.runtime import running

MOST_BYTES = 64_000_000
"""The size up to which a loaded model is kept: its session holds a copy of the weights."""


@dataclass(slots=True)
class KeptSession:
    """A session of the model that ran last, if it is small."""

    model: ModelProto | None = None
    loaded: Any = None

    @contextlib.contextmanager
    def running(self, model: ModelProto) -> Iterator[Any]:
        """Yield what runs a model, as `running` does; the same one as before for the same model."""
        if model is not self.model:
            self.model = self.loaded = None
            with running(model) as loaded:
                if folder_of(model) is None and model.ByteSize() <= MOST_BYTES:
                    self.model, self.loaded = model, loaded
                yield loaded
        else:
            yield self.loaded

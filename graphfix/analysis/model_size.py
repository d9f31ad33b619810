"""The size of a model: its nodes, operators, bytes of parameters, MACs, and bytes of its file."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onnx import ModelProto

from graphfix.analysis.cache import facts_of
from graphfix.analysis.macs import macs
from graphfix.errors import UsageError
from graphfix.ir.bind_inputs import bind, interface
from graphfix.ir.tensors import nbytes, tensors
from graphfix.ir.traversal import graphs


@dataclass(frozen=True, slots=True)
class ModelSize:
    """The size of a model; nodes and operators are counted at every depth.

    `macs` are those of one run (macs.py), None where they cannot be counted; `macs_at` are the sizes of the inputs that
    they are counted at where the model has dynamic dims. `file_bytes` include external weights, None where there is no file.
    """

    nodes: int
    operators: Mapping[str, int]
    parameter_bytes: int
    macs: int | None
    macs_at: Mapping[str, tuple[int, ...]] | None = None
    file_bytes: int | None = None

    @classmethod
    def of(cls, model: ModelProto, sizes: Mapping[str, tuple[int, ...]] | None = None) -> ModelSize:
        """Measure a model; `sizes` are dims of its inputs, by name, at which MACs are counted where its dims are dynamic."""
        counts = Counter(node.op_type for graph in graphs(model.graph) for node in graph.node)
        weights = sum(nbytes(tensor) or 0 for tensor in tensors(model))
        ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
        return cls(sum(counts.values()), ordered, weights, macs(facts_of(model))).at(model, sizes or {})

    def at(self, model: ModelProto, sizes: Mapping[str, tuple[int, ...]]) -> ModelSize:
        """Return the same with the MACs of the model at these dims of its inputs, where its own dims do not tell them."""
        if self.macs is not None or not sizes:
            return self
        ranks = {info.name: len(info.type.tensor_type.shape.dim) for info in interface(model)}
        fitting = {name: dims for name, dims in sizes.items() if ranks.get(name) == len(dims)}
        count = None
        with contextlib.suppress(UsageError):  # sizes that do not fit an interface that was changed
            count = macs(facts_of(bind(model, fitting, {}))) if fitting else None
        return self if count is None else dataclasses.replace(self, macs=count, macs_at=fitting)

    def in_file(self, size: int | None) -> ModelSize:
        """Return the same with the bytes of its file."""
        return dataclasses.replace(self, file_bytes=size)

    def to_json(self) -> dict[str, Any]:
        """The size as docs/json.md describes it."""
        return {
            "nodes": self.nodes, "operators": dict(self.operators), "parameter_bytes": self.parameter_bytes, "macs": self.macs,
            "macs_at": None if self.macs_at is None else {name: list(dims) for name, dims in self.macs_at.items()},
            "file_bytes": self.file_bytes,
        }  # fmt: skip

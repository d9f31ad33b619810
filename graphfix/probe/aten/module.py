"""Calls of ATen operators as a module of torch, and its export.

The worker loads this file where graphfix is not installed: it imports torch and files of this folder that do the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import torch

Spec = dict[str, Any]
"""A call as plain data, as form.Call describes it."""


class ExportError(Exception):
    """Calls are not exported together."""


def operator_of(name: str) -> Any:
    """Return an operator by its name: `aten.add.Tensor`."""
    space, op, overload = name.split(".")
    return getattr(getattr(getattr(torch.ops, space), op), overload)


class Calls(torch.nn.Module):  # type: ignore[misc]
    """Calls of operators beside each other; the operands that are no inputs are parameters and buffers."""

    def __init__(self, specs: Sequence[Spec]) -> None:
        """Draw all operands, the same for the same call."""
        super().__init__()
        self.specs, self.inputs, self.dynamic = specs, list[Any](), list[Any]()
        self.places = [self._placed(spec) for spec in specs]

    def _placed(self, spec: Spec) -> tuple[list[Any], dict[str, Any], int]:
        torch.manual_seed(len(json.dumps(spec)))
        first = len(self.inputs)
        return [self._place(one, spec) for one in spec["args"]], {
            name: self._place(one, spec) for name, one in spec["named"].items()
        }, first  # fmt: skip

    def _place(self, value: Any, spec: Spec) -> Any:
        """Return a function from the inputs to an argument."""
        if isinstance(value, list):
            places = [self._place(one, spec) for one in value]
            return lambda inputs: [place(inputs) for place in places]
        if not isinstance(value, dict):
            return lambda inputs: value
        if "named" in value:
            return lambda inputs: getattr(torch, value["named"])
        if "axis" in value:
            at = len(self.inputs) - 1
            return lambda inputs: inputs[at].shape[value["axis"]]
        tensor = drawn(value, spec["dtype"])
        if value["source"] == "runtime":
            self.inputs.append(tensor)
            self.dynamic.append(dict.fromkeys(value["dynamic"], torch.export.Dim.AUTO))
            place = len(self.inputs) - 1
            return lambda inputs: inputs[place]
        name = f"held_{len(list(self.buffers()))}"
        folded = value["source"] == "folded"
        self.register_buffer(name, tensor.t().contiguous() if folded else tensor)
        return lambda inputs: getattr(self, name).t() if folded else getattr(self, name)

    def forward(self, *inputs: Any) -> list[Any]:
        """Return the outputs of all calls."""
        return [one for found in self.results(inputs) for one in found]

    def results(self, inputs: Sequence[Any]) -> list[list[Any]]:
        """Return the first tensor that each call gives."""
        out = []
        for spec, (args, named, _) in zip(self.specs, self.places, strict=True):
            got = operator_of(spec["op"])(*[arg(inputs) for arg in args], **{name: arg(inputs) for name, arg in named.items()})
            found = [one for one in (got if isinstance(got, (list, tuple)) else [got]) if isinstance(one, torch.Tensor)]
            out.append(found[:1])  # which is what programs read of most operators
        return out


def drawn(value: Spec, dtype: str) -> Any:
    """Return a tensor of seeded numbers."""
    kind = getattr(torch, value["dtype"] or dtype)
    low, high = value["low"], value["high"]
    if kind is torch.bool:
        return torch.rand(value["shape"]) > 0.5
    if not kind.is_floating_point:
        return torch.randint(int(max(low, 0) if kind is torch.uint8 else low), int(high) + 1, value["shape"]).to(kind)
    return (torch.rand(value["shape"]) * (high - low) + low).to(kind)


def exported(specs: Sequence[Spec]) -> tuple[Any, Calls]:
    """Return the calls as an ExportedProgram, and as a module."""
    module = Calls(specs).eval()
    dims = {"inputs": tuple(module.dynamic)} if module.inputs else None
    return torch.export.export(module, tuple(module.inputs), dynamic_shapes=dims), module


def runnable(spec: Spec, *, export: bool = False) -> str:
    """Return why a call alone does not run in torch, or is not exported, empty where it does."""
    try:
        module = exported([spec])[1] if export else Calls([spec]).eval()
        module(*module.inputs)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200]
    return ""

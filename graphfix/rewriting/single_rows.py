"""The batch of a model for targets that support only fixed dims: 1, where a batch is nothing but rows computed one by one.

Then nothing is lost: the application passes the rows one after the other. Any other dynamic dim is a choice of the user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnx import ModelProto

from graphfix.ir.bind_inputs import Dims, interface
from graphfix.linter.diagnostics import Finding, Result, Severity


def single_rows(model: ModelProto, results: Sequence[Result], shapes: Mapping[str, Dims]) -> dict[str, Dims]:
    """Return dims by input name with a batch of 1; empty where a target supports the batch, or the model needs more than that.

    A dim that the user's `shapes` give a symbol stays dynamic.
    """
    if not results or not all(any(map(_refuses_dynamic_inputs, result.findings)) for result in results):
        return {}
    found: dict[str, Dims] = {}
    for info in interface(model):
        dynamic = [not dim.HasField("dim_value") or dim.dim_value < 0 for dim in info.type.tensor_type.shape.dim]
        named = any(isinstance(dim, str) for dim in shapes.get(info.name, ()))
        if any(dynamic[1:]) or named or not info.type.HasField("tensor_type"):
            return {}
        if any(dynamic):
            found[info.name] = [1, *(dim.dim_value for dim in info.type.tensor_type.shape.dim[1:])]
    if not found:
        return {}
    from graphfix.verify.independent_rows import has_independent_rows

    return found if has_independent_rows(model, found) else {}


def _refuses_dynamic_inputs(finding: Finding) -> bool:
    """Whether a finding says that a target rejects every model with such dynamic inputs."""
    return finding.severity is Severity.ERROR and not finding.op and finding.code == "GF106"

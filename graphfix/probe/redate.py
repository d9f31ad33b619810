"""Probes in the newest opset that a target reads: in a newer one it rejects everything, which says nothing of the operators."""

from __future__ import annotations

from dataclasses import replace

import onnx

from graphfix.probe.build import Probe
from graphfix.probe.subject import key_of

AGE = "since"
"""The parameter of probes that are about the version of their operator."""


def readable(probe: Probe, newest: int) -> list[Probe]:
    """Return a probe in an opset that the target reads; one about its version, or that cannot be written so, stays as it is.

    Of the usual form both are returned, so that the version itself is asked about.
    """
    if AGE in probe.varied or _opset(probe.model) <= newest:
        return [probe]
    model = onnx.ModelProto()
    model.CopyFrom(probe.model)
    for one in model.opset_import:
        if not one.domain:
            one.version = newest
    model.ir_version = min(model.ir_version, onnx.helper.find_min_ir_version_for(model.opset_import, ignore_unknown=True))
    try:
        onnx.checker.check_model(model, full_check=True)
        facets = key_of(probe.op, model)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, onnx.defs.SchemaError):
        return [probe]
    if facets is None:
        return [probe]
    found = [replace(probe, model=model, facets=facets)]
    if not probe.varied:
        found.append(replace(probe, label=f"{AGE}={probe.facets.get(AGE, _opset(probe.model))}", varied=(AGE,)))
    return found


def _opset(model: onnx.ModelProto) -> int:
    return max((one.version for one in model.opset_import if not one.domain), default=0)

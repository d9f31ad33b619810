"""Verification of models that compute in float16 between casts.

onnxruntime computes most operators of float16 in float32, and leaves out the cast back where two of them meet. What is rounded
to float16 then depends on which nodes are neighbours, and a node that only moves data changes outputs of float32 by roundings
of float16. Where outputs differ by no more than such roundings, the same arithmetic in float32 throughout decides: there
original and candidate must agree as strictly as any others.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto

from graphfix.verify.compare import Tolerance, Verification
from graphfix.verify.edge_samples import ReferenceSample
from graphfix.verify.reference import EXACT, ROUNDING, Reference
from graphfix.verify.widened_halves import has_halves, with_widened_halves

STEP = float(np.finfo(np.float16).eps)
"""A unit in the last place of float16, as a share of a number's scale."""
RATIO = round(STEP / float(np.finfo(np.float32).eps))
"""How many units in the last place of float32 are one of float16."""


@dataclass(slots=True)
class HalfReference(Reference):
    """A reference that compares models with float16 inside once more in float32, where roundings of float16 hide the rest."""

    _float32: Reference | None = None

    def check(self, candidate: ModelProto, tolerance: Tolerance = EXACT, *, measure: bool = False) -> Verification:
        """Compare a candidate with the original, by roundings of float16 where the same in float32 agrees."""
        strict = Reference.check(self, candidate, tolerance, measure=measure)
        if strict.passed or not strict.inputs or self.reforms or self.data is not None or not has_halves(self.original):
            return strict
        near = Reference.check(self, candidate, dataclasses.replace(tolerance, step=STEP), measure=measure)
        if not near.passed or not self._agrees_in_float32(candidate, tolerance):
            return strict
        return dataclasses.replace(near, method=f"{strict.method}, with float32 in place of float16")

    def moved(self, sample: ReferenceSample) -> list[list[list[Any]]]:
        """Return the original's outputs at inputs a rounding larger, and smaller; in float16 also these outputs rounded."""
        if not has_halves(self.original) or any(each.dtype == np.float16 for each in (sample.source or {}).values()):
            return self._movements(sample, ROUNDING)
        rounded = [[_rounded(output) for output in run] for run in sample.runs]
        return [*self._movements(sample, ROUNDING * RATIO), rounded]

    def _agrees_in_float32(self, candidate: ModelProto, tolerance: Tolerance) -> bool:
        """Whether the same arithmetic in float32 gives the same."""
        wide = with_widened_halves(candidate)
        if self._float32 is None:
            original = with_widened_halves(self.original)
            self._float32 = None if original is None else Reference(original, self.shapes, self.values)
        return wide is not None and self._float32 is not None and self._float32.check(wide, tolerance).passed


def _rounded(output: Any) -> Any:
    """Return an output that is a few units in the last place of float16 larger; whole numbers as they are."""
    return output * (1 + ROUNDING * STEP) if isinstance(output, np.ndarray) and output.dtype.kind == "f" else output

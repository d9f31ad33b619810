"""What rewrites make of their own examples, found out once for all tests about them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import onnx
from onnx import ModelProto

from graphfix.rewriting.rewrite import Case, Outcome, Rewrite
from graphfix.verify.reference import Reference, Tolerance, Verification


@dataclass(frozen=True, slots=True)
class Fired:
    """An example, what became of it, and how the numbers of the two compare; nobody may change any of it."""

    model: ModelProto
    outcome: Outcome
    reference: Reference

    @property
    def after(self) -> ModelProto:
        """The model that was made."""
        assert self.outcome.model is not None, self.outcome.declined
        return self.outcome.model


@functools.cache
def fired(rewrite: Rewrite, case: Case) -> Fired:
    """The rewrite applied to one of its examples."""
    model = onnx.parser.parse_model(case.text)
    return Fired(model, rewrite.apply(model), Reference(model))


@functools.cache
def verified(rewrite: Rewrite, case: Case) -> Verification:
    """The example and what became of it, compared as the rewrite asks for."""
    found = fired(rewrite, case)
    return found.reference.check(found.after, Tolerance(rewrite.rtol, rewrite.atol, rewrite.ulps))

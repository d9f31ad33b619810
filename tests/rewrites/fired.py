"""What rewrites make of their own examples, found out once for all tests about them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import onnx
from onnx import ModelProto

from graphfix.rewriting.rewrite import Case, Outcome, Rewrite, Safety
from graphfix.verify.edge_values import EDGES
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


def stated(rewrite: Rewrite) -> Tolerance:
    """What a rewrite says of itself: how far its numbers may be off, and at which edge values."""
    loose = EDGES if rewrite.safety is Safety.APPROXIMATE else rewrite.differs_at
    return Tolerance(rewrite.rtol, rewrite.atol, rewrite.ulps, frozenset(loose))


@functools.cache
def verified(rewrite: Rewrite, case: Case) -> Verification:
    """The example and what became of it, compared as the rewrite asks for."""
    found = fired(rewrite, case)
    return found.reference.check(found.after, stated(rewrite))

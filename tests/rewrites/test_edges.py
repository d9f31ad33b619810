"""Every exact rewrite computes the same at the edge values of its own examples, or says where it does not."""

from __future__ import annotations

import pytest

from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Rewrite, Safety
from graphfix.verify.edge_values import WIDE

from .fired import fired, stated, verified


@pytest.mark.parametrize("rewrite", [r for r in registry().values() if r.safety is Safety.EXACT], ids=lambda r: r.name)
def test_an_exact_rewrite_says_at_which_edges_it_differs(rewrite: Rewrite) -> None:
    assert set(rewrite.differs_at) <= set(WIDE)
    for case in rewrite.fires:
        found = fired(rewrite, case)
        told = verified(rewrite, case)
        assert told.passed, told.reason
        for column, what in found.reference.nonfinite(found.after, stated(rewrite)).items():
            assert what == "same" or column in rewrite.differs_at, f"{column} {what}"

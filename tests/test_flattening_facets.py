"""The facets of Reshape that decide at which sizes its compiled model runs, and the finding that tells them."""

from __future__ import annotations

import pytest

from graphfix.analysis.facets.flattening import flattening
from graphfix.analysis.facts import Facts
from graphfix.linter.engine import judge
from graphfix.linter.example import Example


def reshaped(dims: str, *target: int) -> Example:
    """A Reshape of data with these dims to a constant target."""
    sizes = ", ".join(map(str, target))
    return Example(f"t = Constant<value = int64[{len(target)}] {{{sizes}}}>()\ny = Reshape(x, t)", inputs=f"float[{dims}] x")


@pytest.mark.parametrize(
    ("dims", "target", "copied", "inferred"),
    [
        ("1,16,h,w", (0, 8, -1), "fixed", "multiplied"),
        ("1,16,h,w", (0, 16, -1), "fixed", "alone"),
        ("n,16,h,w", (0, 8, -1), "dynamic", "multiplied"),
        ("1,16,h,w", (0, 0, -1), "fixed, fixed", "alone"),
        ("1,h,w,16", (0, 0, -1), "fixed, dynamic", "multiplied"),
        ("1,16,l", (1, 32, -1), "none", "divided"),
        ("1,16,l", (0, 0, 0), "many", "none"),
        ("1,16,4", (0, -1), "fixed", "none"),
    ],
)
def test_what_0_copies_and_what_the_rest_stands_for(dims: str, target: tuple[int, ...], copied: str, inferred: str) -> None:
    facts = Facts.of(reshaped(dims, *target).model)
    (node,) = [node for node in facts.nodes if node.op == "Reshape"]
    assert flattening(node) == {"copied": copied, "inferred": inferred}


def test_an_unknown_target_and_other_operators_have_none() -> None:
    facts = Facts.of(Example("a = Neg(x)\ny = Reshape(a, t)", inputs="float[n,3] x, int64[2] t").model)
    assert [flattening(node) for node in facts.nodes] == [{}, {"copied": None, "inferred": None}]


@pytest.mark.parametrize(
    ("dims", "target", "found"), [("1,16,h,w", (0, 8, -1), 1), ("1,16,h,w", (1, 8, -1), 0), ("n,16,h,w", (0, 8, -1), 0)]
)
def test_lint_names_a_reshape_that_gives_other_dims_at_other_sizes(dims: str, target: tuple[int, ...], found: int) -> None:
    (result,) = judge(reshaped(dims, *target).model, ["tflite"])
    stuck = [finding.message for finding in result.findings if finding.code == "GF302"]
    assert len(stuck) == found
    assert all("with 0 for a fixed dim and -1 for dynamic dims multiplied by a fixed size compiles" in text for text in stuck)

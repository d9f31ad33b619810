"""Every rewrite's own examples: what it fires on, what it declines and why, and that the numbers stay."""

from __future__ import annotations

import onnx
import pytest

from graphfix.ir.verifier import violations
from graphfix.rewriting.registry import registry, rewrites_for
from graphfix.rewriting.rewrite import Case, Rewrite, Safety

from .fired import fired, verified

FIRES = [pytest.param(r, c, id=f"{r.name}-{i}") for r in registry().values() for i, c in enumerate(r.fires)]
STAMPED = [given for given in FIRES if str(given.id).startswith(("decompose", "expand", "hard", "move"))]
"""Examples of rewrites that make nodes of their own."""
DECLINES = [pytest.param(r, c, id=f"{r.name}-{i}") for r in registry().values() for i, c in enumerate(r.declines)]


@pytest.mark.parametrize(("rewrite", "case"), FIRES)
def test_a_firing_example_gives_the_stated_operators_and_the_same_numbers(rewrite: Rewrite, case: Case) -> None:
    model, after = fired(rewrite, case).model, fired(rewrite, case).after
    untouched = onnx.parser.parse_model(case.text)
    assert model.SerializeToString(deterministic=True) == untouched.SerializeToString(deterministic=True)
    assert fired(rewrite, case).outcome.changed
    if case.ops != ("*",):
        assert [node.op_type for node in after.graph.node] == list(case.ops)
    assert not list(violations(after))
    onnx.checker.check_model(after)
    assert [o.name for o in after.graph.output] == [o.name for o in model.graph.output]
    assert [i.name for i in after.graph.input] == [i.name for i in model.graph.input]
    found = verified(rewrite, case)
    assert found.inputs >= 3
    assert found.passed, found.reason
    if rewrite.safety is Safety.EXACT and rewrite.ulps == Rewrite.ulps:
        assert found.max_abs_error == 0.0


@pytest.mark.parametrize(("rewrite", "case"), FIRES)
def test_a_rewrite_does_not_fire_on_its_own_result_for_ever(rewrite: Rewrite, case: Case) -> None:
    outcome = fired(rewrite, case).outcome
    for _ in range(5):
        if outcome.model is not None:
            outcome = rewrite.apply(outcome.model)
    assert outcome.model is None, f"{rewrite.name} fires again and again"


@pytest.mark.parametrize(("rewrite", "case"), DECLINES)
def test_a_declining_example_is_left_alone_for_the_stated_reason(rewrite: Rewrite, case: Case) -> None:
    outcome = rewrite.apply(onnx.parser.parse_model(case.text))
    assert outcome.model is None
    assert [d.reason for d in outcome.declined] == ([case.because] if case.because else [])


@pytest.mark.parametrize("rewrite", registry().values(), ids=registry())
def test_a_rewrite_says_what_it_is_why_and_shows_itself(rewrite: Rewrite) -> None:
    assert rewrite.title.endswith(".")
    assert "Why:" in (rewrite.__doc__ or "")
    assert rewrite.name == rewrite.name.lower().replace("_", "-")
    assert type(rewrite).__module__.rsplit(".", 1)[1] == rewrite.name.replace("-", "_")
    assert rewrite.fires or rewrite.safety is Safety.INTERFACE
    texts = [case.text for case in (*rewrite.fires, *rewrite.declines)]
    assert len(set(texts)) == len(texts)
    if rewrite.safety is Safety.APPROXIMATE:
        assert rewrite.rtol > 0 or rewrite.atol > 0
    else:
        assert rewrite.rtol == rewrite.atol == 0


@pytest.mark.parametrize(("rewrite", "case"), STAMPED)
def test_new_nodes_are_stamped_with_the_rewrite(rewrite: Rewrite, case: Case) -> None:
    old = {node.name for node in fired(rewrite, case).model.graph.node}
    assert all(rewrite.name in node.name for node in fired(rewrite, case).after.graph.node if node.name not in old)


def test_an_exact_remedy_comes_before_an_approximate_one() -> None:
    names = [r.name for r in rewrites_for("HardSigmoid", "operator", "GF101")]
    assert names.index("decompose-hard-sigmoid") < names.index("hard-sigmoid-to-sigmoid") < names.index("simplify")

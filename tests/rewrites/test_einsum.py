"""Any equation of Einsum, drawn at random, means the same once it is written in products and sums."""

from __future__ import annotations

import random

import onnx
import pytest

from graphfix.rewrites.matmul.decompose_einsum import labelled
from graphfix.rewriting.registry import registry
from graphfix.verify.reference import Reference, Tolerance

SIZES = {"a": 2, "b": 3, "c": 4, "d": 2, "e": 5}


def drawn(seed: int) -> tuple[str, list[str], list[str]]:
    """An equation, its operands' labels with an ellipsis spelt `ZY`, and which labels are of free size."""
    dice = random.Random(seed)
    terms = ["".join(dice.sample("abcde", dice.randint(0, 4))) for _ in range(dice.randint(1, 3))]
    if dice.random() < 0.3:
        position = dice.randrange(len(terms))
        terms[position] = "..." + terms[position]
    if dice.random() < 0.2 and terms[0].strip("."):
        terms[0] += terms[0][-1]
    every = sorted(set("".join(terms)) - {"."})
    output = "".join(dice.sample(every, dice.randint(0, len(every))))
    if any("..." in term for term in terms):
        output = "..." + output
    return f"{','.join(terms)}->{output}", terms, dice.sample(every, dice.randint(0, min(1, len(every)))) if every else []


@pytest.mark.parametrize("seed", range(80))
def test_a_random_equation_keeps_its_numbers(seed: int) -> None:
    equation, terms, free = drawn(seed)
    shapes = [["2", "3"][: 2 if "..." in term else 0] + [x.upper() if x in free else str(SIZES[x]) for x in term.strip(".")]
              for term in terms]  # fmt: skip
    inputs = ", ".join(f"float[{', '.join(dims)}] x{i}" if dims else f"float x{i}" for i, dims in enumerate(shapes))
    operands = ", ".join(f"x{i}" for i in range(len(terms)))
    model = onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 13]> g ({inputs}) => (float[] y) {{
              y = Einsum<equation = "{equation}">({operands}) }}"""
    )
    outcome = registry()["decompose-einsum"].apply(model)
    if outcome.model is None:
        assert [d.reason for d in outcome.declined] == [f"the diagonal `{free[0]}` has no fixed length"], equation
        return
    assert "Einsum" not in [node.op_type for node in outcome.model.graph.node]
    found = Reference(model).check(outcome.model, Tolerance(ulps=64))
    assert found.inputs, found.reason
    assert found.passed, f"{equation}: {found.reason}"


@pytest.mark.parametrize(
    ("equation", "ranks", "read"),
    [
        ("ij,jk", [2, 2], (["ij", "jk"], "ik")),
        ("ba", [2], (["ba"], "ab")),
        ("...i,...i", [3, 2], (["ΑΒi", "Βi"], "ΑΒ")),
        ("ij,jk->ik", [2, 3], "equation `ij,jk->ik` does not fit its operands"),
        ("...i->i", [3], "equation `...i->i` sums over its ellipsis"),
    ],
)
def test_an_equation_is_read_with_its_ellipsis_and_its_output(
    equation: str, ranks: list[int], read: tuple[list[str], str] | str
) -> None:
    assert labelled(equation, ranks) == read

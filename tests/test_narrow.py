"""Facets that one target decides by: bytes inside a model, int8 constants, and the width of scattered indices."""

from __future__ import annotations

import pytest

import graphfix
from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facets.node import Facets, facets
from graphfix.analysis.facts import Facts
from graphfix.linter.example import Example
from graphfix.tables.target_facets import facets_for_target


def of(nodes: str, at: int = -1, **more: str) -> Facets:
    """The facets of one node of a small model."""
    return facets(Facts.of(Example(nodes, **more).model).nodes[at])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("nodes", "outputs", "inner"),
    [
        ("u = Cast <to = 2> (x)\ny = Cast <to = 1> (u)", "float y", True),
        ("u = Cast <to = 2> (x)\ny = Cast <to = 1> (u)", "float y, uint8 u", False),
        ("u = Cast <to = 3> (x)\ny = Cast <to = 1> (u)", "float y", False),
        ("u = Cast <to = 9> (x)\ny = Cast <to = 1> (u)", "float y", False),
    ],
)
def test_a_uint8_result_is_inner_where_it_is_no_output(nodes: str, outputs: str, inner: bool) -> None:
    assert of(nodes, 0, outputs=outputs)["bytes.inner"] is inner


def test_a_branch_gives_nothing_to_the_outside() -> None:
    taken = "t () => (uint8[3] p) { p = Cast <to = 2> (x) }"
    branch = f"<then_branch = {taken}, else_branch = e () => (uint8[3] q) {{ q = Cast <to = 2> (z) }}>"
    model = Example(f"z = Neg(x)\nu = If {branch} (b)\ny = Cast <to = 1> (u)", inputs="float[3] x, bool b").model
    inner = [node for node in Facts.of(model).nodes if node.scope]
    assert [facets(node)["bytes.inner"] for node in inner] == [True, True]


@pytest.mark.parametrize(
    ("nodes", "plain"),
    [
        ("f = Cast <to = 1> (c)\ny = Mul(x, f)", True),
        ("d = DequantizeLinear(c, s, z)\ny = Mul(x, d)", False),
        ("q = QuantizeLinear(x, s, z)\ny = DequantizeLinear(q, s, z)", False),
        ("r = Reshape(c, n)\nd = DequantizeLinear(r, s, z)\ny = Mul(x, d)", True),
    ],
)
def test_int8_constants_are_told_apart_by_their_readers(nodes: str, plain: bool) -> None:
    weights = "int8[3] c = {1, 2, 3}, float s = {0.5}, int8 z = {0}, int64[1] n = {3}"
    model = Example(nodes, inputs="float[3] x", weights=weights).model
    assert model_facets(Facts.of(model))["constants.int8"] is plain
    assert graphfix.lint(model, "tensorrt").results[0].verdict == ("rejected" if plain else "accepted")


@pytest.mark.parametrize(
    ("shapes", "axis", "scattered"),
    [
        (("5,8", "20,8"), 0, "whole"), (("5,8", "3,4"), 0, "part"), (("5,8", "5,3"), 1, "whole"), (("5,8", "2,3"), -1, "part"),
        (("n,8", "n,3"), 1, "whole"), (("6", "2"), 0, "whole"),
    ],
)  # fmt: skip
def test_indices_are_as_wide_as_the_data_or_narrower(shapes: tuple[str, str], axis: int, scattered: str) -> None:
    data, picks = shapes
    found = of(f"y = ScatterElements <axis = {axis}> (x, i, u)", inputs=f"float[{data}] x, int64[{picks}] i, float[{picks}] u")
    assert found["scattered"] == scattered
    assert found["longer"] is (picks == "20,8")


def test_tables_of_other_targets_do_not_know_them() -> None:
    known = {"bytes.inner": True, "constants.int8": True, "longer": True, "scattered": "part", "since": 13}
    told = {target: set(facets_for_target(target, known)) - {"since"} for target in ("tensorrt@1.7", "coreml", "tflite", "tract")}
    assert told == {
        "tensorrt@1.7": {"bytes.inner", "constants.int8", "longer"}, "coreml": {"scattered"}, "tflite": set(), "tract": set(),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "inputs", "target", "verdict"),
    [
        ("u = Cast <to = 2> (x)\ny = Cast <to = 1> (u)", "float[4] x", "tensorrt", "rejected"),
        ('y = ScatterElements <reduction = "add"> (x, i, u)', "float[5,8] x, int64[9,8] i, float[9,8] u", "coreml", "accepted"),
        ("y = ScatterElements (x, i, u)", "float[5,8] x, int64[3,2] i, float[3,2] u", "coreml", "rejected"),
        ("g = Greater(x, x)\nn = NonZero(g)\ny = Shape(n)", "float[3,4] x", "coreml", "rejected"),
    ],
)
def test_measured_verdicts(nodes: str, inputs: str, target: str, verdict: str) -> None:
    assert graphfix.lint(Example(nodes, inputs=inputs).model, target).results[0].verdict == verdict

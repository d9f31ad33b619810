"""Operands whose numbers decide nothing, and operands that schemas call by several names."""

from __future__ import annotations

import onnx
import pytest

from graphfix.analysis.facets.node import DATA, WEIGHTS, Facets, facets
from graphfix.analysis.facets.payload_operands import PAYLOAD, decides
from graphfix.analysis.facts import Facts
from graphfix.linter.example import Example
from graphfix.probe.forms import forms

PARAMETERS = "float[3] one = {1, 1, 1}, float[3] two = {2, 2, 2}"


def of(nodes: str, opset: int = 17, **more: str) -> Facets:
    """The facets of the last node of a small model."""
    return facets(Facts.of(Example(nodes, opset=opset, **more).model).nodes[-1])  # type: ignore[arg-type]


@pytest.mark.parametrize("numbers", ["{0, 0}", "{1, 1}", "{-1, 2}"])
def test_what_is_put_has_no_class_of_numbers_and_where_it_is_put_has(numbers: str) -> None:
    found = of(
        "y = ScatterElements(x, i, u)",
        inputs="int64[2] x",
        outputs="int64[2] y",
        weights=f"int64[2] i = {{0, 1}}, int64[2] u = {numbers}",
    )
    assert "updates.value" not in found
    assert found["updates.from"] == "constant"
    assert found["indices.value"] == "with-zeros"


@pytest.mark.parametrize(("point", "told"), [("0", "zeros"), ("1", "ones"), ("7", "positive")])
def test_zero_points_have_a_class_of_numbers_and_weights_have_none(point: str, told: str) -> None:
    found = of(
        "y = MatMulInteger(x, w, p, q)",
        inputs="uint8[2,2] x",
        outputs="int32[2,2] y",
        weights=f"uint8[2,2] w = {{0, 1, 2, 3}}, uint8 p = {{{point}}}, uint8 q = {{0}}",
    )
    assert found["a_zero_point.value"] == told
    assert "B.value" not in found
    assert found["B.from"] == "constant"


def test_operators_without_a_schema_tell_weights_from_zero_points_by_position() -> None:
    assert not decides("QGemm", "in3")
    assert decides("QGemm", "in2")
    assert not decides("MatMulNBits", "in3")  # zero points packed into bytes are no numbers by themselves


@pytest.mark.parametrize(("opset", "version"), [(9, 9), (14, 14), (17, 15)])
def test_every_version_of_batch_normalization_has_the_same_operands(opset: int, version: int) -> None:
    found = of(
        "y = BatchNormalization(x, one, b, m, two)", opset, inputs="float[2,3,4] x, float[3] b, float[c] m", weights=PARAMETERS
    )
    assert found["since"] == version
    assert found["input_mean.from"] == "runtime"
    assert found["input_mean.dims"] == "dynamic"
    assert found["input_var.from"] == "constant"
    assert found["B.from"] == "runtime"
    assert found["out.running_mean"] == "absent"
    assert not [name for name in found if name.partition(".")[0] in ("mean", "var")]


def test_whether_the_shift_of_an_instance_normalization_is_constant_is_told() -> None:
    for inputs, weights, source in (("", ", float[3] b = {0, 0, 0}", "constant"), (", float[3] b", "", "runtime")):
        found = of(
            "y = InstanceNormalization(x, one, b)",
            inputs="float[2,3,4] x" + inputs,
            weights=f"float[3] one = {{1, 1, 1}}{weights}",
        )
        assert found["B.from"] == source


def test_payload_names_operands_that_there_are() -> None:
    named = {schema.name: schema for schema in onnx.defs.get_all_schemas()}
    contrib = {name.rpartition(".")[2] for name in forms() if "." in name}
    for op, operands in PAYLOAD.items():
        formal = {one.name for one in named[op].inputs} if op in named else set()
        for operand in operands:
            by_position = operand.startswith("in") and operand[2:].isdigit()
            assert op in contrib if by_position else operand in formal, (op, operand)
            assert by_position or operand not in DATA or operand in WEIGHTS.get(op, ()) or op == "Gemm", (op, operand)

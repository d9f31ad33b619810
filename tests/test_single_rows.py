"""A dynamic batch becomes 1 where every target rejects it, and it is nothing but rows computed one by one."""

from __future__ import annotations

import pytest

from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.pipeline import FixResult, fix_model

ROWS = Example("w = Constant<value = float[3,2] {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}>()\ny = MatMul(x, w)", inputs="float[n,3] x")


def fixed(example: Example, *targets: str, **options: object) -> FixResult:
    asked = FixOptions(targets=targets, **{"allow": {"interface"}, **options})  # type: ignore[arg-type]
    return fix_model(example.model, lambda model: judge(model, targets), asked)


def dims(result: FixResult) -> list[int | str]:
    shape = result.model.graph.input[0].type.tensor_type.shape
    return [dim.dim_value or dim.dim_param for dim in shape.dim]


def test_a_batch_of_independent_rows_becomes_one() -> None:
    result = fixed(ROWS, "coreml")
    assert dims(result) == [1, 3]
    assert [(change.rewrite, change.node) for change in result.changes if change.applied] == [("freeze-dims", "x")]
    assert [each.verdict for each in result.results] == ["accepted"]


@pytest.mark.parametrize(
    "example",
    [
        Example("y = Softmax<axis = 0>(x)", inputs="float[n,3] x"),
        Example("y = ReduceSum<keepdims = 0>(x)", inputs="float[n,3] x"),
        Example("y = MatMul(x, x)", inputs="float[n,3] x"),
    ],
    ids=["rows are compared", "one number for all rows", "the model does not run"],
)
def test_rows_that_depend_on_each_other_are_a_choice_of_the_user(example: Example) -> None:
    assert dims(fixed(example, "coreml")) == ["n", 3]


def test_other_dynamic_dims_are_a_choice_of_the_user() -> None:
    result = fixed(Example("y = Relu(x)", inputs="float[n,3,h] x"), "coreml")
    assert dims(result) == ["n", 3, "h"]


def test_it_is_done_only_where_changes_of_the_interface_are_allowed() -> None:
    assert dims(fixed(ROWS, "coreml", allow=frozenset())) == ["n", 3]


def test_a_target_that_supports_the_batch_keeps_it() -> None:
    assert dims(fixed(ROWS, "coreml", "openvino")) == ["n", 3]


def test_the_size_that_is_asked_for_holds() -> None:
    assert dims(fixed(ROWS, "coreml", shapes={"x": [4, 3]})) == [4, 3]
    assert dims(fixed(ROWS, "coreml", shapes={"x": ["batch", 3]})) == ["batch", 3]

"""Sizes that are numbers of a float input, which TensorRT reads before it runs and takes from integer inputs only."""

from __future__ import annotations

import pytest

from graphfix.analysis.facts import Facts
from graphfix.analysis.float_sizes import has_float_sizes
from graphfix.linter.engine import judge
from graphfix.linter.example import Example

SIZE = "k = Cast<to = 7>(s)\ny = Reshape(x, k)"


def example(body: str, size: str = "float[2]") -> Example:
    return Example(body, inputs=f"float[2,6] x, {size} s")


@pytest.mark.parametrize(
    ("body", "size", "found"),
    [
        (SIZE, "float[2]", True),
        (SIZE, "float16[2]", True),
        (SIZE, "int32[2]", False),
        ("d = Add(s, s)\nk = Cast<to = 7>(d)\ny = Expand(x, k)", "float[2]", True),
        ("n = Shape(s)\nk = Concat<axis = 0>(n, n)\ny = Tile(x, k)", "float[n]", False),
        ("i = NonZero(s)\nn = Shape(i)\ny = Tile(x, n)", "float[2]", False),
        ("a = Add(s, s)\ny = Mul(x, x)", "float[2]", False),
        ("e = Exp(s)\nk = Cast<to = 7>(e)\ny = Reshape(x, k)", "float[2]", False),
    ],
    ids=["cast", "float16", "integers", "computed", "a dim", "a count", "no size", "other arithmetic"],
)
def test_such_sizes_are_found(body: str, size: str, found: bool) -> None:
    assert has_float_sizes(Facts.of(example(body, size).model)) is found


@pytest.mark.parametrize(("size", "verdict"), [("float[2]", "rejected"), ("int64[2]", "accepted")])
def test_tensorrt_rejects_a_model_with_them(size: str, verdict: str) -> None:
    body = SIZE if size == "float[2]" else "y = Reshape(x, s)"
    (result,) = judge(example(body, size).model, ["tensorrt"])
    assert result.verdict == verdict
    said = [finding.message for finding in result.findings if finding.severity.value == "error"]
    assert bool(said) == (verdict == "rejected")
    assert all("a size that is a number of a float input" in message for message in said)

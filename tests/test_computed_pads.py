"""Pads computed from dynamic dims: what tract makes of the fixed model, and which sizes are known not to be negative."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from graphfix.analysis.dims import DimExpr, floor, symbol
from graphfix.cli.app import main
from graphfix.rewriting.size_bounds import least

N = symbol("N")
SPELLINGS = {
    "remainder of what is left": "r = Mod(n, k)  d = Sub(k, r)  p = Mod(d, k)",
    "remainder of a negative": "d = Neg(n)  p = Mod(d, k)",
    "remainder of a product": "d = Mul(minus, n)  p = Mod(d, k)",
    "rounded up": "a = Add(n, less)  b = Div(a, k)  c = Mul(b, k)  p = Sub(c, n)",
}


@pytest.mark.parametrize("steps", SPELLINGS.values(), ids=SPELLINGS)
def test_tract_computes_data_padded_to_a_multiple_after_fix(
    steps: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tract")
    text = f"""<ir_version: 8, opset_import: ["" : 17]> g (float[1, H] x) => (float[1, M] y)
        <int64[1] k = {{7}}, int64[1] less = {{6}},
        int64[1] minus = {{-1}}, int64[1] one = {{1}}, int64[1] two = {{2}}, int64[3] none = {{0, 0, 0}}> {{
          s = Shape(x)  n = Slice(s, one, two)  {steps}  pads = Concat<axis = 0>(none, p)  y = Pad(x, pads) }}"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "m.onnx")
    given = ["fix", str(tmp_path / "m.onnx"), "-t", "tract", "-o", str(tmp_path / "out.onnx"), "--isolated"]
    assert main(given) == 0
    assert "computes right now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("size", "certain"),
    [
        (floor((N + 7) / 8) * 8 - N, True),
        (floor((N + 6) / 8) * 8 - N, False),
        (N - floor(N / 4) * 4, True),
        (N - floor(N / 4) * 4 - 1, False),
    ],
    ids=str,
)
def test_a_quotient_that_is_rounded_down_loses_less_than_one(size: DimExpr, certain: bool) -> None:
    assert least(size).never_negative is certain

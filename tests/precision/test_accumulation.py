"""Planted products tell what a compiler sums quantised products in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from graphfix.backends.base import available
from graphfix.backends.connect import open_backend
from graphfix.probe.precision_accumulation import INT32, Planted, accumulation, accumulations, planted, quantised_product
from graphfix.report.precision_matrix import arithmetic_lines
from graphfix.tables.precision import Accumulation, PrecisionTable, read_precision, written
from graphfix.tables.table import Table


def exactly(one: Planted) -> float:
    return float(one.exact)


def in_float(one: Planted) -> float:
    products = (one.given * one.weight).astype(np.float32)
    return float(np.add.reduce(np.cumsum(products, dtype=np.float32)[-1:]))


def wrapping(one: Planted) -> float:
    return float((one.exact + INT32) % (2 * INT32) - INT32)


def clipped(one: Planted) -> float:
    return float(np.clip(one.exact, -INT32, INT32 - 1))


def in_pairs(one: Planted) -> float:
    products = (one.given * one.weight).reshape(-1, 2).sum(1) if one.given.size % 2 == 0 else one.given * one.weight
    return float(np.clip(products, -(2**15), 2**15 - 1).sum())


@pytest.mark.parametrize(
    ("compute", "accumulator", "beyond"),
    [(exactly, "int32", "exact"), (wrapping, "int32", "wraps"), (clipped, "int32", "saturates"), (in_float, "float32", ""),
     (in_pairs, "int16", "")],
)  # fmt: skip
def test_sums_tell_the_accumulator(compute: Any, accumulator: str, beyond: str) -> None:
    products = planted("uint8")
    found = accumulation("uint8", products, [compute(one) for one in products])
    assert (found.accumulator, found.beyond) == (accumulator, beyond)
    assert str(products[0].exact) in found.said


@pytest.mark.parametrize("activations", ["int8", "uint8"])
def test_the_planted_products_are_valid_and_reach_their_limits(activations: str) -> None:
    pairs, near, beyond = planted(activations)
    assert int(pairs.given[0]) * 127 * 2 > 2**15 - 1 - 512
    assert abs(near.exact) < 2**20 < int((near.given * 127).sum())
    assert INT32 <= beyond.exact < 2 * INT32
    for one in (pairs, near, beyond):
        assert abs(np.cumsum(one.given * one.weight)).max() < 2 * INT32
        onnx.checker.check_model(quantised_product(one, activations), full_check=True)
    assert abs(np.cumsum(near.given * near.weight)).max() < INT32


def test_they_are_part_of_the_table_and_of_its_text(tmp_path: Path) -> None:
    one = Accumulation("int8 and int8", "int32", "wraps", "7 for a sum of 7")
    known = PrecisionTable("demo", "1", "demo 1", "here", "2026-01-01", (), (), (one,))
    (tmp_path / "precision").mkdir()
    (tmp_path / "precision" / "forms.json").write_text(written(known))
    assert read_precision(Table("demo", "1", tmp_path, {})) == known
    assert arithmetic_lines(known) == [
        ("products of int8 and int8 are summed in int32, beyond which a sum wraps around", "measured: 7 for a sum of 7")
    ]


@pytest.mark.compiler
@pytest.mark.skipif(available("openvino") is None, reason="openvino is not installed")
def test_openvino_sums_in_integers() -> None:
    with open_backend("openvino") as session:
        found = accumulations(session)
    assert [one.operands for one in found] == ["int8 and int8", "uint8 and int8"]
    assert {one.accumulator for one in found} <= {"int32", "int16"}

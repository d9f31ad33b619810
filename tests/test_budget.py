"""Budgets are read from the command line, and hold against every output."""

from __future__ import annotations

import numpy as np
import pytest

from graphfix.errors import UsageError
from graphfix.verify.budget import Budget, measured


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("top1=0.5%", Budget(top1=0.005)),
        ("top1=0.02", Budget(top1=0.02)),
        ("snr=40dB", Budget(snr=40.0)),
        ("max=1e-2", Budget(largest=0.01)),
        ("snr=30, top1=1%", Budget(top1=0.01, snr=30.0)),
    ],
)
def test_budgets_are_parsed_and_written_back(text: str, budget: Budget) -> None:
    assert Budget.parse(text) == budget
    assert Budget.parse(str(budget)) == budget


@pytest.mark.parametrize("text", ["", "snr", "psnr=3", "snr=loud", "snr=40%", "top1=200%", "max=-1", "snr=nan"])
def test_what_is_no_budget_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"top1=0\.5%, snr=40dB or max=1e-2"):
        Budget.parse(text)


def test_each_limit_names_the_output_that_exceeds_it() -> None:
    old = [np.asarray([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])]
    new = [np.asarray([[1.0, 2.0, 3.0], [2.0, 2.5, 1.0]])]
    found = measured(["y"], [old], [new])
    assert Budget(snr=13.0).exceeded(found) is None
    assert "`y` has 13.5 dB, not 20 dB" in (Budget(snr=20.0).exceeded(found) or "")
    assert "differs by 1, more than 0.5" in (Budget(largest=0.5).exceeded(found) or "")
    assert "moves in 50.0 % of rows" in (Budget(top1=0.1).exceeded(found) or "")
    assert Budget(snr=1000.0, largest=0.0, top1=0.0).exceeded(measured(["y"], [old], [old])) is None


def test_the_rows_of_a_sequence_are_compared_one_by_one() -> None:
    old = np.zeros((1, 4, 3))
    old[0, :, 1] = 1
    new = old.copy()
    new[0, 2, 2] = 2
    assert measured(["y"], [[old]], [[new]])["y"].to_json()["top1"] == 0.75

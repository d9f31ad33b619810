"""Names that are free: the plain one, else the lowest number, however many were asked for before."""

from __future__ import annotations

import random

from graphfix.ir.value_names import ValueNames


def test_a_name_that_is_taken_gets_the_lowest_number() -> None:
    names = ValueNames(["x", "x_3", "y_2"])
    assert [names.fresh("x") for _ in range(4)] == ["x_2", "x_4", "x_5", "x_6"]
    assert [names.fresh("y") for _ in range(3)] == ["y", "y_3", "y_4"]
    names.add("x_7")
    assert [names.fresh("x"), names.fresh("x_7")] == ["x_8", "x_7_2"]


def test_no_name_is_given_twice_and_each_is_the_lowest() -> None:
    drawn, given = random.Random(3), {"a", "a_2_2"}
    names = ValueNames(given)
    for _ in range(300):
        name = drawn.choice(["a", "a_2", "b", "a_2_2"])
        numbered = (f"{name}_{count}" for count in range(2, 400))
        wanted = next(one for one in (name, *numbered) if one not in given)
        assert names.fresh(name) == wanted
        given.add(wanted)

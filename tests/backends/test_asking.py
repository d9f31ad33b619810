"""How outputs are compared and kept."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphfix.backends import asking
from graphfix.backends.asking import compare, compared_outputs, named_outputs, paired_medians, respond, run_resized


@pytest.mark.parametrize(
    ("got", "want", "agree", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0], True, 0.0),
        ([1.0, 100.5], [1.0, 100.0], True, 0.005),
        ([1.0, 104.0], [1.0, 100.0], False, 0.04),
        ([0.0, 0.5], [0.0, 0.0], False, 0.5),
        ([math.nan, math.inf], [math.nan, math.inf], True, 0.0),
        ([math.nan, 1.0], [1.0, 1.0], False, math.inf),
        ([-math.inf, 1.0], [math.inf, 1.0], False, math.inf),
        ([1.0], [1.0, 1.0], False, math.inf),
        ([], [], True, 0.0),
    ],
)
def test_floats_are_compared_by_tolerance(got: list[float], want: list[float], agree: bool, error: float) -> None:
    found = compare(np.array(got, np.float32), np.array(want, np.float32))
    assert found == (agree, pytest.approx(error, rel=1e-4))


def test_integers_must_be_equal() -> None:
    want = np.array([1, 200], np.uint8)
    assert compare(np.array([1, 200], np.uint8), want) == (True, 0.0)
    assert compare(np.array([1, 100], np.uint8), want) == (False, 0.5)
    assert compare(np.array([True, False]), np.array([True, True])) == (False, 1.0)


def test_strings_and_halves_and_complex_numbers_compare() -> None:
    assert compare(np.array(["a", "b"]), np.array(["a", "b"])) == (True, 0.0)
    assert compare(np.array(["a", "c"]), np.array(["a", "b"])) == (False, math.inf)
    assert compare(np.float16([2.0]), np.float16([2.0])) == (True, 0.0)
    assert compare(np.complex64([3 + 4j]), np.complex64([3 + 4j])) == (True, 0.0)
    assert compare(np.complex64([3 + 4j]), np.complex64([3 + 9j]))[0] is False


def test_a_scalar_may_come_back_as_one_element() -> None:
    assert compare(np.array([3.0]), np.array(3.0)) == (True, 0.0)


@pytest.mark.parametrize(
    ("got", "want", "differs"),
    [
        (np.ones((2, 3, 1, 1)), np.ones((2, 3, 1)), "returns [2, 3, 1, 1] for [2, 3, 1], with equal values"),
        (np.zeros((2, 3, 1, 1)), np.ones((2, 3, 1)), "returns [2, 3, 1, 1] for [2, 3, 1], with other values"),
        (np.ones((1, 1), bool), np.ones((4, 3), bool), "returns [1, 1] for [4, 3]"),
        (np.array([1.0, np.nan]), np.ones(2), "returns infinity or NaN for numbers"),
        (np.ones(2), np.array([1.0, np.inf]), "returns other numbers for infinity or NaN"),
        (np.array(["a"]), np.array(["b"]), "returns other elements"),
    ],
)
def test_outputs_that_no_number_tells_apart_are_told_apart_in_words(got: Any, want: Any, differs: str) -> None:
    expected = {"numerics": "differ", "error": math.inf, "differs": differs}
    assert compared_outputs([("y", got)], {"y": want}) == expected
    assert compared_outputs([("x", want), ("y", got)], {"x": want, "y": want}) == expected
    assert "differs" not in compared_outputs([("y", np.array([2.0]))], {"y": np.array([3.0])})
    assert compared_outputs([], {"y": want})["differs"] == "returns 0 outputs for 1"


def test_outputs_take_the_expected_names_by_position() -> None:
    outputs = [("renamed", np.zeros(1)), ("renamed", np.ones(1))]
    assert list(named_outputs(outputs, {"a": 0, "b": 0})) == ["out:a", "out:b"]
    assert list(named_outputs(outputs, {})) == ["out:renamed", "out:renamed:1"]
    assert named_outputs(outputs, {})["out:renamed:1"].tolist() == [1.0]


def saved(folder: Path, name: str, size: int) -> str:
    x = np.arange(size, dtype=np.float32)
    np.savez(folder / name, **{"in:x": x, "out:y": 2 * x})  # type: ignore[arg-type]
    return str(folder / f"{name}.npz")


def test_runs_at_other_sizes_stop_at_the_first_that_is_not_right(tmp_path: Path) -> None:
    paths = [saved(tmp_path, "small", 3), saved(tmp_path, "large", 5)]

    def outcome(run: Any) -> dict[str, Any]:
        *before, last = run_resized({"stage": "ok"}, run, paths)
        assert all(answer["resized"]["result"] == "fails" and not answer["last"] for answer in before)
        return dict(last["resized"])

    def fails(given: Any, _: Any) -> Any:
        if given["x"].size > 3:
            raise RuntimeError("failed to prepare")
        return [("y", 2 * given["x"])]

    assert outcome(lambda given, _: [("y", 2 * given["x"])])["result"] == "works"
    assert outcome(lambda given, _: [("y", given["x"])]) | {"error": 0} == {"result": "wrong", "place": 0, "error": 0}
    assert outcome(fails) == {"result": "fails", "place": 1, "message": "RuntimeError: failed to prepare"}


def test_a_run_at_other_sizes_that_returns_other_dims_is_wrong_though_its_numbers_are_not(tmp_path: Path) -> None:
    x = np.arange(12, dtype=np.float32).reshape(1, 4, 3)
    np.savez(tmp_path / "at.npz", **{"in:x": x, "out:y": x})  # type: ignore[arg-type]

    def outcome(*shape: int) -> dict[str, Any]:
        *_, last = run_resized({"stage": "ok"}, lambda given, _: [("y", given["x"].reshape(shape))], [str(tmp_path / "at.npz")])
        return dict(last["resized"])

    assert outcome(1, 4, 3)["result"] == outcome(4, 3, 1)["result"] == "works"  # axes may come in another order
    assert outcome(2, 2, 3) == {"result": "wrong", "place": 0, "error": np.inf, "message": "returns [2, 2, 3] for [1, 4, 3]"}


def test_two_models_run_in_turn_and_their_medians_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asking, "PAIRED_SECONDS", 0.0)
    inputs = tmp_path / "inputs.npz"
    np.savez(inputs, **{"in:x": np.ones(2), "out:y": np.ones(2)})
    called: list[tuple[str, str]] = []

    def ask(request: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        name = request["model"]
        if name == "bad":
            return {"stage": "convert", "message": "no"}

        def run(given: dict[str, Any], expected: dict[str, Any]) -> list[tuple[str, Any]]:
            called.append((name, Path.cwd().name))
            return [("y", given["x"])]

        return {"stage": "ok", "run": run}

    request = {"model": "new", "paired": "old", "inputs": str(inputs), "run": True, "output": None, "results": None}
    last = list(respond(ask, request))[-1]
    assert len(last["medians"]) == 2
    assert all(seconds >= 0 for seconds in last["medians"])
    assert [name for name, _ in called[-4:]] == ["new", "old", "new", "old"]
    assert Path.cwd() == tmp_path
    (tmp_path / "paired").rmdir()
    assert paired_medians(ask, {"model": "new", "paired": "bad"}, {"run": lambda *_: []}, {}, {}) is None
    assert list(respond(ask, {**request, "paired": None}))[-1].get("medians") is None

"""onnxsim in a process of its own, as users meet it: other tests ask a fork of one that has imported it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import onnx
import pytest

from graphfix.rewrites.cleanup.simplify import Simplify
from graphfix.rewriting.rewrite import Outcome


def test_a_process_of_its_own_makes_what_the_fork_makes(
    simplified_once: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []
    plain = subprocess.run

    def run(*words: Any, **options: Any) -> Any:
        done = plain(*words, **options)
        started.append(done.returncode)
        return done

    monkeypatch.setattr(subprocess, "run", run)
    model = onnx.parser.parse_model(Simplify.fires[0].text)
    made = simplified_once(Simplify(), model)
    assert started == [0]
    assert made.model is not None
    assert made == Simplify().apply(model)
    assert len(started) == 1


def test_what_onnxsim_cannot_take_is_declined_in_its_words() -> None:
    model = onnx.parser.parse_model(Simplify.fires[0].text)
    model.graph.node[2].input[0] = "never made"
    made = Simplify().apply(model)
    assert made.model is None
    (declined,) = made.declined
    assert declined.reason.startswith("onnxsim failed: ")
    assert "not output of any previous node" in declined.reason

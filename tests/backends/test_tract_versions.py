"""tract's Python package renamed its steps in 0.23: the adapter asks each version for the same work."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graphfix.backends import toolchain
from graphfix.backends.base import open_backend
from graphfix.backends.tract import steps

MODELS = Path(__file__).parent.parent.parent / "fixtures" / "models"


class Trail:
    """Something that answers the calls it knows with itself, and remembers them."""

    def __init__(self, *known: str) -> None:
        self.known, self.called = known, list[str]()

    def __getattr__(self, name: str) -> Any:
        if name not in self.known:
            raise AttributeError(name)

        def call(*_: Any) -> Trail:
            self.called.append(name)
            return self

        return call


OLD = ("model_for_path", "into_typed", "into_decluttered", "into_optimized", "into_runnable", "with_tract_core",
       "with_onnx", "with_tract_extra", "with_extended_identifier_syntax")  # fmt: skip
NEW = ("load", "into_model", "into_runnable", "with_onnx", "with_tract_extra", "with_extended_identifier_syntax")


@pytest.mark.parametrize("known", [OLD, NEW], ids=["0.21", "0.23"])
def test_every_step_is_asked_for_by_the_name_of_the_version(known: tuple[str, ...]) -> None:
    trail = Trail(*known)
    inference = SimpleNamespace(**dict.fromkeys(known))
    step = steps(SimpleNamespace(onnx=lambda: trail, nnef=lambda: trail, InferenceModel=inference))
    step.runnable(step.typed(step.load("model.onnx")))
    step.nnef()
    assert trail.called == list(known)


@pytest.mark.compiler
def test_every_installed_version_takes_a_relu_and_writes_it(tmp_path: Path) -> None:
    found = toolchain.installed("tract")
    if not found:
        pytest.skip("no other version of tract is installed: graphfix backends install tract@0.21.19")
    for one in found:
        with open_backend("tract", python=one.python) as session:
            assert session.version == one.version
            verdict = session.ask(MODELS / "relu.onnx", output=tmp_path / f"{one.version}.nnef.tgz")
            assert verdict.accepted, verdict.message
            assert (tmp_path / f"{one.version}.nnef.tgz").stat().st_size > 0

"""tract's Python package renamed its steps in 0.23: the adapter asks each version for the same work."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from graphfix.backends import toolchain
from graphfix.backends.connect import open_backend
from graphfix.backends.tract import package_api

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
    api = package_api(SimpleNamespace(onnx=lambda: trail, nnef=lambda: trail, InferenceModel=inference))
    api.runnable(api.typed(api.load("model.onnx")))
    api.nnef()
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


@pytest.mark.compiler
@pytest.mark.parametrize("shape", [(2, 3), ()], ids=["matrix", "scalar"])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64"])
def test_arrays_of_every_dtype_come_back_from_every_installed_version(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    found = toolchain.installed("tract")
    if not found:
        pytest.skip("no other version of tract is installed: graphfix backends install tract@0.21.19")
    array = np.arange(1, 7)[: 6 if shape else 1].reshape(shape).astype(dtype)
    kind = helper.np_dtype_to_tensor_dtype(array.dtype)
    x, y = (helper.make_tensor_value_info(name, kind, shape) for name in "xy")
    graph = helper.make_graph([helper.make_node("Unsqueeze", ["x", "a"], ["t"]), helper.make_node("Squeeze", ["t", "a"], ["y"])],
                              "there-and-back", [x], [y], [numpy_helper.from_array(np.array([0]), "a")])  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path / "m.onnx")
    np.savez(tmp_path / "m.npz", **{"in:x": array, "out:y": array})
    for one in found:
        with open_backend("tract", python=one.python) as session:
            verdict = session.ask(tmp_path / "m.onnx", inputs=tmp_path / "m.npz")
            assert (verdict.accepted, verdict.numerics) == (True, "match"), verdict.message

"""MNN and OpenCV as their adapters use them, with invented engines in place of the packages."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graphfix.backends import mnn, opencv, printed

LACKING = b"""[ WARN:0@1.856] global onnx_importer2.cpp:729 parseModel DNN/ONNX: the model 'm.onnx' cannot be loaded with the new\
 parser. Trying the older parser.  Unsupported operations:
\tRelu
"""
RELU = str(Path(__file__).parents[2] / "fixtures" / "models" / "relu.onnx")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the worker prepares: a folder of the request's own, and the module that reads what is printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "graphfix_printed", printed)


def request(*, run: bool = True) -> dict[str, Any]:
    return {"model": RELU, "shapes": {}, "values": {}, "options": {}, "run": run}


class Net:
    """An invented network of OpenCV."""

    def __init__(self, *, empty: bool = False) -> None:
        self.is_empty, self.given = empty, dict[str, Any]()

    def empty(self) -> bool:
        return self.is_empty

    def setInput(self, blob: Any, name: str) -> None:
        self.given[name] = blob

    def forward(self, names: list[str]) -> list[Any]:
        return [None if array.size == 0 else array for array in self.given.values()]


def invented(net: Net, engines: list[tuple[int, ...]], *, new: bool = True) -> Any:
    """A `cv2` that reads every model as this network and keeps the engines that it was asked for."""

    def read(path: str, *engine: int) -> Net:
        engines.append(engine)
        if net.is_empty:
            os.write(2, LACKING)
        return net

    class error(Exception):
        code = -204

    dnn = SimpleNamespace(readNetFromONNX=read, **({"ENGINE_NEW": 2, "ENGINE_AUTO": 3} if new else {}))
    return SimpleNamespace(dnn=dnn, error=error)


def test_opencv_5_is_asked_for_its_new_engine_alone() -> None:
    engines: list[tuple[int, ...]] = []
    answer = opencv.ask(invented(Net(empty=True), engines), request(), {})
    assert engines == [(2,)]
    assert answer == {"stage": "convert", "message": "Unsupported operations: Relu", "nodes": ["Relu"]}


def test_opencv_4_has_one_engine_and_fewer_dtypes() -> None:
    engines: list[tuple[int, ...]] = []
    net = Net()
    answer = opencv.ask(invented(net, engines, new=False), request(), {"x": np.array([True, False])})
    assert (engines, answer["stage"]) == ([()], "ok")
    assert net.given["x"].dtype == np.uint8


def test_an_output_without_elements_is_an_array_and_unused_inputs_are_left_out() -> None:
    net = Net()
    cv2 = invented(net, [])
    take = net.setInput

    def choosy(blob: Any, name: str) -> None:
        if name != "x":
            raise cv2.error("Requested blob not found")
        take(blob, name)

    net.setInput = choosy  # type: ignore[method-assign]
    given = {"x": np.zeros((0, 3), np.float32), "unused": np.zeros(1, np.float32)}
    answer = opencv.ask(cv2, request(), given)
    ((_, array),) = answer["run"](given, {})
    assert array.size == 0


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., SimpleNamespace]:
    """Puts invented modules in the place of MNN's: what its converter prints, and whether it writes a file."""

    def put(said: str, *, converts: bool = True, outputs: list[Any] | None = None) -> SimpleNamespace:
        made = SimpleNamespace(given=[])

        def convert(words: list[str]) -> None:
            os.write(1, said.encode() + b"\n")
            if converts:
                Path(words[words.index("--MNNModel") + 1]).write_text("mnn")

        def const(array: Any, shape: list[int], form: Any, dtype: Any) -> Any:
            made.given.append((array.dtype, dtype))
            return array

        def forward(given: list[Any]) -> list[Any]:
            if outputs is None:
                os.write(1, b"Compute Shape Error for y\n")
            return outputs or []

        info = {"inputNames": ["x"], "outputNames": ["y"]}
        module = SimpleNamespace(get_info=lambda: info, forward=forward)
        forms, dtypes = SimpleNamespace(NCHW=0, NC4HW4=1), SimpleNamespace(float="float", int="int", uint8="uint8")
        parts = {
            "_tools": {"mnnconvert": convert},
            "MNN.nn": {"load_module_from_file": lambda path, names, results: module},
            "MNN.expr": {"const": const, "data_format": forms, "dtype": dtypes},
        }
        for name, held in parts.items():
            invented_module = ModuleType(name)
            vars(invented_module).update(held)
            monkeypatch.setitem(sys.modules, name, invented_module)
        return made

    return put


def test_mnn_says_why_it_does_not_convert(engine: Callable[..., SimpleNamespace]) -> None:
    said = "[19:25:48] :46: ONNX Model ir version: 8\n[19:25:48] :220: These Op Not Support: ONNX::Relu"
    engine(f"Start to Convert Other Model Format\n{said}\n{said}\nConverted Failed!", converts=False)
    assert mnn.ask(request(), {}) == {"stage": "convert", "message": "These Op Not Support: ONNX::Relu", "nodes": ["Relu"]}


def test_mnn_rejects_what_it_cannot_run(engine: Callable[..., SimpleNamespace]) -> None:
    engine("Converted Success!")
    answer = mnn.ask(request(), {"x": np.zeros(2, np.float32)})
    assert answer == {"stage": "runtime", "message": "Compute Shape Error for y", "nodes": ["y"]}
    assert mnn.ask(request(run=False), {})["stage"] == "ok"


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [("float64", "float"), ("float16", "float"), ("int64", "int"), ("bool", "int"), ("int8", "int"), ("uint8", "uint8")],
)
def test_mnn_gets_integers_and_floats_of_32_bits(dtype: str, kind: str, engine: Callable[..., SimpleNamespace]) -> None:
    found = SimpleNamespace(shape=[2], data_format=0, read=lambda: np.ones(2, np.float32))
    made = engine("", outputs=[found])
    given = {"x": np.ones(2, dtype)}
    answer = mnn.ask(request(), given)
    ((name, array),) = answer["run"](given, {})
    assert (name, array.tolist()) == ("y", [1, 1])
    assert {one for _, one in made.given} == {kind}
    assert {width.itemsize for width, _ in made.given} == {1 if kind == "uint8" else 4}

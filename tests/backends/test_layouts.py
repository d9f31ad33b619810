"""How arrays are given to compiled models: in which layout, and by which name."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from graphfix.backends.litert import resizable, run
from graphfix.backends.openvino import feeds


class Interpreter:
    """A LiteRT interpreter with one input and one output, of which either may have its channels last."""

    def __init__(self, shape: tuple[int, ...], *, moved: bool, back: bool) -> None:
        self.moved, self.back, self.runs = moved, back, 0
        self.details = [{"name": "serving_default_x:0", "index": 0, "shape": shape, "dtype": np.float32}]

    def get_input_details(self) -> list[dict[str, Any]]:
        return self.details

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": 1}]

    def reset_all_variables(self) -> None:
        self.runs += 1

    def set_tensor(self, _: int, array: Any) -> None:
        self.given = array

    def invoke(self) -> None:
        first = self.given.transpose(0, 3, 1, 2) if self.moved else self.given
        self.made = first.cumsum(axis=1)
        self.made = self.made.transpose(0, 2, 3, 1) if self.back else self.made

    def get_tensor(self, _: int) -> Any:
        return self.made


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("back", [False, True])
def test_equal_sizes_do_not_hide_the_layout(moved: bool, back: bool) -> None:
    x = np.arange(512, dtype=np.float32).reshape(1, 8, 8, 8)
    want = x.cumsum(axis=1)
    outputs = run(Interpreter(x.shape, moved=moved, back=back), "", {"x": x}, {"y": want})
    assert outputs is not None
    assert np.array_equal(outputs[0][1], want)


def test_what_differs_in_every_layout_is_told(tmp_path: Any) -> None:
    x = np.arange(512, dtype=np.float32).reshape(1, 8, 8, 8)
    interpreter = Interpreter(x.shape, moved=True, back=True)
    outputs = run(interpreter, "", {"x": x}, {"y": x})
    assert outputs is not None
    assert not np.allclose(outputs[0][1], x)
    assert interpreter.runs == 2


def test_without_expected_outputs_the_usual_layout_is_run_once(tmp_path: Any) -> None:
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph([], "g", [], [info("y", onnx.TensorProto.FLOAT, [1, 8, 8, 8])])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "m.onnx")
    interpreter = Interpreter((1, 8, 8, 8), moved=True, back=False)
    x = np.arange(512, dtype=np.float32).reshape(1, 8, 8, 8)
    outputs = run(interpreter, str(tmp_path / "m.onnx"), {"x": x}, {})
    assert outputs is not None
    assert np.array_equal(outputs[0][1], x.cumsum(axis=1))
    assert interpreter.runs == 1


def test_an_input_that_lost_its_name_is_found_by_its_place() -> None:
    given = {"x": "first", "z": "second"}
    assert feeds([({"z"}, "z"), ({"x"}, "x")], given) == ["second", "first"]
    assert feeds([({"y"}, "x"), ({"z"}, "z")], given) == ["first", "second"]
    assert feeds([({"y"}, "probe"), ({"z"}, "z")], given) == ["first", "second"]
    assert feeds([({"y"}, "probe")], given) is None


def test_dims_of_1_may_have_any_size_in_either_layout() -> None:
    picture = np.zeros((2, 3, 5, 7), np.float32)
    assert [one.shape for one in resizable(picture, (1, 1, 1, 3))] == [(2, 5, 7, 3)]
    assert [one.shape for one in resizable(picture, (1, 1, 1, 1))] == [(2, 5, 7, 3), (2, 3, 5, 7)]
    assert resizable(picture, (1, 4, 1, 1)) == []
    assert [one.shape for one in resizable(np.zeros((4, 2), np.float32), (1, 2))] == [(4, 2)]

"""Data beside a model: found where it may be, refused everywhere else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, parser

from graphfix.errors import ModelError
from graphfix.ir.external_data import has_external
from graphfix.ir.io import load_model
from graphfix.ir.skeleton import read_skeleton

TEXT = '<ir_version: 9, opset_import: ["": 18]>\nmain (float[8] x) => (float[8] y) { y = Add(x, w) }'
VALUES = np.arange(8, dtype=np.float32)


def beside(folder: Path, **entries: str) -> Path:
    """A model in the folder whose initializer has these external data entries."""
    model = parser.parse_model(TEXT)
    tensor = model.graph.initializer.add(name="w", data_type=1, dims=[8], data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    folder.mkdir(exist_ok=True)
    path = folder / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def values(model: ModelProto) -> list[float]:
    return list(np.frombuffer(model.graph.initializer[0].raw_data, np.float32))


@pytest.fixture(params=[read_skeleton, load_model], ids=["skeleton", "full"])
def refused(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    def refused(path: Path) -> str:
        with pytest.raises(ModelError) as caught:
            request.param(path)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return refused


def test_data_is_loaded_from_its_offset(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "w.bin").write_bytes(b"skip" + VALUES.tobytes() + b"more")
    path = beside(tmp_path, location="sub/w.bin", offset="4", length="32")
    loaded = load_model(path)
    assert values(loaded) == list(VALUES)
    assert not has_external(loaded)
    assert has_external(read_skeleton(path))


def test_without_a_length_as_much_is_read_as_the_tensor_needs(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(VALUES.tobytes() + b"more")
    assert values(load_model(beside(tmp_path, location="w.bin"))) == list(VALUES)


def test_a_skeleton_does_not_open_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w.bin").write_bytes(VALUES.tobytes())
    path = beside(tmp_path, location="w.bin")
    opened: list[str] = []
    genuine = open

    def watch(file: object, *rest: object, **named: object) -> object:
        opened.append(str(file))
        return genuine(file, *rest, **named)  # type: ignore[call-overload]

    monkeypatch.setattr("builtins.open", watch)
    read_skeleton(path)
    assert opened == [str(path)]


def test_missing_data_is_named_with_its_cure(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    line = refused(beside(tmp_path, location="w.bin"))
    assert f"data file `w.bin` is missing; put it into {tmp_path}" in line


@pytest.mark.parametrize("location", ["../w.bin", "a/../../w.bin", "..\\w.bin", "sub/.."])
def test_a_location_that_climbs_is_refused(tmp_path: Path, refused: Callable[[Path], str], location: str) -> None:
    (tmp_path / "w.bin").write_bytes(VALUES.tobytes())
    assert "outside the model's folder" in refused(beside(tmp_path / "in", location=location))


@pytest.mark.parametrize("location", ["/etc/hostname", "C:\\w.bin", "\\\\host\\w.bin"])
def test_an_absolute_location_is_refused(tmp_path: Path, refused: Callable[[Path], str], location: str) -> None:
    assert "absolute path" in refused(beside(tmp_path, location=location))


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    (tmp_path / "secret").write_bytes(VALUES.tobytes())
    path = beside(tmp_path / "in", location="w.bin")
    (tmp_path / "in" / "w.bin").symlink_to(tmp_path / "secret")
    assert "outside the model's folder" in refused(path)


def test_a_linked_folder_does_not_hide_the_escape(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "w.bin").write_bytes(VALUES.tobytes())
    path = beside(tmp_path / "in", location="sub/w.bin")
    (tmp_path / "in" / "sub").symlink_to(tmp_path / "away")
    assert "outside the model's folder" in refused(path)


def test_a_cache_that_links_model_and_data_is_read(tmp_path: Path) -> None:
    blobs = tmp_path / "blobs"
    real = beside(blobs, location="w.bin")
    (blobs / "0123").write_bytes(VALUES.tobytes())
    real.rename(blobs / "4567")
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    (snapshot / "m.onnx").symlink_to(blobs / "4567")
    (snapshot / "w.bin").symlink_to("../blobs/0123")
    assert values(load_model(snapshot / "m.onnx")) == list(VALUES)


def test_a_linked_model_finds_the_data_beside_its_target(tmp_path: Path) -> None:
    real = beside(tmp_path / "in", location="w.bin")
    (tmp_path / "in" / "w.bin").write_bytes(VALUES.tobytes())
    (tmp_path / "link.onnx").symlink_to(real)
    assert values(load_model(tmp_path / "link.onnx")) == list(VALUES)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"offset": "8"}, "ends at byte 40 of `w.bin`, which has 32"),
        ({"length": "33"}, "ends at byte 33"),
        ({"offset": "99"}, "which has 32"),
        ({"offset": "9" * 30}, "at offset"),
        ({"offset": "-1"}, "at offset `-1`"),
        ({"offset": "1e3"}, "at offset `1e3`"),
        ({"length": "many"}, "at length `many`"),
    ],
)
def test_extents_beyond_the_file_are_refused(
    tmp_path: Path, refused: Callable[[Path], str], entries: dict[str, str], message: str
) -> None:
    (tmp_path / "w.bin").write_bytes(VALUES.tobytes())
    assert message in refused(beside(tmp_path, location="w.bin", **entries))


def test_what_is_no_data_file_is_refused(tmp_path: Path, refused: Callable[[Path], str]) -> None:
    (tmp_path / "w.bin").mkdir()
    assert "not a regular file" in refused(beside(tmp_path, location="w.bin"))
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused(beside(tmp_path, location="pipe"))
    assert "without a location" in refused(beside(tmp_path, offset="0"))
    assert "without a location" in refused(beside(tmp_path, location=""))

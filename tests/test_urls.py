"""Models at URLs: read by ranges, listed as folders, archives and globs, and errors on one line."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import graphfix
from graphfix.cli.app import main
from graphfix.errors import ModelError, UsageError
from graphfix.ir import urls
from graphfix.ir.range_reader import RangeReader
from graphfix.ir.skeleton import read_skeleton
from graphfix.ir.urls import ModelUrl, is_url, models_at, remote_state
from graphfix.ir.wire_format import varint
from tests.range_server import serving

fsspec = pytest.importorskip("fsspec", reason="fsspec, of the extra `registry`, is not installed")


def chain(names: list[str], size: int) -> onnx.ModelProto:
    """A chain of additions whose weights are of this size, with values in them that no default has."""
    nodes, last = [], "x"
    for name in names:
        nodes.append(helper.make_node("Add", [last, name], [f"{name}_sum"]))
        last = f"{name}_sum"
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [size]) for name in ("x", last)]
    weights = [numpy_helper.from_array(np.full(size, 0.5, np.float32), name) for name in names]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], weights)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


def write_large(path: Path, weights: int, each: int) -> None:
    """Write a model whose weights are holes in a file that takes no room on the disk."""
    model = chain([f"w{at}" for at in range(weights)], 4)
    del model.graph.initializer[:]
    for info in (*model.graph.input, *model.graph.output):
        info.type.tensor_type.shape.dim[0].dim_value = each // 4
    pieces: list[tuple[bytes, int]] = [(model.graph.SerializeToString(), 0)]
    for at in range(weights):
        tensor = TensorProto(name=f"w{at}", data_type=TensorProto.FLOAT, dims=[each // 4]).SerializeToString()
        tensor += b"\x4a" + varint(each)
        pieces.append((b"\x2a" + varint(len(tensor) + each) + tensor, each))
    length = sum(len(head) + hole for head, hole in pieces)
    model.ClearField("graph")
    with path.open("wb") as file:
        file.write(model.SerializeToString() + b"\x3a" + varint(length))
        for head, hole in pieces:
            file.write(head)
            file.seek(hole, 1)
        file.truncate(file.tell())


@pytest.fixture
def memory() -> Iterator[Any]:
    """The file system in memory, empty before and after."""
    system = fsspec.filesystem("memory")
    system.rm("/", recursive=True) if system.exists("/") else None
    yield system
    system.rm("/", recursive=True) if system.exists("/") else None


def test_a_path_is_no_url() -> None:
    for text in ("s3://b/m.onnx", "zip://m.onnx::https://h/z.zip", "simplecache::s3://b/m.onnx", "memory://m.onnx"):
        assert is_url(text)
    for text in ("m.onnx", "C:/m.onnx", "C:\\m.onnx", "module.a:factory", "./a://b", Path("s3://b/m.onnx")):
        assert not is_url(text)


def test_the_skeleton_is_that_of_the_file(tmp_path: Path, memory: Any) -> None:
    for count, size in ((1, 4), (3, 2000), (40, 5000), (5, 500_000)):
        path = tmp_path / f"m{count}.onnx"
        onnx.save(chain([f"weight{at}" for at in range(count)], size), path)
        memory.put(str(path), f"/m{count}.onnx")
        assert read_skeleton(f"memory://m{count}.onnx") == read_skeleton(path)


class Counted:
    """A file in memory that counts what is read of it."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.sent, self.reads = data, 0, 0, 0

    def seek(self, offset: int) -> None:
        self.at = offset

    def read(self, size: int) -> bytes:
        found = self.data[self.at : self.at + size]
        self.sent, self.reads = self.sent + len(found), self.reads + 1
        return found


def test_ranges_are_read_once_and_grow_where_all_is_read() -> None:
    data = bytes(range(256)) * 40_000
    file = Counted(data)
    reader = RangeReader(file, "memory://m.onnx")

    def at(start: int, size: int) -> bytes:
        reader.seek(start)
        return reader.read(size)

    for start in range(0, 1_000_000, 500):
        assert at(start, 500) == data[start : start + 500]
    assert file.reads < 15
    reads = file.reads
    assert at(100, 900_000) == data[100:900_100]
    assert file.reads == reads
    assert at(5_000_000, 500) == data[5_000_000:5_000_500]
    assert file.sent < 2_200_000
    assert at(len(data) - 10, 10) == data[-10:]


@pytest.fixture
def http() -> None:
    """What the file system of http needs."""
    pytest.importorskip("aiohttp", reason="aiohttp, of the extra `registry`, is not installed")


@pytest.mark.usefixtures("http")
def test_a_model_of_two_gigabytes_costs_kilobytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_large(tmp_path / "m.onnx", 48, 40_000_000)
    assert (tmp_path / "m.onnx").stat().st_size > 1.9e9
    with serving(tmp_path) as server:
        assert main(["lint", f"{server.address}/m.onnx", "-t", "tract", "--isolated", "--output-format", "json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["verdict"], result["nodes"]) == ("accepted", 48)
    assert result["model"] == f"{server.address}/m.onnx"
    assert server.sent["m.onnx"] < 120_000
    assert server.requests["m.onnx"] < 60


@pytest.mark.usefixtures("http")
def test_external_data_of_five_gigabytes_is_looked_up_and_never_fetched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = chain(["w"], 2000)
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    with (tmp_path / "w.bin").open("r+b") as file:
        file.truncate(5_000_000_000)
    with serving(tmp_path) as server:
        url = f"{server.address}/m.onnx"
        assert graphfix.lint(url, "tract").verdict == "accepted"
        assert "w.bin" not in server.sent
        assert server.sent["m.onnx"] < 10_000
        (tmp_path / "w.bin").unlink()
        assert main(["lint", url, "-t", "tract", "--isolated"]) == 2
        assert f"{url}: `w.bin`, the external data of tensor `w`: there is no such file" in capsys.readouterr().err


def test_a_location_outside_of_the_folder_is_refused(memory: Any) -> None:
    model = chain(["w"], 2000)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret.bin")
    memory.pipe("/folder/m.onnx", model.SerializeToString())
    memory.pipe("/secret.bin", bytes(8000))
    with pytest.raises(ModelError, match="outside the model's folder"):
        read_skeleton("memory://folder/m.onnx")


@pytest.mark.usefixtures("http")
def test_a_server_without_ranges_is_named(tmp_path: Path) -> None:
    write_large(tmp_path / "m.onnx", 4, 4_000_000)
    with serving(tmp_path, ranges=False) as server:
        with pytest.raises(ModelError, match="range requests"):
            read_skeleton(f"{server.address}/m.onnx")
        assert server.sent["m.onnx"] < 8_000_000


def test_folders_globs_and_archives_are_listed(tmp_path: Path, memory: Any) -> None:
    data = chain(["w"], 4).SerializeToString()
    for name in ("a/1.onnx", "a/b/2.onnx", "a/readme.md", "c/3.onnx"):
        memory.pipe(f"/models/{name}", data)
    assert list(models_at("memory://models/a")) == ["memory:///models/a/1.onnx", "memory:///models/a/b/2.onnx"]
    assert list(models_at("memory://models/*/*.onnx")) == ["memory:///models/a/1.onnx", "memory:///models/c/3.onnx"]
    archive = tmp_path / "z.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x/4.onnx", data)
        file.writestr("5.onnx", data)
        file.writestr("notes.txt", "no model")
    found = list(models_at(f"zip://::{archive}"))
    assert found == [f"zip://5.onnx::{archive}", f"zip://x/4.onnx::{archive}"]
    assert all(isinstance(one, ModelUrl) and read_skeleton(one).graph.node for one in found)
    assert [one.name for one in found] == ["5.onnx", "4.onnx"]
    memory.put(str(archive), "/z.zip")
    assert graphfix.lint("zip://x/4.onnx::memory://z.zip", "tract").verdict == "accepted"


def test_the_state_of_a_file_tells_contents_apart(memory: Any) -> None:
    memory.pipe("/m.onnx", b"one")
    before = remote_state("memory://m.onnx")
    assert before
    assert remote_state("memory://m.onnx") == before
    memory.pipe("/m.onnx", b"two")
    assert remote_state("memory://m.onnx") != before
    assert remote_state("memory://none.onnx") == ""


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory://none.onnx", "there is no such file; check the URL"),
        ("nosuch://m.onnx", "Protocol not known: nosuch"),
        ("wandb://m.onnx", "its file system is not installed: Install wandbfs"),
    ],
)
def test_errors_are_one_line_that_names_the_url(url: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", url, "-t", "tract", "--isolated"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"graphfix: {url}: ")
    assert said in line


def test_without_fsspec_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(urls.importlib, "import_module", absent)
    with pytest.raises(UsageError, match="reading models at URLs needs fsspec; install it with `pip install 'graphfix"):
        list(models_at("s3://bucket/models"))


def test_options_that_need_a_file_are_refused(memory: Any, capsys: pytest.CaptureFixture[str]) -> None:
    memory.pipe("/m.onnx", chain(["w"], 4).SerializeToString())
    for option in (["--fix"], ["--confirm"], ["--html", "p.html"], ["--annotate", "a.onnx"]):
        assert main(["lint", "memory://m.onnx", "-t", "tract", "--isolated", *option]) == 2
        assert f"memory://m.onnx: {option[0]} needs a file on this machine; download it first" in capsys.readouterr().err


def test_settings_may_name_urls(memory: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    memory.pipe("/models/m.onnx", chain(["w"], 4).SerializeToString())
    settings = tmp_path / "graphfix.toml"
    settings.write_text('targets = ["tract"]\n[models."memory://models/*"]\ntargets = ["coreml"]\n')
    assert main(["lint", "memory://models/m.onnx", "--config", str(settings), "--output-format", "json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["target"] == "coreml"

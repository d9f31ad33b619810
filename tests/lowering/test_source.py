"""What is taken for a source: by name and content, without importing or running anything of it."""

from __future__ import annotations

import json.decoder
import pickle
import zipfile
from pathlib import Path

import onnx
import onnx.parser
import pytest

from graphfix.lowering.source import FRAMEWORKS, TITLES, Kind, Source, recognise_source

TEXT = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] y) { y = Relu(x) }'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def kind(text: str) -> Kind | None:
    found = recognise_source(text)
    return None if found is None else found.kind


def archive(name: str, *members: str) -> Path:
    path = Path(name)
    with zipfile.ZipFile(path, "w") as made:
        for member in members:
            made.writestr(member, b"x")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("net.pt2", Kind.EXPORTED),
        ("net.PT2", Kind.EXPORTED),
        ("net.keras", Kind.KERAS),
        ("net.KERAS", Kind.KERAS),
        ("net.h5", Kind.KERAS),
        ("net.H5", Kind.KERAS),
        ("net.hdf5", Kind.KERAS),
        ("net.pb", Kind.FROZEN),
        ("net.Pb", Kind.FROZEN),
        ("net.tflite", Kind.TFLITE),
        ("net.TFLite", Kind.TFLITE),
        ("net.pt", Kind.PICKLE),
        ("net.pth", Kind.PICKLE),
        ("net.ckpt", Kind.PICKLE),
        ("deep/er/net.v2.tflite", Kind.TFLITE),
    ],
)
def test_suffix_tells_what_a_missing_file_would_be(text: str, expected: Kind) -> None:
    assert recognise_source(text) == Source(text, expected, Path(text))


@pytest.mark.parametrize(
    "text",
    ["a.b:c", "a:make", "package.module:Net", "_a._b:_c", "x/y.py:make", "/abs/x.py:make", "./x.py:a.b", "nets.py:Outer.Inner"],
)
def test_module_and_name_is_a_factory(text: str) -> None:
    if text == "a:make":
        Path("a.py").touch()
    assert recognise_source(text) == Source(text, Kind.FACTORY)


@pytest.mark.parametrize(
    "text",
    [
        "model.onnx", "model.ONNX", "model", "folder/model.ort", "weights.safetensors", "a.b", "a.b:", ":c", "a..b:c", "a.:c",
        "1a:b", "a:1b", "a:b-c", "a b:c", "a:b:c", ".py:make", "x/.py:make", "x/y.txt:make",
        r"C:\models\net.onnx", "C:/models/net.onnx", r"C:\net.py:make", "C:net", "c:net.onnx", "D:net.onnx",
        "https://host/net.onnx", "https://host/net.pt2", "s3://bucket/net.keras", "file:///net.pt2", "host:8080",
        "http://host:8080", "model.onnx:output", "model.onnx:v2", "a.b:net.onnx", "nets/*.pt2", "nets/*.onnx",
        "net?.keras", "net[12].tflite", "", "\0",
    ],
)  # fmt: skip
def test_everything_else_is_no_source(text: str) -> None:
    assert recognise_source(text) is None


def test_module_named_like_a_model_is_a_factory_where_it_exists() -> None:
    assert kind("mine.keras:make") is None
    Path("mine").mkdir()
    assert kind("mine.keras:make") is Kind.FACTORY
    assert kind("json.onnx:make") is Kind.FACTORY, "json is importable"


def test_lone_letter_is_a_drive_unless_there_is_such_a_module() -> None:
    assert kind("m:make") is None
    Path("m.py").touch()
    assert kind("m:make") is Kind.FACTORY


def test_existing_file_whose_name_looks_like_a_factory_is_onnx() -> None:
    Path("a.b:c").touch()
    assert kind("a.b:c") is None


@pytest.mark.parametrize("name", ["net", "net.bin", "net.model", "net.onnx.bak", "net.pb"])
def test_onnx_under_an_odd_name_stays_onnx(name: str) -> None:
    onnx.save(onnx.parser.parse_model(TEXT), name)
    assert kind(name) is None


def test_graph_of_tensorflow_in_a_pb_is_none_of_onnx() -> None:
    Path("net.pb").write_bytes(b"\x0a\x04\x0a\x02ab")  # field 1 is a node
    assert kind("net.pb") is Kind.FROZEN
    Path("net.pb").write_bytes(b"")
    assert kind("net.pb") is Kind.FROZEN


def test_saved_model_is_a_folder_by_its_own_name_or_its_files() -> None:
    Path("saved.keras").mkdir()
    assert kind("saved.keras") is None, "a folder of models"
    Path("saved.keras/saved_model.pb").touch()
    for text in ("saved.keras", "saved.keras/", "saved.keras/saved_model.pb"):
        found = recognise_source(text)
        assert found == Source(text, Kind.SAVED_MODEL, Path("saved.keras"))
    Path("empty.pt2").mkdir()
    assert kind("empty.pt2") is None


@pytest.mark.parametrize("suffix", ["pt", "pth", "pt2", "ts", "PT"])
@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (("net/code/__torch__.py", "net/constants.pkl", "net/data.pkl", "net/version"), Kind.TORCHSCRIPT),
        (("net/archive_format", "net/models/model.json", "net/version"), Kind.EXPORTED),
        (("serialized_exported_program.json", "serialized_state_dict.pt", "version"), Kind.EXPORTED),
        (("net/data.pkl", "net/data/0", "net/version"), Kind.PICKLE),
        (("net/code/model.py", "net/data.pkl"), Kind.PICKLE),
    ],
)
def test_archive_tells_by_its_members_what_torch_keeps_in_it(suffix: str, members: tuple[str, ...], expected: Kind) -> None:
    assert kind(str(archive(f"net.{suffix}", *members))) is expected


@pytest.mark.parametrize("suffix", ["pt", "pt2"])
def test_what_is_no_whole_archive_is_what_its_suffix_says(suffix: str) -> None:
    path = archive(f"net.{suffix}", "net/code/a.py", "net/constants.pkl", "net/data.pkl")
    expected = {"pt": Kind.PICKLE, "pt2": Kind.EXPORTED}[suffix]
    whole = path.read_bytes()
    for size in (0, 4, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert kind(str(path)) is expected, f"{size} of {len(whole)} bytes"
    for at in range(len(whole) - 80, len(whole)):  # a central directory that lies must not raise
        path.write_bytes(whole[:at] + b"\xff" + whole[at + 1 :])
        assert kind(str(path)) in (expected, Kind.TORCHSCRIPT, Kind.PICKLE)
    path.write_bytes(pickle.dumps({"a": 1}, 2))
    assert kind(str(path)) is expected


def test_settings_are_looked_for_beside_the_file() -> None:
    for text, home in {"a/net.pt2": "a", "x/y.py:make": "x", "y.py:make": ".", "a.b:make": "."}.items():
        found = recognise_source(text)
        assert found is not None
        assert found.home == Path(home)


def test_file_of_a_factory_is_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def file(text: str) -> Path | None:
        found = recognise_source(text)
        assert found is not None
        return found.file

    for name in ("here.py", "package/net.py", "package/__init__.py", "elsewhere/far.py", "bare/net.py"):
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    assert file("here:make") == Path("here.py")
    assert file("package.net:Net.make") == Path("package/net.py")
    assert file("package:make") == Path("package/__init__.py")
    assert file("bare.net:make") == Path("bare/net.py"), "a package without __init__.py"
    assert file("far:make") == tmp_path / "elsewhere" / "far.py"
    assert file("json.decoder:make") == Path(json.decoder.__file__)
    assert file("no.where:make") is None
    assert file("no/where.py:make") == Path("no/where.py")
    assert file("net.pt2") == Path("net.pt2")


def test_every_kind_has_a_title_and_a_framework() -> None:
    assert set(TITLES) == set(FRAMEWORKS) == set(Kind)
    for one in Kind:
        assert Source("x", one).title == TITLES[one]

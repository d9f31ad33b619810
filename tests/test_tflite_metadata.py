"""Metadata in files of LiteRT: what is put in is read back, and the model's own bytes stay as they are."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flatbuffers import number_types
from flatbuffers.builder import Builder

from graphfix.backends.compile.flatbuffer import ALIGNMENT, Fields, Number, finished, put
from graphfix.backends.compile.image_artifact import ClassifierFile, read_classifier
from graphfix.backends.compile.image_metadata import ClassifierMetadata
from graphfix.backends.compile.tflite_file import (
    BUFFERS,
    IDENTIFIER,
    METADATA,
    SUBGRAPHS,
    TENSORS,
    Tensor,
    interface_of,
    metadata_of,
    with_metadata,
)
from graphfix.errors import ModelError, OutputError, UsageError
from graphfix.tables.image_interface import image_interface
from graphfix.tables.table import table

UINT, BYTE = number_types.Uint32Flags, number_types.Int8Flags
FLOAT32, UINT8, INT64 = 0, 3, 4
WEIGHTS = bytes(range(40))


def vector(builder: Builder, numbers: list[int]) -> int:
    """A vector of int32 numbers in a builder."""
    builder.StartVector(4, len(numbers), 4)
    for number in reversed(numbers):
        builder.PrependInt32(number)
    return int(builder.EndVector())


def flatbuffer(inputs: Mapping[str, Any], outputs: Mapping[str, Any], **more: Any) -> bytes:
    """A model of LiteRT with these inputs and outputs, each a dtype and dims, one buffer of weights and an entry of metadata."""
    from graphfix.backends.compile.flatbuffer import Kept

    builder = Builder(1024)
    tensors = [
        {0: Kept(vector(builder, dims)), 1: Number(BYTE, dtype), 3: name} for name, (dtype, dims) in {**inputs, **outputs}.items()
    ]
    graph = {
        TENSORS: tensors,
        1: Kept(vector(builder, list(range(len(inputs))))),
        2: Kept(vector(builder, list(range(len(inputs), len(tensors))))),
    }
    buffer = {0: WEIGHTS, **({1: Number(number_types.Uint64Flags, more["offset"])} if "offset" in more else {})}
    entry = {0: "min_runtime_version", 1: Number(UINT, 1)}
    model = {
        0: Number(UINT, 3), SUBGRAPHS: [graph], 3: "a model", BUFFERS: [{}, buffer, {0: b"1.5.0"}], METADATA: [entry],
    }  # fmt: skip
    return finished(builder, put(builder, model), IDENTIFIER)


IMAGE, SCORES = {"x": (UINT8, [1, 8, 6, 3])}, {"y": (FLOAT32, [1, 2])}


def classifier(labels: tuple[str, ...] = (), mean: float = 127.5) -> ClassifierFile:
    """What is written for ML Kit."""
    rules = image_interface(table("mlkit").about)
    assert rules is not None
    return ClassifierFile(rules, "mlkit", labels, ((mean,), (127.5,)))


def test_metadata_are_read_back_and_everything_else_stays() -> None:
    model = flatbuffer(IMAGE, SCORES)
    made = with_metadata(model, b"some bytes")
    assert metadata_of(model) is None
    assert metadata_of(made) == b"some bytes"
    assert interface_of(made) == interface_of(model) == ([Tensor("x", (1, 8, 6, 3), "uint8")], [Tensor("y", (1, 2), "float32")])
    root = Fields.root(made)
    assert made[4:8] == IDENTIFIER
    assert (root.number(0, UINT), root.text(3)) == (3, "a model")
    assert [buffer.raw(0) for buffer in root.tables(BUFFERS)] == [b"", WEIGHTS, b"1.5.0", b"some bytes"]
    assert [entry.text(0) for entry in root.tables(METADATA)] == ["min_runtime_version", "TFLITE_METADATA"]


def test_the_bytes_of_weights_keep_their_alignment() -> None:
    for length in (10, 16, 33):
        made = with_metadata(flatbuffer(IMAGE, SCORES) + b"more", bytes(length))
        assert made.index(WEIGHTS) % ALIGNMENT == 0
        assert Fields.root(made).tables(BUFFERS)[-1].position(0) % 4 == 0


def test_metadata_take_the_place_of_older_ones() -> None:
    made = with_metadata(with_metadata(flatbuffer(IMAGE, SCORES), b"first"), b"second")
    assert metadata_of(made) == b"second"
    assert [entry.text(0) for entry in Fields.root(made).tables(METADATA)] == ["min_runtime_version", "TFLITE_METADATA"]


def test_a_file_whose_weights_lie_behind_the_flatbuffer_is_refused() -> None:
    with pytest.raises(ModelError, match="above 2 GB"):
        with_metadata(flatbuffer(IMAGE, SCORES, offset=123), b"some bytes")


def test_what_metadata_say_is_read_from_their_fields() -> None:
    said = ClassifierMetadata("net", "image", ("scores",), (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), "labels.txt")
    assert ClassifierMetadata.from_bytes(said.to_bytes()) == said
    image = Fields.root(said.to_bytes()).tables(3)[0].tables(2)[0]
    stats = image.table(5)
    assert stats is not None
    assert stats.numbers(0, number_types.Float32Flags) == pytest.approx([63.5, 50.6, 42.0])
    assert stats.numbers(1, number_types.Float32Flags) == pytest.approx([-0.25, -0.4, -0.5])
    content, (step,), (scores,) = image.table(3), image.tables(4), Fields.root(said.to_bytes()).tables(3)[0].tables(3)
    (labels,) = scores.tables(6)
    assert content is not None
    numbers = [content.number(0, BYTE), step.number(0, BYTE), labels.number(2, BYTE)]
    assert numbers == [2, 1, 2], "ImageProperties, NormalizationOptions and TENSOR_AXIS_LABELS of the schema"
    bare = ClassifierMetadata("net", "image", ("scores",), (0.0,), (1.0,))
    assert ClassifierMetadata.from_bytes(bare.to_bytes()).labels_file == ""
    with pytest.raises(ModelError, match="another form"):
        ClassifierMetadata.from_bytes(flatbuffer(IMAGE, SCORES))


def test_labels_are_an_archive_behind_the_model(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(flatbuffer(IMAGE, SCORES))
    told = classifier(("cat", "dog")).write(path)
    said, labels = read_classifier(path)
    assert (labels, said.labels_file, said.mean, said.std) == (("cat", "dog"), "labels.txt", (127.5,), (127.5,))
    assert (told["classes"], told["labels"], told["input"]["dims"]) == (2, 2, [1, 8, 6, 3])
    assert zipfile.ZipFile(path).read("labels.txt") == b"cat\ndog\n"
    assert interface_of(path.read_bytes())[0][0].name == "x"


def test_every_output_has_metadata_as_the_runtime_asks_and_the_labels_are_those_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(flatbuffer(IMAGE, {**SCORES, "z": (FLOAT32, [1, 5])}))
    classifier(("cat", "dog")).write(path)
    said, labels = read_classifier(path)
    assert (said.scores, labels) == (("y", "z"), ("cat", "dog"))
    found = metadata_of(path.read_bytes())
    assert found is not None
    first, second = Fields.root(found).tables(3)[0].tables(3)
    assert (len(first.tables(6)), second.tables(6)) == (1, [])


def test_as_many_labels_are_needed_as_the_file_has_classes(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(before := flatbuffer(IMAGE, SCORES))
    with pytest.raises(UsageError, match="3 labels are given for the model's 2 classes"):
        classifier(("cat", "dog", "cow")).write(path)
    assert path.read_bytes() == before
    classifier().write(path)
    assert read_classifier(path)[1] == ()


def test_a_file_that_reads_back_otherwise_is_not_passed_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(flatbuffer(IMAGE, SCORES))
    monkeypatch.setattr(ClassifierMetadata, "to_bytes", ClassifierMetadata("other", "x", ("y",), (0.0,), (1.0,)).to_bytes)
    with pytest.raises(OutputError, match="read back otherwise"):
        classifier().write(path)


def test_a_file_without_metadata_is_no_classifier(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(flatbuffer(IMAGE, SCORES))
    with pytest.raises(ModelError, match="has no metadata"):
        read_classifier(path)


def test_the_interface_of_the_file_is_compared_with_what_is_asked() -> None:
    wrong: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        (IMAGE, SCORES, ""),
        ({**IMAGE, "z": (UINT8, [1])}, SCORES, "2 inputs"),
        ({"x": (UINT8, [1, 3, 8, 6])}, SCORES, "its input is 1x3x8x6"),
        ({"x": (UINT8, [2, 8, 6, 3])}, SCORES, "its input is 2x8x6x3"),
        ({"x": (UINT8, [1, -1, 6, 3])}, SCORES, "its input is 1x?x6x3"),
        ({"x": (INT64, [1, 8, 6, 3])}, SCORES, "its input is int64"),
        (IMAGE, {"y": (INT64, [1, 2])}, "its output int64"),
        (IMAGE, {"y": (FLOAT32, [1, 2, 2])}, "its output is 1x2x2"),
        (IMAGE, {"y": (FLOAT32, [1, -1])}, "its output is 1x?"),
        (IMAGE, {**SCORES, "z": (FLOAT32, [1, 1, 1, 5])}, ""),
        (IMAGE, {**SCORES, "z": (FLOAT32, [1, 7, 4])}, "its output is 1x7x4"),
        (IMAGE, {**SCORES, "z": (UINT8, [1, 5])}, "its output float32 and uint8"),
    ]
    for inputs, outputs, says in wrong:
        found = classifier().trouble(flatbuffer(inputs, outputs))
        assert says in found if says else found == "", (inputs, outputs)

"""Calibration data is read from archives, folders and functions, and what does not fit is refused in one line."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from layered import layered
from onnx import ModelProto

from graphfix.errors import UsageError
from graphfix.quantizing.calibration import calibration_feeds, says_little
from graphfix.quantizing.images import Pixels

PICTURES = np.random.default_rng(1).standard_normal((10, 3, 8, 8)).astype(np.float32)


def saved(folder: Path, **arrays: Any) -> str:
    """The path of an archive of arrays."""
    path = folder / "data.npz"
    np.savez(path, **arrays)
    return str(path)


def sized(batch: int | str) -> ModelProto:
    """A model of one picture with this batch."""
    dims = f"{batch}, 3, 8, 8"
    header = '<ir_version: 9, opset_import: ["": 17]>'
    return onnx.parser.parse_model(f"{header} g (float[{dims}] x) => (float[{dims}] y) {{ y = Relu(x) }}")


@pytest.mark.parametrize(("batch", "count"), [("N", 10), (1, 10), (5, 2)])
def test_samples_are_along_the_batch(tmp_path: Path, batch: int | str, count: int) -> None:
    found = calibration_feeds(sized(batch), saved(tmp_path, x=PICTURES), least=2)
    assert [feed["x"].shape[0] for feed in found] == [10 // count] * count
    assert np.array_equal(np.concatenate([feed["x"] for feed in found]), PICTURES)


def test_samples_are_along_an_added_axis_and_of_the_inputs_dtype(tmp_path: Path) -> None:
    found = calibration_feeds(sized(1), saved(tmp_path, x=PICTURES[:, None].astype(np.float64)))
    assert [(feed["x"].shape, feed["x"].dtype.name) for feed in found] == [((1, 3, 8, 8), "float32")] * 10


def test_at_most_so_many_samples_are_used_evenly(tmp_path: Path) -> None:
    found = calibration_feeds(sized(1), saved(tmp_path, x=PICTURES), least=1, most=4)
    assert [int(np.flatnonzero((feed["x"] == PICTURES).all((1, 2, 3)))[0]) for feed in found] == [0, 3, 6, 9]


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            {"z": PICTURES},
            "the data names `z`, which is no input; did you mean|the data names `z`, which is no input; choose from x",
        ),
        ({}, "the data has no array for the input `x`; it has none"),
        ({"x": PICTURES[:, :, :7]}, "the data for `x` has shape 10x3x7x8, the input Nx3x8x8"),
        ({"x": np.where(PICTURES > 2, np.nan, PICTURES)}, "`x` holds NaN; ranges cannot be taken"),
        ({"x": np.where(PICTURES > 2, np.inf, PICTURES)}, "`x` holds infinite values"),
        ({"x": PICTURES[:3]}, "it has 3 samples, at least 8 are needed"),
        ({"x": PICTURES.astype(str)}, "the data for `x` is <U"),
        ({"x": PICTURES[:0]}, "it has 0 samples, at least 8 are needed"),
        ({"x": np.where(PICTURES > 2, 1e300, PICTURES.astype(np.float64))}, "`x` holds infinite values"),
        ({"x": np.asarray([{}] * 8, dtype=object)}, "not an .npz of arrays: damaged, or no archive, or it holds objects"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        calibration_feeds(layered(), saved(tmp_path, **arrays))
    assert "\n" not in caught.value.line()


def test_what_is_no_archive_and_what_is_missing_are_said(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    with pytest.raises(UsageError, match="there is no such file"):
        calibration_feeds(layered(), str(path))
    saved(tmp_path, x=PICTURES)
    whole = path.read_bytes()
    for content in (b"no archive", b"", whole[: len(whole) // 2], whole[:-30]):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"not an \.npz"):
            calibration_feeds(layered(), str(path))
    np.save(tmp_path / "data.npy", PICTURES)
    with pytest.raises(UsageError, match=r"not an \.npz of arrays: an array alone"):
        calibration_feeds(layered(), str(tmp_path / "data.npy"))
    with pytest.raises(UsageError, match="there is no such file or folder"):
        calibration_feeds(layered(), str(tmp_path / "nothing"))


FUNCTION = """
import numpy as np

def samples():
    for seed in range(9):
        yield {"x": np.full((1, 3, 8, 8), seed, np.float32)}

def arrays():
    return [np.zeros((1, 3, 8, 8), np.float32)] * 8

def wrong():
    raise ValueError("the data set is elsewhere")

def long():
    raise ValueError("the data set is\\nelsewhere")

def dataset():
    for seed in range(8):
        yield np.full((3, 8, 8), seed, np.float32)

def pairs():
    yield np.zeros((1, 3, 8, 8), np.float32), 3

def objects():
    return [object()] * 8
"""


def test_a_function_yields_mappings_or_arrays(tmp_path: Path) -> None:
    module = tmp_path / "loader.py"
    module.write_text(FUNCTION)
    found = calibration_feeds(layered(), f"{module}:samples")
    assert [float(feed["x"].max()) for feed in found] == list(range(9))
    assert len(calibration_feeds(layered(), f"{module}:arrays")) == 8
    with pytest.raises(UsageError, match="it failed: ValueError: the data set is elsewhere"):
        calibration_feeds(layered(), f"{module}:wrong")
    assert [feed["x"].shape for feed in calibration_feeds(layered(), f"{module}:dataset")] == [(1, 3, 8, 8)] * 8
    for name, said in (
        ("long", "it failed: ValueError: the data set is elsewhere"), ("pairs", "it failed: it yields tuples"),
        ("objects", "it failed: it yields object, which is no array of numbers"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            calibration_feeds(layered(), f"{module}:{name}")
    with pytest.raises(UsageError, match="has no `nothing`"):
        calibration_feeds(layered(), f"{module}:nothing")


def png(pixels: np.ndarray[Any, Any], kind: int) -> bytes:
    """A PNG of RGB pixels, its rows filtered by one of the five filters."""
    height, width, _ = pixels.shape
    rows, above = b"", np.zeros(width * 3, np.int64)
    for row in pixels.reshape(height, -1).astype(np.int64):
        left = np.concatenate([np.zeros(3, np.int64), row[:-3]])
        corner = np.concatenate([np.zeros(3, np.int64), above[:-3]])
        guess = left + above - corner
        gaps = np.stack([np.abs(guess - left), np.abs(guess - above), np.abs(guess - corner)])
        paeth = np.choose(gaps.argmin(0), [left, above, corner])
        predicted = (0 * row, left, above, (left + above) // 2, paeth)[kind]
        rows += bytes([kind]) + ((row - predicted) & 255).astype(np.uint8).tobytes()
        above = row

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def ppm(pixels: np.ndarray[Any, Any], _: int) -> bytes:
    """A PPM of RGB pixels."""
    height, width, _ = pixels.shape
    return f"P6\n# a comment\n{width} {height}\n255\n".encode() + pixels.tobytes()


@pytest.mark.parametrize(("write", "suffix"), [(png, "png"), (ppm, "ppm")])
def test_pictures_are_read_scaled_and_laid_out(tmp_path: Path, write: Callable[..., bytes], suffix: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)
    for kind, picture in enumerate(pixels):
        (tmp_path / f"{kind}.{suffix}").write_bytes(write(picture, kind))
    found = calibration_feeds(layered(), str(tmp_path), least=5)
    for feed, picture in zip(found, pixels, strict=True):
        assert np.allclose(feed["x"][0], picture.transpose(2, 0, 1) / 255, atol=1e-6)
    normalised = calibration_feeds(layered(), str(tmp_path), least=5, pixels=Pixels((0.5, 0.4, 0.3), (0.2,)))
    assert np.allclose(normalised[0]["x"][0, 1], (pixels[0, :, :, 1] / 255 - 0.4) / 0.2, atol=1e-5)


def test_pictures_are_resized_to_the_input(tmp_path: Path) -> None:
    pixels = np.repeat(np.repeat(np.arange(4, dtype=np.uint8).reshape(2, 2, 1), 8, 0), 8, 1) * 60
    (tmp_path / "0.ppm").write_bytes(ppm(np.repeat(pixels, 3, 2), 0))
    found = calibration_feeds(layered(), str(tmp_path), least=1)[0]["x"][0, 0] * 255
    assert found.shape == (8, 8)
    assert [found[0, 0], found[0, 7], found[7, 0], found[7, 7]] == pytest.approx([0, 60, 120, 180])


def test_a_folder_without_pictures_and_a_broken_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no picture in it"):
        calibration_feeds(layered(), str(tmp_path))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(UsageError, match="it cannot be read as a picture"):
        calibration_feeds(layered(), str(tmp_path))


def test_data_that_are_the_same_everywhere_are_told() -> None:
    one = {"x": np.ones((1, 3), np.float32), "n": np.int64([2])}
    assert "say nothing" in (says_little([one, dict(one)]) or "")
    assert says_little([one, {**one, "x": np.float32([[1, 1, 2]])}]) is None
    assert says_little([one, {**one, "n": np.int64([3])}]) is None

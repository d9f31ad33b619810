"""Pictures as inputs of a model with one input: read, resized to its size, scaled and laid out."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import ModelProto, helper

from graphfix.errors import UsageError
from graphfix.ir.bind_inputs import interface
from graphfix.quantizing.input_dims import declared
from graphfix.verify.feeds import Array, Feed

SUFFIXES = (".png", ".ppm", ".pgm", ".jpg", ".jpeg", ".bmp", ".webp")
NATIVE = (".png", ".ppm", ".pgm")
USUAL = 224


@dataclass(frozen=True, slots=True)
class Pixels:
    """How pixels become numbers: they are scaled to 0..1, then `mean` is subtracted and divided by `std`, channel by channel."""

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


def image_feeds(model: ModelProto, folder: Path, pixels: Pixels | None = None) -> list[Feed]:
    """Return an input for each picture in a folder, by name.

    Raises:
        UsageError: there is none, one cannot be read, or the model does not take one picture.
    """
    inputs = interface(model)
    dims = declared(inputs[0]) if inputs else []
    channels = [place for place in (1, 3) if len(dims) == 4 and dims[place] in (1, 3)]
    if len(inputs) != 1 or not channels:
        raise UsageError("the model does not take one picture of 1 or 3 channels", path=folder, hint="give an .npz of its inputs")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise UsageError(f"there is no picture in it ({', '.join(SUFFIXES)})", path=folder)
    first, dtype = channels[0] == 1, np.dtype(helper.tensor_dtype_to_np_dtype(inputs[0].type.tensor_type.elem_type))
    sizes = [dim if isinstance(dim, int) else USUAL for dim in (dims[2:] if first else dims[1:3])]
    found = []
    for path in paths:
        picture = _resized(_read(path), sizes[0], sizes[1])
        if dims[channels[0]] == 1:
            picture = picture @ np.asarray([[0.299], [0.587], [0.114]])
        if dtype.kind == "f":
            told = pixels or Pixels()
            picture = (picture / 255 - np.asarray(told.mean)) / np.asarray(told.std)
        made = picture.transpose(2, 0, 1) if first else picture
        batch = dims[0] if isinstance(dims[0], int) else 1
        found.append({inputs[0].name: np.repeat(made[None].astype(dtype), batch, 0)})
    return found


def _resized(picture: Array, height: int, width: int) -> Array:
    """Return a picture at another size, bilinear, the centres of the corner pixels half a pixel inside."""
    for axis, size in ((0, height), (1, width)):
        old = picture.shape[axis]
        place = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
        low = np.floor(place).astype(int)
        high, share = np.minimum(low + 1, old - 1), (place - low).reshape([-1 if at == axis else 1 for at in range(3)])
        picture = np.take(picture, low, axis) * (1 - share) + np.take(picture, high, axis) * share
    return picture


def _read(path: Path) -> Array:
    """Return the pixels of a picture as floats of 0 to 255 in three channels."""
    try:
        if path.suffix.lower() in NATIVE:
            data = path.read_bytes()
            found = _png(data) if data[:4] == b"\x89PNG" else _pnm(data)
        else:
            found = _by_pillow(path)
        channels = found.shape[2]
        found = found[:, :, : 1 if channels < 3 else 3]
        return np.asarray(np.repeat(found, 3 // found.shape[2], 2), np.float64)
    except (OSError, ValueError, KeyError, IndexError, struct.error, zlib.error) as error:
        raise UsageError(f"it cannot be read as a picture ({error})", path=path) from error


def _by_pillow(path: Path) -> Array:
    try:
        from PIL import Image  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise UsageError("reading it needs Pillow", path=path, hint="pip install pillow, or use .png or .ppm") from None
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def _pnm(data: bytes) -> Array:
    """Decode a binary PPM or PGM of 8 bits."""
    words: list[bytes] = []
    place = 0
    while len(words) < 4:
        end = place
        while data[end : end + 1].strip():
            end += 1
        word = data[place:end]
        if word.startswith(b"#"):
            end = data.index(b"\n", place)
        elif word:
            words.append(word)
        place = end + 1
    channels = {b"P5": 1, b"P6": 3}[words[0]]
    width, height, most = (int(word) for word in words[1:])
    if most > 255:
        raise ValueError("more than 8 bits")
    return np.frombuffer(data, np.uint8, width * height * channels, place).reshape(height, width, channels)


def _png(data: bytes) -> Array:
    """Decode a PNG of 8 bits without interlacing."""
    place, packed, palette = 8, b"", np.zeros((0, 3), np.uint8)
    width = height = kind = 0
    while place < len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        chunk = data[place + 8 : place + 8 + length]
        if name == b"IHDR":
            width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunk)
            if depth != 8 or interlaced:
                raise ValueError("a PNG of another depth than 8, or interlaced")
        elif name == b"PLTE":
            palette = np.frombuffer(chunk, np.uint8).reshape(-1, 3)
        elif name == b"IDAT":
            packed += chunk
        place += 12 + length
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels)
    pixels = _unfiltered(rows, channels).reshape(height, width, channels)
    return palette[pixels[:, :, 0]] if kind == 3 else pixels


def _unfiltered(rows: Array, step: int) -> Array:
    """Undo the filters of the rows of a PNG; `step` is the bytes of a pixel."""
    out = np.zeros((rows.shape[0] + 1, rows.shape[1] - 1 + step), np.uint8)
    for number, row in enumerate(rows, 1):
        kind, above = row[0], out[number - 1]
        if kind in (0, 2):
            out[number, step:] = row[1:] + (above[step:] if kind else 0)
            continue
        line = out[number]
        for at in range(step, line.size):
            left, up, corner = int(line[at - step]), int(above[at]), int(above[at - step])
            guess = left if kind == 1 else (left + up) // 2 if kind == 3 else _paeth(left, up, corner)
            line[at] = (int(row[at - step + 1]) + guess) & 255
    return out[1:, step:]


def _paeth(left: int, up: int, corner: int) -> int:
    """Return the neighbour that is nearest to left + up - corner."""
    estimate = left + up - corner
    gaps = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
    return (left, up, corner)[gaps.index(min(gaps))]

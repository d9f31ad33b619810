"""What people have in place of ONNX: recognised by name and content, without importing or running anything of it."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from graphfix.errors import UsageError

DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
MODULE = re.compile(rf"(?P<place>[^:]*[^:/]\.py|{DOTTED}):(?P<name>{DOTTED})")
"""`package.module:factory`, or `path/to/file.py:factory`."""


class Kind(StrEnum):
    """What a source is."""

    FACTORY = "factory"
    EXPORTED = "exported-program"
    TORCHSCRIPT = "torchscript"
    PICKLE = "pickle"
    SAVED_MODEL = "saved-model"
    KERAS = "keras"
    FROZEN = "frozen-graph"
    TFLITE = "tflite"


TITLES = {
    Kind.FACTORY: "Python",
    Kind.EXPORTED: "an ExportedProgram",
    Kind.TORCHSCRIPT: "TorchScript",
    Kind.PICKLE: "a pickle of torch.save",
    Kind.SAVED_MODEL: "a SavedModel",
    Kind.KERAS: "a Keras model",
    Kind.FROZEN: "a frozen TensorFlow graph",
    Kind.TFLITE: "a TensorFlow Lite model",
}
SUFFIXES = {
    ".keras": Kind.KERAS,
    ".h5": Kind.KERAS,
    ".hdf5": Kind.KERAS,
    ".pb": Kind.FROZEN,
    ".tflite": Kind.TFLITE,
}
TORCH = {".pt2": Kind.EXPORTED} | dict.fromkeys((".pt", ".pth", ".ckpt", ".ts", ".jit", ".torchscript"), Kind.PICKLE)
"""Suffixes under which torch users keep TorchScript, exported programs and pickles alike, and what one is that cannot be read."""
MODELS = {".onnx", ".ort", ".nnef", ".mlmodel", ".mlpackage", ".xml", *SUFFIXES, *TORCH}
"""Suffixes that a Python name does not end with."""

FRAMEWORKS = {
    Kind.FACTORY: ("torch", "tensorflow"),
    Kind.EXPORTED: ("torch",),
    Kind.TORCHSCRIPT: ("torch",),
    Kind.PICKLE: ("torch",),
    Kind.SAVED_MODEL: ("tensorflow",),
    Kind.KERAS: ("tensorflow",),
    Kind.FROZEN: ("tensorflow",),
    Kind.TFLITE: ("tensorflow",),
}
"""The frameworks that may lower a kind, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model in the form its framework keeps it in: `text` as the user gave it, `path` where it is a file or folder."""

    text: str
    kind: Kind
    path: Path | None = None

    @property
    def home(self) -> Path:
        """The folder from which settings are looked for: the file's, or for a module the working directory."""
        place = self.text.rpartition(":")[0]
        if self.path is None:
            return Path(place).parent if place.endswith(".py") else Path()
        return self.path.parent

    @property
    def file(self) -> Path | None:
        """The file that reports name: the model's own, or the Python of a factory; None where that is not found.

        Nothing is imported for it, so a module that only an import hook finds is not found.
        """
        place = self.text.rpartition(":")[0]
        if self.path is not None or place.endswith(".py"):
            return self.path or Path(place)
        parts = Path(*place.split("."))
        candidates = (Path(folder, parts, "__init__.py") for folder in ("", *sys.path))
        return next((found for each in candidates for found in (each, each.parent.with_suffix(".py")) if found.is_file()), None)

    @property
    def title(self) -> str:
        """What it is, in words."""
        return TITLES[self.kind]


def recognised(text: str | Path) -> Source | None:
    """What `text` names; None where it is ONNX, a folder of models, a glob, an address, or nothing that is known here."""
    path, written = Path(text), str(text)
    if path.is_dir():
        return Source(written, Kind.SAVED_MODEL, path) if (path / "saved_model.pb").is_file() else None
    if path.name == "saved_model.pb" and path.is_file():
        return Source(written, Kind.SAVED_MODEL, path.parent)
    if not path.exists() and ("://" in written or any(sign in written for sign in "*?[")):
        return None
    suffix = path.suffix.lower()
    if suffix in TORCH:
        return Source(written, _archived(path) or TORCH[suffix], path)
    if suffix in SUFFIXES:
        return None if suffix == ".pb" and _is_onnx(path) else Source(written, SUFFIXES[suffix], path)
    if not path.exists() and (found := MODULE.fullmatch(written)) and _is_module(found["place"], found["name"]):
        return Source(written, Kind.FACTORY)
    return None


def source_of(text: str | Path) -> Source:
    """What a SOURCE names; UsageError where it is none."""
    found = recognised(text)
    if found is None:
        known = "package.module:factory, .pt2, .pt, SavedModel folders, .keras, .h5, frozen .pb and .tflite are known"
        raise UsageError("this is no model of PyTorch or TensorFlow", path=text, cure=known)
    return found


def _is_module(place: str, name: str) -> bool:
    """Whether both sides of a colon can be Python's; what ends like a model's file, or is a drive's letter, has to be there."""
    if Path(name).suffix.lower() in MODELS:
        return False
    if place.endswith(".py") or (len(place) > 1 and Path(place).suffix.lower() not in MODELS):
        return True
    top = place.partition(".")[0]
    if Path(f"{top}.py").is_file() or Path(top).is_dir():
        return True
    with contextlib.suppress(ValueError):
        return importlib.util.find_spec(top) is not None
    return False


def _is_onnx(path: Path) -> bool:
    """Whether a .pb is a model of ONNX: it begins with a version, a frozen graph with a node."""
    try:
        with path.open("rb") as stream:
            return stream.read(1) == b"\x08"
    except OSError:
        return False


def _archived(path: Path) -> Kind | None:
    """Which of torch's forms a file is, by the names inside its archive; None for what is no archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            whole = archive.namelist()
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return None
    names = {name.partition("/")[2] for name in whole}
    if "archive_format" in names or "serialized_exported_program.json" in whole:
        return Kind.EXPORTED
    if any(name.startswith("code/") for name in names) and "constants.pkl" in names:
        return Kind.TORCHSCRIPT
    return Kind.PICKLE if "data.pkl" in names else None

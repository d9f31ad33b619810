"""Recognition of model sources of PyTorch and TensorFlow by name and content; nothing of them is imported or run."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import sys
from enum import StrEnum
from pathlib import Path

from graphfix.errors import UsageError
from graphfix.ir.records import dataclass

DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
MODULE = re.compile(rf"(?P<place>[^:]*[^:/]\.py|{DOTTED}):(?P<name>{DOTTED})")
"""`package.module:factory`, or `path/to/file.py:factory`."""


class Kind(StrEnum):
    """The form of a source."""

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
TENSORFLOW_SUFFIXES = {
    ".keras": Kind.KERAS,
    ".h5": Kind.KERAS,
    ".hdf5": Kind.KERAS,
    ".pb": Kind.FROZEN,
    ".tflite": Kind.TFLITE,
}
TORCH_SUFFIXES = {".pt2": Kind.EXPORTED} | dict.fromkeys((".pt", ".pth", ".ckpt", ".ts", ".jit", ".torchscript"), Kind.PICKLE)
"""Suffixes of torch files, with the kind that is assumed where the archive does not tell it."""
MODEL_SUFFIXES = {".onnx", ".ort", ".nnef", ".mlmodel", ".mlpackage", ".xml", *TENSORFLOW_SUFFIXES, *TORCH_SUFFIXES}
"""Suffixes of model files, with which no name of a Python object ends."""

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
    """A model in a form of its framework: `text` as the user gave it, `path` where it is a file or folder."""

    text: str
    kind: Kind
    path: Path | None = None

    @property
    def home(self) -> Path:
        """The folder where the search for settings starts: the file's, or the working directory for a module."""
        module = self.text.rpartition(":")[0]
        if self.path is None:
            return Path(module).parent if module.endswith(".py") else Path()
        return self.path.parent

    @property
    def file(self) -> Path | None:
        """The file that reports name: the model's own, or a factory's Python file; None where that is not found.

        Nothing is imported, so a module that only an import hook finds is not found.
        """
        module = self.text.rpartition(":")[0]
        if self.path is not None or module.endswith(".py"):
            return self.path or Path(module)
        parts = Path(*module.split("."))
        candidates = (Path(folder, parts, "__init__.py") for folder in ("", *sys.path))
        return next((found for each in candidates for found in (each, each.parent.with_suffix(".py")) if found.is_file()), None)

    @property
    def title(self) -> str:
        """The kind of the source in words."""
        return TITLES[self.kind]


def recognise_source(text: str | Path) -> Source | None:
    """Return the source that a text names; None for ONNX, a folder of models, a glob, a URL or anything unknown."""
    path, name = Path(text), str(text)
    if path.is_dir():
        return Source(name, Kind.SAVED_MODEL, path) if (path / "saved_model.pb").is_file() else None
    if path.name == "saved_model.pb" and path.is_file():
        return Source(name, Kind.SAVED_MODEL, path.parent)
    if not path.exists() and ("://" in name or any(sign in name for sign in "*?[")):
        return None
    suffix = path.suffix.lower()
    if suffix in TORCH_SUFFIXES:
        return Source(name, _torch_archive_kind(path) or TORCH_SUFFIXES[suffix], path)
    if suffix in TENSORFLOW_SUFFIXES:
        return None if suffix == ".pb" and _is_onnx(path) else Source(name, TENSORFLOW_SUFFIXES[suffix], path)
    if not path.exists() and (found := MODULE.fullmatch(name)) and _is_module(found["place"], found["name"]):
        return Source(name, Kind.FACTORY)
    return None


def source_of(text: str | Path) -> Source:
    """Return the source that a text names; UsageError where it names none."""
    found = recognise_source(text)
    if found is None:
        known = "package.module:factory, .pt2, .pt, SavedModel folders, .keras, .h5, frozen .pb and .tflite are known"
        raise UsageError("this is no model of PyTorch or TensorFlow", path=text, hint=known)
    return found


def _is_module(place: str, name: str) -> bool:
    """Return whether both sides of a colon can be Python names.

    A left side that ends like a model file or is a drive letter counts only if such a module exists.
    """
    if Path(name).suffix.lower() in MODEL_SUFFIXES:
        return False
    if place.endswith(".py") or (len(place) > 1 and Path(place).suffix.lower() not in MODEL_SUFFIXES):
        return True
    top = place.partition(".")[0]
    if Path(f"{top}.py").is_file() or Path(top).is_dir():
        return True
    with contextlib.suppress(ValueError):
        return importlib.util.find_spec(top) is not None
    return False


def _is_onnx(path: Path) -> bool:
    """Return whether a .pb file is an ONNX model: it begins with a version field, a frozen graph with a node."""
    try:
        with path.open("rb") as stream:
            return stream.read(1) == b"\x08"
    except OSError:
        return False


def _torch_archive_kind(path: Path) -> Kind | None:
    """Return which of torch's forms a file is, by the names in its archive; None where it is no archive."""
    import zipfile  # loads four libraries of compression

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

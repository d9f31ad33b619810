"""What people have in place of ONNX: recognised by name and content, without importing or running anything of it."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

MODULE = re.compile(r"(?P<place>(?:[^:]+\.py)|(?:[A-Za-z_][\w.]*)):(?P<name>[A-Za-z_][\w.]*)")
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
    ".pt2": Kind.EXPORTED,
    ".keras": Kind.KERAS,
    ".h5": Kind.KERAS,
    ".hdf5": Kind.KERAS,
    ".pb": Kind.FROZEN,
    ".tflite": Kind.TFLITE,
}
TORCH = {".pt", ".pth", ".ts", ".jit", ".torchscript"}
"""Suffixes under which torch users keep TorchScript, exported programs and pickles alike."""

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
        """The folder from which settings are looked for: the file's, or for a factory the working directory."""
        return self.path.parent if self.path is not None else Path()

    @property
    def title(self) -> str:
        """What it is, in words."""
        return TITLES[self.kind]


def recognised(text: str | Path) -> Source | None:
    """What `text` names; None where it is ONNX, a folder of models, a glob, or nothing that is known here."""
    path, written = Path(text), str(text)
    if path.is_dir():
        return Source(written, Kind.SAVED_MODEL, path) if (path / "saved_model.pb").is_file() else None
    if path.name == "saved_model.pb" and path.is_file():
        return Source(written, Kind.SAVED_MODEL, path.parent)
    suffix = path.suffix.lower()
    if suffix in TORCH:
        return Source(written, _archived(path), path)
    if suffix in SUFFIXES:
        return Source(written, SUFFIXES[suffix], path)
    if not path.exists() and MODULE.fullmatch(written):
        return Source(written, Kind.FACTORY)
    return None


def _archived(path: Path) -> Kind:
    """Which of torch's forms a file is, by the names inside its archive; a file that is no archive is a pickle."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.partition("/")[2] for name in archive.namelist()]
    except (OSError, zipfile.BadZipFile):
        return Kind.PICKLE
    if "archive_format" in names or "serialized_exported_program.json" in archive.namelist():
        return Kind.EXPORTED
    if any(name.startswith("code/") for name in names) and "constants.pkl" in names:
        return Kind.TORCHSCRIPT
    return Kind.PICKLE

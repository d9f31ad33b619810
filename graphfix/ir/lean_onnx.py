"""Imports onnx without its parts that reading and inferring a model does not use; each of these is loaded on first use.

`import onnx` also loads its converters, its printer, JSON and text formats, and reads the metadata of installed packages for
its own version. That is a fourth of its time, which a command that only reads models need not spend.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from graphfix.ir.installed import installed

DEFERRED = frozenset({
    "google.protobuf.json_format", "google.protobuf.text_format", "numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars",
    "numpy.typing", "onnx.compose", "onnx.gen_proto", "onnx.helper", "onnx.numpy_helper", "onnx.parser", "onnx.printer",
    "onnx.utils", "onnx.version_converter", "platform", "uuid",
})  # fmt: skip
"""The modules that onnx imports and that are loaded on first use."""
METADATA = "importlib.metadata"
TYPING = "numpy._typing"


class _Deferring:
    """A finder that makes the modules of DEFERRED load themselves when one of their attributes is first read."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec of a deferred module; None for all others, which the usual finders find."""
        spec = importlib.machinery.PathFinder.find_spec(name, path, target) if name in DEFERRED else None
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


class _Versions(ModuleType):
    """Stands for `importlib.metadata`: reads a version from the name of a folder, and leaves everything else to the module."""

    @staticmethod
    def version(name: str) -> str:
        """Return the version of an installed distribution."""
        found, _ = next(installed(name), ("", ""))
        return found or str(_metadata().version(name))

    def __getattr__(self, name: str) -> Any:
        return getattr(_metadata(), name)


class _Typing(ModuleType):
    """Stands for `numpy._typing`: numpy annotates fields with `NDArray`, and imports thousands of lines for that."""

    NDArray = list

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # an import asks for `__path__`, which is no use of the module
            raise AttributeError(name)
        sys.modules.pop(TYPING, None)
        return getattr(importlib.import_module(TYPING), name)


def _metadata() -> Any:
    """Import `importlib.metadata` itself in place of the stand-in."""
    if isinstance(sys.modules.get(METADATA), _Versions):
        del sys.modules[METADATA]
    return importlib.import_module(METADATA)


def import_onnx() -> None:
    """Import onnx, unless that was done before."""
    if "onnx" in sys.modules:
        return
    if METADATA not in sys.modules:
        sys.modules[METADATA] = vars(importlib)["metadata"] = _Versions(METADATA)
    if "numpy" not in sys.modules:
        sys.modules[TYPING] = _Typing(TYPING)
    sys.meta_path.insert(0, _Deferring)
    try:
        importlib.import_module("numpy")
        importlib.import_module("onnx")
    finally:
        sys.meta_path.remove(_Deferring)
        if isinstance(sys.modules[METADATA], _Versions):
            del sys.modules[METADATA], vars(importlib)["metadata"]
        if isinstance(sys.modules.get(TYPING), _Typing):
            del sys.modules[TYPING]

"""Inspection of archives before a framework opens them without trust.

torch.export.load unpickles more than tensors, evaluates the sizes in an exported program as Python, and loads native
libraries from the archive. Keras runs the Python of a Lambda layer; for .h5 some versions do so even in safe mode. This
file imports the standard library alone, and h5py for .h5.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from graphfix.lowering.factory import RequestError

TRUST = "open it with --trust if you trust its author"
UNSAFE = "it holds a pickle that names code, which would run when it is opened"
NATIVE = "it holds a native library, which opening it would load"
PLAIN = re.compile(r"[\w\s+\-*/%(),.<>=&|~!]*")
CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
SIZE_FUNCTIONS = frozenset({
    "Integer", "Float", "Rational",
    "Abs", "And", "CeilDiv", "CeilToInt", "CleanDiv", "Eq", "Equality", "FloatPow", "FloatTrueDiv", "FloorDiv",
    "FloorToInt", "Ge", "GreaterThan", "Gt", "Identity", "IntTrueDiv", "IsNonOverlappingAndDenseIndicator", "LShift",
    "Le", "LessThan", "Lt", "Max", "Min", "Mod", "ModularIndexing", "Mul", "Add", "Ne", "Not", "Or", "Piecewise", "Pow",
    "PowByNatural", "PythonMod", "RShift", "RoundDecimal", "RoundToInt", "StrictGreaterThan", "StrictLessThan", "Symbol",
    "ToFloat", "TruncToFloat", "TruncToInt", "Unequality", "Where", "ceiling", "floor",
})  # fmt: skip
"""Functions that may occur in the expression of a size."""
PICKLED_PREFIXES = ("custom_obj", "opaque_obj")
"""Prefixes of the names under which an archive stores pickled objects beside the tensors."""
CODE_LAYERS = ("Lambda", "TFSMLayer")
"""Keras' layers that contain code."""
MAX_JSON_BYTES = 1 << 28
"""The size in bytes beyond which a JSON entry is not inspected, but refused."""


def inspect_exported(path: str) -> None:
    """Raise RequestError for an ExportedProgram that holds more than tensors, a graph and plain sizes."""
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = f"/{entry.filename}".lower()
            if "/data/aotinductor/" in name:
                raise RequestError(NATIVE, TRUST, "refused")
            if not name.endswith(".json") and "/models/" not in name:  # torch reads any entry there as JSON
                continue
            if entry.file_size > MAX_JSON_BYTES:
                raise RequestError(f"`{entry.filename}` in it is {entry.file_size >> 20} MiB of JSON", TRUST, "refused")
            for key, value in string_entries(json.loads(archive.read(entry))):
                if key == "path_name" and value.rpartition("/")[2].startswith(PICKLED_PREFIXES):
                    raise RequestError(UNSAFE, TRUST, "refused")
                if "expr" in key and not is_plain_arithmetic(value):
                    raise RequestError(
                        f"a size in it is `{value[:60]}`, which would run as Python when it is opened", TRUST, "refused"
                    )


def string_entries(held: Any) -> Iterator[tuple[str, str]]:
    """Yield every string in a JSON document with its key, at any depth."""
    waiting = [held]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            for key, value in one.items():
                if isinstance(value, str):
                    yield str(key), value
                else:
                    waiting.append(value)


def is_plain_arithmetic(text: str) -> bool:
    """Return whether an expression consists of numbers, symbols and the functions allowed in sizes."""
    text = re.sub(r"'\w*'", "", text)  # names of symbols
    if not PLAIN.fullmatch(text) or "__" in text or re.search(r"\.\s*[A-Za-z_]", text):
        return False
    return all(name in SIZE_FUNCTIONS for name in CALL.findall(text))


def inspect_keras(path: str) -> None:
    """Raise RequestError for an .h5 with a layer that contains code; a .keras file is opened in Keras' own safe mode."""
    if not path.lower().endswith((".h5", ".hdf5")):
        return
    import h5py

    with h5py.File(path, "r") as held:
        config = held.attrs.get("model_config", "")
    text = config.decode(errors="replace") if isinstance(config, bytes) else str(config)
    if any(
        key == "class_name" and value.rpartition(">")[2] in CODE_LAYERS for key, value in string_entries(json.loads(text or "{}"))
    ):
        raise RequestError("it holds a Lambda layer, which is code that opening it would run", TRUST, "refused")

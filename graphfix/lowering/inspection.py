"""What may stand in a file that is opened without trust: looked for in its archive before any framework reads it.

torch.export.load unpickles more than tensors, evaluates the sizes in an exported program as Python, and loads native
libraries that lie in the archive. Keras runs the Python of a Lambda layer; some versions do so for .h5 whatever they are
told. Standard library only, but for h5py where there is an .h5.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from graphfix.lowering.factory import Refused

TRUST = "open it with --trust if you trust its author"
UNSAFE = "it holds a pickle that names code, which opening it would run"
NATIVE = "it holds a native library, which opening it would load"
PLAIN = re.compile(r"[\w\s+\-*/%(),.<>=&|~!]*")
CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
KNOWN = frozenset({
    "Integer", "Float", "Rational",
    "Abs", "And", "CeilDiv", "CeilToInt", "CleanDiv", "Eq", "Equality", "FloatPow", "FloatTrueDiv", "FloorDiv",
    "FloorToInt", "Ge", "GreaterThan", "Gt", "Identity", "IntTrueDiv", "IsNonOverlappingAndDenseIndicator", "LShift",
    "Le", "LessThan", "Lt", "Max", "Min", "Mod", "ModularIndexing", "Mul", "Add", "Ne", "Not", "Or", "Piecewise", "Pow",
    "PowByNatural", "PythonMod", "RShift", "RoundDecimal", "RoundToInt", "StrictGreaterThan", "StrictLessThan", "Symbol",
    "ToFloat", "TruncToFloat", "TruncToInt", "Unequality", "Where", "ceiling", "floor",
})  # fmt: skip
"""Functions that sizes are made of."""
CODE = ("custom_obj", "opaque_obj")
"""Beginnings of the names under which pickled objects lie beside the tensors."""
CODED = ("Lambda", "TFSMLayer")
"""Keras' layers that are code."""
MOST = 1 << 28
"""Bytes of JSON in one entry beyond which an archive is not looked through."""


def inspect_exported(path: str) -> None:
    """Raise Refused for an ExportedProgram that holds more than tensors, a graph and plain sizes."""
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = f"/{entry.filename}".lower()
            if "/data/aotinductor/" in name:
                raise Refused(NATIVE, TRUST, "refused")
            if not name.endswith(".json") and "/models/" not in name:  # where any name is taken for JSON
                continue
            if entry.file_size > MOST:
                raise Refused(f"`{entry.filename}` in it is {entry.file_size >> 20} MiB of JSON", TRUST, "refused")
            for key, value in entries(json.loads(archive.read(entry))):
                if key == "path_name" and value.rpartition("/")[2].startswith(CODE):
                    raise Refused(UNSAFE, TRUST, "refused")
                if "expr" in key and not arithmetic(value):
                    raise Refused(f"a size in it is `{value[:60]}`, which opening it would run as Python", TRUST, "refused")


def entries(held: Any) -> Iterator[tuple[str, str]]:
    """Every string in a JSON document with its key, at any depth."""
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


def arithmetic(text: str) -> bool:
    """Whether an expression is made of numbers, symbols and the functions that sizes are made of."""
    text = re.sub(r"'\w*'", "", text)  # names of symbols
    if not PLAIN.fullmatch(text) or "__" in text or re.search(r"\.\s*[A-Za-z_]", text):
        return False
    return all(name in KNOWN for name in CALL.findall(text))


def inspect_keras(path: str) -> None:
    """Raise Refused for an .h5 with a Lambda layer; a .keras is opened in Keras' own safe mode."""
    if not path.lower().endswith((".h5", ".hdf5")):
        return
    import h5py

    with h5py.File(path, "r") as held:
        config = held.attrs.get("model_config", "")
    text = config.decode(errors="replace") if isinstance(config, bytes) else str(config)
    if any(key == "class_name" and value.rpartition(">")[2] in CODED for key, value in entries(json.loads(text or "{}"))):
        raise Refused("it holds a Lambda layer, which is code that opening it would run", TRUST, "refused")

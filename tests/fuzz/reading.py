"""Mutants of models of other frameworks: recognised without being run, and lowered to a result or one clear error."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile
from pathlib import Path

from graphfix.cli.app import main
from graphfix.lowering.source import recognise_source
from tests.fuzz.linting import RAW
from tests.fuzz.mutants import bytes_changed

ARCHIVES = {
    "m.pt2": ("m/archive_format", "m/models/model.json", "m/data/weights/weight_0"),
    "m.pt": ("m/data.pkl", "m/version", "m/data/0"),
    "m.ts": ("m/constants.pkl", "m/code/net.py", "m/data.pkl"),
    "m.keras": ("metadata.json", "config.json", "model.weights.h5"),
}
"""Names in the archives of frameworks, by a name of the file."""
OTHERS = {
    "m.tflite": b"\x1c\x00\x00\x00TFL3" + bytes(64),
    "m.pb": b"\x0a\x10\x0a\x01x\x12\x0bPlaceholder",
    "m.h5": b"\x89HDF\r\n\x1a\n" + bytes(64),
}


def originals() -> dict[str, bytes]:
    """Return small files in the forms of the frameworks, by name."""
    found = dict(OTHERS)
    for name, entries in ARCHIVES.items():
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w") as archive:
            for entry in entries:
                archive.writestr(zipfile.ZipInfo(entry), f"{{}} {entry} \x80\x02}}q\x00.")
        found[name] = sink.getvalue()
    return found


def changed(data: bytes, seed: int, number: int) -> bytes:
    """Return the mutant of this number, which is the same in every run with the seed."""
    return bytes_changed(data, random.Random(f"{seed} {number}"))


def recognised(folder: Path, seed: int, count: int) -> set[str]:
    """Recognise mutants of all forms; returns the kinds that they were taken for. An exception is a defect."""
    kinds = set()
    for name, data in originals().items():
        path = folder / name
        for number in range(count):
            path.write_bytes(changed(data, seed, number))
            source = recognise_source(path)
            kinds.add("none" if source is None else source.kind.value)
        path.unlink()
    return kinds


def lowering_defect(path: Path) -> str:
    """Lint a model of a framework, which lowers it first; returns what was wrong, empty where nothing was."""
    before = path.read_bytes() if path.is_file() else b""
    beside = sorted(path.parent.iterdir())
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(["lint", str(path), "-t", "tract", "--isolated"])
    said = out.getvalue() + err.getvalue()
    if code not in (0, 1, 2) or "Traceback" in said or any(RAW.search(line) for line in said.splitlines()):
        return f"exit code {code}: {said}"
    if sorted(path.parent.iterdir()) != beside or (path.is_file() and path.read_bytes() != before):
        return "files were changed"
    return ""

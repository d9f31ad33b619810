"""Nodes of exported models with their neighbours, cut out by fixtures/corpus/cut.py: many facets vary at once."""

import json
import lzma
from importlib.resources import files

from graphfix.probe.form import CONTEXT, TextProbe

FILE = "contexts.jsonl.xz"


def read() -> list[TextProbe]:
    """Every context in the file beside this package; none without the file."""
    path = files("graphfix.probe").joinpath(FILE)
    if not path.is_file():
        return []
    rows = map(json.loads, lzma.decompress(path.read_bytes()).decode().splitlines())
    return [TextProbe(row["op"], row["label"], row["text"], (CONTEXT,), weights=row["weights"]) for row in rows]


FORMS = read()

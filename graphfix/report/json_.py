"""The `json` format: one object that holds everything, as the contract's schema 1 states it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO

from graphfix.diagnostic import Result
from graphfix.version import VERSION


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write all results as one JSON object."""
    document = {"schema": 1, "graphfix": VERSION, "results": [result.to_json() for result in results]}
    out.write(json.dumps(document, ensure_ascii=False) + "\n")

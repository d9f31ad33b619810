"""The `json` format: one object that holds everything, as docs/json.md and report.schema.json beside this file tell it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Final, TextIO

from graphfix.diagnostic import Result
from graphfix.version import VERSION

SCHEMA: Final = "report.schema.json"
"""The file here that says, as JSON Schema, what `json`, `json-lines` and `graphfix paths` print."""


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write all results as one JSON object."""
    document = {"schema": 1, "graphfix": VERSION, "results": [result.to_json() for result in results]}
    out.write(written(document) + "\n")


def written(document: dict[str, Any]) -> str:
    """A document on one line; a number that JSON cannot hold, such as an error without bound, is null."""
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False)
    except ValueError:  # few reports hold one, and the others are not to be copied for it
        return json.dumps(_finite(document), ensure_ascii=False, allow_nan=False)


def _finite(held: Any) -> Any:
    if isinstance(held, dict):
        return {key: _finite(value) for key, value in held.items()}
    if isinstance(held, list | tuple):
        return [_finite(value) for value in held]
    return None if isinstance(held, float) and not math.isfinite(held) else held

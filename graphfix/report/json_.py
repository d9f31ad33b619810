"""The `json` format: one object with all results, as docs/json.md and report.schema.json beside this file describe."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, Final, TextIO

from graphfix.errors import CONTROL
from graphfix.linter.diagnostics import Result
from graphfix.version import VERSION

SCHEMA: Final = "report.schema.json"
"""The JSON Schema of what `json`, `json-lines` and `graphfix paths` print, in this folder."""


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write all results as one JSON object."""
    document = {"schema": 1, "graphfix": VERSION, "results": [result.to_json() for result in results]}
    out.write(written(document) + "\n")


def written(document: dict[str, Any]) -> str:
    """Return a document as JSON on one line; infinite numbers and NaN become null."""
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    except ValueError:  # copied only where there is one, which is rare
        text = json.dumps(_finite(document), ensure_ascii=False, allow_nan=False)
    return escaped(text)


def escaped(text: str) -> str:
    """Return JSON in which the control characters that it allows in strings are escaped too: a terminal would obey them."""
    return CONTROL.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def _finite(value: Any) -> Any:
    """Return a copy with null in place of infinite numbers and NaN."""
    if isinstance(value, dict):
        return {key: _finite(value) for key, value in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(value) for value in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

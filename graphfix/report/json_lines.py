"""The `json-lines` format: one result object a line, written as soon as it is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO

from graphfix.diagnostic import Result


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write each result as a line of JSON."""
    for result in results:
        out.write(json.dumps(result.to_json(), ensure_ascii=False) + "\n")
    out.flush()

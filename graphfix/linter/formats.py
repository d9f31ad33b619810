"""The output formats of reports, by their names on the command line."""

from __future__ import annotations

FORMATS = {
    "text": "text", "concise": "concise", "json": "json_", "json-lines": "json_lines", "sarif": "sarif", "github": "github",
    "junit": "junit", "markdown": "markdown", "model-explorer": "model_explorer",
}  # fmt: skip
"""Output formats and the modules of `graphfix.report` that write them."""
OVERLAYS = frozenset({"model-explorer"})
"""Formats that need the verdict on every node."""
FILE_FORMATS = ("parquet",)
"""Formats of `lint` alone that are written to a file, result by result, and not printed."""
ALIASES = {"jsonl": "json-lines"}
"""Other names of formats."""

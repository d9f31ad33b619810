"""The output formats of reports, by the names that the command line takes."""

from __future__ import annotations

FORMATS = {
    "text": "text", "concise": "concise", "json": "json_", "json-lines": "json_lines", "sarif": "sarif", "github": "github",
    "junit": "junit", "markdown": "markdown", "model-explorer": "model_explorer",
}  # fmt: skip
"""Output formats and the modules here that write them."""
OVERLAYS = frozenset({"model-explorer"})
"""Formats that want the verdict on every node."""

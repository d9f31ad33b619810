"""The stages of lowering and converting a source, in words, and the location of a failure as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

STAGE_TEXTS = {
    "load": "it cannot be opened",
    "run": "the model does not run on the inputs",
    "export": "the exporter fails",
    "timeout": "it cannot be opened",
    "crash": "it cannot be opened",
}
"""The beginning of the message on a failure, by stage."""
UNOPENED = frozenset({"load", "run", "timeout", "crash"})
"""Stages before the export, at which a failure is the same for all exporters."""


def location_text(report: Mapping[str, Any]) -> str:
    """Return a source location as text, as far as it is known: `encoder.layers.3 (model.py:88)`.

    A file below the working directory is written relative to it.
    """
    file = str(report.get("file") or "")
    if file:
        path = Path(file)
        file = str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else file
        if report.get("line"):
            file += f":{report['line']}"
    module = str(report.get("module") or "")
    return f"{module} ({file})" if module and file else module or file

"""The forms of every operator, one file per family; found among the modules of this package."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Sequence

from graphfix.probe.form import Form, TextProbe


@functools.cache
def forms() -> dict[str, list[Form | TextProbe]]:
    """Return forms and text probes by table name: the operator, prefixed by its domain where that is not ai.onnx."""
    out: dict[str, list[Form | TextProbe]] = {}
    for module in pkgutil.iter_modules(__path__):
        entries: Sequence[Form | TextProbe] = importlib.import_module(f"{__name__}.{module.name}").FORMS
        for entry in entries:
            domain = entry.domain if isinstance(entry, Form) else ""
            out.setdefault(f"{domain}.{entry.op}" if domain else entry.op, []).append(entry)
    return dict(sorted(out.items()))

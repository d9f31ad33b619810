"""Renderers: each writes Results in one output format, without judging them.

No verdict is decided and no model is changed here. Imports: lowering and what stands before it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TextIO

from graphfix.errors import UsageError, nearest
from graphfix.linter.formats import FORMATS, OVERLAYS

if TYPE_CHECKING:
    from graphfix.linter.diagnostics import Result

Renderer = Callable[[Sequence["Result"], TextIO], None]


def renderer(name: str, *, rulings: bool = False) -> Renderer:
    """Return the function that writes Results in a format; UsageError for an unknown one.

    `rulings` states that the Results hold the verdict on every node, which an overlay needs.
    """
    if name not in FORMATS:
        raise UsageError(f"unknown output format `{name}`", hint=nearest(name, FORMATS))
    if name in OVERLAYS and not rulings:
        raise UsageError(f"only `graphfix lint` writes the {name} format", hint="lint the result")
    module = importlib.import_module(f"graphfix.report.{FORMATS[name]}")
    render: Renderer = module.render
    return render

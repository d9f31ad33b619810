"""Renderers: each turns Results into one output format; none of them decides anything."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TextIO

from graphfix.diagnostic import Result
from graphfix.errors import UsageError, nearest
from graphfix.formats import FORMATS, OVERLAYS

Renderer = Callable[[Sequence[Result], TextIO], None]


def renderer(name: str, *, rulings: bool = False) -> Renderer:
    """The function that writes Results in a format; UsageError for an unknown one.

    `rulings` tells that the Results hold the verdict on every node, without which an overlay cannot be written.
    """
    if name not in FORMATS:
        raise UsageError(f"unknown output format `{name}`", cure=nearest(name, FORMATS))
    if name in OVERLAYS and not rulings:
        raise UsageError(f"only `graphfix lint` writes the {name} format", cure="lint the result")
    module = importlib.import_module(f"graphfix.report.{FORMATS[name]}")
    render: Renderer = module.render
    return render

"""A web page that needs nothing else: the styles, the script and all data are in the file."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from graphfix.version import VERSION


def whole_page(name: str, title: str, data: Mapping[str, Any], **texts: str) -> str:
    """The page whose body, style and script lie in web/ under a name; `texts` are put where the body asks for them.

    Raises:
        ValueError: a number in the data is not finite.
    """
    told = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    parts = {
        "title": html.escape(title),
        "style": _part("frame.css") + _part(f"{name}.css"),
        "body": _filled(
            _part(f"{name}.html"), {text: html.escape(texts[text]) for text in texts} | {"version": html.escape(VERSION)}
        ),
        "script": _part(f"{name}.js"),
        # Compilers' words, and what comes out of a model, may hold markup: nothing in the data may end the element it stands in.
        "data": told.replace("<", "\\u003c"),
    }
    return _filled(_part("frame.html"), parts)


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """A template with its places filled; what is put in is not looked through for places again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _part(name: str) -> str:
    return files("graphfix.report").joinpath("web", name).read_text(encoding="utf-8")

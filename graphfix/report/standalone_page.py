"""Self-contained web pages: styles, script and data are in one file."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from graphfix.version import VERSION


def whole_page(name: str, title: str, data: Mapping[str, Any], **texts: str) -> str:
    """Return the page whose body, style and script are files of this name in web/; `texts` replace placeholders in the body.

    Raises:
        ValueError: a number in the data is infinite or NaN.
    """
    encoded = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    parts = {
        "title": html.escape(title),
        "style": _part("frame.css") + _part(f"{name}.css"),
        "body": _filled(
            _part(f"{name}.html"), {text: html.escape(texts[text]) for text in texts} | {"version": html.escape(VERSION)}
        ),
        "script": _part(f"{name}.js"),
        # Compilers' messages and models' names may contain markup: nothing in the data may close the script element.
        "data": encoded.replace("<", "\\u003c"),
    }
    return _filled(_part("frame.html"), parts)


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """Return a template with its placeholders replaced; placeholders in the replacements are not expanded."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _part(name: str) -> str:
    return files("graphfix.report").joinpath("web", name).read_text(encoding="utf-8")

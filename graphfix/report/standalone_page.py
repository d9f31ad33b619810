"""Self-contained web pages: styles, script and data are in one file."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from graphfix.errors import printable
from graphfix.version import VERSION

VENDOR = "vendor/dagre.min.js"
"""The layout library, which building the package puts there, with its licence at its end."""


def escaped_html(text: str) -> str:
    """Return a text of a model or compiler as HTML, control characters made visible."""
    return html.escape(printable(text))


def whole_page(name: str, title: str, data: Mapping[str, Any], scripts: Sequence[str] = (), **texts: str) -> str:
    """Return the page whose body, style and script are files of this name in web/; `texts` replace placeholders in the body.

    `scripts` are files in web/ that stand before the page's own script; empty names are skipped.

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
        "script": "\n".join(_part(script) for script in (*scripts, f"{name}.js") if script),
        # Compilers' messages and models' names may contain markup: nothing in the data may close the script element.
        "data": encoded.replace("<", "\\u003c"),
    }
    return _filled(_part("frame.html"), parts)


def layout_library() -> str:
    """Return the file in web/ of the layout library; empty where the package was built without, and the page's own is used."""
    return VENDOR if _path(VENDOR).is_file() else ""


def _filled(template: str, parts: Mapping[str, str]) -> str:
    """Return a template with its placeholders replaced; placeholders in the replacements are not expanded."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _part(name: str) -> str:
    return _path(name).read_text(encoding="utf-8")


def _path(name: str) -> Traversable:
    return files("graphfix.report").joinpath("web", *name.split("/"))

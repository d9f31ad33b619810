"""Where a code of a finding is documented: the page on the project's site, or else the file in the package."""

from __future__ import annotations

import functools
import importlib.metadata

from graphfix.linter.check import checks
from graphfix.linter.outcomes import OUTCOMES
from graphfix.linter.source_outcomes import SOURCE_OUTCOMES
from graphfix.version import VERSION

LABELS = ("documentation", "homepage")
"""Labels of URLs in the package's metadata, in the order of preference."""


@functools.cache
def site() -> str:
    """Return the URL of the documentation in the metadata of the installed package; empty where it names none."""
    try:
        given = importlib.metadata.metadata("graphfix").get_all("Project-URL") or []
    except importlib.metadata.PackageNotFoundError:
        return ""
    named = {label.strip().lower(): url.strip() for label, _, url in (entry.partition(",") for entry in given)}
    return next((named[label].rstrip("/") for label in LABELS if label in named), "")


@functools.cache
def documented_in(code: str) -> str:
    """Return the path, from the folder that holds the package, of the file whose docstring documents a code."""
    for check in checks():
        if check.code == code:
            return type(check).__module__.replace(".", "/") + ".py"
    if any(outcome.code == code for outcome in OUTCOMES):
        return "graphfix/linter/outcomes.py"
    assert any(outcome.code == code for outcome in SOURCE_OUTCOMES), code
    return "graphfix/linter/source_outcomes.py"


def documentation(code: str) -> str:
    """Return where a code is documented, for people: a URL, or the path of a file in the package."""
    return f"{site()}/findings/{code}.html" if site() else documented_in(code)


def information_uri() -> str:
    """Return the absolute URI of the tool: the site, or else the package with its version, which names no host."""
    return site() or f"pkg:generic/graphfix@{VERSION}"


def help_uri(code: str) -> str:
    """Return the absolute URI of a code's documentation: its page on the site, or else the file in the package."""
    return documentation(code) if site() else f"{information_uri()}#{documented_in(code)}"

"""Where a code of a finding is documented: the page on the project's site, or else the file in the package."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable
from pathlib import Path

from graphfix.ir.installed import installed
from graphfix.linter.check import checks
from graphfix.linter.outcomes import OUTCOMES
from graphfix.linter.source_outcomes import SOURCE_OUTCOMES
from graphfix.version import VERSION

LABEL = "Project-URL: "
LABELS = ("documentation", "homepage")
"""Labels of URLs in the package's metadata, in the order of preference."""


@functools.cache
def site() -> str:
    """Return the URL of the documentation in the metadata of the installed package; empty where it names none."""
    named = {label.strip().lower(): url.strip() for label, _, url in (entry.partition(",") for entry in _project_urls())}
    return next((named[label].rstrip("/") for label in LABELS if label in named), "")


def _project_urls() -> Iterable[str]:
    """Return the URLs in the metadata of the installed package, each after its label."""
    _, folder = next(installed("graphfix"), ("", ""))
    file = Path(folder, "METADATA")
    if "importlib.metadata" not in sys.modules and file.is_file():  # reading headers is faster than loading that module
        head = file.read_text(encoding="utf-8").partition("\n\n")[0]
        return [line.removeprefix(LABEL) for line in head.splitlines() if line.startswith(LABEL)]
    import importlib.metadata

    try:
        return importlib.metadata.metadata("graphfix").get_all("Project-URL") or []
    except importlib.metadata.PackageNotFoundError:
        return ()


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

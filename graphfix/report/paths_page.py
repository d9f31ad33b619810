"""The conversion paths of a source as one self-contained web page, drawn by its script from the data in the file."""

from __future__ import annotations

from typing import Any

from graphfix.lowering.paths.model import ConversionPath, ConversionPaths, Means
from graphfix.report.paths_text import cell
from graphfix.report.standalone_page import whole_page

NAMES = {
    Means.AS_IS: "as it is",
    Means.EXACT: "exact rewrites",
    Means.APPROXIMATE: "approximate",
    Means.INTERFACE: "fixed sizes",
    Means.UNKNOWN: "undecided",
    Means.NONE: "no path",
}
SHORT_NAMES = {
    Means.AS_IS: "as it is",
    Means.EXACT: "exact",
    Means.APPROXIMATE: "approx.",
    Means.INTERFACE: "sizes",
    Means.UNKNOWN: "open",
    Means.NONE: "no path",
}
"""The names of the means on narrow screens."""
MEANINGS = {
    Means.AS_IS: "the compiler accepts the exporter's model",
    Means.EXACT: "rewrites that compute the same",
    Means.APPROXIMATE: "rewrites within a tolerance; the error is measured",
    Means.INTERFACE: "dynamic dims are fixed to the example's sizes",
    Means.UNKNOWN: "something that decides was never measured",
    Means.NONE: "no path is known",
}


def paths_page(found: ConversionPaths) -> str:
    """Return the page on all conversion paths of one source as HTML."""
    return whole_page("roads", f"Conversion paths of {found.source}", page_data(found), source=found.source)


def page_data(found: ConversionPaths) -> dict[str, Any]:
    """Return the data for the page's script: what `--output-format json` prints, with wordings for people."""
    best = {target: found.best(target) for target in found.targets}
    return {
        **found.to_json(),
        "roads": [{**path.to_json(), "words": _words(path), "easiest": path is best[path.target]} for path in found.paths],
        "ways": [[means.value, NAMES[means], MEANINGS[means], SHORT_NAMES[means]] for means in Means],
    }


def _words(path: ConversionPath) -> str:
    """Return a short wording of a path, without the source location, which its details show."""
    wordings = cell(path)
    return wordings[0] if path.means.reaches_target else next((text for text in wordings if len(text) <= 24), wordings[-1])

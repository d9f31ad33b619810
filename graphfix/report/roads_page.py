"""The roads of a source as one web page that needs nothing else: drawn by its script from the data in the file."""

from __future__ import annotations

from typing import Any

from graphfix.report.roads import cell
from graphfix.report.whole_page import whole_page
from graphfix.roads import Map, Road, Way

WAYS = {
    Way.AS_IS: "as it is",
    Way.EXACT: "exact rewrites",
    Way.APPROXIMATE: "approximate",
    Way.INTERFACE: "fixed sizes",
    Way.UNKNOWN: "undecided",
    Way.NONE: "no road",
}
BRIEFLY = {
    Way.AS_IS: "as it is",
    Way.EXACT: "exact",
    Way.APPROXIMATE: "approx.",
    Way.INTERFACE: "sizes",
    Way.UNKNOWN: "open",
    Way.NONE: "no road",
}
"""The same for narrow screens."""
MEANINGS = {
    Way.AS_IS: "the compiler takes what the exporter made",
    Way.EXACT: "rewrites that compute the same",
    Way.APPROXIMATE: "rewrites within a tolerance; the error is measured",
    Way.INTERFACE: "free dims are fixed to the example's sizes",
    Way.UNKNOWN: "something that decides was never measured",
    Way.NONE: "nothing that graphfix knows leads there",
}


def roads_page(found: Map) -> str:
    """The page about all roads of one source, as HTML."""
    return whole_page("roads", f"Conversion paths of {found.source}", page_data(found), source=found.source)


def page_data(found: Map) -> dict[str, Any]:
    """The map as the page's script reads it: what `--output-format json` gives, and wordings."""
    easiest = {target: found.best(target) for target in found.targets}
    return {
        **found.to_json(),
        "roads": [{**road.to_json(), "words": _words(road), "easiest": road is easiest[road.target]} for road in found.roads],
        "ways": [[way.value, WAYS[way], MEANINGS[way], BRIEFLY[way]] for way in Way],
    }


def _words(road: Road) -> str:
    """A road in a few words, without the place that its details tell."""
    wordings = cell(road)
    return wordings[0] if road.way.leads else next((text for text in wordings if len(text) <= 24), wordings[-1])

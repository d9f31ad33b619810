"""Variants that other targets were asked about and this one was not.

Active probing varies what one compiler refuses, so each target's evidence has variants that no other target was asked about.
What one compiler makes of two facets' values together is worth knowing of every compiler: the same models go to all of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

from graphfix.probe.form import CONTEXT, NUMBERS_ONLY, VARIANT
from graphfix.probe.measure import Evidence
from graphfix.probe.pairs import Pair, facet_pairs
from graphfix.probe.write import EVIDENCE, read_archive
from graphfix.tables.target_facets import applies_to_target, facets_for_target

APART = {CONTEXT, NUMBERS_ONLY}
"""What marks probes that every target is asked about anyway, or that tell nothing about support."""


def asked_elsewhere(target: str, rows: Sequence[Evidence], others: Sequence[Evidence]) -> list[Evidence]:
    """Return the variants in the evidence of other targets about one operator that are not in this target's `rows`.

    Those that bring two facets' values together for the first time come first, and of the rest those of most targets.
    """
    had = {row.digest for row in rows}
    targets: dict[str, int] = {}
    fresh: dict[str, Evidence] = {}
    for row in others:
        if row.digest in had or VARIANT not in row.varied or not APART.isdisjoint(row.varied):
            continue
        if applies_to_target(target, row.varied):
            fresh.setdefault(row.digest, row)
            targets[row.digest] = targets.get(row.digest, 0) + 1
    ordered = sorted(fresh.values(), key=lambda row: (-targets[row.digest], zlib.crc32(row.digest.encode()), row.digest))
    met: set[Pair] = {pair for row in rows for pair in facet_pairs(row.facets)}
    first: list[Evidence] = []
    later: list[Evidence] = []
    for row in ordered:
        pairs = facet_pairs(facets_for_target(target, row.facets))
        (later if pairs <= met else first).append(row)
        met |= pairs
    return [*first, *later]


def evidence_of_others(target: str, home: Path) -> list[Evidence]:
    """Return the evidence of the other targets in a folder of tables, of every version that was measured."""
    folders = [path.parent for path in sorted(home.glob(f"*/*/{EVIDENCE}")) if path.parent.parent.name != target]
    return [row for folder in folders for row in read_archive(folder)]

"""Tables of fallbacks, distilled from placements, and both as files beside the tables of a version."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphfix.backends.base import Fallback
from graphfix.probe.measure import Evidence
from graphfix.probe.placing import Placement, read_lines
from graphfix.probe.write import entry, read_archive, text, write_atomically
from graphfix.tables.entry import FALLBACKS
from graphfix.tables.placement import SORTS

PLACEMENTS = "placements.jsonl.xz"
MOST_KINDS = 3
"""Operations named in the message of one probe."""
ALWAYS = "every-form"
"""The id of a fallback that every form of an operator has."""


def implementations_by_kind(rows: Iterable[Placement]) -> dict[str, set[str]]:
    """Return the implementations that were seen by kind of operation, over all probes."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for one in row.ran or ():
            kind, _, by = one.partition(" ")
            found.setdefault(kind, set()).add(by)
    return found


def worst_fallback(row: Placement, fallback: Fallback, known: Mapping[str, Set[str]]) -> tuple[str, str]:
    """Return the slowest sort of fallback that runs any of the operations, and these operations; empty without one."""
    sorts: dict[str, list[str]] = {}
    for one in row.ran or ():
        kind, _, by = one.partition(" ")
        sorts.setdefault(fallback(kind, by, known), []).append(one)
    sort = next((sort for sort in SORTS if sort in sorts), "")
    return sort, ", ".join(list(dict.fromkeys(sorts[sort]))[:MOST_KINDS]) if sort else ""


def fallback_evidence(archive: Iterable[Evidence], rows: Iterable[Placement], fallback: Fallback) -> dict[str, list[Evidence]]:
    """Return, by operator, the evidence of the placed probes with the verdict `rejected` where a fallback runs the node.

    The distiller then finds conditions for fallbacks like those for rejections.
    """
    rows = [row for row in rows if row.ran]
    known = implementations_by_kind(rows)
    placed = {(row.op, row.digest): worst_fallback(row, fallback, known) for row in rows}
    out: dict[str, list[Evidence]] = {}
    for one in archive:
        if (one.op, one.digest) in placed:
            sort, said = placed[one.op, one.digest]
            verdict = "rejected" if sort else "works"
            out.setdefault(one.op, []).append(replace(one, verdict=verdict, stage=sort or "ok", said=said, error=None))
    return out


def fallback_entry(name: str, rows: Sequence[Evidence], compiler: str, on: str) -> dict[str, Any]:
    """Return the table of one operator's fallbacks as JSON data; without fallbacks only the number of probes."""
    found = entry(name, rows, compiler, on)
    conditions = [rule | {"id": rule["id"] if rule["when"] else ALWAYS} for rule in found["rejects"]]
    odd = [{key: one[key] for key in ("facets", "stage", "said")} for one in found["exceptions"]]
    kept = {key: found[key] for key in ("op", "domain", "measured")}
    return kept | {"axes": found["axes"] if conditions or odd else {}, FALLBACKS: conditions, "exceptions": odd}


def read_placements(folder: Path) -> list[Placement]:
    """Return the placements beside the tables of a version; none where they were not measured."""
    path = folder / PLACEMENTS
    return read_lines(lzma.decompress(path.read_bytes()).decode()) if path.exists() else []


def write_fallbacks(folder: Path, rows: Iterable[Placement], fallback: Fallback, compiler: str, on: str) -> int:
    """Write placements beside the tables of a version, and the tables of fallbacks; returns the number of changed tables.

    Placements of other operators are kept; their conditions may change with the implementations known to be tuned.
    """
    fresh = list(rows)
    asked = {row.op for row in fresh}
    every = sorted([*(row for row in read_placements(folder) if row.op not in asked), *fresh], key=lambda r: (r.op, r.digest))
    (folder / FALLBACKS).mkdir(parents=True, exist_ok=True)
    write_atomically(folder / PLACEMENTS, lzma.compress("".join(row.line() + "\n" for row in every).encode(), preset=6))
    changed = 0
    for name, evidence in fallback_evidence(read_archive(folder), every, fallback).items():
        path = folder / FALLBACKS / f"{name}.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        data = fallback_entry(name, evidence, compiler, on if name in asked else before["measured"]["on"])
        changed += any(before.get(part) != json.loads(json.dumps(data[part])) for part in ("axes", FALLBACKS, "exceptions"))
        write_atomically(path, text(data).encode())
    return changed

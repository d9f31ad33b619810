"""From what compilers were seen to run to tables of fallbacks, and both as files beside the tables of a version."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphfix.backends.base import Fallback
from graphfix.placement import SORTS
from graphfix.probe.measure import Evidence
from graphfix.probe.placing import Placement, read_lines
from graphfix.probe.write import entry, put, read_archive, text
from graphfix.table import FALLBACKS

PLACEMENTS = "placements.jsonl.xz"
MOST_KINDS = 3
"""Operations named in the words of one probe."""
ALWAYS = "every-form"
"""What a fallback is called that no facet decides."""


def seen(rows: Iterable[Placement]) -> dict[str, set[str]]:
    """What was seen to run the operations of each kind, by any probe."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for one in row.ran or ():
            kind, _, by = one.partition(" ")
            found.setdefault(kind, set()).add(by)
    return found


def fallen(row: Placement, fallback: Fallback, known: Mapping[str, Set[str]]) -> tuple[str, str]:
    """The gravest sort of fallback that runs any of the operations, and the compiler's words for those; else empty."""
    sorts: dict[str, list[str]] = {}
    for one in row.ran or ():
        kind, _, by = one.partition(" ")
        sorts.setdefault(fallback(kind, by, known), []).append(one)
    sort = next((sort for sort in SORTS if sort in sorts), "")
    return sort, ", ".join(list(dict.fromkeys(sorts[sort]))[:MOST_KINDS]) if sort else ""


def told(archive: Iterable[Evidence], rows: Iterable[Placement], fallback: Fallback) -> dict[str, list[Evidence]]:
    """By operator, the evidence about the probes for whose node something runs, `rejected` where that is a fallback.

    The distiller then explains fallbacks as it explains rejections.
    """
    rows = [row for row in rows if row.ran]
    known = seen(rows)
    placed = {(row.op, row.digest): fallen(row, fallback, known) for row in rows}
    out: dict[str, list[Evidence]] = {}
    for one in archive:
        if (one.op, one.digest) in placed:
            sort, said = placed[one.op, one.digest]
            verdict = "rejected" if sort else "works"
            out.setdefault(one.op, []).append(replace(one, verdict=verdict, stage=sort or "ok", said=said, error=None))
    return out


def fallback_entry(name: str, rows: Sequence[Evidence], compiler: str, on: str) -> dict[str, Any]:
    """The table of one operator's fallbacks as JSON data; of one that has none only how many probes said so."""
    found = entry(name, rows, compiler, on)
    conditions = [rule | {"id": rule["id"] if rule["when"] else ALWAYS} for rule in found["rejects"]]
    odd = [{key: one[key] for key in ("facets", "stage", "said")} for one in found["exceptions"]]
    kept = {key: found[key] for key in ("op", "domain", "measured")}
    return kept | {"axes": found["axes"] if conditions or odd else {}, FALLBACKS: conditions, "exceptions": odd}


def read_placements(folder: Path) -> list[Placement]:
    """What was seen to run probes, as kept beside the tables of a version; nothing where nobody asked."""
    path = folder / PLACEMENTS
    return read_lines(lzma.decompress(path.read_bytes()).decode()) if path.exists() else []


def write_fallbacks(folder: Path, rows: Iterable[Placement], fallback: Fallback, compiler: str, on: str) -> int:
    """Keep what was seen beside the tables of a version, and write anew what it distils to; the tables that changed.

    What is there of other operators stays, though its conditions may change with what is known to be tuned.
    """
    fresh = list(rows)
    asked = {row.op for row in fresh}
    every = sorted([*(row for row in read_placements(folder) if row.op not in asked), *fresh], key=lambda r: (r.op, r.digest))
    (folder / FALLBACKS).mkdir(parents=True, exist_ok=True)
    put(folder / PLACEMENTS, lzma.compress("".join(row.line() + "\n" for row in every).encode(), preset=6))
    changed = 0
    for name, evidence in told(read_archive(folder), every, fallback).items():
        path = folder / FALLBACKS / f"{name}.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        data = fallback_entry(name, evidence, compiler, on if name in asked else before["measured"]["on"])
        changed += any(before.get(part) != json.loads(json.dumps(data[part])) for part in ("axes", FALLBACKS, "exceptions"))
        put(path, text(data).encode())
    return changed

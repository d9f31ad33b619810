"""Placing: what carries out the nodes of probes that a compiler took, asked of the compiler itself."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import onnx

from graphfix.backends.base import Session
from graphfix.backends.verdict import PlacedOperation
from graphfix.placement import idle
from graphfix.probe.build import Probe
from graphfix.probe.form import EDGE
from graphfix.probe.measure import DEADLINE, FOLDING, Evidence
from graphfix.probe.supply import BESIDE

MOST_PAIRS = 24
"""Probes an operator that vary several things at once; those that vary one thing are all asked."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What one compiler runs for one probe's node: `KIND BY` for each operation, where it has a name for what runs it.

    `ran` is empty where nothing is left of the node, None where the compiler did not tell.
    """

    op: str
    digest: str
    ran: tuple[str, ...] | None

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def read_lines(text: str) -> list[Placement]:
    """The placements in lines of JSON."""
    rows = (json.loads(line) for line in text.splitlines() if line)
    return [Placement(row["op"], row["digest"], None if row["ran"] is None else tuple(row["ran"])) for row in rows]


def wanted(rows: Iterable[Evidence]) -> list[Evidence]:
    """The probes to ask about: of those that were taken, all that vary one thing, and some that vary more, by their digest.

    Left out are probes that only try numbers, those about whole models, those taken only with the help of an optional
    simplifier, those of which nothing may be left to run, and those inside a branch, which compilers show as one node.
    """
    alone, several = list[Evidence](), dict[str, list[Evidence]]()
    for row in rows:
        if row.verdict not in ("works", "wrong") or EDGE in row.varied or row.op == "@model" or row.aided:
            continue
        if row.facets.get("inside") == "branch" or idle(row.facets):
            continue
        if len(row.varied) <= 1:
            alone.append(row)
        else:
            several.setdefault(row.op, []).append(row)
    for found in several.values():
        alone += sorted(found, key=_drawn)[:MOST_PAIRS]
    return alone


def _drawn(row: Evidence) -> str:
    return hashlib.sha256(f"{row.op} {row.digest}".encode()).hexdigest()


def place(probes: Iterable[Probe], session: Session, path: Path) -> list[Placement]:
    """Ask about every probe that the file of answers does not hold yet, appending; the answers about these probes."""
    known = {(row.op, row.digest): row for row in (read_lines(path.read_text()) if path.exists() else ())}
    found = []
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="graphfix-place-") as folder, path.open("a") as sink:
        for probe in probes:
            row = known.get((probe.op, probe.digest))
            if row is None:
                row = placed(probe, session, Path(folder))
                sink.write(row.line() + "\n")
                sink.flush()
            found.append(row)
    return found


def placed(probe: Probe, session: Session, folder: Path) -> Placement:
    """What the compiler runs for the probe's node, after an optional simplifier where that has anything to fold."""
    model = folder / "probe.onnx"
    onnx.save(probe.model, model)
    options = {"placement": True, "onnxsim": bool(FOLDING & set(probe.facets.values()))}
    verdict = session.ask(model, deadline=DEADLINE, options=options)
    if not verdict.accepted or verdict.placed is None:
        return Placement(probe.op, probe.digest, None)
    beside = [name for node in probe.model.graph.node if node.name.startswith(BESIDE) for name in (node.name, *node.output)]
    return Placement(
        probe.op, probe.digest, tuple(f"{one.kind} {one.implementation}".strip() for one in own(verdict.placed, beside))
    )


def own(found: Sequence[PlacedOperation], beside: Sequence[str]) -> list[PlacedOperation]:
    """What does not stand only for nodes beside the probe's: compilers name what they make after a node or its output."""
    return [
        one
        for one in found
        if not one.names or not all(any(name.startswith(word) for word in (BESIDE, *beside)) for name in one.names)
    ]

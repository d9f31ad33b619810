"""Placement: which implementations run the nodes of supported probes, as reported by the compiler."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import onnx

from graphfix.backends.session import Session
from graphfix.backends.verdict import PlacedOperation
from graphfix.probe.build import Probe
from graphfix.probe.form import NUMBERS_ONLY, VARIANT
from graphfix.probe.graph_builder import SUPPORT_PREFIX
from graphfix.probe.measure import DEADLINE, FOLDING, RUNS, Evidence
from graphfix.tables.placement import idle

MOST_PAIRS = 24
"""Probes per operator that vary several things at once; those that vary one thing are all placed."""

LEFT_OUT = frozenset({NUMBERS_ONLY, VARIANT})
"""Entries in `varied` of probes that are not placed."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The operations that run one probe's node: `KIND IMPLEMENTATION` for each, or `KIND` without a reported implementation.

    `ran` is empty where nothing of the node is left, None where the compiler did not report it.
    """

    op: str
    digest: str
    ran: tuple[str, ...] | None

    def line(self) -> str:
        """Return one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def read_lines(text: str) -> list[Placement]:
    """Return the placements in lines of JSON."""
    rows = (json.loads(line) for line in text.splitlines() if line)
    return [Placement(row["op"], row["digest"], None if row["ran"] is None else tuple(row["ran"])) for row in rows]


def wanted(rows: Iterable[Evidence]) -> list[Evidence]:
    """Return the probes to place: of the supported ones all that vary one thing, and some that vary more, by their digest.

    Left out are probes that only try input numbers, those about whole models, those supported only after an optional
    simplifier, those that may leave nothing to run, those inside a branch, which compilers report as one node, and variants
    of refused probes.
    """
    alone, several = list[Evidence](), dict[str, list[Evidence]]()
    for row in rows:
        if row.verdict not in RUNS or not LEFT_OUT.isdisjoint(row.varied) or row.op == "@model" or row.aided:
            continue
        if row.facets.get("inside") == "branch" or idle(row.facets):
            continue
        if len(row.varied) <= 1:
            alone.append(row)
        else:
            several.setdefault(row.op, []).append(row)
    for found in several.values():
        alone += sorted(found, key=_sample_key)[:MOST_PAIRS]
    return alone


def _sample_key(row: Evidence) -> str:
    return hashlib.sha256(f"{row.op} {row.digest}".encode()).hexdigest()


def place(probes: Iterable[Probe], session: Session, path: Path) -> list[Placement]:
    """Ask about every probe that is not in the file and append the answers; returns the placements of all probes."""
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
    """Ask what runs the probe's node, after an optional simplifier where there is anything to fold."""
    model = folder / "probe.onnx"
    onnx.save(probe.model, model)
    options = {"placement": True, "onnxsim": bool(FOLDING & set(probe.facets.values()))}
    verdict = session.ask(model, deadline=DEADLINE, options=options)
    if not verdict.accepted or verdict.placed is None:
        return Placement(probe.op, probe.digest, None)
    supporting = [node for node in probe.model.graph.node if node.name.startswith(SUPPORT_PREFIX)]
    names = [name for node in supporting for name in (node.name, *node.output)]
    ran = tuple(f"{one.kind} {one.implementation}".strip() for one in of_probed_node(verdict.placed, names))
    return Placement(probe.op, probe.digest, ran)


def of_probed_node(found: Sequence[PlacedOperation], supporting: Sequence[str]) -> list[PlacedOperation]:
    """Return the operations that are not only for supporting nodes; operations are named after nodes or their outputs."""
    return [
        one
        for one in found
        if not one.names or not all(any(name.startswith(word) for word in (SUPPORT_PREFIX, *supporting)) for name in one.names)
    ]

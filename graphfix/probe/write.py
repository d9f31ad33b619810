"""Support tables as files: one JSON table per operator, and the compressed evidence they are distilled from."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphfix.ir.atomic_write import PendingFile
from graphfix.probe.distil import Distilled, Rule, distil
from graphfix.probe.fixed_by import add_fixes
from graphfix.probe.form import VARIANT
from graphfix.probe.measure import Evidence
from graphfix.probe.trials import Trial, read_trials
from graphfix.tables.agreement import TRIALS

EVIDENCE = "probes.jsonl.xz"
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]
"""How evidence is compressed: for text, whose bytes are at no positions of their own."""


def split_name(name: str) -> tuple[str, str]:
    """Return the domain and the operator in a table's name."""
    domain, _, op = name.rpartition(".")
    return domain, op


def entry(
    name: str,
    rows: Sequence[Evidence],
    compiler: str,
    on: str,
    trials: Mapping[str, Trial] | None = None,
    *,
    active: bool = False,
) -> dict[str, Any]:
    """Return the table of one operator as JSON data; `compiler` is a name with its version, `on` an ISO date.

    `trials` are trials of fixes by the digest of the probe. Where the operator was probed `active`ly the table says so with
    the number of variants, which is what makes its entries subject to the floor of tables/floor.py.
    """
    found: Distilled = distil(rows)
    domain, op = split_name(name)
    table: dict[str, Any] = {
        "op": op,
        "domain": domain,
        "measured": {"compiler": compiler, "on": on, "probes": len(rows)},
        "axes": found.axes,
        "rejects": [_rule(rule) for rule in found.rejects],
        "wrong": [_rule(rule) for rule in found.wrong],
        "exceptions": [
            {"facets": row.facets, "verdict": row.verdict, "stage": row.stage, "said": row.said} for row in found.exceptions
        ],
    }
    variants = sum(VARIANT in row.varied for row in rows)
    if active or variants:
        table["measured"]["active"] = variants
    add_fixes(table, rows, trials or {})
    return table


def _rule(rule: Rule) -> dict[str, Any]:
    out: dict[str, Any] = {"id": rule.id, "kind": rule.kind, "when": rule.when, "stage": rule.stage, "said": rule.said}
    if rule.error is not None:
        out["error"] = rule.error
    out["probes"] = {"for": rule.supports, "against": rule.opposes}
    return out


def text(data: dict[str, Any]) -> str:
    """Return the table as text with one line per axis and per rule, so that diffs of measurements are readable."""
    lines = ["{"]
    for i, (name, value) in enumerate(data.items()):
        end = "," if i < len(data) - 1 else ""
        if isinstance(value, dict) and name == "axes" and value:
            body = [f"  {_json(k)}: {_json(v)}" for k, v in value.items()]
            lines += [f" {_json(name)}: {{", ",\n".join(body), f" }}{end}"]
        elif isinstance(value, list) and value:
            lines += [f" {_json(name)}: [", ",\n".join(f"  {_json(item)}" for item in value), f" ]{end}"]
        else:
            lines.append(f" {_json(name)}: {_json(value)}{end}")
    return "\n".join([*lines, "}", ""])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_table(folder: Path, name: str, rows: Sequence[Evidence], compiler: str, on: str, *, active: bool = False) -> Path:
    """Distil and write one operator's table; returns its path. One that was probed actively before remains so."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    active = active or (path.exists() and "active" in json.loads(path.read_text())["measured"])
    write_atomically(path, text(entry(name, rows, compiler, on, trials_of(folder, name), active=active)).encode())
    return path


def trials_of(folder: Path, name: str) -> dict[str, Trial]:
    """Return the trials of fixes of one operator in a folder of tables, by the digest of the probe."""
    return {digest: trial for (op, digest), trial in read_trials(folder).items() if op == name}


def write_trials(folder: Path, fresh: Iterable[Trial], ops: Iterable[str]) -> None:
    """Write the trials of fixes of some operators; those of other operators are kept."""
    replaced = set(ops)
    kept = [trial for trial in read_trials(folder).values() if trial.op not in replaced]
    lines = "".join(trial.line() + "\n" for trial in sorted((*kept, *fresh), key=lambda t: (t.op, t.digest)))
    write_atomically(folder / TRIALS, lzma.compress(lines.encode(), preset=6))


def write_evidence(folder: Path, rows: Iterable[Evidence]) -> Path:
    """Write the evidence of a folder of tables, one probe per line; evidence of other operators is kept."""
    path = folder / EVIDENCE
    fresh = list(rows)
    measured = {row.op for row in fresh}
    kept = [row for row in read_archive(folder) if row.op not in measured]
    lines = "".join(row.line() + "\n" for row in sorted((*kept, *fresh), key=lambda row: (row.op, row.label, row.digest)))
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lzma.compress(lines.encode(), filters=FILTERS))
    return path


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file atomically, so that an interrupted run does not lose earlier measurements."""
    with PendingFile(str(path.parent)) as pending:
        pending.write(data)
        pending.put(str(path))


def read_archive(folder: Path) -> list[Evidence]:
    """Return the evidence of a folder of tables; none where there is no file."""
    path = folder / EVIDENCE
    if not path.exists():
        return []
    lines = (
        lzma.decompress(path.read_bytes()).strip().replace(b"\n", b",")
    )  # parsed as one array, so that equal names share one string
    return [Evidence(**{**row, "varied": tuple(row["varied"])}) for row in json.loads(b"[%b]" % lines)]

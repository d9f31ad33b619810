"""Asking a compiler about probes, and keeping what it said as lines of evidence."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from graphfix.backends.session import Session
from graphfix.backends.verdict import Verdict
from graphfix.facets import Facets
from graphfix.probe.build import NODE, Probe
from graphfix.probe.form import EDGE
from graphfix.probe.supply import BESIDE
from graphfix.values import Facet

WORDS = 200
"""Characters kept of what a compiler said."""
VOLATILE = (
    (re.compile(r"0x[0-9a-fA-F]{4,}"), "0x…"),
    (re.compile(r"/(?:tmp|var|home|root|work|build|home/\w+)/[^\s'\":,)]*/"), ""),
    (re.compile(r"\b[0-9a-f]{16,}\b"), "…"),
)
QUOTED = re.compile(r"['\"`]([^'\"`]+)['\"`]")
FOLDING: frozenset[Facet] = frozenset({"folded", "fixed-shape", "shape", "cast-shape"})
PLAIN = {"bool", *(f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64))} - {"float8"}
"""Dtypes that an .npz file can hold."""
DEADLINE = 60.0
FOR = "for "
"""How the words start that name the numbers which came out wrong."""
OF_INPUTS = ("'<input>'", "(input None)")
"""How a converter calls a model's inputs when it refuses their dtype or rank."""
UNREADABLE = ("Unsupported DatumType in the public API",)
"""Words that only mean that an output cannot be handed to Python, as a symbolic size cannot."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one compiler made of one probe.

    `verdict` is `works`, `rejected` (at `stage`), `wrong` (compiled, but running it failed or gave other numbers, by
    `error` at most), or `elsewhere`: refused for what stands beside the probe's node, which is another rule's matter.
    `said` are its words, without what changes from run to run. `aided` says that it took the probe only after an optional
    simplifier had folded what could be folded; `said` and `stage` are then those of its refusal without.
    """

    op: str
    digest: str
    label: str
    varied: tuple[str, ...]
    facets: Facets
    verdict: str
    stage: str
    said: str
    error: float | None = None
    aided: bool = False

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"), default=str)


def read_evidence(path: Path) -> list[Evidence]:
    """The evidence in a file of lines; none when there is no file."""
    if not path.exists():
        return []
    rows = (json.loads(line) for line in path.read_text().splitlines() if line)
    return [Evidence(**{**row, "varied": tuple(row["varied"])}) for row in rows]


def measure(
    probes: Iterable[Probe], session: Session, target: str, path: Path, tell: Callable[[Evidence], None] | None = None
) -> list[Evidence]:
    """Ask about every probe that the evidence file does not hold yet, appending; all evidence about these probes."""
    known = {(row.op, row.digest): row for row in read_evidence(path)}
    found = []
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="graphfix-probe-") as folder, path.open("a") as sink:
        for probe in probes:
            row = known.get((probe.op, probe.digest))
            if row is None:
                row = answered(probe, session, target, Path(folder))
                sink.write(row.line() + "\n")
                sink.flush()
                if tell is not None:
                    tell(row)
            found.append(replace(row, label=probe.label, varied=probe.varied, facets=probe.facets))
    return found


def answered(probe: Probe, session: Session, target: str, folder: Path) -> Evidence:
    """What the compiler makes of one probe, with the inputs run where there are numbers to compare."""
    model, arrays = folder / "probe.onnx", folder / "probe.npz"
    onnx.save(probe.model, model)
    plain = all(a.dtype.name in PLAIN for a in (*probe.feeds.values(), *(probe.wanted or {}).values()))
    inputs = None
    if plain and probe.wanted:
        ins = {f"in:{name}": value for name, value in probe.feeds.items()}
        np.savez(arrays, **ins, **{f"out:{name}": value for name, value in probe.wanted.items()})  # type: ignore[arg-type]
        inputs = arrays
    # Only TensorRT needs sizes for what is open; for the others the model stands as it is.
    shapes = {name: value.shape for name, value in probe.feeds.items()} if target == "tensorrt" else None
    values = {n: v.tolist() for n, v in probe.feeds.items() if v.dtype.kind in "iu"} if shapes is not None else None
    told: dict[str, Any] = {"shapes": shapes, "values": values, "inputs": inputs, "deadline": DEADLINE}
    if target != "tflite":
        return judged(probe, session.ask(model, **told))
    # onnx2tf simplifies first, which takes longer than all the rest and changes nothing where nothing can be folded or dropped.
    alone = judged(probe, session.ask(model, options={"onnxsim": False}, **told))
    folds = bool(probe.facets.get("foldable")) or not FOLDING.isdisjoint(probe.facets.values())
    if alone.verdict in ("works", "wrong") or not (folds or idle(probe)):
        return alone
    helped = judged(probe, session.ask(model, options={"onnxsim": True}, **told))
    if helped.verdict in ("works", "wrong") and alone.verdict == "rejected":
        return replace(helped, stage=alone.stage, said=alone.said, aided=True)
    return helped


def idle(probe: Probe) -> bool:
    """Whether a node does nothing, so that simplifiers drop it: exporters leave joins of a single tensor behind."""
    return probe.op == "Concat" and probe.facets.get("inputs") == 1


def judged(probe: Probe, verdict: Verdict) -> Evidence:
    """The verdict as evidence about the probe."""
    word = "works" if verdict.accepted else "rejected"
    unread = any(words in verdict.message for words in UNREADABLE)
    if verdict.accepted and verdict.numerics in ("differ", "error") and not unread:
        word = "wrong"
    if word == "rejected" and probe.op != "@model" and _beside(probe, verdict):
        word = "elsewhere"
    said = steady(verdict.message)
    if word == "wrong" and EDGE in probe.varied:
        said = FOR + probe.label.partition(";")[0]
    error = verdict.error if word == "wrong" and verdict.error is not None else None
    if error is not None and not np.isfinite(error):
        error = None
    return Evidence(
        probe.op, probe.digest, probe.label, probe.varied, probe.facets, word, verdict.stage, said,
        None if error is None else float(f"{error:.3g}"),
    )  # fmt: skip


def _beside(probe: Probe, verdict: Verdict) -> bool:
    """Whether a compiler blames an input, or nodes that only supply operands, and not the probe's node."""
    graph = probe.model.graph
    beside = [node for node in graph.node if node.name.startswith(BESIDE)]
    others = {node.name for node in beside} | {i.name for i in graph.input}
    others |= {node.op_type for node in beside} - {probe.op.rpartition(".")[2]}
    if any(words in verdict.message for words in OF_INPUTS):
        return True
    if verdict.nodes:
        return set(verdict.nodes) <= others
    if NODE in verdict.message:
        return False
    return BESIDE in verdict.message or not others.isdisjoint(QUOTED.findall(verdict.message))


def steady(words: str) -> str:
    """A compiler's words, shortened, without addresses, hashes and temporary paths."""
    for pattern, instead in VOLATILE:
        words = pattern.sub(instead, words)
    words = " ".join(words.split())
    return words if len(words) <= WORDS else words[: WORDS - 1] + "…"

"""Measuring probes: ask a compiler about each, and keep its verdicts as lines of evidence."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import onnx

from graphfix.analysis.facets.node import Facets
from graphfix.analysis.values import Facet
from graphfix.backends.base import backend
from graphfix.backends.session import Session
from graphfix.backends.verdict import Verdict
from graphfix.ir.schemas import composed
from graphfix.ir.traversal import graphs
from graphfix.probe.build import Probe
from graphfix.probe.expect import second_opinion
from graphfix.probe.form import CONTEXT, NUMBERS_ONLY, SIMPLIFIED
from graphfix.probe.graph_builder import SUPPORT_PREFIX
from graphfix.probe.subject import NODE
from graphfix.tables.compiler_words import compiler_words
from graphfix.tables.evidence import AT_READ, DELEGATE, PARTLY
from graphfix.tables.versions import WHOLE

MAX_MESSAGE = 200
"""Characters kept of a compiler's message."""
VOLATILE = (
    (re.compile(r"0x[0-9a-fA-F]{4,}"), "0x…"),
    (re.compile(r"/(?:tmp|var|home|root|work|build|home/\w+)/[^\s'\":,)]*/"), ""),
    (re.compile(r"\b[0-9a-f]{16,}\b"), "…"),
)
QUOTED = re.compile(r"['\"`]([^'\"`]+)['\"`]")
FOLDING: frozenset[Facet] = frozenset({"folded", "fixed-shape", "shape", "cast-shape"})
NPZ_DTYPES = {"bool", *(f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64))} - {"float8"}
"""Dtypes that an .npz file can hold."""
DEADLINE = 60.0
NUMBERS_PREFIX = "for "
"""The start of a message that names input numbers with wrong results."""
INPUT_MESSAGES = ("'<input>'", "(input None)", "Having zero graph inputs", "NULL SignatureDef inputs")
"""How a converter names a model's inputs when it rejects their dtype or rank, or that there are none left."""
MISSING_LAYER = re.compile(r"\blayer ([A-Z]\w*?)(?:_\d+)? not exists")
"""How ncnn names an operator that its converter left as it was, for which it has no layer."""
PARSED = re.compile(r"([A-Z]\w*): Assertion failed")
"""How a message of TensorRT's parser begins: with the operator that it could not read."""
LOWERING = "no Core ML lowering"
"""How the converter to Core ML begins the list of the operators that it lacks."""
LACKED = re.compile(r"([\w.:]+) \(\d+ node")
"""An operator in this list."""
OWN_ERRORS = re.compile(r"(Key|Index|Value|Type|Attribute|NotImplemented)Error:|StopIteration:")
"""Errors of an adapter or of a comparison, which say nothing about the compiler: runtimes raise RuntimeError or their own."""
NO_EVIDENCE = re.compile(r"no answer within|more than \S+ GiB of memory")
"""Failures of a run that depend on the machine."""
RUNS = ("works", "wrong", "fails")
"""The verdicts on accepted probes."""
FILL = "(FILL) failed"
"""How LiteRT names the operator that ConstantOfShape becomes."""
USUAL_RANK = 5
"""The highest rank of inputs and outputs that every compiler takes: a node cut out of a model makes some of what was none."""
UNREADABLE_OUTPUT = ("Unsupported DatumType in the public API",)
"""Messages about an output that cannot be read, such as a symbolic size: evidence about the model, not about the node."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The verdict of one compiler on one probe.

    `verdict` is `works`, `rejected` (at `stage`), `wrong` (its outputs differ, by `error` at most), `fails` (compiled, but
    running it failed), or `elsewhere`: rejected because of another node or an input, not the probe's node. `said` is the
    message without what changes from run to run, or how wrong outputs differ where no number does. `aided` means that the
    probe was accepted only after an optional simplifier had folded constants; `said` and `stage` are then those of the
    rejection without it.
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
        """Return one line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"), default=str)


def read_evidence(path: Path) -> list[Evidence]:
    """Return the evidence in a file of JSON lines; none when there is no file."""
    if not path.exists():
        return []
    rows = (json.loads(line) for line in path.read_text().splitlines() if line)
    return [Evidence(**{**row, "varied": tuple(row["varied"])}) for row in rows]


def measure(
    probes: Iterable[Probe], session: Session, target: str, path: Path, report: Callable[[Evidence], None] | None = None
) -> list[Evidence]:
    """Ask about every probe that is not in the evidence file and append the answers; returns the evidence of all probes."""
    known = {(row.op, row.digest): row for row in read_evidence(path)}
    found = []
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="graphfix-probe-") as folder, path.open("a") as sink:
        for probe in probes:
            row = known.get((probe.op, probe.digest))
            if row is None:
                row = ask_probe(probe, session, target, Path(folder))
                sink.write(row.line() + "\n")
                sink.flush()
                if report is not None:
                    report(row)
            found.append(replace(row, label=probe.label, varied=probe.varied, facets=probe.facets))
    return found


def ask_probe(probe: Probe, session: Session, target: str, folder: Path) -> Evidence:
    """Ask the compiler about one probe, and compare outputs where they are expected; returns the evidence.

    Outputs that differ are compared with those of the second evaluator too.
    """
    found = _ask(probe, session, target, folder)
    if found.verdict == "wrong" and NUMBERS_ONLY not in probe.varied:
        other = second_opinion(probe.model, probe.feeds, probe.wanted or {})
        if other is not None and (again := _ask(replace(probe, wanted=other), session, target, folder)).verdict == "works":
            return again
    return found


def _ask(probe: Probe, session: Session, target: str, folder: Path) -> Evidence:
    """Ask the compiler about one probe, and compare outputs with those that the probe expects; returns the evidence."""
    simplifies = backend(target).simplifies
    if simplifies and (SIMPLIFIED in probe.varied or (probe.op == "Reshape" and probe.facets.get("clashes"))):
        # The simplifier makes a constant of a target with one unknown size, which tells sizes and which the runtime checks.
        return evidence_of(probe, ask_model(probe, session, target, folder, simplify=True))
    alone = evidence_of(probe, ask_model(probe, session, target, folder, simplify=False))
    # A simplifier takes longer than the conversion and changes nothing where nothing can be folded.
    folds = bool(probe.facets.get("foldable")) or not FOLDING.isdisjoint(probe.facets.values())
    if not simplifies or alone.verdict in RUNS or not (folds or is_no_op(probe)):
        return alone
    simplified = evidence_of(probe, ask_model(probe, session, target, folder, simplify=True))
    if simplified.verdict in RUNS and alone.verdict == "rejected":
        said = simplified.said if simplified.verdict == "fails" else alone.said
        return replace(simplified, stage=alone.stage, said=said, aided=True)
    return simplified


def ask_model(
    probe: Probe, session: Session, target: str, folder: Path, *, simplify: bool, deadline: float = DEADLINE
) -> Verdict:
    """Return the compiler's verdict on a probe's model; with `simplify` its optional simplifier runs first."""
    model = folder / "probe.onnx"
    onnx.save(probe.model, model)
    inputs = _save_arrays(probe, folder / "probe.npz")
    compiler = backend(target)
    shapes = {name: value.shape for name, value in probe.feeds.items()} if compiler.needs_sizes else None
    values = {n: v.tolist() for n, v in probe.feeds.items() if v.dtype.kind in "iu"} if shapes is not None else None
    options = {"onnxsim": simplify} if compiler.simplifies else {}
    if compiler.delegates and probe.op != WHOLE:
        options["wholly"] = True
    return session.ask(model, shapes=shapes, values=values, inputs=inputs, deadline=deadline, options=options)


def _save_arrays(probe: Probe, path: Path) -> Path | None:
    """Save the inputs and expected outputs; None where there are none, or an .npz cannot hold their dtypes."""
    wanted = probe.wanted or {}
    if not wanted or any(array.dtype.name not in NPZ_DTYPES for array in (*probe.feeds.values(), *wanted.values())):
        return None
    inputs = {f"in:{name}": value for name, value in probe.feeds.items()}
    np.savez(path, **inputs, **{f"out:{name}": value for name, value in wanted.items()})  # type: ignore[arg-type]
    return path


def is_no_op(probe: Probe) -> bool:
    """Whether the node has no effect, so that simplifiers remove it: exporters write Concat nodes with a single input."""
    return probe.op == "Concat" and probe.facets.get("inputs") == 1


def evidence_of(probe: Probe, verdict: Verdict) -> Evidence:
    """Return the verdict as evidence about the probe."""
    if probe.op == WHOLE and verdict.stage == DELEGATE:
        verdict = replace(verdict, accepted=True, stage="ok", message="")  # the tables of the operators tell what runs on the CPU
    if verdict.stage == PARTLY and not _is_put_in_parts(probe, verdict):
        verdict = replace(verdict, stage="delegate")  # what it takes are nodes that make operands
    word = "works" if verdict.accepted else "rejected"
    if verdict.accepted and verdict.numerics == "differ":
        word = "wrong"
    unreadable = probe.op == WHOLE and any(words in verdict.message for words in UNREADABLE_OUTPUT)
    if verdict.accepted and verdict.numerics == "error" and (unreadable or _run_failed(verdict.message)):
        word = "fails"
    failed = word in ("rejected", "fails") and _operand_failed(probe, verdict)
    if probe.op != WHOLE and (failed or (word == "rejected" and _blames_surroundings(probe, verdict))):
        word = "elsewhere"
    if word != "works" and CONTEXT in probe.varied and not (word == "rejected" and _is_about_node(probe, verdict)):
        word = "elsewhere"
    said = verdict.differs if word == "wrong" else stable_message(verdict.message)
    if word in ("wrong", "fails") and NUMBERS_ONLY in probe.varied:
        said = NUMBERS_PREFIX + probe.label.partition(";")[0]
    error = verdict.error if word == "wrong" and verdict.error is not None else None
    if error is not None and not np.isfinite(error):
        error = None
    return Evidence(
        probe.op, probe.digest, probe.label, probe.varied, probe.facets, word, AT_READ if unreadable else verdict.stage, said,
        None if error is None else float(f"{error:.3g}"),
    )  # fmt: skip


def _is_put_in_parts(probe: Probe, verdict: Verdict) -> bool:
    """Whether a message names no node of the operator, in whose place a runtime put ONNX's definition."""
    return composed(probe.op) and probe.op not in verdict.message


def _run_failed(message: str) -> bool:
    """Whether a message about a run says that the runtime failed, rather than what prepares it or reads its outputs."""
    unreadable = any(words in message for words in UNREADABLE_OUTPUT)
    return not (unreadable or OWN_ERRORS.match(message) or NO_EVIDENCE.match(message))


def _operand_failed(probe: Probe, verdict: Verdict) -> bool:
    """Whether a runtime failed in the node that fills an operand of the probe's node."""
    fillers = [node for node in probe.model.graph.node if node.op_type == "ConstantOfShape"]
    return FILL in verdict.message and any(node.name.startswith(SUPPORT_PREFIX) for node in fillers)


def _blames_surroundings(probe: Probe, verdict: Verdict) -> bool:
    """Whether a message names a model input, or nodes that only produce operands, and not the probe's node."""
    graph = probe.model.graph
    supporting = [node for inner in graphs(graph) for node in inner.node if node.name.startswith(SUPPORT_PREFIX)]
    others = {name for node in supporting for name in (node.name, *node.output)} | {i.name for i in graph.input}
    others |= {node.op_type for node in supporting} - {probe.op.rpartition(".")[2]}
    if any(words in verdict.message for words in INPUT_MESSAGES) or _lacks_another(probe, verdict.message):
        return True
    if verdict.nodes:
        return set(verdict.nodes) <= others
    if NODE in verdict.message:
        return False
    return SUPPORT_PREFIX in verdict.message or not others.isdisjoint(QUOTED.findall(verdict.message))


def _lacks_another(probe: Probe, message: str) -> bool:
    """Whether a runtime lacks only operators that other nodes of a probe have, and not its node.

    Not so of a constant, which is left over where its reader could not be converted.
    """
    missing = set(MISSING_LAYER.findall(message)) - {"Constant"}
    if LOWERING in message:
        missing = {name.rpartition(":")[2] for name in LACKED.findall(message)}
    if parsed := PARSED.match(message):
        missing = {parsed[1]}
    others = {node.op_type for inner in graphs(probe.model.graph) for node in inner.node if node.name != NODE}
    return bool(missing) and missing <= others - {probe.op.rpartition(".")[2]}


def _is_about_node(probe: Probe, verdict: Verdict) -> bool:
    """Whether what went wrong is surely about the probe's node: the message names it or its operator, or there is no other."""
    op = probe.op.rpartition(".")[2]
    others = {node.op_type for node in probe.model.graph.node if node.name != NODE}
    named = {word for word in (op, *others) if re.search(rf"\b{word}\b", verdict.message)} | set(verdict.nodes)
    ends = (*probe.model.graph.input, *probe.model.graph.output)
    lone = others <= {"Constant"} and all(len(end.type.tensor_type.shape.dim) <= USUAL_RANK for end in ends)
    return lone or NODE in verdict.message or NODE in verdict.nodes or (named == {op} and op not in others)


def stable_message(words: str) -> str:
    """Return a compiler's message without addresses, hashes and temporary paths; of a long one the decisive words."""
    for pattern, instead in VOLATILE:
        words = pattern.sub(instead, words)
    words = " ".join(words.split())
    words = words if len(words) <= MAX_MESSAGE else compiler_words(words)
    return words if len(words) <= MAX_MESSAGE else words[: MAX_MESSAGE - 1] + "…"

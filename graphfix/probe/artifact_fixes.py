"""Which rewrites make a form writable that a compiler cannot write, measured on the probes of its condition."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx

from graphfix.analysis.facets.node import Facets
from graphfix.analysis.facts import Facts
from graphfix.analysis.surroundings import BEFORE, BEHIND, OTHER, surroundings
from graphfix.backends.base import backend
from graphfix.backends.session import Session
from graphfix.probe.build import probes
from graphfix.probe.choice import for_target
from graphfix.probe.fix_contexts import in_context
from graphfix.probe.fused_activations import fused_probes
from graphfix.probe.measure import DEADLINE, stable_message
from graphfix.probe.refusal import Fault
from graphfix.probe.subject import NODE
from graphfix.probe.survey import selected_probes
from graphfix.probe.write import text, write_atomically
from graphfix.rewriting.interface_rewrite import InterfaceRewrite
from graphfix.rewriting.registry import in_preference_order, registry
from graphfix.rewriting.rewrite import Rewrite, Safety
from graphfix.tables.artifact import FOLDER, FUSED
from graphfix.tables.conditions import Condition, holds
from graphfix.verify.reference import Reference, Tolerance

MOST_PROBES = 6
"""Probes of one condition on which the rewrites are tried."""
CAUSE = re.compile(r"\s\d+: ")
"""What stands before each cause in a message that lists a chain of them; the last one says what failed."""
MOST_FOR_CHAINS = 3
"""Probes of one condition on which chains of two rewrites are tried."""
MOST_NAMED = 3
"""Chains that are kept for one condition."""


def measure_fixes(
    target: str, folder: Path, unwritten: Mapping[str, Mapping[str, Facets]], session: Session, report: Callable[[str], None]
) -> None:
    """Add to each condition in the tables of artifacts the rewrites that made its probes writable, and how many.

    `unwritten` are the facets of the probes that cannot be written, by operator and digest.
    """
    for name, rows in sorted(unwritten.items()):
        path = folder / FOLDER / f"{name}.json"
        data = json.loads(path.read_text())
        faults: list[Fault] = []
        for rule in data["rejects"]:
            digests = [digest for digest, facets in sorted(rows.items()) if holds(rule["when"], facets)][:MOST_PROBES]
            alone = selected_probes(target, name, [(name, digest) for digest in digests], faults)
            rule["fixed_by"] = fixes_of([probe.model for probe in alone], target, session)
            if beside := _fixes_beside(name, rule["when"], target, session):
                rule["beside"] = beside
            if rule["fixed_by"] or beside:
                report(f"{name} ({rule['id']}): {json.dumps([*rule['fixed_by'], *beside])}")
        write_atomically(path, text(data).encode())


def _fixes_beside(name: str, when: Condition, target: str, session: Session) -> list[dict[str, Any]]:
    """Return the chains that made nodes of a condition writable that stand beside the operator that usually comes with them."""
    groups: dict[tuple[str, str], list[onnx.ModelProto]] = {}
    for probe in for_target(target, probes(in_context(name)).probes):
        if holds(when, probe.facets):
            facts = Facts.of(probe.model)
            around = surroundings(next(node for node in facts.nodes if node.proto.name == NODE), facts)
            side = BEFORE if around[BEFORE] != OTHER else BEHIND
            groups.setdefault((side, around[side]), []).append(probe.model)
    found = []
    for (side, op), models in groups.items():
        refused = [model for model in models[:MOST_PROBES] if op != OTHER and _write_error(model, target, session)]
        if chains := fixes_of(refused, target, session):
            found.append({"side": side, "op": op, "fixed_by": chains})
    return found


def measure_fused(target: str, folder: Path, compiler: str, on: str, session: Session) -> None:
    """Write the table of the decomposed activations that the compiler fuses into an operator that it cannot write."""
    rows: dict[tuple[str, str], list[tuple[onnx.ModelProto, str]]] = {}
    for probe in fused_probes():
        said = _write_error(probe.model, target, session)
        if said is not None:
            rows.setdefault((probe.activation, probe.dtype), []).append((probe.model, said))
    fused = []
    for (activation, dtype), answers in rows.items():
        refused = [(model, said) for model, said in answers if said]
        row: dict[str, Any] = {"activation": activation, "dtype": dtype, "probes": {"for": len(refused)}}
        row["probes"]["against"] = len(answers) - len(refused)
        if refused:
            row |= {"said": refused[0][1], "fixed_by": fixes_of([model for model, _ in refused], target, session)}
        fused.append(row)
    data = {"measured": {"compiler": compiler, "on": on, "probes": sum(map(len, rows.values()))}, "fused": fused}
    write_atomically(folder / FOLDER / FUSED, text(data).encode())


def fixes_of(models: Sequence[onnx.ModelProto], target: str, session: Session) -> list[dict[str, Any]]:
    """Return the chains of rewrites that made models writable and compute the same, those that made most of them first.

    Chains of two are tried on the first models where no rewrite alone fixes one.
    """
    return _chains(models, target, session, 1) or _chains(models[:MOST_FOR_CHAINS], target, session, 2)


def _chains(models: Sequence[onnx.ModelProto], target: str, session: Session, length: int) -> list[dict[str, Any]]:
    """Return the chains of this length that fixed any of the models, as tables store them."""
    fixed: dict[tuple[Rewrite, ...], int] = {}
    for model in models:
        reference = Reference(model)
        for chain, result in _rewritten((), model, length):
            if _write_error(result, target, session) == "" and reference.check(result, _tolerance(chain)).passed:
                fixed[chain] = fixed.get(chain, 0) + 1
    order = [rewrite.name for rewrite in in_preference_order(registry().values())]
    ranked = sorted(fixed, key=lambda chain: (-fixed[chain], _safety(chain).rank, [order.index(one.name) for one in chain]))
    return [
        {"rewrites": [one.name for one in chain], "safety": _safety(chain).value, "fixed": fixed[chain], "of": len(models)}
        for chain in ranked[:MOST_NAMED]
    ]


def _safety(chain: Sequence[Rewrite]) -> Safety:
    return max((rewrite.safety for rewrite in chain), key=lambda safety: safety.rank)


def _rewritten(
    done: tuple[Rewrite, ...], model: onnx.ModelProto, length: int
) -> Iterator[tuple[tuple[Rewrite, ...], onnx.ModelProto]]:
    """Yield every chain of so many rewrites of which each changes the model, with the result.

    Rewrites of the interface need parameters, and last resorts are other tools; both are left out.
    """
    for rewrite in registry().values():
        if rewrite in done or isinstance(rewrite, InterfaceRewrite) or rewrite.safety is Safety.INTERFACE or rewrite.last_resort:
            continue
        try:
            outcome = rewrite.apply(model)
        except Exception:  # a third-party library may raise anything; such a rewrite fixes nothing
            continue
        if outcome.model is None or outcome.model.graph == model.graph:
            continue
        if length == 1:
            yield (*done, rewrite), outcome.model
        else:
            yield from _rewritten((*done, rewrite), outcome.model, length - 1)


def _tolerance(chain: Sequence[Rewrite]) -> Tolerance:
    """Return the tolerance of a chain: the loosest of its rewrites."""
    found = Tolerance()
    for rewrite in chain:
        own = Tolerance(rewrite.rtol, rewrite.atol) if rewrite.safety is Safety.APPROXIMATE else Tolerance(ulps=rewrite.ulps)
        found = found.loosened(own)
    return found


def _write_error(model: onnx.ModelProto, target: str, session: Session) -> str | None:
    """Return what the compiler says when it cannot write a model, empty where it wrote it; None where it rejects the model."""
    with tempfile.TemporaryDirectory(prefix="graphfix-artifact-") as scratch:
        path, output = Path(scratch, "probe.onnx"), Path(scratch, f"out{backend(target).artifact}")
        onnx.save(model, path)
        verdict = session.ask(path, output=output, deadline=DEADLINE)
        if not verdict.accepted:
            return None
        return "" if output.exists() else last_cause(verdict.message) or "no file was written"


def last_cause(message: str) -> str:
    """Return the innermost of the causes that a message lists, shortened."""
    return stable_message(CAUSE.split(message)[-1])

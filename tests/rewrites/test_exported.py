"""Models as exporters write them: each rewrite fires on one, and the compiler that refused it takes the result.

A case is `fixtures/exported/<name>.onnx` with `<name>.toml` beside it:

    rewrite = "the-rewrite"          what must be applied
    target = "tract"                 who refuses the model and takes the result; or, where no compiler is asked,
    serves = "tract/Op/the-rule"     the rule in a table that the rewrite answers
    [options]                        shapes, values and allow as `graphfix.fix` takes them, each optional
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import graphfix
from graphfix.api import Fixed
from graphfix.backends import toolchain
from graphfix.backends.base import backend
from graphfix.backends.compile.case import Case
from graphfix.backends.compile.confirm import prepare
from graphfix.backends.connect import open_target
from graphfix.backends.session import Session
from graphfix.ir.io import save_model
from graphfix.linter.diagnostics import Severity
from graphfix.rewriting.registry import registry
from graphfix.rewriting.rewrite import Safety
from graphfix.tables.table import Table
from graphfix.verify.reference import Reference, Tolerance

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "exported"


@dataclass(frozen=True, slots=True)
class Exported:
    """One case: the model file, the rewrite it is about, and who refuses it."""

    path: Path
    rewrite: str
    target: str
    serves: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Exported:
        """The case that a TOML file describes; a key that nothing reads is an error."""
        found = tomllib.loads(path.read_text())
        given = {key: found.pop(key, default) for key, default in (("serves", ""), ("target", ""), ("options", {}))}
        rewrite = found.pop("rewrite")
        assert not found, f"{path.name}: unknown keys {', '.join(found)}"
        assert bool(given["serves"]) != bool(given["target"]), f"{path.name}: needs either `target` or `serves`"
        assert set(given["options"]) <= {"shapes", "values", "allow"}, f"{path.name}: unknown options"
        target = given["target"] or given["serves"].partition("/")[0]
        return cls(path.with_suffix(".onnx"), rewrite, target, given["serves"], given["options"])


READ = [Exported.read(path) for path in sorted(FOLDER.glob("*.toml"))]
CASES = [pytest.param(case, id=case.path.stem) for case in READ]
MODULES = sorted((FOLDER / "modules").glob("*.onnx"))
TARGETS = ("coreml", "openvino", "tensorrt", "tflite", "tract")
ASKED = [pytest.param(case, id=case.path.stem) for case in READ if not case.serves]
SERVING = [pytest.param(case, id=case.path.stem) for case in READ if case.serves]


@pytest.fixture(scope="module")
def fixed() -> Callable[[Exported], Fixed]:
    """A function that fixes a case, once for all tests about it."""
    made: dict[Path, Fixed] = {}

    def fixed(case: Exported) -> Fixed:
        if case.path not in made:
            made[case.path] = graphfix.fix(case.path, case.target, **case.options)
        return made[case.path]

    return fixed


@pytest.fixture(scope="module")
def opened() -> Iterator[Callable[[str], Session]]:
    """A function that gives a warm session with a target's compiler, or skips."""
    sessions: dict[str, Session] = {}

    def opened(target: str) -> Session:
        name, _, version = target.partition("@")
        if toolchain.find(name, version or None) is None:
            pytest.skip(f"{target} is not installed: {backend(name).install}")
        if target not in sessions:
            sessions[target] = open_target(target)
        return sessions[target]

    yield opened
    for session in sessions.values():
        session.close()


def test_every_exported_model_has_its_description() -> None:
    described = {path.stem for path in FOLDER.glob("*.toml")}
    assert {path.stem for path in FOLDER.glob("*.onnx")} == described


@pytest.mark.parametrize("case", CASES)
def test_the_rewrite_is_applied_and_the_numbers_stay(case: Exported, fixed: Callable[[Exported], Fixed]) -> None:
    result = fixed(case)
    applied = {change.rewrite for change in result.changes if change.applied}
    said = [f"{c.rewrite} at {c.node}: {c.declined}" for c in result.changes if not c.applied]
    assert case.rewrite in applied, said
    own = [registry()[name] for name in applied]
    loose = [rewrite for rewrite in own if rewrite.safety is Safety.APPROXIMATE]
    tolerance = Tolerance(
        max((rewrite.rtol for rewrite in loose), default=0.0),
        max((rewrite.atol for rewrite in loose), default=0.0),
        max(rewrite.ulps for rewrite in own),
    )
    shapes, values = case.options.get("shapes", {}), case.options.get("values", {})
    found = Reference(onnx.load(case.path), shapes, values).check(result.model, tolerance)
    assert found.inputs, found.reason
    assert found.passed, found.reason
    assert np.isfinite(found.max_abs_error)


@pytest.mark.parametrize("case", SERVING)
def test_the_rule_that_a_rewrite_serves_is_in_the_table_and_rejects(case: Exported) -> None:
    target, op, rule = case.serves.split("/")
    entry = Table.open(target).entry(op)
    assert entry is not None, f"{target} has no table of {op}"
    assert rule in {evidence.id for evidence in entry.rejects}, [evidence.id for evidence in entry.rejects]


@pytest.mark.compiler
@pytest.mark.parametrize("case", ASKED)
def test_the_compiler_refuses_the_model_and_takes_the_result(
    case: Exported, fixed: Callable[[Exported], Fixed], opened: Callable[[str], Session], tmp_path: Path
) -> None:
    session, target = opened(case.target), backend(case.target.partition("@")[0])
    shapes, values = case.options.get("shapes", {}), case.options.get("values", {})
    with prepare(Case(case.path, shapes, values)) as ready:
        before = ready.ask(session, target)
    assert not before.accepted, "the compiler accepts the model as it is"
    result = tmp_path / "fixed.onnx"
    save_model(fixed(case).model, result)
    with prepare(Case(result)) as ready:
        after = ready.ask(session, target, inputs=ready.feed)
    assert after.accepted, f"{after.stage}: {after.message}"
    assert after.numerics != "differ", after.error


@pytest.fixture(scope="module")
def settled() -> Callable[[Path, str], Fixed]:
    """A function that fixes a module for one target, once for all tests about it."""
    made: dict[tuple[Path, str], Fixed] = {}

    def settled(path: Path, target: str) -> Fixed:
        if (path, target) not in made:
            made[path, target] = graphfix.fix(path, target)
        return made[path, target]

    return settled


def test_every_module_is_there_by_both_exporters_but_where_one_cannot_write_it() -> None:
    names = {path.stem.rpartition("_")[0] for path in MODULES}
    assert names == {"packed_bidirectional", "hard_cell", "adaptive_14", "adaptive_13", "mean_by_size", "mobile"}
    wanted = {f"{name}_{exporter}" for name in names for exporter in ("script", "dynamo")}
    assert wanted - {path.stem for path in MODULES} == {"adaptive_13_script", "packed_bidirectional_dynamo"}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_accepted_after_fix_or_every_finding_is_explained(
    path: Path, target: str, settled: Callable[[Path, str], Fixed]
) -> None:
    result = settled(path, target)
    left = [f for f in result.report.findings if f.severity is not Severity.NOTE]
    told = {(why.code, why.op) for why in result.why}
    assert {(finding.code, finding.op) for finding in left} <= told
    for why in result.why:
        assert len(why.advice.split()) > 4, why
        assert all(reason for _, reason in why.declined), why
    if any(change.applied for change in result.changes):
        found = Reference(onnx.load(path)).check(result.model, Tolerance(ulps=64))
        assert found.passed, found.reason


@pytest.mark.compiler
@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_compiler_takes_a_module_that_fix_made_acceptable(
    path: Path, target: str, settled: Callable[[Path, str], Fixed], opened: Callable[[str], Session], tmp_path: Path
) -> None:
    result, session = settled(path, target), opened(target)
    if result.report.verdict != "accepted":
        pytest.skip(f"{target} does not take it, as `--why` tells")
    fixed = tmp_path / "fixed.onnx"
    save_model(result.model, fixed)
    with prepare(Case(fixed)) as ready:
        after = ready.ask(session, backend(target), inputs=ready.feed)
    assert after.accepted, f"{after.stage}: {after.message}"
    assert after.numerics != "differ", after.error

"""Whole roads from a framework's program to an engine's artifact, and what became of the model at each station."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import onnx
from marks import PROGRAMS

import graphfix
from graphfix.backends.base import backend
from graphfix.backends.session import Session
from graphfix.bind import parse_shape
from graphfix.compiling import compile_case, gpu_options
from graphfix.confirm import Case
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.lower import lower_source
from graphfix.lowering.lowered import Attempt, Lowered
from graphfix.lowering.source import recognised

TARGETS = ("coreml", "openvino", "tensorrt", "tflite", "tract")
EXPORTERS = ("dynamo", "trace", "script")
ALL = ("approximate", "interface")


class Lower(Protocol):
    """A program's name, and `free` where its dims may be; the attempts of all three exporters."""

    def __call__(self, name: str, dims: str = "fixed") -> Lowered: ...


@dataclass(frozen=True, slots=True)
class Trip:
    """The verdicts before and after fix, which rewrites it took (exact, all), and what the compiler said.

    `numerics` is None where the compiler's artifact cannot run here; `before`, `after` are accepted, rejected or
    undecided.
    """

    before: str
    after: str
    took: str
    verified: bool
    compiled: bool
    numerics: str | None
    message: str

    @property
    def end(self) -> str:
        """Where the road ends: `compiled` with the verdict `accepted` before and nothing wrong after, or what else."""
        if not self.verified:
            return "fix broke it"
        if not self.compiled:
            return f"{self.after}, refused"
        wrong = "" if self.numerics in (None, "match") else f", numerics: {self.numerics}"
        return "compiled" if self.after == "accepted" and not wrong else f"{self.after}, compiled{wrong}"


def told(name: str) -> Mapping[str, Any]:
    """The constants that a program states, read without importing it."""
    tree = ast.parse((PROGRAMS / f"{name}.py").read_text("utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node.value
    return {key: ast.literal_eval(found[key]) for key in ("EXPORTERS", "SHAPES")}


def lower_program(name: str, dims: str, folder: Path) -> Lowered:
    """Every exporter's attempt at a program; its models stay in the folder."""
    source = recognised(f"{PROGRAMS / name}.py:make")
    assert source is not None
    shapes: dict[str, Sequence[int | str]] = {}
    if dims == "free":
        shapes = {str(key): sizes for key, sizes in map(parse_shape, told(name)["SHAPES"])}
    return lower_source(source, Instructions(shapes=shapes), folder, every=True)


def by(lowered: Lowered, exporter: str) -> Attempt:
    """The attempt of one exporter."""
    return next(attempt for attempt in lowered.attempts if attempt.exporter == exporter)


def journey(model: Path, target: str, compiler: Session, folder: Path, shapes: Mapping[str, Sequence[int]] | None = None) -> Trip:
    """Lint, fix by exact rewrites and if these do not do by all, lint, compile, and compare what comes out.

    `shapes` are the dims to freeze for a target that takes none that are free.
    """
    before = graphfix.lint(model, [target]).verdict
    fixed, done = graphfix.fix(model, target), "exact"
    if fixed.report.verdict != "accepted":
        fixed, done = graphfix.fix(model, target, allow=ALL), "all"
    if fixed.report.verdict != "accepted" and shapes is not None:
        fixed, done = graphfix.fix(model, target, allow=ALL, shapes=shapes), "all, dims fixed"
    path = folder / "fixed.onnx"
    onnx.save(fixed.model, path)
    options = gpu_options(None, backend(target))
    verdict = compile_case(Case(path), target, compiler, output=None, options=options).verdict
    passed = fixed.verification.passed
    return Trip(before, fixed.report.verdict, done, passed, verdict.accepted, verdict.numerics, verdict.message)

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
from graphfix.backends.compile.case import Case
from graphfix.backends.compile.compile import compile_case
from graphfix.backends.gpu_options import gpu_options
from graphfix.backends.session import Session
from graphfix.ir.bind_inputs import parse_shape
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.lower import lower_source
from graphfix.lowering.lowered import Attempt, Lowered
from graphfix.lowering.source import recognise_source

TARGETS = ("coreml", "openvino", "tensorrt", "tflite", "tract")
EXPORTERS = ("dynamo", "trace", "script")
ALL = ("approximate", "interface")


class Lower(Protocol):
    """A program's name, and `free` where its dims may be; the attempts of all three exporters."""

    def __call__(self, name: str, dims: str = "fixed") -> Lowered: ...


@dataclass(frozen=True, slots=True)
class Trip:
    """The verdicts before and after fix, which rewrites that took, if any, and what the compiler said.

    `numerics` is None where the compiler's artifact cannot run here, `error` how far it is off as a share of an output's
    scale; `before`, `after` are accepted, rejected or undecided.
    """

    before: str
    after: str
    took: str
    verified: bool
    compiled: bool
    numerics: str | None
    message: str
    error: float | None = None

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
    """Every exporter's attempt at a program; its models stay in the folder.

    With the dims of its SHAPES `free` it is dynamo's alone, but for programs that say of an exporter that it differs.
    """
    source, said = recognise_source(f"{PROGRAMS / name}.py:make"), told(name)
    assert source is not None
    if dims == "fixed":
        return lower_source(source, Instructions(), folder, every=True)
    shapes = {str(key): sizes for key, sizes in map(parse_shape, said["SHAPES"])}
    exporter = "auto" if "differs" in said["EXPORTERS"].values() else "dynamo"
    return lower_source(source, Instructions(shapes=shapes, exporter=exporter), folder, every=True)


def by(lowered: Lowered, exporter: str) -> Attempt:
    """The attempt of one exporter."""
    return next(attempt for attempt in lowered.attempts if attempt.exporter == exporter)


def journey(model: Path, target: str, compiler: Session, folder: Path) -> Trip:
    """Lint; what is rejected or computes something else is fixed, by exact rewrites, else by all; compile, compare.

    Free dims stay as they are unless the target accepts the model only with dims that are fixed.
    """
    report = graphfix.lint(model, [target])
    before, path, took, passed = report.verdict, model, "nothing", True
    tries: list[tuple[str, tuple[str, ...], Mapping[str, Sequence[int]]]] = [("exact", (), {}), ("all", ALL, {})]
    if shapes := sizes(model):
        tries.append(("all, dims fixed", ALL, shapes))
    for took_now, allow, dims in tries:
        if report.verdict == "accepted" and all(finding.code != "GF301" for finding in report.findings):
            break
        fixed = graphfix.fix(model, target, allow=allow, shapes=dims)
        report, took, passed = fixed.report, took_now, fixed.verification.passed
        path = folder / "fixed.onnx"
        onnx.save(fixed.model, path)
    wanted = backend(target)
    options = gpu_options(wanted.capabilities[-1] if wanted.capabilities else None, wanted)  # one GPU will do
    verdict = compile_case(Case(path), target, compiler, output=None, options=options).verdict
    return Trip(before, report.verdict, took, passed, verdict.accepted, verdict.numerics, verdict.message, verdict.error)


def sizes(model: Path) -> dict[str, list[int]]:
    """A size for every dim of the inputs that have free ones: 2 where it is free."""
    found = {}
    for value in onnx.load(model, load_external_data=False).graph.input:
        dims = value.type.tensor_type.shape.dim
        if any(not dim.HasField("dim_value") for dim in dims):
            found[value.name] = [dim.dim_value or 2 for dim in dims]
    return found

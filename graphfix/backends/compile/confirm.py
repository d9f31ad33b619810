"""Confirm a prediction with the compiler itself: prepare a model, compile it, and compare the artifact's outputs.

onnxruntime runs the model first. Its outputs are the reference for the artifact's outputs, and the sizes at which it runs
the model are those passed to a compiler that needs sizes for dynamic dims.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.backends.compile.case import Case, PreparedCase
from graphfix.backends.compile.findings import compiler_findings
from graphfix.backends.compile.resized_runs import resized_findings, sized_runs
from graphfix.ir.dim_ranges import DimRange, shape_profile, without_ranges
from graphfix.ir.reading import bound, named, read_whole
from graphfix.linter.diagnostics import Result, number_duplicates
from graphfix.rewriting.confirmed_findings import refuted
from graphfix.verify.reference_run import run_reference

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict


@contextlib.contextmanager
def prepare(case: Case) -> Iterator[PreparedCase]:
    """Prepare a case for compilers; its temporary files are removed when the block ends.

    Raises GraphfixError for an unreadable model, an unknown input, and sizes, values or data that do not fit.
    """
    from graphfix.analysis.output_shapes import with_output_shapes
    from graphfix.ir.io import save_model

    original = read_whole(case.path)
    shapes: Any = {name: without_ranges(dims) for name, dims in case.shapes.items()}
    usual: Any = {name: [dim.usual if isinstance(dim, DimRange) else dim for dim in dims] for name, dims in case.shapes.items()}
    fixed = bool(case.values) or any(size is not None for dims in shapes.values() for size in dims)
    model = with_output_shapes(bound(original, shapes, case.values)) if fixed else original
    shape_profile(model, case.shapes, {})  # an invalid range is reported before anything runs
    reference = run_reference(original, named(original, usual), case.values, case.data)
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        file = case.path
        if fixed:
            file = Path(folder, "model.onnx")
            save_model(model, file)
        feed = reference.save(original, Path(folder, "data.npz"), case.values)
        yield PreparedCase(case, model, file, reference, feed)


def confirm(
    result: Result,
    prepared: PreparedCase,
    session: Session,
    backend: Backend,
    *,
    output: Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Verdict:
    """Ask the compiler about a prepared model, and add its verdict and the findings that follow from it to the Result.

    `output` receives the artifact. Where the compiler can run here, the artifact is run on the feed and its outputs are
    compared with onnxruntime's; where dims are dynamic and the artifact can be resized, it is run at two sizes. The
    Result's `compiler` also records the prediction that was made without the compiler. What the table says of wrong numerics
    becomes a note where the outputs agree.
    """
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        runs = sized_runs(prepared, Path(folder)) if backend.resizes else []
        resized = [run.file for run in runs]
        verdict = prepared.ask(session, backend, inputs=prepared.feed, output=output, options=options, resized=resized)
    if verdict.numerics is None and verdict.resized is not None and verdict.resized.result == "works":
        verdict = dataclasses.replace(verdict, numerics="match", error=verdict.resized.error)
    result.compiler = {
        "version": session.version,
        "accepted": verdict.accepted,
        "stage": str(verdict.stage),
        "message": verdict.message,
        "seconds": round(verdict.seconds, 3),
        "predicted": result.verdict,
        "numerics": verdict.numerics,
        "error": verdict.error,
        **({"differs": verdict.differs} if verdict.differs else {}),
    }
    if verdict.accepted and verdict.numerics == "match" and (verdict.resized is None or verdict.resized.result == "works"):
        result.findings = [refuted(finding) for finding in result.findings]
    found = [*compiler_findings(result, prepared, verdict, backend), *resized_findings(result, verdict, runs)]
    result.findings = number_duplicates([*found, *result.findings], result.called)
    return verdict

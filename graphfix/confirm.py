"""The compiler's own word beside ours: compile a model for real, run the artifact where that can be, and compare."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx

from graphfix.check import checks
from graphfix.diagnostic import Finding, Result, Severity
from graphfix.engine import Shapes, Values, bound, named, read_whole

if TYPE_CHECKING:
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict

CLOSE = 1e-3
"""Largest relative error, against onnxruntime's outputs, at which a compiled model counts as the same."""


def confirm(
    result: Result,
    path: str | Path,
    session: Session,
    version: str,
    *,
    shapes: Shapes | None = None,
    values: Values | None = None,
    output: Path | None = None,
    data: Mapping[str, Any] | None = None,
    run: bool = False,
) -> Verdict:
    """Ask the compiler about a model file and put its verdict into the Result.

    `shapes` and `values` are applied to a copy first; `output` receives the artifact; with `run` the artifact's
    outputs are compared with onnxruntime's on one input. A contradiction becomes a GF902 finding, outputs that
    differ a GF301.
    """
    with _prepared(path, shapes, values, data, run=run) as (model, inputs):
        verdict = session.ask(model, inputs=inputs, output=output)
    result.compiler = {
        "version": version,
        "accepted": verdict.accepted,
        "stage": str(verdict.stage),
        "message": verdict.message,
        "seconds": round(verdict.seconds, 3),
        "numerics": verdict.numerics,
        "error": verdict.error,
    }
    result.findings += _told(result, verdict, version)
    return verdict


def _told(result: Result, verdict: Verdict, version: str) -> Iterator[Finding]:
    names = {check.code: check.name for check in checks()}
    if result.verdict in ("accepted", "rejected") and (result.verdict == "accepted") != verdict.accepted:
        real = "accepted" if verdict.accepted else f"rejected at {verdict.stage}"
        message = f"the table of {result.target} {result.target_version} says {result.verdict}, the compiler {version} {real}"
        words = f': "{verdict.message[:300]}"' if verdict.message else ""
        yield Finding("GF902", "contradicted-table", Severity.WARNING, result.target, message + words, kind="contradiction")
    if verdict.accepted and verdict.error is not None and not verdict.error <= CLOSE:
        message = f"the compiled model's outputs differ from onnxruntime's by {verdict.error:.3g} of their scale"
        yield Finding("GF301", names["GF301"], Severity.WARNING, result.target, message, kind="wrong", measured=version)


@contextlib.contextmanager
def _prepared(
    path: str | Path, shapes: Shapes | None, values: Values | None, data: Mapping[str, Any] | None, *, run: bool
) -> Iterator[tuple[Path, Path | None]]:
    """The model to compile, bound where asked, and inputs with expected outputs as an .npz where it should run."""
    if not shapes and not values and not run:
        yield Path(path), None
        return
    from graphfix.fix import with_output_shapes
    from graphfix.model import save_model

    original = read_whole(path)
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        place, inputs = Path(path), None
        if shapes or values:
            place = Path(folder, "model.onnx")
            save_model(with_output_shapes(bound(original, shapes, values)), place)
        if run:
            inputs = _expected(original, named(original, shapes), dict(values or {}), data, Path(folder, "data.npz"))
        yield place, inputs


def _expected(
    model: onnx.ModelProto,
    shapes: Mapping[str, Sequence[int | str | None]],
    values: Mapping[str, object],
    data: Mapping[str, Any] | None,
    place: Path,
) -> Path | None:
    """An .npz with one feed and onnxruntime's outputs on it; None when onnxruntime runs none."""
    import numpy as np

    from graphfix.verify import Reference

    answer = Reference(model, shapes, values, data).example()
    if answer is None:
        return None
    feed, outputs = answer
    arrays = {f"in:{name}": value for name, value in feed.items() if name not in values}
    names = [output.name for output in model.graph.output]
    arrays |= {f"out:{name}": value for name, value in zip(names, outputs, strict=True) if isinstance(value, np.ndarray)}
    packed: Any = arrays
    np.savez(place, **packed)
    return place

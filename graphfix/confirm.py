"""Confirm a prediction with the compiler itself: prepare a model, compile it, and compare the artifact's outputs.

onnxruntime runs the model first. Its outputs are the reference for the artifact's outputs, and the sizes at which it runs
the model are those passed to a compiler that needs sizes for dynamic dims.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnx import ModelProto

from graphfix.diagnostic import Result
from graphfix.engine import bound, named, read_whole
from graphfix.errors import BackendError
from graphfix.facts import Facts
from graphfix.identity import told_apart
from graphfix.ranges import Span, Spanned, freed, profile
from graphfix.testimony import compiler_findings
from graphfix.witness import Witness, witness

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """A model file with its bindings: dims (sizes or ranges) and constants by input name, and the data to compare on."""

    path: Path
    shapes: Mapping[str, Spanned] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None


@dataclass(slots=True)
class PreparedCase:
    """A case that compilers can be asked about.

    `model` is the bound model and `file` the file that holds it, `reference` the run of onnxruntime, and `feed` an .npz with
    the inputs and the expected outputs for the artifact, None where there are none.
    """

    case: Case
    model: ModelProto
    file: Path
    reference: Witness
    feed: Path | None
    _facts: Facts | None = None

    @property
    def facts(self) -> Facts:
        """The facts of the bound model, computed once."""
        if self._facts is None:
            self._facts = Facts.of(self.model)
        return self._facts

    def ask(self, session: Session, backend: Backend, **more: Any) -> Verdict:
        """Return the compiler's verdict, passing sizes for dynamic dims where it needs them. `more` goes to `Session.ask`."""
        options = dict(more.pop("options", None) or {})
        values = {}
        if backend.needs_sizes:
            options["profiles"] = profile(self.model, self.case.shapes, self.reference.sizes)
            feed = self.reference.feed
            values = {name: array.tolist() for name, array in feed.items() if array.dtype.kind in "iu" and array.size <= 64}
        return session.ask(self.file, values=values, options=options, **more)


def open_target(target: str, *, deadline: float = 300.0, memory_gib: float = 6.0) -> Session:
    """Open a session with the compiler named `T` or `T@VERSION`; raises BackendError when it is not installed."""
    from graphfix.backends.base import backend, open_backend
    from graphfix.backends.toolchain import find

    name, _, version = target.partition("@")
    wanted, found = backend(name), find(name, version or None)
    if found is None:
        hint = f"graphfix backends install {target}" if version else wanted.install
        raise BackendError(f"{wanted.title} {version}".strip() + " is not installed", hint=f"install it with `{hint}`")
    return open_backend(name, python=found.python, deadline=deadline, memory_gib=memory_gib)


@contextlib.contextmanager
def prepare(case: Case) -> Iterator[PreparedCase]:
    """Prepare a case for compilers; its temporary files are removed when the block ends.

    Raises GraphfixError for an unreadable model, an unknown input, and sizes, values or data that do not fit.
    """
    from graphfix.model import save_model
    from graphfix.planner import with_output_shapes

    original = read_whole(case.path)
    shapes: Any = {name: freed(dims) for name, dims in case.shapes.items()}
    usual: Any = {name: [dim.usual if isinstance(dim, Span) else dim for dim in dims] for name, dims in case.shapes.items()}
    fixed = bool(case.values) or any(size is not None for dims in shapes.values() for size in dims)
    model = with_output_shapes(bound(original, shapes, case.values)) if fixed else original
    profile(model, case.shapes, {})  # an invalid range is reported before anything runs
    reference = witness(original, named(original, usual), case.values, case.data)
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
    compared with onnxruntime's. The Result's `compiler` also records the prediction that was made without the compiler.
    """
    verdict = prepared.ask(session, backend, inputs=prepared.feed, output=output, options=options)
    result.compiler = {
        "version": session.version,
        "accepted": verdict.accepted,
        "stage": str(verdict.stage),
        "message": verdict.message,
        "seconds": round(verdict.seconds, 3),
        "predicted": result.verdict,
        "numerics": verdict.numerics,
        "error": verdict.error,
    }
    result.findings = told_apart([*compiler_findings(result, prepared, verdict, backend), *result.findings], result.called)
    return verdict

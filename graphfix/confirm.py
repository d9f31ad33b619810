"""The compiler's own word beside ours: a model made ready to be asked about, asked about, and its artifact compared.

onnxruntime is heard first. Its outputs are what the artifact's are held to, and the sizes at which it runs the model
are those given to a compiler that wants some.
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
from graphfix.testimony import testimony
from graphfix.witness import Witness, witness

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """A model file as it is to be used: dims (perhaps ranges) and constants by input name, and data to compare on."""

    path: Path
    shapes: Mapping[str, Spanned] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Ready:
    """A case made ready: the bound model and the file it is in, onnxruntime's word, and a feed to run the artifact on."""

    case: Case
    model: ModelProto
    file: Path
    reference: Witness
    feed: Path | None
    _facts: Facts | None = None

    @property
    def facts(self) -> Facts:
        """The facts of the bound model, worked out once."""
        if self._facts is None:
            self._facts = Facts.of(self.model)
        return self._facts

    def ask(self, session: Session, backend: Backend, **more: Any) -> Verdict:
        """The compiler's verdict; sizes for free dims go along where the compiler wants some. `more` is for `Session.ask`."""
        options = dict(more.pop("options", None) or {})
        values = {}
        if backend.needs_sizes:
            options["profiles"] = profile(self.model, self.case.shapes, self.reference.sizes)
            feed = self.reference.feed
            values = {name: array.tolist() for name, array in feed.items() if array.dtype.kind in "iu" and array.size <= 64}
        return session.ask(self.file, values=values, options=options, **more)


def open_target(target: str, *, deadline: float = 300.0, memory_gib: float = 6.0) -> Session:
    """A session with the compiler that `T` or `T@VERSION` means; BackendError with the cure when it is not installed."""
    from graphfix.backends.base import backend, open_backend
    from graphfix.backends.toolchain import find

    name, _, version = target.partition("@")
    wanted, found = backend(name), find(name, version or None)
    if found is None:
        cure = f"graphfix backends install {target}" if version else wanted.install
        raise BackendError(f"{wanted.title} {version}".strip() + " is not installed", cure=f"install it with `{cure}`")
    return open_backend(name, python=found.python, deadline=deadline, memory_gib=memory_gib)


@contextlib.contextmanager
def prepared(case: Case) -> Iterator[Ready]:
    """The case in the form in which compilers are asked, its temporary files gone afterwards.

    Raises GraphfixError for an unreadable model, an unknown input, and sizes, values or data that do not fit.
    """
    from graphfix.model import save_model
    from graphfix.output_shapes import with_output_shapes

    original = read_whole(case.path)
    shapes: Any = {name: freed(dims) for name, dims in case.shapes.items()}
    usual: Any = {name: [dim.usual if isinstance(dim, Span) else dim for dim in dims] for name, dims in case.shapes.items()}
    fixed = bool(case.values) or any(size is not None for dims in shapes.values() for size in dims)
    model = with_output_shapes(bound(original, shapes, case.values)) if fixed else original
    profile(model, case.shapes, {})  # a range that does not fit is said before anything runs
    reference = witness(original, named(original, usual), case.values, case.data)
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        file = case.path
        if fixed:
            file = Path(folder, "model.onnx")
            save_model(model, file)
        feed = reference.save(original, Path(folder, "data.npz"), case.values)
        yield Ready(case, model, file, reference, feed)


def confirm(
    result: Result,
    ready: Ready,
    session: Session,
    backend: Backend,
    *,
    output: Path | None = None,
    options: Mapping[str, Any] | None = None,
) -> Verdict:
    """Ask the compiler about a prepared model and put its verdict and what follows from it into the Result.

    `output` receives the artifact; where it can run here it is run on the feed and compared with onnxruntime. The
    Result's `compiler` keeps the prediction that stood before, and its findings gain those of testimony.py.
    """
    verdict = ready.ask(session, backend, inputs=ready.feed, output=output, options=options)
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
    result.findings = told_apart([*testimony(result, ready, verdict, backend), *result.findings], result.called)
    return verdict

"""The compiler's own word beside ours: a model made ready to be asked about, asked about, and its artifact compared.

onnxruntime is heard first. Its outputs are what the artifact's are held to, and the sizes at which it runs the model
are those given to a compiler that wants some.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.compile_case import Case, Ready
from graphfix.diagnostic import Result, told_apart
from graphfix.ranges import Span, freed, profile
from graphfix.reading import bound, named, read_whole
from graphfix.testimony import testimony
from graphfix.witness import witness

if TYPE_CHECKING:
    from graphfix.backends.base import Backend
    from graphfix.backends.session import Session
    from graphfix.backends.verdict import Verdict


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

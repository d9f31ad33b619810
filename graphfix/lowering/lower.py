"""Lower a source to ONNX: try exporters and choose the best verified model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphfix.errors import ModelError, UsageError
from graphfix.lowering.attempts import build_request, lint_attempt, read_attempt
from graphfix.lowering.conversion import converters_for
from graphfix.lowering.direct import convert_with
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.lowered import Attempt, Lowered
from graphfix.lowering.options import DIRECT
from graphfix.lowering.source import FRAMEWORKS, Kind, Source
from graphfix.lowering.stages import UNOPENED
from graphfix.lowering.workshop import FrameworkWorkers

TORCH_EXPORTERS = {
    Kind.FACTORY: ("dynamo", "trace", "script"),
    Kind.EXPORTED: ("dynamo",),
    Kind.TORCHSCRIPT: ("script",),
    Kind.PICKLE: ("dynamo", "trace", "script"),
}
"""The exporters for each kind of torch source, the preferred ones first; TensorFlow sources all go through tf2onnx."""
ReportProgress = Callable[[str], None]
AskWorker = Callable[[Mapping[str, Any]], dict[str, Any]]
"""A function that sends a request to a worker and returns its answer."""


def lower_source(
    source: Source,
    instructions: Instructions,
    folder: Path,
    *,
    targets: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    every: bool = False,
    direct: Sequence[str] = (),
    progress: ReportProgress | None = None,
) -> Lowered:
    """Lower a source into `folder` and choose the attempt that suits `targets` best.

    With the exporter `auto` the exporters are tried in turn until one gives a verified model that every target accepts; else
    the best of them is chosen. `every` tries all in any case. `values` are the inputs that will be bound, for the verdicts.
    The own converters of the targets `direct` are tried, too.

    Raises:
        UsageError: there is nothing to run the model on, or the exporter does not fit this source.
        ModelError: the source cannot be opened, or only by running code, and is not trusted.
        BackendError: the framework is not installed.
    """
    if source.path is not None and not source.path.exists():
        raise ModelError("there is no such file", path=source.text)
    with FrameworkWorkers(instructions) as workers:

        def lower_with(framework: str) -> list[Attempt] | None:
            def ask(request: Mapping[str, Any]) -> dict[str, Any]:
                answer = workers.ask(framework, request)
                workers.require_framework(answer.get("missing"), source.text)
                return answer

            exporters = exporters_for(source, instructions, framework)
            (progress or str)(f"importing {framework}")
            workers.start(framework)
            return try_exporters(
                source, instructions, folder, exporters, ask, targets=targets, values=values, every=every, progress=progress
            )

        framework = next((name for name in FRAMEWORKS[source.kind] if workers.has(name)), FRAMEWORKS[source.kind][0])
        attempts = lower_with(framework)
        if attempts is None:  # only running a factory shows that its model is TensorFlow's
            framework = "tensorflow"
            attempts = lower_with(framework) or []
        lowered = choose_best(source, attempts, workers.versions(framework), targets)
        if lowered.problem is None:
            offered = converters_for(source, framework, direct)
            lowered.conversions = [convert_with(workers, source, one, folder, progress or _silent) for one in offered]
        return lowered


def _silent(_: str) -> None:
    """Report no progress."""


def choose_best(source: Source, attempts: Sequence[Attempt], versions: Mapping[str, str], targets: Sequence[str]) -> Lowered:
    """Return the attempts with the best of them and the reason why it is the best."""
    best = min(attempts, key=lambda attempt: attempt.rank)
    return Lowered(source, list(attempts), best, versions, _reason(attempts, best, targets))


def try_exporters(
    source: Source,
    instructions: Instructions,
    folder: Path,
    exporters: Sequence[str],
    ask: AskWorker,
    *,
    targets: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    every: bool = False,
    progress: ReportProgress | None = None,
) -> list[Attempt] | None:
    """Try exporters in turn until one gives an accepted model, or all of them with `every`.

    Returns None where the source turns out to be a model of another framework.
    """
    attempts: list[Attempt] = []
    for exporter in exporters:
        (progress or str)(f"exporting {source.text} with {exporter}")
        subfolder = folder / exporter
        subfolder.mkdir()
        answer = ask(build_request(source, instructions, exporter, subfolder))
        if answer["stage"] == "elsewhere":
            subfolder.rmdir()
            return None
        (progress or str)(f"verifying the model of {exporter} with onnxruntime")
        attempt = read_attempt(source, instructions, answer, exporter, subfolder)
        attempt.results = lint_attempt(attempt, source, instructions, targets, values or {})
        attempts.append(attempt)
        accepted = attempt.verified and all(result.verdict == "accepted" for result in attempt.results)
        if (accepted and not every) or attempt.stage in UNOPENED:
            break
    return attempts


def exporters_for(source: Source, instructions: Instructions, framework: str) -> Sequence[str]:
    """Return the exporters to try; UsageError where the chosen one cannot lower such a source."""
    _check_options(source, instructions)
    if instructions.exporter == DIRECT:
        raise UsageError(
            "there is no ONNX model without an exporter to ONNX", hint="`--exporter direct` is for `graphfix compile`"
        )
    if framework != "torch":
        if instructions.exporter != "auto":
            message = f"tf2onnx is what lowers {source.title}, and not `{instructions.exporter}`, which is torch's"
            raise UsageError(message, path=source.text, hint="leave out --exporter")
        return ("tf2onnx",)
    known = TORCH_EXPORTERS[source.kind]
    if instructions.exporter == "auto":
        return known
    if instructions.exporter not in known:
        raise UsageError(
            f"{source.title} cannot go through `{instructions.exporter}`",
            path=source.text,
            hint=f"choose from {', '.join(known)}",
        )
    return (instructions.exporter,)


def _check_options(source: Source, instructions: Instructions) -> None:
    """Raise UsageError for options that do not apply to such a source."""
    if any(instructions.ends) and source.kind is not Kind.FROZEN:
        raise UsageError("--inputs and --outputs are the ends of a frozen graph", path=source.text, hint="leave them out")
    if instructions.weights is not None and source.kind not in (Kind.FACTORY, Kind.PICKLE):
        raise UsageError(f"{source.title} has its weights", path=source.text, hint="leave out --weights")


def _reason(attempts: Sequence[Attempt], chosen: Attempt, targets: Sequence[str]) -> str:
    """Return why the chosen attempt was chosen."""
    if chosen.model is None:
        return "no exporter gives a model"
    if not chosen.verified:
        ran = chosen.verification is not None and chosen.verification.inputs > 0
        return f"no exporter gives a model that {'computes the same' if ran else 'onnxruntime accepts'}"
    others = [attempt for attempt in attempts if attempt is not chosen]
    if all(result.verdict == "accepted" for result in chosen.results):
        wanted = f"accepted by {', '.join(targets)}" if targets else "verified"
        return f"the first that is {wanted}" if others else wanted
    verified = [attempt for attempt in others if attempt.verified]
    if not verified:
        return "the only one that is verified" if others else "verified"
    return "it leaves the fewest findings to fix" if min(a.rank for a in verified) > chosen.rank else "others are no better"

"""lower: a source in, the best verified ONNX model out, with everything that was tried."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graphfix.engine import bound, judge
from graphfix.errors import GraphfixError, ModelError, UsageError
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.lowered import UNOPENED, Attempt, Lowered
from graphfix.lowering.proof import proven
from graphfix.lowering.source import FRAMEWORKS, Kind, Source
from graphfix.lowering.workshop import Workshop

ROADS = {
    Kind.FACTORY: ("dynamo", "trace", "script"),
    Kind.EXPORTED: ("dynamo",),
    Kind.TORCHSCRIPT: ("script",),
    Kind.PICKLE: ("dynamo", "trace", "script"),
}
"""The exporters that can lower what torch keeps, best first where nothing else decides; all else goes through tf2onnx."""
ReportProgress = Callable[[str], None]
Ask = Callable[[Mapping[str, Any]], dict[str, Any]]


def lower_source(
    source: Source,
    instructions: Instructions,
    folder: Path,
    *,
    targets: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    every: bool = False,
    progress: ReportProgress | None = None,
) -> Lowered:
    """Lower a source into `folder`, where the models stay; the attempt that suits `targets` best is chosen.

    With `--exporter auto` the roads are tried in turn until one gives a verified model that every target takes, else
    the best of them is kept; `every` tries all. `values` are the inputs that will be bound, for the verdicts.

    Raises:
        UsageError: there is nothing to run the model on, or the exporter is not one for this source.
        ModelError: the source cannot be opened, or only as code, and is not trusted.
        BackendError: the framework is not installed.
    """
    if source.path is not None and not source.path.exists():
        raise ModelError("there is no such file", path=source.text)
    with Workshop(instructions) as workshop:

        def lowered(framework: str) -> list[Attempt] | None:
            def ask(request: Mapping[str, Any]) -> dict[str, Any]:
                answer = workshop.ask(framework, request)
                workshop.check(answer.get("missing"), source.text)
                return answer

            which = roads(source, instructions, framework)
            return tried(source, instructions, folder, which, ask, targets=targets, values=values, every=every, progress=progress)

        framework = next((name for name in FRAMEWORKS[source.kind] if workshop.has(name)), FRAMEWORKS[source.kind][0])
        attempts = lowered(framework)
        if attempts is None:  # what a factory makes is not known before it runs
            framework = "tensorflow"
            attempts = lowered(framework) or []
        return chosen(source, attempts, workshop.versions(framework), targets)


def chosen(source: Source, attempts: Sequence[Attempt], versions: Mapping[str, str], targets: Sequence[str]) -> Lowered:
    """The attempts with the best of them, and why it is that one."""
    best = min(attempts, key=lambda attempt: attempt.rank)
    return Lowered(source, list(attempts), best, versions, _reason(attempts, best, targets))


def tried(
    source: Source,
    instructions: Instructions,
    folder: Path,
    which: Sequence[str],
    ask: Ask,
    *,
    targets: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    every: bool = False,
    progress: ReportProgress | None = None,
) -> list[Attempt] | None:
    """Roads tried in turn until one suits, or all of them; None where it is a model of another framework."""
    attempts: list[Attempt] = []
    for road in which:
        (progress or str)(f"{road} is lowering {source.text}")
        place = folder / road
        place.mkdir()
        answer = ask(_request(source, instructions, road, place))
        if answer["stage"] == "elsewhere":
            place.rmdir()
            return None
        attempt = _attempt(source, instructions, answer, road, place)
        attempt.results = _judged(attempt, source, instructions, targets, values or {})
        attempts.append(attempt)
        content = attempt.verified and all(result.verdict == "accepted" for result in attempt.results)
        if (content and not every) or attempt.stage in UNOPENED:
            break
    return attempts


def roads(source: Source, instructions: Instructions, framework: str) -> Sequence[str]:
    """The exporters to try; UsageError for one that cannot lower such a source."""
    _check(source, instructions)
    if framework != "torch":
        if instructions.exporter != "auto":
            said = f"tf2onnx is what lowers {source.title}, and not `{instructions.exporter}`, which is torch's"
            raise UsageError(said, path=source.text, cure="leave out --exporter")
        return ("tf2onnx",)
    known = ROADS[source.kind]
    if instructions.exporter == "auto":
        return known
    if instructions.exporter not in known:
        raise UsageError(
            f"{source.title} cannot go through `{instructions.exporter}`",
            path=source.text,
            cure=f"choose from {', '.join(known)}",
        )
    return (instructions.exporter,)


def _check(source: Source, instructions: Instructions) -> None:
    """Raise UsageError for options that progress nothing of such a source."""
    if any(instructions.ends) and source.kind is not Kind.FROZEN:
        raise UsageError("--inputs and --outputs are the ends of a frozen graph", path=source.text, cure="leave them out")
    if instructions.weights is not None and source.kind not in (Kind.FACTORY, Kind.PICKLE):
        raise UsageError(f"{source.title} has its weights", path=source.text, cure="leave out --weights")


def _attempt(source: Source, instructions: Instructions, answer: Mapping[str, Any], road: str, place: Path) -> Attempt:
    """What a worker answered, and the proof of the model that it made."""
    stage = answer["stage"]
    if stage in ("usage", "refused"):
        kind = UsageError if stage == "usage" else ModelError
        raise kind(answer["message"], path=source.text, cure=answer.get("cure") or None)
    attempt = Attempt(road, stage, float(answer["seconds"]), leftovers=answer.get("leftovers", ()), notes=answer.get("notes", ()))
    if stage != "ok":
        attempt.failure = {key: answer.get(key) for key in ("message", "file", "line", "module", "op", "cure")}
        return attempt
    attempt.model = place / "model.onnx"
    attempt.opset, attempt.nodes = _measured(attempt.model)
    attempt.verification = proven(
        attempt.model, place / "feeds.npz", answer["runs"], rtol=instructions.rtol, atol=instructions.atol
    )
    if not answer["steady"]:
        attempt.notes = [*attempt.notes, "the framework itself gives other outputs on the same inputs each time"]
    return attempt


def _request(source: Source, instructions: Instructions, road: str, folder: Path) -> dict[str, Any]:
    """What a worker is asked."""
    shapes = {
        name: [f"{name or 'dim'}_{axis}" if dim is None else dim for axis, dim in enumerate(dims)]
        for name, dims in instructions.shapes.items()
    }  # a range stays free, which takes a name
    return {
        "kind": source.kind.value,
        "text": source.text,
        "path": str(source.path.absolute()) if source.path is not None else None,
        "exporter": road,
        "opset": instructions.opset,
        "examples": [{"name": one.name, "dims": list(one.dims), "dtype": one.dtype} for one in instructions.examples],
        "shapes": shapes,
        "data": _absolute(instructions.data),
        "weights": _absolute(instructions.weights),
        "ends": [list(names) for names in instructions.ends],
        "folder": str(folder.absolute()),
    }


def _absolute(path: Path | None) -> str | None:
    if path is None:
        return None
    if not path.is_file():
        raise UsageError("there is no such file", path=path)
    return str(path.absolute())


def _measured(path: Path) -> tuple[int, int]:
    """The opset and the number of nodes of a model, at every depth."""
    from graphfix.infer import graphs
    from graphfix.skeleton import read_skeleton

    model = read_skeleton(path)
    opset = max((entry.version for entry in model.opset_import if not entry.domain), default=0)
    return opset, sum(len(graph.node) for graph in graphs(model.graph))


def _judged(
    attempt: Attempt, source: Source, instructions: Instructions, targets: Sequence[str], values: Mapping[str, Any]
) -> Sequence[Any]:
    """What lint says of an attempt's model, bound as it will be used; dims that do not fit it are left alone."""
    from graphfix.skeleton import read_skeleton

    if attempt.model is None or not targets:
        return ()
    model = read_skeleton(attempt.model)
    shapes: Any = dict(instructions.shapes)
    with contextlib.suppress(GraphfixError):
        model = bound(model, shapes, values)
    return judge(model, targets, name=source.text)


def _reason(attempts: Sequence[Attempt], chosen: Attempt, targets: Sequence[str]) -> str:
    """Why the chosen attempt was chosen."""
    if chosen.model is None:
        return "no exporter gives a model"
    if not chosen.verified:
        ran = chosen.verification is not None and chosen.verification.inputs > 0
        return f"no exporter gives a model that {'computes the same' if ran else 'onnxruntime takes'}"
    others = [attempt for attempt in attempts if attempt is not chosen]
    if all(result.verdict == "accepted" for result in chosen.results):
        wanted = f"taken by {', '.join(targets)}" if targets else "verified"
        return f"the first that is {wanted}" if others else wanted
    verified = [attempt for attempt in others if attempt.verified]
    if not verified:
        return "the only one that is verified" if others else "verified"
    return "it leaves the least to mend" if min(a.rank for a in verified) > chosen.rank else "others are no better"

"""`graphfix lint`: verdicts and findings, for models, folders and globs; never writes the model it reads."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from graphfix.clock import Clock
from graphfix.commands.options import add_fail_on, add_shared, destination, exit_code
from graphfix.commands.settled import Settled, add_policy, save_baselines, settled
from graphfix.diagnostic import Result
from graphfix.engine import Values, models_in, table
from graphfix.errors import BackendError, GraphfixError, UsageError
from graphfix.linting import Task, carried_out
from graphfix.lowering.options import add_lowering
from graphfix.lowering.source import Source, recognised
from graphfix.progress import progress
from graphfix.report import renderer

if TYPE_CHECKING:
    from graphfix.backends.session import Session
    from graphfix.lowering.bringing import Brought
    from graphfix.ranges import Spanned

Ask = Callable[[Sequence[Result], Path], None]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a model, a folder (searched for *.onnx), a glob, or a SOURCE in one of the forms below",
    )
    parser.add_argument("--statistics", action="store_true", help="count the nodes each target takes, and their islands")
    parser.add_argument("--confirm", action="store_true", help="also ask the real compiler, where it is installed")
    parser.add_argument("--explain-verdict", metavar="NODE", help="tell how the verdict on a node, or on @model, comes about")
    parser.add_argument("--annotate", type=Path, metavar="OUT.onnx", help="write a copy with each verdict in its node's metadata")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT.onnx")
    parser.add_argument("--jobs", "-j", type=int, default=1, metavar="N", help="judge models in N processes (1)")
    parser.add_argument("--timings", action="store_true", help="say on stderr what the time was spent on")
    add_policy(parser)
    add_shared(parser)
    add_fail_on(parser)
    add_lowering(parser)
    parser.set_defaults(output_format=None)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run works on: the models with their settings and tasks, and how they are printed."""

    given: argparse.Namespace
    settings: Sequence[Settled]
    tasks: Sequence[Task]
    format: str

    @property
    def models(self) -> list[Path]:
        """The paths of the models, in order."""
        return [task.path for task in self.tasks]


def run(given: argparse.Namespace) -> int:
    """Lint every model; the exit code is 2 when one cannot be read, 1 with findings, else 0."""
    models = [path for text in given.paths for path in ([Path(text)] if recognised(text) is not None else models_in([text]))]
    sources = {path: source for path in models if (source := recognised(path)) is not None}
    if not models:
        raise UsageError(f"no model in {', '.join(given.paths)}", hint="name a .onnx file, or a folder that holds some")
    if given.jobs < 1:
        raise UsageError(f"--jobs {given.jobs} is no number of processes", hint="give 1 or more")
    settings = settled(given, models)
    for target in dict.fromkeys(target for one in settings for target in one.targets):
        table(target)
    if given.explain_verdict is not None:
        return _explain(given, settings, sources)
    output_format = given.output_format or settings[0].config.output_format
    detail = given.annotate is not None or output_format == "model-explorer"
    with contextlib.ExitStack() as stack:
        brought, lost = _bring(stack, given, settings, sources)
        tasks = [
            Task(
                one.model, one.targets, one.shapes, one.values, given.statistics, detail,
                brought.get(one.model), lost.get(one.model),
            )
            for one in settings
        ]  # fmt: skip
        told = Run(given, settings, tasks, output_format)
        _check_overlay(told)
        results = _judge(told)
        if given.annotate is not None and results[0].error is None:
            from graphfix.annotating import annotate

            count = annotate(results, tasks[0].file, given.annotate, force=given.force)
            print(f"graphfix: wrote {given.annotate}, with the verdict on each of {count} nodes", file=sys.stderr)
    by_model = {one.model: one.config.fail_on for one in settings}
    return max(exit_code([result], given.fail_on or by_model[Path(result.model)]) for result in results)


def _bring(
    stack: contextlib.ExitStack, given: argparse.Namespace, settings: Sequence[Settled], sources: Mapping[Path, Source]
) -> tuple[dict[Path, Brought], dict[Path, str]]:
    """The models that are given in another form than ONNX, lowered; and why one is not, which must not cost the others theirs."""
    found: dict[Path, Brought] = {}
    lost: dict[Path, str] = {}
    if not sources:
        return found, lost
    from graphfix.lowering.bringing import lowering
    from graphfix.lowering.instructions import instructions
    from graphfix.progress import talk

    instructions(given, {})  # what is wrong with the options is wrong for all
    with talk() as say:
        for one in settings:
            if one.model not in sources or one.model in found or one.model in lost:
                continue
            try:
                found[one.model] = stack.enter_context(
                    lowering(sources[one.model], given, targets=one.targets, shapes=one.shapes, values=one.values, say=say)
                )
                print(f"graphfix: {found[one.model].said}", file=sys.stderr)
            except GraphfixError as error:
                error.path = error.path or str(one.model)
                lost[one.model] = error.line()
    return found, lost


def _check_overlay(told: Run) -> None:
    """Refuse, before any work, what is written for one model alone."""
    if len(told.tasks) > 1 and (told.given.annotate is not None or told.format == "model-explorer"):
        what = "--annotate" if told.given.annotate is not None else "the model-explorer format"
        raise UsageError(f"{what} is for one model, not {len(told.tasks)}", hint="name one model")
    if told.given.annotate is not None:
        from graphfix.atomic import writable

        writable(told.given.annotate, force=told.given.force)


def _judge(told: Run) -> list[Result]:
    """Judge every model, hold the findings against the settings, and print them."""
    given, clock = told.given, Clock()
    write = renderer(told.format, rulings=True)
    results: list[Result] = []
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(destination(given.output_file))
        step = stack.enter_context(progress(len(told.tasks), "linting"))
        ask = _asker(stack, told) if given.confirm else None
        for place, (found, spent) in enumerate(carried_out(told.tasks, given.jobs)):
            one = told.settings[place]
            clock.add(spent)
            if found[0].error is not None:
                print(f"graphfix: {found[0].error}", file=sys.stderr)
            if ask is not None:
                clock.start()
                ask(found, told.tasks[place].file)
                clock.lap("asking compilers")
            one.hold(found, told.models[place + 1 :])
            if told.format == "json-lines":
                write(found, out)
            results.extend(found)
            step(one.model.name)
        clock.start()
        _print(told, results, out)
        clock.lap("printing")
    save_baselines(told.settings, update=given.update_baseline)
    if given.timings:
        print("\n".join(["graphfix: time spent", *clock.lines()]), file=sys.stderr)
    return results


def _print(told: Run, results: Sequence[Result], out: TextIO) -> None:
    if told.format == "text":
        from graphfix.report.text import render

        render(results, out, full=told.given.full)
    elif told.format != "json-lines":
        renderer(told.format, rulings=True)(results, out)


def _explain(given: argparse.Namespace, settings: Sequence[Settled], sources: Mapping[Path, Source]) -> int:
    """Print how the verdict on a node comes about, for each model and target."""
    from graphfix.engine import bound
    from graphfix.lowering.bringing import usable
    from graphfix.skeleton import read_skeleton
    from graphfix.spec import check
    from graphfix.verdicts import explained

    with contextlib.ExitStack() as stack:
        brought, lost = _bring(stack, given, settings, sources)
        out = stack.enter_context(destination(given.output_file))
        for one in settings:
            if one.model in lost:
                raise GraphfixError(lost[one.model])
            file = usable(brought[one.model]) if one.model in brought else one.model
            model = read_skeleton(file)
            check(model, one.model)
            asked = bound(model, one.shapes, one.values)
            for target in one.targets:
                out.write("\n".join(explained(asked, target, given.explain_verdict)) + "\n")
    return 0


def _asker(stack: contextlib.ExitStack, told: Run) -> Ask:
    """A function that puts the real compilers' verdicts into the Results of one model, where they are installed."""
    from graphfix.backends.base import backend
    from graphfix.confirm import Case, confirm, open_target, prepare

    sessions: dict[str, Session] = {}
    for target in dict.fromkeys(target for one in told.settings for target in one.targets):
        try:
            sessions[target] = stack.enter_context(open_target(target))
        except BackendError as error:
            print(f"graphfix: {target} is not asked: {error.line()}", file=sys.stderr)
    bindings: dict[Path, tuple[Mapping[str, Spanned], Values]]
    bindings = {task.file: (one.spanned, one.values) for task, one in zip(told.tasks, told.settings, strict=True)}

    def ask(results: Sequence[Result], path: Path) -> None:
        if not sessions or any(result.error is not None for result in results):
            return
        with prepare(Case(path, *bindings[path])) as ready:
            for result in results:
                if result.called in sessions:
                    confirm(result, ready, sessions[result.called], backend(result.target))

    return ask

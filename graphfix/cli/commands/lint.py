"""`graphfix lint`: verdicts and findings for models, folders and globs; the models are not changed."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from graphfix.cli.cluster_options import add_cluster, check_jobs, check_urls, chosen_cluster
from graphfix.cli.commands.fix import configure as declare_fix
from graphfix.cli.confirming import open_confirmation
from graphfix.cli.lowered_sources import lower_sources
from graphfix.cli.model_paths import models_and_urls
from graphfix.cli.next_command import complete_steps
from graphfix.cli.options import add_fail_on, add_shared, destination, exit_code
from graphfix.cli.progress import progress
from graphfix.cli.run_settings import ModelSettings, add_policy, model_settings, save_baselines
from graphfix.cli.verbosity import notice
from graphfix.errors import GraphfixError, UsageError
from graphfix.ir.records import dataclass
from graphfix.ir.urls import ModelPath
from graphfix.linter.diagnostics import Result
from graphfix.linter.formats import FILE_FORMATS, FORMATS
from graphfix.linter.timings import StageTimer
from graphfix.lowering.options import add_lowering
from graphfix.lowering.source import Source, recognise_source
from graphfix.report import renderer
from graphfix.tables.table import table

if TYPE_CHECKING:
    from graphfix.cli.lint_jobs import Task


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="a model, a folder (searched for *.onnx), a glob, or a SOURCE in one of the forms below",
    )
    parser.add_argument(
        "--statistics", action="store_true", help="count the nodes each target supports, and the partitions they form"
    )
    parser.add_argument(
        "--fix", action="store_true", help="fix the models in place, verified and atomically, and report what remains"
    )
    parser.add_argument("--diff", action="store_true", help="print what --fix would change, node by node, and write no model")
    parser.add_argument("--confirm", action="store_true", help="also run the real compiler, where it is installed")
    parser.add_argument("--no-confirm", action="store_true", help="with --fix: do not run compilers, even where one is installed")
    parser.add_argument("--explain-verdict", metavar="NODE", help="explain the verdict on a node, or on the whole model (@model)")
    parser.add_argument("--annotate", type=Path, metavar="OUT.onnx", help="write a copy with each verdict in its node's metadata")
    parser.add_argument("--html", type=Path, metavar="OUT", help="write a self-contained page: the graph, verdicts and findings")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")
    add_cluster(parser, "lint models in N processes (default: 1), or at most N at a time on a cluster (default: all of it)")
    parser.add_argument(
        "--resume", action="store_true", help="keep each result in the output file, and lint only what is not in it already"
    )
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="processor time a model may take (default: 8, and 4 for each megabyte)"
    )
    parser.add_argument("--timings", action="store_true", help="print the time spent on each stage to stderr")
    add_policy(parser)
    add_shared(parser, formats=(*FORMATS, *FILE_FORMATS))
    add_fail_on(parser)
    add_lowering(parser)
    parser.set_defaults(output_format=None)


@dataclass(frozen=True, slots=True)
class LintRun:
    """The data of one run: the models' settings and tasks, and the output format."""

    given: argparse.Namespace
    settings: Sequence[ModelSettings]
    tasks: Sequence[Task]
    format: str

    @property
    def models(self) -> list[ModelPath]:
        """The paths of the models, in order."""
        return [task.path for task in self.tasks]


def run(given: argparse.Namespace) -> int:
    """Lint every model; the exit code is 2 when one cannot be read, 1 with findings, else 0."""
    models = list(models_and_urls(given.paths))
    if not models:
        raise UsageError(f"no model in {', '.join(given.paths)}", hint="name a .onnx file, or a folder that holds some")
    check_jobs(given)
    if given.timeout is not None and given.timeout <= 0:
        raise UsageError(f"--timeout {given.timeout:g} is no time", hint="give a number of seconds above 0")
    sources = {path: source for path in models if (source := recognise_source(path)) is not None}
    if sources and (given.fix or given.diff):
        hint = "write it with `graphfix lower`, and fix that"
        raise UsageError("it is no ONNX model, which alone can be fixed in place", path=next(iter(sources)), hint=hint)
    check_urls(given, models)
    settings = model_settings(given, models)
    for target in dict.fromkeys(target for one in settings for target in one.targets):
        table(target)
    if given.explain_verdict is not None:
        return _explain(given, settings, sources)
    if given.resume or (given.output_format or settings[0].config.output_format) in FILE_FORMATS:
        from graphfix.cli.registry_run import lint_into_file

        return lint_into_file(given, settings, sources)
    with contextlib.ExitStack() as stack:
        results = _lint(stack, given, settings, sources)
    by_model = {str(one.model): one.config.fail_on for one in settings}
    return max(exit_code([result], given.fail_on or by_model[result.model]) for result in results)


def _lint(
    stack: contextlib.ExitStack,
    given: argparse.Namespace,
    settings: Sequence[ModelSettings],
    sources: Mapping[ModelPath, Source],
) -> list[Result]:
    """Judge and report all models, and write the annotated copy where requested."""
    from graphfix.cli.lint_jobs import Task

    output_format = given.output_format or settings[0].config.output_format
    detail = given.annotate is not None or given.html is not None or output_format == "model-explorer"
    lowered_source, failures = lower_sources(stack, given, settings, sources)
    tasks = [
        Task.under(
            one, statistics=given.statistics, detail=detail, lowered_source=lowered_source.get(one.key),
            failure=failures.get(one.key), seconds=given.timeout,
        )
        for one in settings
    ]  # fmt: skip
    lint_run = LintRun(given, settings, tasks, output_format)
    _check_overlay(lint_run)
    results = _judge(lint_run)
    if given.annotate is not None and results[0].error is None:
        from graphfix.report.annotated_model import annotate

        count = annotate(results, Path(tasks[0].file), given.annotate, force=given.force)
        notice(f"wrote {given.annotate}, with the verdict on each of {count} nodes")
    if given.html is not None and results[0].error is None:
        from graphfix.cli.model_pages import write_lint_page

        write_lint_page(given.html, results, tasks[0])
    return results


def _check_overlay(lint_run: LintRun) -> None:
    """Raise UsageError for an output that exists for one model only, before any work; check that it can be written."""
    outputs = {"--annotate": lint_run.given.annotate, "--html": lint_run.given.html}
    asked = [name for name, path in outputs.items() if path is not None]
    asked += ["the model-explorer format"] if lint_run.format == "model-explorer" else []
    if len(lint_run.tasks) > 1 and asked:
        raise UsageError(f"{asked[0]} is for one model, not {len(lint_run.tasks)}", hint="name one model")
    for path in filter(None, outputs.values()):
        from graphfix.ir.atomic_write import writable

        writable(path, force=lint_run.given.force)


def _judge(lint_run: LintRun) -> list[Result]:
    """Judge every model, apply the policy to the findings, and print them."""
    from graphfix.cli.lint_jobs import run_tasks

    given, clock, models = lint_run.given, StageTimer(), lint_run.models
    write = renderer(lint_run.format, rulings=True)
    results: list[Result] = []
    outputs: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(destination(given.output_file))
        showing = stack.enter_context(contextlib.ExitStack())
        step = showing.enter_context(progress(len(lint_run.tasks), "linting"))
        confirm = open_confirmation(stack, lint_run.settings, lint_run.tasks) if given.confirm else None
        cluster = stack.enter_context(chosen_cluster(given, lint_run.tasks))
        for position, (found, spent) in enumerate(run_tasks(lint_run.tasks, given.jobs, watch=given.watch, cluster=cluster)):
            one = lint_run.settings[position]
            clock.add(spent)
            if found[0].error is not None:
                print(f"graphfix: {found[0].error}", file=sys.stderr)
            elif given.fix or given.diff:
                from graphfix.cli.lint_fixing import fixed_results

                clock.start()
                found = fixed_results(one, lint_run.tasks[position], found, diff=given.diff, confirm=not given.no_confirm)
                clock.lap("fixing")
            if confirm is not None:
                clock.start()
                confirm(found, Path(lint_run.tasks[position].file))
                clock.lap("asking compilers")
            one.apply_policy(found, itertools.islice(models, position + 1, None))
            complete_steps(found, given, declare_fix, outputs)
            if lint_run.format == "json-lines" and not given.diff:
                write(found, out)
            results.extend(found)
            step(one.model.name)
        showing.close()
        clock.start()
        _report(lint_run, results, out)
        clock.lap("printing")
    save_baselines(lint_run.settings, update=given.update_baseline)
    if given.timings:
        print("\n".join(["graphfix: time spent", *clock.lines()]), file=sys.stderr)
    return results


def _report(lint_run: LintRun, results: Sequence[Result], out: TextIO) -> None:
    if lint_run.given.diff:
        return  # the diff is the report
    if lint_run.format == "text":
        from graphfix.report.text import render

        render(results, out, full=lint_run.given.full)
    elif lint_run.format != "json-lines":
        renderer(lint_run.format, rulings=True)(results, out)


def _explain(given: argparse.Namespace, settings: Sequence[ModelSettings], sources: Mapping[ModelPath, Source]) -> int:
    """Print the reasons for the verdict on a node, for each model and target."""
    from graphfix.ir.reading import bound
    from graphfix.ir.skeleton import read_skeleton
    from graphfix.ir.verifier import check
    from graphfix.linter.explain_verdict import explained
    from graphfix.lowering.bringing import usable_model

    with contextlib.ExitStack() as stack:
        lowered_source, failures = lower_sources(stack, given, settings, sources)
        out = stack.enter_context(destination(given.output_file))
        for one in settings:
            if one.key in failures:
                raise GraphfixError(failures[one.key])
            file = usable_model(lowered_source[one.key]) if one.key in lowered_source else one.model
            model = read_skeleton(file)
            check(model, one.model)
            bound_model = bound(model, one.shapes, one.values)
            for target in one.targets:
                out.write("\n".join(explained(bound_model, target, given.explain_verdict)) + "\n")
    return 0

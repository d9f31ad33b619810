"""`graphfix lint`: verdicts and findings, for models, folders and globs; never writes a model."""

from __future__ import annotations

import argparse
import contextlib
import gc
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix import config as settings
from graphfix.commands.options import add_shared, bindings, chosen_targets, destination, exit_code, spanned_bindings
from graphfix.diagnostic import Result
from graphfix.engine import Values, lint_file, models_in, table
from graphfix.errors import BackendError, UsageError
from graphfix.progress import progress
from graphfix.report import renderer

if TYPE_CHECKING:
    from graphfix.backends.session import Session
    from graphfix.ranges import Spanned


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a model, a folder (searched for *.onnx), or a glob")
    parser.add_argument("--statistics", action="store_true", help="count the nodes each target takes, and their islands")
    parser.add_argument("--confirm", action="store_true", help="also ask the real compiler, where it is installed")
    add_shared(parser)


def run(given: argparse.Namespace) -> int:
    """Lint every model; the exit code is 2 when one cannot be read, 1 with findings, else 0."""
    gc.set_threshold(100_000)  # thousands of small values live as long as their model does
    write = renderer(given.output_format)
    config = settings.load(Path(given.paths[0]), file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config)
    for target in targets:
        table(target)
    shapes, values = bindings(given.shape, given.set, config)
    spanned = spanned_bindings(given.shape, given.set, config)[0]
    models = list(models_in(given.paths))
    if not models:
        raise UsageError(f"no model in {', '.join(given.paths)}", cure="name a .onnx file, or a folder that holds some")
    results: list[Result] = []
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(destination(given.output_file))
        step = stack.enter_context(progress(len(models), "linting"))
        ask = _asker(stack, targets, spanned, values) if given.confirm else None
        for path in models:
            found = [
                without(result, config.ignore)
                for result in lint_file(path, targets, shapes=shapes, values=values, statistics=given.statistics)
            ]
            if found[0].error is not None:
                print(f"graphfix: {found[0].error}", file=sys.stderr)
            if ask is not None:
                ask(found, path)
                found = [without(result, config.ignore) for result in found]
            if given.output_format == "json-lines":
                write(found, out)
            results.extend(found)
            step(path.name)
        if given.output_format == "text":
            from graphfix.report.text import render

            render(results, out, full=given.full)
        elif given.output_format != "json-lines":
            write(results, out)
    return exit_code(results, given.fail_on or config.fail_on)


def without(result: Result, ignored: Collection[str]) -> Result:
    """The result without findings whose code or name is ignored."""
    result.findings = [finding for finding in result.findings if not {finding.code, finding.name} & set(ignored)]
    return result


def _asker(
    stack: contextlib.ExitStack, targets: Sequence[str], shapes: Mapping[str, Spanned], values: Values
) -> Callable[[Sequence[Result], Path], None]:
    """A function that puts the real compilers' verdicts into the Results of one model, where they are installed."""
    from graphfix.backends.base import backend
    from graphfix.confirm import Case, confirm, open_target, prepared

    sessions: dict[str, Session] = {}
    for target in targets:
        try:
            sessions[target] = stack.enter_context(open_target(target))
        except BackendError as error:
            print(f"graphfix: {target} is not asked: {error.line()}", file=sys.stderr)

    def ask(results: Sequence[Result], path: Path) -> None:
        if not sessions or any(result.error is not None for result in results):
            return
        with prepared(Case(path, shapes, values)) as ready:
            for target, result in zip(targets, results, strict=True):
                if target in sessions:
                    confirm(result, ready, sessions[target], backend(result.target))

    return ask

"""`graphfix lint`: verdicts and findings, for models, folders and globs; never writes a model."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from graphfix import config as settings
from graphfix.commands.options import add_shared, bindings, chosen_targets, destination, exit_code
from graphfix.diagnostic import Result
from graphfix.engine import Shapes, Values, lint_file, models_in, table
from graphfix.errors import UsageError
from graphfix.progress import progress
from graphfix.report import renderer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a model, a folder (searched for *.onnx), or a glob")
    parser.add_argument("--confirm", action="store_true", help="also ask the real compiler, where it is installed")
    add_shared(parser)


def run(given: argparse.Namespace) -> int:
    """Lint every model; the exit code is 2 when one cannot be read, 1 with findings, else 0."""
    write = renderer(given.output_format)
    config = settings.load(Path(given.paths[0]), file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config)
    for target in targets:
        table(target)
    shapes, values = bindings(given.shape, given.set, config)
    models = list(models_in(given.paths))
    if not models:
        raise UsageError(f"no model in {', '.join(given.paths)}", cure="name a .onnx file, or a folder that holds some")
    results: list[Result] = []
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(destination(given.output_file))
        step = stack.enter_context(progress(len(models), "linting"))
        ask = _asker(stack, targets, shapes, values) if given.confirm else None
        for path in models:
            found = [without(result, config.ignore) for result in lint_file(path, targets, shapes=shapes, values=values)]
            if found[0].error is not None:
                print(f"graphfix: {found[0].error}", file=sys.stderr)
            if ask is not None:
                for result in found:
                    ask(result, path)
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


def _asker(stack: contextlib.ExitStack, targets: Sequence[str], shapes: Shapes, values: Values) -> Callable[[Result, Path], None]:
    """A function that puts the real compiler's verdict into a Result, where that compiler is installed."""
    from graphfix.backends.base import open_backend
    from graphfix.backends.toolchain import find
    from graphfix.confirm import confirm

    sessions = {}
    for target in targets:
        name = target.partition("@")[0]
        if find(name) is None:
            print(f"graphfix: {name} is not installed here, so it is not asked; see `graphfix backends`", file=sys.stderr)
        else:
            sessions[name] = stack.enter_context(open_backend(name))

    def ask(result: Result, path: Path) -> None:
        session = sessions.get(result.target)
        if session is not None and result.error is None:
            confirm(result, path, session, session.version, shapes=shapes, values=values)

    return ask

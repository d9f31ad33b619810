"""`graphfix lint`: verdicts and findings, for models, folders and globs; never writes a model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from graphfix import config as settings
from graphfix.commands.options import add_shared, bindings, chosen_targets, destination, exit_code
from graphfix.diagnostic import Result
from graphfix.engine import lint_file, models_in, table
from graphfix.errors import UsageError
from graphfix.progress import progress
from graphfix.report import renderer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a model, a folder (searched for *.onnx), or a glob")
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
    streaming = given.output_format == "json-lines"
    with destination(given.output_file) as out, progress(len(models), "linting") as step:
        for path in models:
            found = lint_file(path, targets, shapes=shapes, values=values)
            for result in found:
                result.findings = [
                    f for f in result.findings if f.code not in config.ignore and f.name not in config.ignore
                ]
            if found and found[0].error is not None:
                print(f"graphfix: {found[0].error}", file=sys.stderr)
            if streaming:
                write(found, out)
            results.extend(found)
            step(path.name)
        if not streaming:
            if given.output_format == "text":
                from graphfix.report.text import render

                render(results, out, full=given.full)
            else:
                write(results, out)
    return exit_code(results, given.fail_on or config.fail_on)

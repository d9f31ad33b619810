"""`graphfix compile`: hand the graph to the real compiler, keep what it makes, and compare what that computes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from graphfix import config as settings
from graphfix.atomic import writable
from graphfix.commands.fix import read_data
from graphfix.commands.options import add_shared, bindings, chosen_targets, destination
from graphfix.confirm import confirm
from graphfix.engine import lint_file
from graphfix.errors import UsageError
from graphfix.progress import talk
from graphfix.report import renderer


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", metavar="MODEL", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="the compiled artifact")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="inputs to compare outputs on, by input name")
    parser.add_argument("--deadline", type=float, default=300.0, metavar="SECONDS", help="give up after this long (300)")
    add_shared(parser)


def run(given: argparse.Namespace) -> int:
    """Compile for one target; exit 0 when the compiler took it, 1 when it did not, 2 when it is not here."""
    from graphfix.backends.base import open_backend

    write = renderer(given.output_format)
    config = settings.load(given.model, file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config)
    if len(targets) != 1:
        raise UsageError(f"one artifact needs one target, not {', '.join(targets)}", cure="name one with --target")
    writable(given.output, force=given.force)
    shapes, values = bindings(given.shape, given.set, config)
    (result,) = lint_file(given.model, targets, shapes=shapes, values=values)
    if result.error is not None:
        print(f"graphfix: {result.error}", file=sys.stderr)
        return 2
    with talk() as say, open_backend(targets[0].partition("@")[0], deadline=given.deadline) as session:
        say(f"{targets[0]} is compiling")
        verdict = confirm(
            result, given.model, session, session.version, shapes=shapes, values=values,
            output=given.output, data=read_data(given.data), run=True,
        )  # fmt: skip
    result.output = str(given.output) if verdict.accepted else None
    with destination(given.output_file) as out:
        if given.output_format == "text":
            from graphfix.report.changes import render_compiled

            render_compiled(result, out)
        else:
            write([result], out)
    return 0 if verdict.accepted else 1

"""`graphfix paths`: every conversion path from a model to its targets, by exporter and by the rewrites it needs."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.cli.commands.fix import read_data
from graphfix.cli.options import add_shared, bindings, chosen_targets, destination
from graphfix.cli.progress import spinner
from graphfix.cli.verbosity import notice
from graphfix.errors import BackendError, UsageError
from graphfix.ir.atomic_write import writable
from graphfix.linter import config as settings
from graphfix.lowering.options import DIRECT_ONLY, add_lowering, add_proof, require_source
from graphfix.lowering.paths.model import ConversionPaths
from graphfix.lowering.source import recognise_source
from graphfix.tables.table import table
from graphfix.tables.versions import EVERY, groups

if TYPE_CHECKING:
    from graphfix.lowering.paths.search import SearchOptions

FORMATS = ("text", "json")
REPEATED_OPTIONS = ("input", "shape", "set", "opset", "inputs", "outputs", "data", "weights", "python")
REPEATED_FLAGS = ("trust", "network")
"""Options that the printed commands repeat: those with values, and flags."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("source", metavar="SOURCE", help="a model of ONNX, or of PyTorch or TensorFlow in one of the forms below")
    parser.add_argument("--html", type=Path, metavar="OUT", help="also write a self-contained page that draws the paths")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")
    parser.add_argument(
        "--time", type=float, default=60.0, metavar="SECONDS", help="time limit of the rewrites on each path (default: 60)"
    )
    parser.add_argument("--confirm", action="store_true", help="also run the real compilers, and fix what they reject")
    add_proof(parser)
    add_shared(parser, formats=FORMATS)
    add_lowering(parser)
    parser.epilog = "exit codes: 0 every target is reached, 1 one is not, 2 unreadable"


def run(given: argparse.Namespace) -> int:
    """Search every path; exit 0 when every target is reached, 1 when one is not, 2 when the source cannot be read."""
    if given.output_format not in FORMATS:
        raise UsageError(f"paths has no format `{given.output_format}`", hint=f"choose from {', '.join(FORMATS)}")
    source = recognise_source(given.source)
    config = settings.load(source.home if source is not None else Path(given.source), file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config) if given.target or config.targets else groups()[EVERY]
    for target in targets:
        if target in DIRECT_ONLY:
            require_source(target, source)
        else:
            table(target)
    if given.html is not None:
        writable(given.html, force=given.force)
    from graphfix.lowering.instructions import parse_instructions
    from graphfix.lowering.paths.collect import paths_of_onnx, paths_of_source

    shapes, values = bindings(given.shape, given.set, config)
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(spinner())
        search_options = _search_options(stack, given, targets, {} if source is not None else shapes, values)
        if source is None:
            found = paths_of_onnx(Path(given.source), targets, search_options, progress)
        else:
            import tempfile

            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphfix-")))
            found = paths_of_source(source, parse_instructions(given, shapes), folder, targets, search_options, progress)
    _report(found, given)
    return int(found.reached != list(found.targets))


def _search_options(
    stack: contextlib.ExitStack, given: argparse.Namespace, targets: Sequence[str], shapes: Mapping[str, Any], values: Any
) -> SearchOptions:
    from graphfix.lowering.paths.search import SearchOptions

    data = read_data(given.data)
    compilers = dict(_open_compilers(stack, targets)) if given.confirm else {}
    return SearchOptions(given.source, tuple(_repeated_options(given)), shapes, values, data, given.time, compilers)


def _repeated_options(given: argparse.Namespace) -> Iterator[str]:
    """Yield the options of this command line that the commands of the paths must repeat."""
    for name in REPEATED_OPTIONS:
        value = getattr(given, name)
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            yield f"--{name}={one}"
    for name in REPEATED_FLAGS:
        if getattr(given, name):
            yield f"--{name}"


def _open_compilers(stack: contextlib.ExitStack, targets: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Open each installed compiler; yields a target and its functions from `consult_compilers`. Prints a note for the others."""
    from graphfix.backends.compile.consult import consult_compilers

    for target in (one for one in targets if one not in DIRECT_ONLY):
        with contextlib.suppress(BackendError):
            yield target, stack.enter_context(consult_compilers([target], _warn, {}, {}))


def _warn(line: str) -> None:
    notice(line)


def _report(found: ConversionPaths, given: argparse.Namespace) -> None:
    with destination(given.output_file) as out:
        if given.output_format == "json":
            from graphfix.report.json_ import written

            out.write(written(found.to_json()) + "\n")
        else:
            from graphfix.report.paths_text import render_paths

            render_paths(found, out, full=given.full)
    if given.html is not None:
        from graphfix.report.paths_page import paths_page

        with destination(given.html) as out:
            out.write(paths_page(found))
        notice(f"wrote {given.html}")

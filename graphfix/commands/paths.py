"""`graphfix paths`: every conversion path from a model to its targets, by exporter and by the rewrites it needs."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix import config as settings
from graphfix.atomic import writable
from graphfix.commands.fix import read_data
from graphfix.commands.options import add_shared, bindings, chosen_targets, destination
from graphfix.engine import table
from graphfix.errors import BackendError, UsageError
from graphfix.lowering.instructions import instructions
from graphfix.lowering.options import add_lowering, add_proof
from graphfix.lowering.source import Source, recognised
from graphfix.progress import spinner
from graphfix.roads import Map, Start
from graphfix.table import targets as known_targets

if TYPE_CHECKING:
    from graphfix.lowering.lowered import Lowered
    from graphfix.roadwork import Terms

FORMATS = ("text", "json")
REPEATED_OPTIONS = ("input", "shape", "set", "opset", "inputs", "outputs", "data", "weights", "python")
REPEATED_FLAGS = ("trust", "network")
"""Options that the printed commands repeat: those with values, and flags."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("source", metavar="SOURCE", help="a model of ONNX, or of PyTorch or TensorFlow in one of the forms below")
    parser.add_argument("--html", type=Path, metavar="OUT", help="also write a self-contained page that draws the roads")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")
    parser.add_argument("--time", type=float, default=60.0, metavar="SECONDS", help="what rewriting may take for each road (60)")
    parser.add_argument("--confirm", action="store_true", help="ask the real compilers too, and go on by what they reject")
    add_proof(parser)
    add_shared(parser, formats=FORMATS)
    add_lowering(parser)
    parser.epilog = "exit codes: 0 every target is reached, 1 one is not, 2 unreadable"


def run(given: argparse.Namespace) -> int:
    """Try every conversion path; exit 0 when all targets are reached, 1 when one is not, 2 when the source is unreadable."""
    if given.output_format not in FORMATS:
        raise UsageError(f"paths has no format `{given.output_format}`", hint=f"choose from {', '.join(FORMATS)}")
    source = recognised(given.source)
    config = settings.load(source.home if source is not None else Path(given.source), file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config) if given.target or config.targets else list(known_targets())
    for target in targets:
        table(target)
    if given.html is not None:
        writable(given.html, force=given.force)
    shapes, values = bindings(given.shape, given.set, config)
    with contextlib.ExitStack() as stack:
        say = stack.enter_context(spinner())
        terms = _terms(stack, given, targets, {} if source is not None else shapes, values)
        if source is None:
            from graphfix.setting_out import start_as_given

            found = _map(given.source, "ONNX", "", [start_as_given(Path(given.source))], targets, terms, say)
        else:
            found = _map_of_source(stack, source, given, targets, shapes, terms, say)
    _report(found, given)
    return int(found.reached != list(found.targets))


def _map_of_source(
    stack: contextlib.ExitStack,
    source: Source,
    given: argparse.Namespace,
    targets: Sequence[str],
    shapes: Any,
    terms: Terms,
    say: Any,
) -> Map:
    """Return the conversion paths of a source that exporters lower; raises its error when it cannot be opened."""
    from graphfix.lowering.lower import lower_source
    from graphfix.setting_out import starts_of

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphfix-")))
    wanted = instructions(given, shapes)
    lowered = lower_source(source, wanted, folder, values=terms.values, every=True, say=say)
    if lowered.problem is not None:
        raise lowered.problem
    return _map(source.text, source.title, _exporter_version(lowered), starts_of(lowered), targets, terms, say)


def _exporter_version(lowered: Lowered) -> str:
    """The name and version of the framework that lowered the source."""
    return " ".join(next(iter(lowered.versions.items()), ()))


def _map(source: str, title: str, by: str, starts: Sequence[Start], targets: Sequence[str], terms: Terms, say: Any) -> Map:
    from graphfix.roadwork import roads

    return Map(source, title, by, tuple(targets), tuple(starts), tuple(roads(starts, targets, terms, say)))


def _terms(
    stack: contextlib.ExitStack, given: argparse.Namespace, targets: Sequence[str], shapes: Mapping[str, Any], values: Any
) -> Terms:
    from graphfix.roadwork import Terms

    data = read_data(given.data)
    asking = dict(_open_compilers(stack, targets)) if given.confirm else {}
    return Terms(given.source, tuple(_repeated_options(given)), shapes, values, data, given.time, asking)


def _repeated_options(given: argparse.Namespace) -> Iterator[str]:
    """Yield the options of this command line that the printed commands must repeat."""
    for name in REPEATED_OPTIONS:
        value = getattr(given, name)
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            yield f"--{name}={one}"
    for name in REPEATED_FLAGS:
        if getattr(given, name):
            yield f"--{name}"


def _open_compilers(stack: contextlib.ExitStack, targets: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Open each installed compiler; yields a target and its functions from `consult_compilers`. Prints a note for the others."""
    from graphfix.consult import consult_compilers

    for target in targets:
        with contextlib.suppress(BackendError):
            yield target, stack.enter_context(consult_compilers([target], _warn, {}, {}))


def _warn(line: str) -> None:
    print(f"graphfix: {line}", file=sys.stderr)


def _report(found: Map, given: argparse.Namespace) -> None:
    with destination(given.output_file) as out:
        if given.output_format == "json":
            from graphfix.report.json_ import written

            out.write(written(found.to_json()) + "\n")
        else:
            from graphfix.report.roads import render_roads

            render_roads(found, out, full=given.full)
    if given.html is not None:
        from graphfix.report.roads_page import roads_page

        with destination(given.html) as out:
            out.write(roads_page(found))
        print(f"graphfix: wrote {given.html}", file=sys.stderr)

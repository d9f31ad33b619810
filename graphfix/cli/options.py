"""Options that several subcommands share, and their values in the engine's form."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from graphfix.cli.progress import spinner
from graphfix.cli.verbosity import notice
from graphfix.errors import UsageError
from graphfix.ir.atomic_write import PendingFile, output_errors, writable
from graphfix.ir.atomic_write import destination as resolved
from graphfix.linter.config import Config
from graphfix.linter.diagnostics import UNDECIDED, Finding, Result, Severity
from graphfix.linter.formats import ALIASES, FORMATS
from graphfix.tables.versions import expanded_targets, targets

if TYPE_CHECKING:
    from graphfix.lowering.bringing import LoweredSource

RANKS = {"error": 3, "warning": 2, "note": 1, "never": 9}


class CommaSeparated(argparse.Action):
    """An option with values separated by commas; values of repeated options are joined."""

    def __call__(self, parser: object, namespace: argparse.Namespace, values: object, option_string: str | None = None) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, f"{before},{values}" if before else values)


def add_targets(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the option of the targets, with a help text."""
    parser.add_argument("--target", "-t", action=CommaSeparated, metavar="T[,T...]", help=text)


def add_shared(parser: argparse.ArgumentParser, *, formats: Iterable[str] = FORMATS) -> None:
    """Add the options of every command that judges models, with the output formats of the command."""
    add_targets(parser, "targets that `graphfix targets` lists, or groups of them: mobile, desktop, all")
    dims = "an input's dims: numbers are sizes, symbols (Nx3x224x224) stay dynamic; <N>=1: a symbol's size; <*>=1: all others"
    parser.add_argument("--shape", action="append", default=[], metavar="NAME=1x3x224x224", help=dims)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="bind an input to a constant")
    named = f"one of {', '.join(formats)}"
    parser.add_argument("--output-format", default="text", type=_format, metavar="FORMAT", help=named)
    parser.add_argument("--output-file", type=Path, metavar="FILE", help="write the report here instead of stdout")
    parser.add_argument("--full", action="store_true", help="show every finding in full, notes included")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings to use instead of the nearest pyproject.toml")
    parser.add_argument("--isolated", action="store_true", help="ignore every configuration file")


def _format(name: str) -> str:
    """Return a format under its own name where an alias is given."""
    return ALIASES.get(name, name)


def add_fail_on(parser: argparse.ArgumentParser) -> None:
    """Add the option of commands whose exit code depends on findings."""
    parser.add_argument(
        "--fail-on",
        choices=("error", "undecided", "warning", "note", "never"),
        help="the lowest severity that gives exit code 1 (default: error); undecided: errors, and what leaves a verdict open",
    )


@contextlib.contextmanager
def as_onnx(
    text: str | Path, given: argparse.Namespace, targets: Sequence[str], shapes: dict[str, Any], values: dict[str, Any]
) -> Iterator[tuple[Path, LoweredSource | None]]:
    """Yield the ONNX file that `text` names, or a temporary one lowered from it; raises GraphfixError where lowering fails."""
    from graphfix.lowering.source import recognise_source

    source = recognise_source(text)
    if source is None:
        yield Path(text), None
        return
    from graphfix.lowering.bringing import lower_for_command, usable_model

    with (
        spinner() as say,
        lower_for_command(source, given, targets=targets, shapes=shapes, values=values, progress=say) as lowered_source,
    ):
        file = usable_model(lowered_source)
        notice(lowered_source.summary)
        yield file, lowered_source


def chosen_targets(given: str | None, config: Config) -> list[str]:
    """Return the requested targets with groups expanded; raises UsageError where there are none."""
    names = [name.strip() for name in given.split(",")] if given else list(config.targets)
    if not names:
        raise UsageError("no target is given", hint=f"add --target T, one of {', '.join(targets())}, or all")
    return expanded_targets(names)


def bindings(shapes: Sequence[str], values: Sequence[str], config: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `--shape` and `--set` by input name, a shape without a name under the empty name; a range leaves its dim dynamic."""
    spanned, constants = spanned_bindings(shapes, values, config)
    if not spanned:
        return {}, constants
    from graphfix.ir.dim_ranges import without_ranges

    return {name: without_ranges(dims) for name, dims in spanned.items()}, constants


def spanned_bindings(shapes: Sequence[str], values: Sequence[str], config: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    """Like `bindings`, but a dim given as a range is returned as a Span."""
    if not (shapes or values or config.shapes or config.values):
        return {}, {}
    from graphfix.ir.bind_inputs import parse_value
    from graphfix.ir.dim_ranges import parse_ranges, parse_shape_ranges

    dims: dict[str, Any] = {name: parse_ranges(entries, name) for name, entries in config.shapes.items()}
    dims.update({name or "": sizes for name, sizes in map(parse_shape_ranges, shapes)})
    return dims, {**config.values, **dict(map(parse_value, values))}


def counts(finding: Finding, fail_on: str) -> bool:
    """Whether a finding is at or above a level; `undecided` are errors and findings that make the verdict undecided."""
    if fail_on == "undecided":
        return finding.severity is Severity.ERROR or finding.kind in UNDECIDED
    return finding.severity.weight >= RANKS[fail_on]


def exit_code(results: Sequence[Result], fail_on: str) -> int:
    """Return 2 when a model could not be read, 1 with a finding that counts at the level `fail_on`, else 0."""
    if any(result.error is not None for result in results):
        return 2
    return int(any(counts(finding, fail_on) for result in results for finding in result.findings))


@contextlib.contextmanager
def destination(path: Path | None) -> Iterator[TextIO]:
    """Yield the stream of a report: stdout, or a buffer that is written to the file when the block ends."""
    if path is None:
        yield sys.stdout
        return
    writable(path, force=True)
    buffer = io.StringIO()
    yield buffer
    target = resolved(path)
    with output_errors(path), PendingFile(os.path.dirname(target)) as pending:
        pending.write(buffer.getvalue().encode())
        pending.put(target)

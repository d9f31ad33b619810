"""`graphfix backends`: list the installed and measured compiler versions, or install one in an environment."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphfix.cli.progress import spinner
from graphfix.errors import BackendError, UsageError

if TYPE_CHECKING:
    from graphfix.backends.base import Backend

COLUMNS = ("backend", "version", "measured", "can compile", "can run", "where", "to install")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", nargs="?", choices=("list", "install"), default="list")
    parser.add_argument("backend", nargs="?", metavar="T[@VERSION]", help="what to install")


def run(given: argparse.Namespace) -> int:
    """Print a table of compilers and measured versions, or install one."""
    if given.action == "install":
        return _install(given.backend)
    if given.backend is not None:
        raise UsageError(f"`list` takes no `{given.backend}`", hint="run `graphfix backends`")
    from graphfix.backends.base import backends

    rows = [row for _, backend in sorted(backends().items()) for row in _rows(backend)]
    from graphfix.report.page import console, styled

    if not styled(sys.stdout):
        widths = [max(len(row[at]) for row in (COLUMNS, *rows)) for at in range(len(COLUMNS))]
        for row in (COLUMNS, *rows):
            print("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
        return 0
    from rich.table import Table
    from rich.text import Text

    table = Table(*COLUMNS, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))  # as text: rich reads [coreml] in a string as markup
    console(sys.stdout).print(table)
    return 0


def _rows(backend: Backend) -> Iterator[tuple[str, ...]]:
    """Yield one row per installed version, the one that is used first, then one per version that was only measured."""
    from graphfix.backends.host import runs_workers
    from graphfix.backends.toolchain import find, installed
    from graphfix.tables.versions import every_target, measured_versions

    measured = measured_versions(backend.name)[::-1] if backend.name in every_target() else []
    compiles = "yes" if runs_workers() else "no"
    runs = "yes" if backend.runs_here and runs_workers() else "no"
    installed_versions: list[str] = []
    try:
        used = find(backend.name)
    except BackendError as error:
        yield backend.name, "-", "-", "no", "no", error.problem, backend.install
    else:
        if used is None:
            yield backend.name, "-", "-", "no", "no", "-", backend.install
        for one in (used, *(other for other in installed(backend.name) if other != used)):
            if one is not None:
                installed_versions.append(one.version)
                yield backend.name, one.version, "yes" if one.version in measured else "no", compiles, runs, one.python, "-"
    for version in measured:
        if version not in installed_versions:
            yield backend.name, version, "yes", "no", "no", "-", f"graphfix backends install {backend.name}@{version}"


def _install(wanted: str | None) -> int:
    """Install, with pip's output lines on stderr, or in a spinner on a terminal."""
    if not wanted:
        raise UsageError("no backend is named", hint="write `graphfix backends install tflite`")
    from graphfix.backends.toolchain import install
    from graphfix.tables.versions import canonical_target

    name, _, version = canonical_target(wanted).partition("@")
    with spinner() as say:
        report = say if sys.stderr.isatty() else lambda line: print(line, file=sys.stderr, flush=True)
        toolchain = install(name, version or None, lambda line: report(line[:100]))
    print(f"{name} {toolchain.version} in {toolchain.python}")
    return 0

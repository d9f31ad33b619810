"""`graphfix backends`: which compilers are here, and installing one into an environment of its own."""

from __future__ import annotations

import argparse
import sys

from graphfix.errors import UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("action", nargs="?", choices=("list", "install"), default="list")
    parser.add_argument("backend", nargs="?", metavar="T[@VERSION]", help="what to install")


def run(given: argparse.Namespace) -> int:
    """Show a table of compilers, or install one."""
    if given.action == "install":
        return _install(given.backend)
    from rich.console import Console
    from rich.table import Table

    from graphfix.backends.base import backends
    from graphfix.backends.toolchain import find

    shown = Table("backend", "version", "where", "can run here", "to install", box=None, pad_edge=False)
    for name, backend in sorted(backends().items()):
        found = find(name)
        version, where = (found.version, found.python) if found else ("-", "-")
        shown.add_row(name, version, where, "yes" if backend.runs_here else "no", "" if found else backend.install)
    Console(width=None if sys.stdout.isatty() else 160).print(shown)
    return 0


def _install(wanted: str | None) -> int:
    if not wanted:
        raise UsageError("no backend is named", cure="write `graphfix backends install tflite`")
    from graphfix.backends.toolchain import install

    name, _, version = wanted.partition("@")
    made = install(name, version or None, lambda line: print(line, file=sys.stderr))
    print(f"{name} {made.version} in {made.python}")
    return 0

"""`graphfix probe`: ask a compiler about one-node models and write, or check, its support tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from graphfix.errors import BackendError, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--target", "-t", required=True, metavar="T[@VERSION]", help="the compiler to measure")
    parser.add_argument("--op", nargs="+", default=[], metavar="OP", help="operators, as the tables name them (all)")
    parser.add_argument("--check", action="store_true", help="write nothing; say which tables would change")
    parser.add_argument("--evidence", type=Path, metavar="DIR", help="keep answers here, so that an interrupted run goes on")
    parser.add_argument("--rules", type=Path, metavar="DIR", help="where to write the tables, instead of graphfix's own")


def run(given: argparse.Namespace) -> int:
    """Measure; exit 0 when done, 1 when --check found a table that differs, 2 without the compiler."""
    from graphfix.backends.base import backends
    from graphfix.backends.toolchain import find
    from graphfix.errors import nearest
    from graphfix.probe.run import run as measure

    name, _, version = given.target.partition("@")
    if name not in backends():
        raise UsageError(f"unknown target `{name}`", cure=nearest(name, backends()))
    found = find(name, version or None)
    if found is None:
        raise BackendError(f"{given.target} is not installed", cure=f"install it with `graphfix backends install {given.target}`")
    done = measure(
        name,
        given.op,
        python=found.python,
        home=given.rules,
        evidence=given.evidence,
        writing="nothing" if given.check else "tables",
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    changed = [outcome.op for outcome in done if outcome.changed]
    print(f"{name} {found.version}: {sum(outcome.probes for outcome in done)} probes of {len(done)} operators")
    print(f"{len(changed)} tables {'would change' if given.check else 'changed'}{': ' if changed else ''}{', '.join(changed)}")
    return int(given.check and bool(changed))

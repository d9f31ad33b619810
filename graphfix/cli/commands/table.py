"""`graphfix table`: the support tables as text in the terminal, or as one searchable web page."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from graphfix.cli.options import add_targets
from graphfix.cli.verbosity import notice
from graphfix.errors import UsageError
from graphfix.linter.support import named, operators, support, support_lines, tables
from graphfix.tables.table import Table
from graphfix.tables.versions import EVERY, expanded_targets


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--op", nargs="+", action="extend", default=[], metavar="OP", help="operators: show their conditions, evidence and fixes"
    )
    add_targets(parser, "every measured version of these, or T@VERSION")
    parser.add_argument("--html", type=Path, metavar="OUT", help="write a self-contained page instead")
    parser.add_argument(
        "--precision", action="store_true", help="show what targets compute in, and which quantised and narrow forms they support"
    )
    parser.add_argument("--full", action="store_true", help="with --precision: also what the compilers say of what they reject")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")


def run(given: argparse.Namespace) -> int:
    """Print the newest tables side by side, or the details of some operators, or write a page."""
    wanted = expanded_targets(name.strip() for name in given.target.split(",")) if given.target and given.target != EVERY else []
    if given.full and not given.precision:
        raise UsageError("--full adds the compilers' words to --precision", hint="add --precision")
    if given.precision:
        return _print_precisions(given, wanted)
    chosen = tables(wanted, every=bool(given.op or given.html or given.target))
    for table in chosen:
        if table.asked:
            notice(f"{table.target}@{table.asked} was not measured; {table.version} is shown")
    known = operators(chosen)
    names = list(dict.fromkeys(name for op in given.op for name in named(op, known)))
    if given.html is not None:
        _write(given.html, names or known, chosen, force=given.force)
    elif names:
        _print_operators(names, chosen)
    else:
        from graphfix.report.matrix import render_matrix

        render_matrix(known, chosen, sys.stdout)
    return 0


def _print_precisions(given: argparse.Namespace, wanted: list[str]) -> int:
    """Print what was measured of the forms in reduced precision."""
    from graphfix.report.precision_matrix import render_precision_matrix
    from graphfix.tables.precision import read_precision

    if given.op or given.html is not None:
        raise UsageError("--precision is about whole models, as text", hint="leave out --op and --html")
    found = [known for one in tables(wanted, every=bool(wanted)) if (known := read_precision(one)) is not None]
    if not found:
        raise UsageError("no precisions were measured of these", hint="measure with `graphfix probe --precision --target T`")
    render_precision_matrix(found, sys.stdout, full=given.full)
    return 0


def _print_operators(names: list[str], chosen: list[Table]) -> None:
    """Print all details of some operators, table by table; fixes are green on a terminal."""
    from graphfix.report.page import Page

    page = Page(sys.stdout)
    for at, name in enumerate(names):
        if at:
            page.line()
        for table in chosen:
            head, *lines = support_lines(support(name, table))
            page.line((head, "bold"))
            for line in lines:
                page.line((line, "green") if line.lstrip().startswith("helps:") else line)


def _write(path: Path, names: list[str], chosen: list[Table], *, force: bool) -> None:
    """Write the page atomically; an existing file is overwritten only with `force`."""
    from graphfix.ir.atomic_write import PendingFile, destination, writable
    from graphfix.ir.atomic_write import output_errors as refused
    from graphfix.report.support_page import support_page

    writable(path, force=force)
    page = support_page(names, chosen).encode()
    goal = destination(path)
    with refused(path), PendingFile(os.path.dirname(goal)) as pending:
        pending.write(page)
        pending.put(goal)
    print(f"wrote {path}: {len(names)} operators by {len(chosen)} compiler versions, {len(page) / 2**20:.1f} MiB")

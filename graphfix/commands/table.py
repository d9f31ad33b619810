"""`graphfix table`: the support tables, readable: in the terminal, or as one web page to search in."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from graphfix.commands.options import add_targets
from graphfix.support import named, operators, support, tables, told
from graphfix.table import Table


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--op", nargs="+", action="extend", default=[], metavar="OP", help="operators: their conditions, evidence and cures"
    )
    add_targets(parser, "every measured version of these, or T@VERSION")
    parser.add_argument("--html", type=Path, metavar="OUT", help="write a self-contained page instead")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")


def run(given: argparse.Namespace) -> int:
    """Show the newest tables side by side, all about some operators, or write everything as a page."""
    wanted = [name.strip() for name in given.target.split(",")] if given.target and given.target != "all" else []
    among = tables(wanted, every=bool(given.op or given.html or given.target))
    for table in among:
        if table.asked:
            print(f"graphfix: {table.target}@{table.asked} was not measured; {table.version} is shown", file=sys.stderr)
    known = operators(among)
    names = list(dict.fromkeys(name for op in given.op for name in named(op, known)))
    if given.html is not None:
        _write(given.html, names or known, among, force=given.force)
    elif names:
        _tell(names, among)
    else:
        from graphfix.report.matrix import render_matrix

        render_matrix(known, among, sys.stdout)
    return 0


def _tell(names: list[str], among: list[Table]) -> None:
    """Everything about some operators, table by table; what helps stands out on a terminal."""
    from graphfix.report.page import Page

    page = Page(sys.stdout)
    for at, name in enumerate(names):
        if at:
            page.line()
        for table in among:
            head, *lines = told(support(name, table))
            page.line((head, "bold"))
            for line in lines:
                page.line((line, "green") if line.lstrip().startswith("helps:") else line)


def _write(path: Path, names: list[str], among: list[Table], *, force: bool) -> None:
    """Put the page in place whole; an existing file only with force."""
    from graphfix.atomic import Pending, destination, writable
    from graphfix.atomic import told as refused
    from graphfix.report.support_page import support_page

    writable(path, force=force)
    page = support_page(names, among).encode()
    goal = destination(path)
    with refused(path), Pending(os.path.dirname(goal)) as pending:
        pending.write(page)
        pending.put(goal)
    print(f"wrote {path}: {len(names)} operators by {len(among)} compiler versions, {len(page) / 2**20:.1f} MiB")

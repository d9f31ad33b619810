"""`graphfix report`: which operators and causes hold back how many of the models in files of results."""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix.cli.options import destination
from graphfix.cli.verbosity import notice
from graphfix.errors import UsageError

if TYPE_CHECKING:
    from graphfix.report.held_back import Registry

FORMATS = ("text", "json")
LIMIT = 20
"""The operators and causes of each target that are shown by default."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    results = "a file that lint wrote as json, json-lines or parquet"
    parser.add_argument("paths", nargs="+", type=Path, metavar="RESULTS", help=results)
    parser.add_argument("--html", type=Path, metavar="OUT", help="write a self-contained page instead")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")
    parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help=f"operators and causes of each target ({LIMIT})")
    parser.add_argument("--output-format", choices=FORMATS, default="text", help="text or json")
    parser.add_argument("--output-file", type=Path, metavar="FILE", help="write the report here instead of stdout")


def run(given: argparse.Namespace) -> int:
    """Count, and write the report; exit 0."""
    from graphfix.report.held_back import tally
    from graphfix.report.results_file import read_results

    if given.limit < 1:
        raise UsageError(f"--limit {given.limit} shows nothing", hint="give 1 or more")
    if given.html is not None:
        from graphfix.ir.atomic_write import writable

        writable(given.html, force=given.force)
    registry = tally(itertools.chain.from_iterable(map(read_results, given.paths)))
    if given.html is not None:
        _write_page(registry, given.html, given.limit)
        return 0
    with destination(given.output_file) as out:
        if given.output_format == "json":
            from graphfix.report.held_back_json import registry_document
            from graphfix.report.json_ import written

            out.write(written(registry_document(registry, most=given.limit)) + "\n")
        else:
            from graphfix.report.held_back_text import render_registry

            render_registry(registry, out, most=given.limit)
    return 0


def _write_page(registry: Registry, path: Path, limit: int) -> None:
    from graphfix.report.held_back_page import registry_page

    with destination(path) as out:
        out.write(registry_page(registry, most=limit))
    notice(f"wrote {path}: what holds back {len(registry.models)} models")

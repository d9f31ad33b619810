"""`graphfix targets`: list the targets with their measured compiler versions, what was measured and when."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.report.page import Page

FORMATS = ("text", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--output-format", choices=FORMATS, default="text", help="how to print them (text)")
    parser.epilog = "`graphfix backends` lists the compilers that are installed, `graphfix table` what each target supports."


def run(given: argparse.Namespace) -> int:
    """Print the list; exit code 0."""
    from graphfix.tables.deployment import default_deployment, deployment_targets
    from graphfix.tables.measured import measurements
    from graphfix.tables.table import table
    from graphfix.tables.versions import aliases_of, derived_targets, groups_of

    found = list(measurements())
    derived = [table(name) for name in derived_targets()]
    if given.output_format == "json":
        others = [
            {"target": one.target, "base": one.base, "title": one.about["title"], "note": one.about["note"]} for one in derived
        ]
        told = {"schema": 1, "targets": [one.to_json() for one in found], "derived": others}
        print(json.dumps(told, indent=2, ensure_ascii=False))
        return 0
    from graphfix.report.page import Page

    page = Page(sys.stdout)
    for name in dict.fromkeys(one.target for one in found):
        versions = [one for one in found if one.target == name]
        also = f", also called {', '.join(aliases_of(name))}" if aliases_of(name) else ""
        among = f", one of {' and '.join(groups_of(name))}" if groups_of(name) else ""
        page.line((name, "bold"), f": {versions[0].title}{also}{among}")
        _note(page, versions[0].note)
        for one in versions:
            default = " (used without @VERSION)" if one.default and len(versions) > 1 else ""
            counts = f"{one.operators} operators, {one.probes} probes, measured {one.days}"
            page.line((f"  {name}@{one.version}", "bold"), f"{default}: {counts}")
            if one.preview:
                page.line(f"    preview: {one.preview}")
        if known := deployment_targets(name):
            further = [one for one in known if one != default_deployment(name)]
            page.line(f"  for {default_deployment(name)}; for {', '.join(further)} as {name}@{further[0].lower()}")
        page.line()
    for other in derived:
        page.line((other.target, "bold"), f": {other.about['title']}")
        _note(page, other.about["note"])
        page.line()
    return 0


def _note(page: Page, text: str) -> None:
    for line in textwrap.wrap(text, page.width - 2, break_on_hyphens=False):
        page.line(f"  {line}")

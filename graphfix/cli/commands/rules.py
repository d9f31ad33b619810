"""`graphfix rules`: list the codes of findings and the rewrites, a line each."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

FORMATS = ("text", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--output-format", choices=FORMATS, default="text", help="how to print them (text)")
    parser.epilog = "`graphfix explain CODE` and `graphfix explain REWRITE` print the documentation of one."


def run(given: argparse.Namespace) -> int:
    """Print the list; exit code 0."""
    found = {"schema": 1, "codes": list(_codes()), "rewrites": list(_rewrites())}
    if given.output_format == "json":
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    from graphfix.report.page import Page

    page = Page(sys.stdout)
    for title, rows in (("Findings", found["codes"]), ("Rewrites", found["rewrites"])):
        assert isinstance(rows, list)
        lines = [[row.get("code", ""), row["name"], row.get("severity", row.get("safety", "")), row["summary"]] for row in rows]
        widths = [max(len(line[at]) for line in lines) for at in range(3)]
        page.line((title, "bold"))
        for line in lines:
            cells = [word.ljust(width) for word, width in zip(line, widths, strict=False) if width]
            page.line("  " + "  ".join([*cells, line[3]]))
        page.line()
    page.line(("`graphfix explain NAME` prints the documentation of one of these.", "dim"))
    return 0


def _codes() -> Iterator[dict[str, Any]]:
    from graphfix.linter.codes import codes
    from graphfix.linter.documentation import documentation

    for code in codes().values():
        yield {
            "code": code.code, "name": code.name, "severity": code.severity.value, "summary": code.summary,
            "documentation": documentation(code.code),
        }  # fmt: skip


def _rewrites() -> Iterator[dict[str, Any]]:
    from graphfix.rewriting.registry import registry

    for rewrite in registry().values():
        yield {
            "name": rewrite.name, "safety": rewrite.safety.value, "opset": rewrite.needs_opset, "summary": rewrite.title,
            "documentation": type(rewrite).__module__.replace(".", "/") + ".py",
        }  # fmt: skip

"""The `junit` format: JUnit XML, one suite for each model and target, one case for each cause of findings.

Errors are failures; warnings and notes are passing cases with the finding in their output. A model without errors has
one more passing case that states the verdict; a model that cannot be read is an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TextIO
from xml.etree import ElementTree

from graphfix.errors import printable
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.report.paragraphs import grouped, places

INVALID_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot contain, not even escaped."""
ROOM = 400
"""The number of characters for the names of nodes."""


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write all results as one document."""
    root = ElementTree.Element("testsuites", name="graphfix")
    counts = [_suite(root, result) for result in results]
    for position, name in enumerate(("tests", "failures", "errors")):
        root.set(name, str(sum(count[position] for count in counts)))
    ElementTree.indent(root)
    out.write('<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n")


def _suite(root: ElementTree.Element, result: Result) -> tuple[int, int, int]:
    """Add one result's suite; return the numbers of its cases, failures and errors."""
    suite = ElementTree.SubElement(root, "testsuite", name=_valid_xml(f"{result.model} [{result.judge}]"))
    failures = errors = 0
    if result.error is not None:
        errors = 1
        ElementTree.SubElement(_case(suite, result, "can be read"), "error", message=_valid_xml(result.error, keep=""))
    else:
        for group in grouped(result.findings):
            failures += group[0].severity is Severity.ERROR
            _finding(suite, result, group)
        if not failures:
            _case(suite, result, f"is not rejected: {result.verdict}")
    counts = len(suite), failures, errors
    for name, count in zip(("tests", "failures", "errors"), counts, strict=True):
        suite.set(name, str(count))
    return counts


def _finding(suite: ElementTree.Element, result: Result, group: Sequence[Finding]) -> None:
    finding = group[0]
    subject = f"`{finding.op}` at {finding.node}" if finding.node else "the model"
    rest = f" and {len(group) - 1} more" if len(group) > 1 else ""
    case = _case(suite, result, f"{finding.code} {finding.name}: {subject}{rest}")
    lines = [printable(finding.message)]
    if finding.node:
        lines.append(f"at {printable(places(group, ROOM, full=False))}")
    if finding.measured:
        lines.append(f"measured: {finding.measured}")
    if finding.rewrite is not None:
        lines.append(f"fix: {finding.rewrite}")
    text = _valid_xml("\n".join(lines))
    if finding.severity is Severity.ERROR:
        ElementTree.SubElement(case, "failure", type=finding.code, message=_valid_xml(finding.message, keep="")).text = text
    else:
        ElementTree.SubElement(case, "system-out").text = f"{finding.severity}: {text}"


def _case(suite: ElementTree.Element, result: Result, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=_valid_xml(f"{result.model}.{result.judge}"), name=_valid_xml(name, keep="")
    )


def _valid_xml(text: str, keep: str = "\n") -> str:
    return INVALID_XML.sub("\ufffd", printable(text, keep=keep))

"""The `sarif` format: SARIF 2.1.0, one run over all models and targets, for code-scanning hosts and editors.

A result is located at the line of Python that its node comes from, with the model as a related location. Where that line
is unknown it is located at line 1 of the model file, which has no lines, for hosts that require one. Node and module are
logical locations. Findings that the settings silence are included, marked as suppressed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import Any, TextIO
from urllib.parse import quote

from graphfix.linter.codes import codes
from graphfix.linter.diagnostics import Finding, Result, SuppressedFinding
from graphfix.linter.documentation import help_uri, information_uri
from graphfix.report.file_uris import cited, hosted
from graphfix.report.json_ import escaped
from graphfix.version import VERSION

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write all results as one SARIF log."""
    pairs: list[tuple[Result, Finding, SuppressedFinding | None]] = []
    for result in results:
        pairs += [(result, finding, None) for finding in result.findings]
        pairs += [(result, item.finding, item) for item in result.silenced]
    used = sorted({finding.code for _, finding, _ in pairs} & codes().keys())
    position = {code: number for number, code in enumerate(used)}
    failed = {result.model: result for result in results if result.error is not None}
    driver = {
        "name": "graphfix",
        "version": VERSION,
        "semanticVersion": VERSION,
        "informationUri": information_uri(),
        "rules": [_rule(code) for code in used],
    }
    invocation: dict[str, Any] = {"executionSuccessful": not failed}
    if failed:
        invocation["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": str(result.error)}, "locations": [{"physicalLocation": _file(hosted(model))}]}
            for model, result in failed.items()
        ]
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": [_result(*pair, position) for pair in pairs],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    out.write(escaped(json.dumps(log, ensure_ascii=False)) + "\n")


def _rule(code: str) -> dict[str, Any]:
    info = codes()[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in info.name.split("-")),
        "shortDescription": {"text": info.summary},
        "fullDescription": {"text": " ".join(info.about.split())},
        "helpUri": help_uri(code),
        "help": {"text": f"{info.about}\n\nSee `graphfix explain {code}`.", "markdown": info.about},
        "defaultConfiguration": {"level": info.severity.value},
        "properties": {"tags": ["onnx", "compatibility"]},
    }


def _result(result: Result, finding: Finding, silenced: SuppressedFinding | None, position: dict[str, int]) -> dict[str, Any]:
    target = result.called or result.target
    fix = f" Fix: {finding.rewrite}." if finding.rewrite is not None else ""
    sarif: dict[str, Any] = {
        "ruleId": finding.code,
        "level": finding.severity.value,
        "message": {"text": f"[{target}] {finding.message}.{fix}"},
        "locations": [_location(result, finding)],
        "partialFingerprints": {
            "graphfix/v1": finding.fingerprint,
            # What hosts compare: without it they would hash the line, which a binary file has not.
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
        },
        "properties": {
            "target": target,
            "targetVersion": result.target_version,
            "operator": finding.op,
            "evidence": finding.evidence,
            "measured": finding.measured,
            "cure": finding.cure,
            "rewrite": None if finding.rewrite is None else finding.rewrite.name,
            "safety": None if finding.rewrite is None else finding.rewrite.safety,
        },
    }
    if cited(finding.source):
        sarif["relatedLocations"] = [{"physicalLocation": _file(hosted(result.model)), "message": {"text": "the model"}}]
    if finding.code in position:
        sarif["ruleIndex"] = position[finding.code]
    if silenced is not None:
        sarif["suppressions"] = [{"kind": "external", "justification": silenced.reason}]
    return sarif


def _location(result: Result, finding: Finding) -> dict[str, Any]:
    source = finding.source
    location: dict[str, Any] = {"physicalLocation": _physical(result, finding)}
    if finding.node:
        path = " / ".join([*finding.scope, finding.node])
        location["logicalLocations"] = [{"name": finding.node, "fullyQualifiedName": path, "kind": "node"}]
        if source is not None and source.module:
            location["logicalLocations"].append({"fullyQualifiedName": source.module, "kind": "module"})
    return location


def _physical(result: Result, finding: Finding) -> dict[str, Any]:
    """Return the line of Python that a node comes from, else the model."""
    file, line = cited(finding.source), finding.source.line if finding.source is not None else None
    return _file(file or hosted(result.model)) | {"region": {"startLine": (file and line) or 1}}


@functools.lru_cache(1024)
def _file(path: str) -> dict[str, Any]:
    absolute = next((kind for kind in (Path(path), PureWindowsPath(path)) if kind.is_absolute()), None)
    return {"artifactLocation": {"uri": quote(path) if absolute is None else absolute.as_uri()}}

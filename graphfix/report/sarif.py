"""The `sarif` format: SARIF 2.1.0, one run over all models and targets, for code-scanning hosts and editors.

A model has no lines, so a result names the file, line 1 as a fallback for hosts that insist on one, and the node as a
logical location. What the settings silence is there as well, marked as suppressed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from graphfix.codes import codes
from graphfix.diagnostic import Finding, Result, Silenced
from graphfix.report.paths import hosted
from graphfix.version import VERSION

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(results: Sequence[Result], out: TextIO) -> None:
    """Write all results as one SARIF log."""
    pairs: list[tuple[Result, Finding, Silenced | None]] = []
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
        "rules": [_rule(code) for code in used],
    }
    invocation: dict[str, Any] = {"executionSuccessful": not failed}
    if failed:
        invocation["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": str(result.error)}, "locations": [{"physicalLocation": _file(model)}]}
            for model, result in failed.items()
        ]
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": [_result(*pair, position) for pair in pairs],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    out.write(json.dumps(log, ensure_ascii=False) + "\n")


def _rule(code: str) -> dict[str, Any]:
    told = codes()[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in told.name.split("-")),
        "shortDescription": {"text": told.summary},
        "fullDescription": {"text": " ".join(told.about.split())},
        "help": {"text": f"{told.about}\n\n`graphfix explain {code}` says more.", "markdown": told.about},
        "defaultConfiguration": {"level": told.severity.value},
        "properties": {"tags": ["onnx", "compatibility"]},
    }


def _result(result: Result, finding: Finding, silenced: Silenced | None, position: dict[str, int]) -> dict[str, Any]:
    target = result.called or result.target
    cure = f" {finding.rewrite.name} ({finding.rewrite.safety}) may cure it." if finding.rewrite is not None else ""
    told: dict[str, Any] = {
        "ruleId": finding.code,
        "level": finding.severity.value,
        "message": {"text": f"[{target}] {finding.message}.{cure}"},
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
    if finding.code in position:
        told["ruleIndex"] = position[finding.code]
    if silenced is not None:
        told["suppressions"] = [{"kind": "external", "justification": silenced.reason}]
    return told


def _location(result: Result, finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": _file(result.model) | {"region": {"startLine": 1}}}
    if finding.node:
        path = " / ".join([*finding.scope, finding.node])
        place["logicalLocations"] = [{"name": finding.node, "fullyQualifiedName": path, "kind": "node"}]
    return place


@functools.lru_cache(64)
def _file(model: str) -> dict[str, Any]:
    path = hosted(model)
    return {"artifactLocation": {"uri": Path(path).as_uri() if Path(path).is_absolute() else quote(path)}}

"""Verdicts as metadata of the nodes in a copy of the model, where Netron and other viewers show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onnx import NodeProto

from graphfix.ir.external_data import has_external
from graphfix.ir.io import load_model, save_model, writable
from graphfix.ir.skeleton import read_skeleton
from graphfix.ir.source_location import OWN
from graphfix.linter.diagnostics import NodeVerdict, Result
from graphfix.linter.node_verdicts import keyed

PREFIX = "graphfix."


def annotate(results: Sequence[Result], source: Path, goal: Path, *, force: bool) -> int:
    """Write the model at `source` to `goal` with each target's verdict on every node; return the number of nodes annotated.

    Weights, in the file or beside it, are copied. Annotations of an earlier run are replaced. Nodes inside local functions are
    judged where they are called and get no annotation.

    Raises:
        ModelError: the model cannot be read. OutputError: `goal` exists without `force`, or cannot be written.
    """
    writable(goal, force=force)
    external = has_external(read_skeleton(source))
    model = load_model(source)
    verdicts = {result.called or result.target: {told.key: told for told in result.rulings} for result in results}
    told = 0
    for key, node in keyed(model.graph):
        found = {target: by_key[key] for target, by_key in verdicts.items() if key in by_key}
        _replace_annotations(node, {target: _verdict_text(verdict) for target, verdict in found.items()})
        told += bool(found)
    _replace_annotations(
        model, {result.called or result.target: f"{result.verdict} by {_target_version(result)}" for result in results}
    )
    save_model(model, goal, force=force, external=external)
    return told


def _replace_annotations(message: NodeProto | Any, annotations: dict[str, str]) -> None:
    """Replace the annotations in a message's metadata; graphfix's own entries on source locations are kept."""
    kept = [(prop.key, prop.value) for prop in message.metadata_props if not prop.key.startswith(PREFIX) or prop.key in OWN]
    del message.metadata_props[:]
    for key, value in [*kept, *((PREFIX + target, value) for target, value in annotations.items())]:
        message.metadata_props.add(key=key, value=value)


def _verdict_text(verdict: NodeVerdict) -> str:
    """Return a verdict as text."""
    evidence = f" ({verdict.evidence})" if verdict.evidence else ""
    return f"{verdict.verdict}{evidence}{f': {verdict.reason}' if verdict.reason else ''}"


def _target_version(result: Result) -> str:
    return f"{result.target} {result.target_version}"

"""Verdicts written into a copy of the model, as metadata of its nodes: Netron and other viewers show them there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from onnx import NodeProto

from graphfix.diagnostic import NodeVerdict, Result
from graphfix.external import has_external
from graphfix.model import load_model, save_model, writable
from graphfix.origin import OWN
from graphfix.skeleton import read_skeleton
from graphfix.verdicts import keyed

PREFIX = "graphfix."


def annotate(results: Sequence[Result], source: Path, goal: Path, *, force: bool) -> int:
    """Write the model at `source` to `goal` with each target's verdict on every node; the number of nodes told of.

    Weights, in the file or beside it, are copied as they are. Notes of an earlier time are replaced. Nodes inside local
    functions are judged where they are called and carry no note.

    Raises:
        ModelError: the model cannot be read. OutputError: `goal` exists without `force`, or cannot be written.
    """
    writable(goal, force=force)
    outside = has_external(read_skeleton(source))
    model = load_model(source)
    verdicts = {result.called or result.target: {told.key: told for told in result.rulings} for result in results}
    told = 0
    for key, node in keyed(model.graph):
        found = {target: by_key[key] for target, by_key in verdicts.items() if key in by_key}
        _replace(node, {target: _words(verdict) for target, verdict in found.items()})
        told += bool(found)
    _replace(model, {result.called or result.target: f"{result.verdict} by {_version(result)}" for result in results})
    save_model(model, goal, force=force, external=outside)
    return told


def _replace(holder: NodeProto | Any, notes: dict[str, str]) -> None:
    """Put notes into a message's metadata in place of those that are there; where a node comes from is no such note."""
    kept = [(prop.key, prop.value) for prop in holder.metadata_props if not prop.key.startswith(PREFIX) or prop.key in OWN]
    del holder.metadata_props[:]
    for key, value in [*kept, *((PREFIX + target, value) for target, value in notes.items())]:
        holder.metadata_props.add(key=key, value=value)


def _words(told: NodeVerdict) -> str:
    evidence = f" ({told.evidence})" if told.evidence else ""
    return f"{told.verdict}{evidence}{f': {told.reason}' if told.reason else ''}"


def _version(result: Result) -> str:
    return f"{result.target} {result.target_version}"

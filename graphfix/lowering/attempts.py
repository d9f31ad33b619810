"""One exporter's attempt on a source: the request for its worker, and what becomes of the answer."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from graphfix.errors import GraphfixError, ModelError, UsageError
from graphfix.ir.reading import bound
from graphfix.linter.engine import judge
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.lowered import Attempt
from graphfix.lowering.proof import verify_lowered
from graphfix.lowering.source import Source


def build_request(source: Source, instructions: Instructions, exporter: str, folder: Path) -> dict[str, Any]:
    """Return the request that asks a worker to lower a source by one exporter into `folder`."""
    shapes = {
        name: [f"{name or 'dim'}_{axis}" if dim is None else dim for axis, dim in enumerate(dims)]
        for name, dims in instructions.shapes.items()
    }  # a range stays free, which takes a name
    return {
        "kind": source.kind.value,
        "text": source.text,
        "path": str(source.path.absolute()) if source.path is not None else None,
        "exporter": exporter,
        "opset": instructions.opset,
        "examples": [{"name": one.name, "dims": list(one.dims), "dtype": one.dtype} for one in instructions.examples],
        "shapes": shapes,
        "data": _absolute(instructions.data),
        "weights": _absolute(instructions.weights),
        "ends": [list(names) for names in instructions.ends],
        "folder": str(folder.absolute()),
    }


def _absolute(path: Path | None) -> str | None:
    """Return a file's absolute path; UsageError where it does not exist."""
    if path is None:
        return None
    if not path.is_file():
        raise UsageError("there is no such file", path=path)
    return str(path.absolute())


def read_attempt(source: Source, instructions: Instructions, answer: Mapping[str, Any], exporter: str, folder: Path) -> Attempt:
    """Return a worker's answer as an Attempt; a model that was written is verified against the framework's outputs.

    Raises:
        UsageError: the options do not fit the source. ModelError: the source may not be opened without trust.
    """
    refused(answer, source)
    stage = answer["stage"]
    attempt = Attempt(
        exporter, stage, float(answer["seconds"]), leftovers=answer.get("leftovers", ()), notes=answer.get("notes", ())
    )
    if stage != "ok":
        attempt.failure = {key: answer.get(key) for key in ("message", "file", "line", "module", "op", "cure")}
        return attempt
    attempt.model = folder / "model.onnx"
    attempt.opset, attempt.nodes = _opset_and_node_count(attempt.model)
    attempt.verification = verify_lowered(
        attempt.model, folder / "feeds.npz", answer["runs"], rtol=instructions.rtol, atol=instructions.atol
    )
    if not answer["steady"]:
        attempt.notes = [*attempt.notes, "the framework itself gives other outputs on the same inputs each time"]
    return attempt


def refused(answer: Mapping[str, Any], source: Source) -> None:
    """Raise UsageError where the options do not fit the source, and ModelError where it may not be opened without trust."""
    if answer["stage"] in ("usage", "refused"):
        kind = UsageError if answer["stage"] == "usage" else ModelError
        raise kind(answer["message"], path=source.text, cure=answer.get("cure") or None)


def _opset_and_node_count(path: Path) -> tuple[int, int]:
    """Return a model's opset of the default domain, and the number of its nodes with those in subgraphs."""
    from graphfix.ir.skeleton import read_skeleton
    from graphfix.ir.traversal import graphs

    model = read_skeleton(path)
    opset = max((entry.version for entry in model.opset_import if not entry.domain), default=0)
    return opset, sum(len(graph.node) for graph in graphs(model.graph))


def lint_attempt(
    attempt: Attempt, source: Source, instructions: Instructions, targets: Sequence[str], values: Mapping[str, Any]
) -> Sequence[Any]:
    """Return the lint Results of an attempt's model, bound as it will be used.

    Where the requested shapes or values do not fit the model, it is linted as it is.
    """
    from graphfix.ir.skeleton import read_skeleton

    if attempt.model is None or not targets:
        return ()
    model = read_skeleton(attempt.model)
    shapes: Any = dict(instructions.shapes)
    with contextlib.suppress(GraphfixError):
        model = bound(model, shapes, values)
    return judge(model, targets, name=source.text)

"""Mending a model where it lies: the rewrites of `fix` as the settings allow them, the interface of the file kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphfix.config import Config
from graphfix.diagnostic import Result
from graphfix.errors import UsageError


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of one model: a Result for each target, what changed node by node, and the files that were written.

    `diff` is empty where no rewrite helped. `files` is empty when nothing was written; a model that keeps its weights
    outside has a second file.
    """

    results: tuple[Result, ...]
    diff: str
    files: tuple[Path, ...] = ()


def mend(
    path: Path, targets: Sequence[str], shapes: Mapping[str, Any], values: Mapping[str, Any], config: Config, *, write: bool
) -> Mended:
    """Rewrite one model for its targets, verified as `fix` does it, and with `write` replace the file atomically.

    `shapes` are frozen in the file. The Results are those of the mended model, no settings applied yet.

    Raises:
        UsageError: an input is bound to a value, which would take it out of a file that the settings still bind it in.
        GraphfixError: the model cannot be read, or its place cannot be written.
    """
    from graphfix.atomic import writable
    from graphfix.engine import judge, named, read_whole
    from graphfix.external import has_external
    from graphfix.model import save_model
    from graphfix.nodediff import node_diff
    from graphfix.planner import fix_model
    from graphfix.skeleton import read_skeleton

    if values:
        bound = ", ".join(f"`{name}`" for name in values)
        problem = f"is not mended in place: {bound} is bound to a constant, and would be gone from the file"
        raise UsageError(problem, path=path, hint=f"run `graphfix fix {path} -o OUT.onnx`, and ship that")
    if write:
        writable(path, force=True)
    model = read_whole(path)
    fixed = fix_model(
        model,
        judge=lambda candidate: judge(candidate, targets, name=str(path)),
        targets=targets,
        allow=set(config.allow),
        shapes=named(model, shapes),
        rtol=config.rtol,
        atol=config.atol,
    )
    for result in fixed.results:
        result.changes = [change.to_json() for change in fixed.changes]
        result.verification = dataclasses.asdict(fixed.verification)
    diff = node_diff(model, fixed.model, str(path)) if fixed.changed else ""
    if not (write and diff):
        return Mended(fixed.results, diff)
    del model  # large models are not to be held twice while one is written
    save_model(fixed.model, path, force=True, external=has_external(read_skeleton(path)))
    for result in fixed.results:
        result.output = str(path)
    return Mended(fixed.results, diff, (path, *_beside(path)))


def _beside(path: Path) -> list[Path]:
    """The files that hold a model's weights."""
    from graphfix.skeleton import read_skeleton
    from graphfix.tensors import is_elided, is_external, tensors

    apart = (tensor for tensor in tensors(read_skeleton(path)) if is_external(tensor) and not is_elided(tensor))
    locations = (entry.value for tensor in apart for entry in tensor.external_data if entry.key == "location")
    return [path.parent / name for name in dict.fromkeys(locations)]

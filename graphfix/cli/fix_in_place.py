"""Fixing a model file in place: the rewrites of `fix` that the settings allow, with the file's inputs and outputs kept."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.errors import ChangedError, UsageError

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.ir.atomic_write import FileState
    from graphfix.linter.config import Config
    from graphfix.linter.diagnostics import Result
    from graphfix.rewriting.measurement import Confirmed


@dataclass(frozen=True, slots=True)
class FixedModel:
    """The outcome for one model: a Result for each target, a diff of the nodes, and the written files.

    `diff` is empty where no rewrite was kept. `files` is empty when nothing was written; a model with external weights
    has a second file. `confirmed` is what the targets' compilers made of the model before and after.
    """

    results: tuple[Result, ...]
    diff: str
    files: tuple[Path, ...] = ()
    confirmed: Mapping[str, Confirmed] = field(default_factory=dict)


def fix_in_place(
    path: Path, targets: Sequence[str], shapes: Mapping[str, Any], values: Mapping[str, Any], config: Config,
    *, write: bool, confirm: bool = True,
) -> FixedModel:  # fmt: skip
    """Rewrite one model for its targets, verified like `fix`, and with `write` replace the file atomically.

    With `confirm` the compilers that are installed are asked too. `shapes` are fixed in the file. The Results are those of
    the fixed model, before the policy is applied.

    Raises:
        UsageError: an input is bound to a value, which would remove it from a file whose settings still bind it.
        GraphfixError: the model cannot be read, or its path cannot be written.
    """
    from graphfix.analysis.model_size import ModelSize
    from graphfix.backends.compile.verify_on_target import target_measure
    from graphfix.ir.atomic_write import file_state, writable
    from graphfix.ir.external_data import has_external
    from graphfix.ir.file_size import model_bytes
    from graphfix.ir.reading import named, read_whole
    from graphfix.ir.skeleton import read_skeleton
    from graphfix.linter.engine import judge
    from graphfix.report.model_diff import node_diff
    from graphfix.rewriting.fix_options import FixOptions
    from graphfix.rewriting.pipeline import fix_model

    if values:
        bound = ", ".join(f"`{name}`" for name in values)
        problem = f"is not fixed in place: {bound} is bound to a constant, and would be gone from the file"
        raise UsageError(problem, path=path, hint=f"run `graphfix fix {path} -o OUT.onnx`, and deploy that file")
    if write:
        writable(path, force=True)
    state = file_state(path)
    model = read_whole(path)
    with target_measure() if confirm else contextlib.nullcontext() as measure:
        options = FixOptions(
            targets=targets, allow=frozenset(config.allow), shapes=named(model, shapes), rtol=config.rtol, atol=config.atol,
            measure=measure,
        )  # fmt: skip
        fixed = fix_model(model, lambda candidate: judge(candidate, targets, name=str(path)), options)
    for result in fixed.results:
        result.changes = [change.to_json() for change in fixed.changes]
        result.verification = dataclasses.asdict(fixed.verification)
    diff = node_diff(model, fixed.model, str(path)) if fixed.changed else ""
    if not (write and diff):
        return FixedModel(fixed.results, diff, confirmed=fixed.confirmed)
    given_size, result_size = fixed.sizes
    before = (given_size or ModelSize.of(model)).at(model, fixed.trial).in_file(model_bytes(path))
    del model  # so that a large model is not in memory twice while it is written
    replace_model(fixed.model, path, state, external=has_external(read_skeleton(path)))
    after = (result_size or ModelSize.of(fixed.model)).at(fixed.model, fixed.trial).in_file(model_bytes(path)).to_json()
    for result in fixed.results:
        result.output, result.before, result.after = str(path), before.to_json(), after
    return FixedModel(fixed.results, diff, (path, *_weight_files(path)), fixed.confirmed)


def replace_model(model: ModelProto, path: Path, state: FileState | None, *, external: bool) -> None:
    """Write a model over the one it was made from, unless that was written meanwhile; the result is put beside it then.

    Raises:
        ChangedError: it was written meanwhile, with the path of the result as a hint.
    """
    from graphfix.ir.io import save_model

    try:
        save_model(model, path, force=True, external=external, expected=state)
    except ChangedError as error:
        names = (path.with_name(f"{path.stem}.fixed{'' if n == 1 else f'-{n}'}{path.suffix}") for n in itertools.count(1))
        beside = next(name for name in names if not name.exists())
        save_model(model, beside, external=external)
        hint = f"it is left as it is now, and the fixed form of the file before is in {beside}"
        raise ChangedError(error.problem, path=path, hint=hint) from error


def _weight_files(path: Path) -> list[Path]:
    """The files of a model's external data."""
    from graphfix.ir.skeleton import read_skeleton
    from graphfix.ir.tensors import is_elided, is_external, tensors

    external = (tensor for tensor in tensors(read_skeleton(path)) if is_external(tensor) and not is_elided(tensor))
    locations = (entry.value for tensor in external for entry in tensor.external_data if entry.key == "location")
    return [path.parent / name for name in dict.fromkeys(locations)]

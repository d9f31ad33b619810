"""The public functions, from a path or a model in memory to a report: lint, fix and compile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx

from graphfix.diagnostic import Finding, Result
from graphfix.engine import bound, judge, lint_file, named, read_whole, table
from graphfix.errors import GraphfixError

if TYPE_CHECKING:
    from graphfix.compiling import Compiled
    from graphfix.interface_rewrite import InterfaceRewrite
    from graphfix.transaction import Change
    from graphfix.verify import Verification
    from graphfix.why import Explanation

Dims = Sequence[int | str]


@dataclass(frozen=True, slots=True)
class Report:
    """What lint found: one Result for each target, in the order asked for."""

    results: tuple[Result, ...]

    @property
    def verdict(self) -> str:
        """`accepted`, `undecided` or `rejected`: the gravest over the targets."""
        order = ("accepted", "undecided", "rejected")
        return max((str(result.verdict) for result in self.results), key=order.index, default="accepted")

    @property
    def findings(self) -> list[Finding]:
        """The findings of every target, gravest first within each."""
        return [finding for result in self.results for finding in result.findings]

    def to_json(self) -> list[dict[str, Any]]:
        """The results as the `json` output format has them."""
        return [result.to_json() for result in self.results]

    def __str__(self) -> str:
        import io

        from graphfix.report.text import render

        out = io.StringIO()
        render(self.results, out)
        return out.getvalue()

    def _repr_html_(self) -> str:
        """What a notebook shows: a row a target, with the causes of what is not accepted to fold out."""
        from graphfix.report.notebook import html

        return html(self.results)


@dataclass(frozen=True, slots=True)
class Fixed:
    """What fix made: the best verified model, every rewrite applied or declined, the proof, and a new report.

    `why` explains each finding that remains: which rewrites declined, and what else helps.
    """

    model: onnx.ModelProto
    changes: tuple[Change, ...]
    verification: Verification
    report: Report
    why: tuple[Explanation, ...] = ()


def lint(
    model: str | Path | onnx.ModelProto,
    targets: Iterable[str],
    *,
    shapes: Mapping[str, Dims] | None = None,
    values: Mapping[str, Any] | None = None,
) -> Report:
    """Judge a model for some targets, as if `shapes` and `values` had been applied to its inputs.

    Args:
        model: a path, read as a skeleton without its weights, or a model in memory, which is not changed.
        targets: `coreml`, `tflite`, `tensorrt`, `openvino`, `tract`, each perhaps with `@VERSION`.
        shapes: dims by input name; an entry is a size, or a symbol that stays free.
        values: constants by input name.

    Raises:
        GraphfixError: an unreadable model, an unknown target or an unknown input; the message says the cure.
    """
    names = list(targets)
    for name in names:
        table(name)
    if isinstance(model, onnx.ModelProto):
        return Report(tuple(judge(bound(model, shapes, values), names)))
    results = lint_file(model, names, shapes=shapes, values=values)
    for result in results:
        if result.error is not None:
            raise GraphfixError(result.error)
    return Report(tuple(results))


def fix(
    model: str | Path | onnx.ModelProto,
    target: str | Iterable[str],
    *,
    allow: Iterable[str] = (),
    shapes: Mapping[str, Dims] | None = None,
    values: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    reforms: Sequence[InterfaceRewrite] = (),
) -> Fixed:
    """Rewrite a model so that a target takes it, every step verified in onnxruntime against the original.

    Args:
        model: a path or a model in memory; neither is changed.
        target: one target, or several that the result must suit together.
        allow: safety classes beyond `exact`: `approximate`, `interface`.
        shapes: dims to freeze, by input name. values: inputs to bind to constants, by name.
        data: arrays to verify with, by input name, in place of seeded random ones.
        rtol, atol: the tolerance on outputs, in place of each rewrite's own.
        reforms: changes of what the model takes and gives, as `graphfix.reforms.reforms` makes them.

    Raises:
        GraphfixError: an unreadable model, an unknown target or an unknown input; the message says the cure.
    """
    from graphfix.planner import fix_model

    names = [target] if isinstance(target, str) else list(target)
    for name in names:
        table(name)
    loaded = model if isinstance(model, onnx.ModelProto) else read_whole(model)
    given = "" if isinstance(model, onnx.ModelProto) else str(model)
    result = fix_model(
        loaded,
        judge=lambda candidate: judge(candidate, names, name=given),
        targets=names,
        allow=set(allow),
        shapes=named(loaded, shapes),
        values=dict(values or {}),
        data=data,
        rtol=rtol,
        atol=atol,
        reforms=reforms,
        why=True,
    )
    return Fixed(result.model, result.changes, result.verification, Report(tuple(result.results)), result.why)


def compile(
    model: str | Path | onnx.ModelProto,
    target: str,
    output: str | Path,
    *,
    shapes: Mapping[str, Sequence[Any]] | None = None,
    values: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    force: bool = False,
    deadline: float = 300.0,
    memory_gib: float = 6.0,
    compute_capability: str | None = None,
) -> Compiled:
    """Hand a model to the real compiler, keep what it makes, and compare what that computes with onnxruntime.

    Args:
        model: a path or a model in memory, which is not changed.
        target: one target, perhaps with `@VERSION`; the compiler must be installed.
        output: where the artifact goes, in one step; an existing one is replaced only with `force`.
        shapes: dims by input name; an entry is a size, a symbol, or a range such as `"1..8"` or `"1..4..8"`.
        values: constants by input name. data: arrays to compare on, by input name, in place of seeded ones.
        deadline: seconds the compiler has. memory_gib: what it may hold.
        compute_capability: for TensorRT, the GPUs to build for, such as `"8.6,8.9"`.

    Raises:
        GraphfixError: an unreadable model, a compiler that is not installed, an output that cannot be written. A
            rejection is no error: the result's `verdict.accepted` is False then and its `output` None.
    """
    import tempfile

    from graphfix.artifact import placeable
    from graphfix.backends.base import backend
    from graphfix.compiling import compile_case, gpu_options
    from graphfix.confirm import Case, open_target
    from graphfix.model import save_model
    from graphfix.ranges import spanned

    wanted, goal = backend(target.partition("@")[0]), Path(output)
    options = gpu_options(compute_capability, wanted)
    placeable(goal, wanted.artifact, force=force)
    dims = {name: spanned(entries) for name, entries in (shapes or {}).items()}
    with tempfile.TemporaryDirectory(prefix="graphfix-") as folder:
        path = Path(folder, "model.onnx")
        if isinstance(model, onnx.ModelProto):
            save_model(model, path)
        else:
            path = Path(model)
        with open_target(target, deadline=deadline, memory_gib=memory_gib) as session:
            return compile_case(Case(path, dims, dict(values or {}), data), target, session, output=goal, options=options)

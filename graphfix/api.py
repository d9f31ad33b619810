"""The public functions, from a path or a model in memory to a report: lint, fix, compile, lower and paths."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx

from graphfix.errors import UsageError, nearest
from graphfix.ir.bind_inputs import parsed_shapes
from graphfix.ir.reading import bound, named, read_whole
from graphfix.ir.verifier import check
from graphfix.linter.engine import judge, lint_model
from graphfix.lowering.as_onnx_file import as_onnx_file, lint_path
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.options import DIRECT, DIRECT_ONLY
from graphfix.report.python_results import Fixed, Paths, Report
from graphfix.tables.table import checked_targets
from graphfix.tables.versions import by_start, canonical_target

if TYPE_CHECKING:
    from graphfix.backends.compile.compile import Compiled
    from graphfix.backends.compile.image_artifact import Scaling
    from graphfix.rewriting.interface_rewrite import InterfaceRewrite

Dims = str | Sequence[int | str]
SAFETY = ("approximate", "interface")


def lint(
    model: str | Path | onnx.ModelProto,
    targets: str | Iterable[str],
    *,
    shapes: Mapping[str, Dims] | None = None,
    values: Mapping[str, Any] | None = None,
) -> Report:
    """Judge a model for some targets, as if `shapes` and `values` had been applied to its inputs.

    Args:
        model: a path, read as a skeleton without its weights, or a model in memory, which is not changed. A SOURCE of
            PyTorch or TensorFlow (`net.pt2`, `package.module:factory`, ...) is lowered first, by the command's defaults.
        targets: one or several that `graphfix targets` lists, each perhaps with `@VERSION`, or groups of them such as `mobile`.
        shapes: dims by input name; an entry is a size, a symbol that stays dynamic, or a range such as `"1..8"`: a compiler
            that builds for bounds is judged by it, and for all others the dim stays dynamic.
        values: constants by input name.

    Raises:
        GraphfixError: an unreadable model, an unknown target or an unknown input; the message says the cure.
    """
    from graphfix.ir.dim_ranges import parse_ranges, without_ranges

    names, ranges = checked_targets(targets), {name: parse_ranges(dims, name) for name, dims in (shapes or {}).items()}
    sizes: dict[str, Any] = {name: without_ranges(dims) for name, dims in ranges.items()}
    if isinstance(model, onnx.ModelProto):
        check(model)
        return Report(tuple(lint_model(bound(model, sizes, values), names, ranges=ranges)))
    results = [one for part in by_start(names) for one in lint_path(model, part, sizes, values, ranges)]
    return Report(tuple(sorted(results, key=lambda result: names.index(result.called))))


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
    rewrites: Iterable[str] = (),
    confirm: bool = True,
) -> Fixed:
    """Rewrite a model so that a target takes it, every step verified in onnxruntime against the original.

    Args:
        model: a path, a SOURCE of PyTorch or TensorFlow, or a model in memory; none is changed.
        target: one target, or several that the result must suit together.
        allow: safety classes beyond `exact`: `approximate`, `interface`.
        shapes: dims to freeze, by input name. values: inputs to bind to constants, by name.
        data: arrays to verify with, by input name, in place of seeded random ones.
        rtol, atol: the tolerance on outputs, in place of each rewrite's own.
        reforms: changes of what the model takes and gives, as `rewrites.interface.requests.requested_interface` makes them.
        rewrites: rewrites to apply by name, also to supported nodes, as in `fix --rewrite`; `changes` says where they
            did not fit.
        confirm: compile and run the original and the result, where compilers are installed, and undo what made one worse.

    Raises:
        GraphfixError: an unreadable model, an unknown target or an unknown input; the message says the cure.
    """
    from graphfix.backends.compile.verify_on_target import target_measure
    from graphfix.lowering.bringing import usable_model
    from graphfix.rewrites.interface.target_interface import image_reforms, with_image_batch
    from graphfix.rewriting.confirmed_findings import add_confirmed
    from graphfix.rewriting.fix_options import FixOptions
    from graphfix.rewriting.pipeline import fix_model
    from graphfix.rewriting.remaining import advise_remaining
    from graphfix.rewriting.requested import parse_rewrites

    allow = frozenset(allow)
    names, shapes = checked_targets(target), parsed_shapes(shapes)
    for name in allow:
        if name not in SAFETY:
            raise UsageError(f"there is no safety class `{name}`", hint=nearest(name, SAFETY))
    if isinstance(model, onnx.ModelProto):
        check(model)
        loaded = model
    else:
        with as_onnx_file(model, names, shapes, values) as (_, lowered_source):
            loaded = read_whole(usable_model(lowered_source) if lowered_source is not None else model)
    given = "" if loaded is model else str(model)
    with target_measure() if confirm else contextlib.nullcontext() as measure:
        options = FixOptions(
            targets=names, allow=allow, shapes=with_image_batch(loaded, names, named(loaded, shapes)),
            values=dict(values or {}), data=data,
            rtol=rtol, atol=atol, interface=[*reforms, *image_reforms(loaded, names, reforms)], explain=True,
            rewrites=parse_rewrites(rewrites, {"exact", *allow}), measure=measure,
        )  # fmt: skip
        result = fix_model(loaded, lambda candidate: judge(candidate, names, name=given), options)
    advise_remaining(result, judge, options.allow)
    add_confirmed(result.results, result.confirmed)
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
    labels: Sequence[str] = (),
    scaling: Scaling | None = None,
    exporter: str = "auto",
) -> Compiled:
    """Hand a model to the real compiler, keep what it makes, and compare what that computes with onnxruntime.

    Args:
        model: a path, a SOURCE of PyTorch or TensorFlow, or a model in memory, which is not changed.
        target: one target, perhaps with `@VERSION`; the compiler must be installed.
        output: where the artifact goes, in one step; an existing one is replaced only with `force`.
        shapes: dims by input name; an entry is a size, a symbol, or a range such as `"1..8"` or `"1..4..8"`.
        values: constants by input name. data: arrays to compare on, by input name, in place of seeded ones.
        deadline: seconds the compiler has. memory_gib: what it may hold.
        compute_capability: for TensorRT, the GPUs to build for, such as `"8.6,8.9"`.
        exporter: `direct` converts a SOURCE by the target's own converter, without ONNX, as is always done for ExecuTorch.
        labels: for ML Kit, the names of the classes. scaling: for ML Kit, the mean and deviation of a float image's channels.

    Raises:
        GraphfixError: an unreadable model, a compiler that is not installed, an output that cannot be written. A
            rejection is no error: the result's `verdict.accepted` is False then and its `output` None.
    """
    import tempfile

    from graphfix.backends.base import backend
    from graphfix.backends.compile.artifact import check_artifact_path
    from graphfix.backends.compile.case import Case
    from graphfix.backends.compile.compile import compile_case
    from graphfix.backends.connect import open_target
    from graphfix.backends.gpu_options import gpu_options
    from graphfix.ir.dim_ranges import parse_ranges, without_ranges
    from graphfix.ir.io import save_model
    from graphfix.lowering.bringing import usable_model
    from graphfix.lowering.direct_compile import compile_model_directly

    target = canonical_target(target)
    if exporter == DIRECT or target in DIRECT_ONLY:
        if values or data:
            raise UsageError("a conversion without ONNX takes no values and no data", hint="leave them out, or `exporter`")
        instructions = Instructions(shapes=dict(parsed_shapes(shapes) or {}), deadline=deadline, memory_gib=memory_gib)
        return compile_model_directly(model, target, Path(output), instructions, force=force)
    if exporter != "auto":
        raise UsageError(f"there is no exporter `{exporter}` to choose", hint=f"write `{DIRECT}`, or leave it out")
    wanted, goal = backend(target.partition("@")[0]), Path(output)
    options = gpu_options(compute_capability, wanted)
    check_artifact_path(goal, wanted.artifact, force=force)
    dims = {name: parse_ranges(entries, name) for name, entries in (shapes or {}).items()}
    with contextlib.ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphfix-")), "model.onnx")
        if isinstance(model, onnx.ModelProto):
            check(model)
            save_model(model, path)
        else:
            bounds = {name: without_ranges(entries) for name, entries in dims.items()}
            lowered_source = stack.enter_context(as_onnx_file(model, [target], bounds, values))[1]
            path = Path(model) if lowered_source is None else usable_model(lowered_source)
        with open_target(target, deadline=deadline, memory_gib=memory_gib) as session:
            case = Case(path, dims, dict(values or {}), data)
            return compile_case(case, target, session, output=goal, options=options, labels=labels, scaling=scaling)


def lower(
    model: Any,
    inputs: Any = None,
    *,
    targets: str | Iterable[str] = (),
    exporter: str = "auto",
    shapes: Mapping[str, Dims] | None = None,
    opset: int | None = None,
    rtol: float | None = None,
    atol: float | None = None,
) -> onnx.ModelProto:
    """The ONNX model of a model of PyTorch or TensorFlow, held against the framework's own outputs.

    Args:
        model: a torch.nn.Module, ScriptModule, ExportedProgram, Keras model or tf.function in memory, which is lowered in
            this process and put back as it was; or a SOURCE (`net.pt2`, `package.module:factory`, a SavedModel ...),
            which is lowered in a process of its own, without network.
        inputs: example inputs: a tensor, a tuple, a mapping by argument name, or a tuple of a tuple and a mapping. None
            means those that came with the model.
        targets: what the exporters' results are judged for, the best being kept.
        exporter: `dynamo`, `trace` or `script`; `auto` tries them in turn.
        shapes: dims by input name; a number is a size, a symbol such as `"N"` stays free.
        opset: the opset to export to. rtol, atol: the tolerance on outputs, in place of 1e-3 of each value and 1e-4 of
            its output's scale.

    Raises:
        GraphfixError: it cannot be opened, an exporter fails or gives a model that computes something else; the message
            names the file and the line.
    """
    import tempfile

    from graphfix.ir.io import load_model
    from graphfix.lowering.bringing import verified_model
    from graphfix.lowering.instructions import EXPORTERS
    from graphfix.lowering.lower import lower_source
    from graphfix.lowering.memory import lower_object, save_inputs
    from graphfix.lowering.source import source_of

    names, shapes = checked_targets(targets) if targets else [], parsed_shapes(shapes)
    if exporter not in EXPORTERS:
        raise UsageError(f"there is no exporter `{exporter}`", hint=nearest(exporter, EXPORTERS))
    with tempfile.TemporaryDirectory(prefix="graphfix-") as scratch:
        folder = Path(scratch)
        wanted = Instructions(shapes=dict(shapes or {}), exporter=exporter, opset=opset, rtol=rtol, atol=atol)
        if isinstance(model, str | Path):
            data = None if inputs is None else save_inputs(inputs, folder / "inputs.npz")
            lowered = lower_source(source_of(model), dataclasses.replace(wanted, data=data), folder, targets=names)
        else:
            lowered = lower_object(model, inputs, wanted, folder, targets=names)
        if lowered.problem is not None:
            raise lowered.problem
        return load_model(verified_model(lowered, cure="see `graphfix explain GF508` for what an export bakes in"))


def paths(
    model: str | Path | onnx.ModelProto,
    targets: str | Iterable[str] = "all",
    *,
    shapes: Mapping[str, Dims] | None = None,
    values: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    seconds: float = 60.0,
) -> Paths:
    """Try all conversion paths from a model to its targets: each exporter, then what rewriting each result needs.

    Args:
        model: a path, a SOURCE of PyTorch or TensorFlow, or an ONNX model in memory; none is changed.
        targets: one or several targets, or groups such as `all`.
        shapes: dims by input name. values: inputs to bind to constants, by name.
        data: arrays to verify with, by input name, in place of seeded random ones.
        seconds: the time limit of rewriting for each path.

    Raises:
        GraphfixError: a model that cannot be read or lowered, an unknown target or an unknown input.
    """
    import tempfile

    from graphfix.ir.io import save_model
    from graphfix.lowering.paths.collect import paths_of_onnx, paths_of_source
    from graphfix.lowering.paths.search import SearchOptions
    from graphfix.lowering.source import recognise_source

    names, dims = checked_targets(targets), dict(parsed_shapes(shapes) or {})
    source = None if isinstance(model, onnx.ModelProto) else recognise_source(model)
    name = "model.onnx" if isinstance(model, onnx.ModelProto) else str(model)
    repeated = [f"--shape={name}={'x'.join(map(str, sizes))}" for name, sizes in dims.items()]
    repeated += [f"--set={name}={value}" for name, value in (values or {}).items()]
    options = SearchOptions(name, repeated, {} if source is not None else dims, dict(values or {}), data, seconds)
    with tempfile.TemporaryDirectory(prefix="graphfix-") as scratch:
        if source is not None:
            found = paths_of_source(source, Instructions(shapes=dims), Path(scratch), names, options, lambda _: None)
            return Paths(found)
        if isinstance(model, onnx.ModelProto):
            save_model(model, path := Path(scratch, name))
            return Paths(paths_of_onnx(path, names, options, lambda _: None))
        return Paths(paths_of_onnx(Path(name), names, options, lambda _: None))

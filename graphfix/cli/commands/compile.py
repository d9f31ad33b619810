"""`graphfix compile`: compile a model with the real compiler, write the artifact, and compare its outputs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.backends.gpu_options import CAPABILITIES, gpu_options
from graphfix.cli.commands.fix import read_data
from graphfix.cli.options import add_fail_on, add_shared, as_onnx, bindings, chosen_targets, destination, spanned_bindings
from graphfix.cli.progress import spinner
from graphfix.cli.verbosity import notice
from graphfix.errors import UsageError
from graphfix.ir.atomic_write import writable
from graphfix.linter import config as settings
from graphfix.lowering.options import DIRECT, DIRECT_ONLY, add_lowering, require_source
from graphfix.lowering.source import Source, recognise_source
from graphfix.report import renderer
from graphfix.tables.deployment import deployed_target

if TYPE_CHECKING:
    from graphfix.backends.compile.compile import Compiled

RANGES = """
a dim of --shape may be a range, x=1..8x3x224x224 or x=1..4..8x3x224x224 (least, usual, most): a TensorRT engine is
built for it, for other targets the dim stays dynamic. Where a dim is dynamic and no size is given, TensorRT is given a
size at which onnxruntime runs the model.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", metavar="MODEL", type=Path, help="a model of ONNX, or a SOURCE in one of the forms below")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="the compiled artifact")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="inputs to compare outputs on, by input name")
    parser.add_argument(
        "--deadline",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="time limit of an exporter or the compiler (default: 300)",
    )
    parser.add_argument("--memory-gib", type=float, default=6.0, metavar="N", help="memory limit of it (default: 6)")
    deployment = "the oldest system to build for, such as iOS16 (coreml), as --target coreml@ios16 does"
    parser.add_argument("--deployment-target", metavar="NAME", help=deployment)
    parser.add_argument("--compute-capability", metavar="N.N[,N.N]", help=f"GPUs to build for (tensorrt: {CAPABILITIES})")
    parser.add_argument(
        "--bisect", action="store_true", help="when the model is rejected, find the smallest part that is rejected alone"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE", help="the names of the classes, one a line, to put in (mlkit)")
    scaling = "the mean and deviation of float images, in units of a byte, to put in (mlkit)"
    parser.add_argument("--normalize", metavar="MEAN,STD", help=scaling)
    part = "file for that part (default: OUT when it ends with .onnx, else a file beside it)"
    parser.add_argument("--bisect-output", type=Path, metavar="REPRO.onnx", help=part)
    parser.add_argument(
        "--bisect-time", type=float, default=300.0, metavar="SECONDS", help="time limit of the search (default: 300)"
    )
    add_shared(parser)
    add_fail_on(parser)
    add_lowering(parser, bounds=False, direct=True)
    parser.epilog = f"{RANGES.strip()} exit codes: 0 compiled, 1 rejected or only for one size, 2 not installed or unreadable"


def run(given: argparse.Namespace) -> int:
    """Compile for one target; exit 0 when the artifact was written, 1 when the model was rejected, 2 on an error.

    It is 1 too where the artifact of a model with dynamic dims does not run at the sizes that were tried.
    """
    from graphfix.backends.base import backend
    from graphfix.backends.compile.artifact import check_artifact_path
    from graphfix.backends.compile.case import Case
    from graphfix.backends.compile.compile import compile_case
    from graphfix.backends.compile.image_artifact import read_labels
    from graphfix.backends.connect import open_target
    from graphfix.rewrites.interface.requests import parsed_scaling

    write = renderer(given.output_format)
    config = settings.load(given.model, file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config)
    if len(targets) != 1:
        raise UsageError(f"one artifact needs one target, not {', '.join(targets)}", hint="name one with --target")
    if given.deadline <= 0 or given.memory_gib <= 0 or given.bisect_time <= 0:
        raise UsageError("a deadline and a bound on memory are greater than 0")
    source = recognise_source(given.model)
    if given.deployment_target is not None:
        targets = [deployed_target(targets[0], given.deployment_target)]
    if given.exporter == DIRECT or targets[0] in DIRECT_ONLY:
        return _compile_directly(given, source, targets[0], config, write)
    wanted = backend(targets[0].partition("@")[0])
    options = gpu_options(given.compute_capability, wanted)
    output, part = _output_paths(given)
    if output is not None:
        check_artifact_path(output, wanted.artifact, force=given.force)
    if part is not None:
        writable(part, force=given.force)
    labels, scaling = read_labels(given.labels), parsed_scaling(given.normalize) if given.normalize is not None else None
    shapes, values = spanned_bindings(given.shape, given.set, config)
    with (
        as_onnx(given.model, given, targets, *bindings(given.shape, given.set, config)) as (file, lowered_source),
        spinner(f"importing {targets[0]}") as say,
        open_target(targets[0], deadline=given.deadline, memory_gib=given.memory_gib) as session,
    ):
        say(f"compiling with {targets[0]}")
        case = Case(file, shapes, values, read_data(given.data))
        compiled = compile_case(
            case, targets[0], session, output=output, options=options,
            part=part, seconds=given.bisect_time, progress=_bisect_progress(given, say),
            labels=labels, scaling=scaling,
        )  # fmt: skip
    if lowered_source is not None:
        compiled.result.model = lowered_source.name
        lowered_source.with_findings([compiled.result])
    _report(compiled, given, write)
    if compiled.verdict.resized is not None and compiled.verdict.resized.result != "works":
        return 1
    return 0 if compiled.output is not None or (output is None and compiled.verdict.accepted) else 1


def _compile_directly(given: argparse.Namespace, source: Source | None, target: str, config: settings.Config, write: Any) -> int:
    """Convert a source by the target's own converter; exit 0 when the file was written, 1 when the model was rejected."""
    from graphfix.lowering.direct_compile import compile_directly
    from graphfix.lowering.instructions import parse_instructions

    if given.bisect or given.bisect_output is not None or given.labels is not None or given.normalize is not None:
        raise UsageError("a conversion without ONNX has no smallest part and no metadata", hint="leave out --exporter direct")
    if given.deployment_target is not None:
        raise UsageError("a conversion without ONNX is for the converter's own system", hint="leave out --deployment-target")
    shapes, values = bindings(given.shape, given.set, config)
    if values:
        raise UsageError("a conversion without ONNX binds no inputs to constants", hint="leave out --set, or --exporter direct")
    found = require_source(target, source)
    with spinner() as say:
        compiled = compile_directly(
            found, parse_instructions(given, shapes), target, given.output, force=given.force, progress=say
        )
    _report(compiled, given, write, direct=True)
    return int(compiled.output is None)


def _bisect_progress(given: argparse.Namespace, say: Any) -> Any:
    """Return the function that reports progress: the spinner on a terminal, else lines on stderr for a bisection."""
    if sys.stderr.isatty() or not given.bisect:
        return say
    return notice


def _output_paths(given: argparse.Namespace) -> tuple[Path | None, Path | None]:
    """Return the paths of the artifact and of the smallest rejected part; None for what was not requested."""
    bisects = given.bisect or given.bisect_output is not None
    if not bisects:
        return given.output, None
    if given.bisect_output is not None:
        return given.output, given.bisect_output
    if given.output.suffix == ".onnx":
        return None, given.output
    return given.output, given.output.with_name(f"{given.output.name.partition('.')[0]}.rejected.onnx")


def _report(compiled: Compiled, given: argparse.Namespace, write: Any, *, direct: bool = False) -> None:
    with destination(given.output_file) as out:
        if given.output_format == "text":
            from graphfix.report.compiled import render_compiled

            render_compiled(compiled.result, out, full=given.full, direct=direct)
        else:
            write([compiled.result], out)

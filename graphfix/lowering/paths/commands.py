"""Shell command lines that repeat a conversion path, or that explain why there is none."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from graphfix.lowering.paths.model import ONNX, AppliedRewrite, Means, Start

LOWERED_FILE = "model.onnx"
FIXED_FILE = "fixed.onnx"
"""Names of the files that the commands write."""


def inspection_command(source: str, options: Sequence[str], start: Start) -> str:
    """Return the command that prints in full why an exporter gives no usable model."""
    return _command_line("lower", _source_arguments(source, options, start), ["-o", LOWERED_FILE, "--full"])


def path_command(
    source: str,
    options: Sequence[str],
    start: Start,
    target: str,
    means: Means,
    rewrites: Sequence[AppliedRewrite] = (),
    sizes: Mapping[str, Sequence[int]] | None = None,
) -> str:
    """Return the command that repeats a path; where the target is not reached, the one that lists declined rewrites.

    `options` are those of the command line that lower or bind the source, `rewrites` were applied, `sizes` are the fixed dims.
    """
    arguments, goal = _source_arguments(source, options, start), ["--target", target]
    allow = ["--allow=approximate"] if any(one.safety == "approximate" for one in rewrites) else []
    shapes = [f"--shape={name}={'x'.join(map(str, dims))}" for name, dims in (sizes or {}).items()]
    is_onnx = start.exporter == ONNX
    if not means.reaches_target:
        return _command_line("fix", arguments, [*goal, "--unsafe-fixes", "--why", "-o", FIXED_FILE])
    if means is Means.AS_IS and is_onnx:
        from graphfix.backends.base import backend

        return _command_line("compile", arguments, [*goal, "-o", f"model{backend(target.partition('@')[0]).artifact}"])
    if means is Means.AS_IS:
        return _command_line("lower", arguments, [*goal, "-o", LOWERED_FILE])
    if not shapes or is_onnx:
        return _command_line("fix", arguments, [*goal, *allow, *shapes, "-o", FIXED_FILE])
    # `--shape` on the lowering itself would request another export than the one that was tried: fix in a second step.
    lower = _command_line("lower", arguments, ["-o", LOWERED_FILE])
    fix = _command_line("fix", [LOWERED_FILE], [*goal, *allow, *shapes, "-o", FIXED_FILE])
    return f"{lower} && {fix}"


def direct_command(source: str, options: Sequence[str], start: Start, target: str) -> str:
    """Return the command that converts a source by the target's own converter."""
    from graphfix.lowering.conversion import CONVERTERS

    made = next(one.file for one in CONVERTERS if (one.name, one.target) == (start.exporter, start.only))
    return _command_line("compile", _source_arguments(source, options, start), ["--target", target, "-o", made])


def _source_arguments(source: str, options: Sequence[str], start: Start) -> list[str]:
    """Return the source and the options that lower it as command-line arguments."""
    return [source, *options, *([start.flag] if start.flag else [])]


def _command_line(command: str, arguments: Sequence[str], rest: Sequence[str]) -> str:
    return shlex.join(["graphfix", command, *arguments, *rest])

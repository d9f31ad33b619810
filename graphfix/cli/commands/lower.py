"""`graphfix lower`: convert a PyTorch or TensorFlow model to ONNX with the exporter that suits its targets best, verified."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.cli.options import add_shared, bindings, chosen_targets, destination
from graphfix.cli.progress import spinner
from graphfix.ir.atomic_write import writable
from graphfix.ir.reading import bound, named
from graphfix.linter import config as settings
from graphfix.linter.diagnostics import Result
from graphfix.linter.formats import FORMATS, OVERLAYS
from graphfix.lowering.options import add_lowering, add_proof
from graphfix.lowering.source import source_of
from graphfix.report import renderer
from graphfix.tables.table import table

if TYPE_CHECKING:
    import onnx

    from graphfix.lowering.bringing import LoweredSource


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("source", metavar="SOURCE", help="a model of PyTorch or TensorFlow, in one of the forms below")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.onnx", help="the ONNX model")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT.onnx")
    add_proof(parser)
    add_shared(parser, formats=[name for name in FORMATS if name not in OVERLAYS])
    add_lowering(parser)
    parser.epilog = "exit codes: 0 lowered, 1 no exporter gives a model that computes the same, 2 it cannot be opened"


def run(given: argparse.Namespace) -> int:
    """Lower one source; exit 0 when the model is written, 1 when no exporter gives a verified one, 2 when it cannot be opened."""
    from graphfix.lowering.bringing import lower_for_command

    write = renderer(given.output_format)
    source = source_of(given.source)
    config = settings.load(Path(given.source), file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config) if given.target or config.targets else []
    for target in targets:
        table(target)
    writable(given.output, force=given.force)
    shapes, values = bindings(given.shape, given.set, config)
    with contextlib.ExitStack() as stack:
        with spinner() as say:
            lowered_source = stack.enter_context(
                lower_for_command(source, given, targets=targets, shapes=shapes, values=values, progress=say)
            )
            verified = lowered_source.lowered.chosen.verified
            if verified:
                say(f"writing {given.output}")
                _write_model(lowered_source, given, shapes, values)
        results = _results(lowered_source, targets)
        for result in results:
            result.output = str(given.output) if verified else None
            verification = lowered_source.lowered.chosen.verification
            result.verification = None if verification is None else dataclasses.asdict(verification)
        with destination(given.output_file) as out:
            if given.output_format == "text":
                from graphfix.report.lowered import render_lowered

                render_lowered(lowered_source, results, out, full=given.full, output=given.output if verified else None)
            else:
                write(results, out)
    return int(not verified)


def _write_model(
    lowered_source: LoweredSource, given: argparse.Namespace, shapes: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """Write the model with its bindings to the output path, with external weights where the lowered model has them."""
    from graphfix.ir.external_data import has_external
    from graphfix.ir.io import load_model, save_model
    from graphfix.ir.skeleton import read_skeleton

    assert lowered_source.file is not None
    outside = has_external(read_skeleton(lowered_source.file))
    model = with_bindings(load_model(lowered_source.file), shapes, values)
    save_model(model, given.output, force=given.force, external=outside)


def with_bindings(model: onnx.ModelProto, shapes: Mapping[str, Any], values: Mapping[str, Any]) -> onnx.ModelProto:
    """Return the model with the requested dims and constants that the exporter did not set; others are left unchanged."""
    from graphfix.ir.bind_inputs import interface

    inputs = {info.name: info.type.tensor_type.shape.dim for info in interface(model)}
    free: dict[str, Any] = {
        name: dims
        for name, dims in named(model, shapes).items()
        if any(
            isinstance(size, int) and not dim.HasField("dim_value") for size, dim in zip(dims, inputs.get(name, ()), strict=False)
        )
    }
    return bound(model, free, values)


def _results(lowered_source: LoweredSource, targets: Sequence[str]) -> list[Result]:
    """Return one result per target; without targets, one result about the lowering."""
    chosen = lowered_source.lowered.chosen
    if targets:
        return lowered_source.with_findings(list(chosen.results) or [lowered_source.empty_result(target) for target in targets])
    result = Result(lowered_source.name, "", "", chosen.nodes)
    return lowered_source.with_findings([result])

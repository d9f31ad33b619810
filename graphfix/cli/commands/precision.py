"""`graphfix precision`: what a target computes in, what that does to a model's outputs, and what to do."""

from __future__ import annotations

import argparse
from pathlib import Path

from graphfix.cli.commands.fix import read_data
from graphfix.cli.options import add_shared, as_onnx, bindings, chosen_targets, destination
from graphfix.cli.progress import spinner
from graphfix.errors import UsageError, nearest
from graphfix.ir.reading import bound, read_whole
from graphfix.linter import config as settings
from graphfix.lowering.options import add_lowering
from graphfix.tables.table import table

FORMATS = ("text", "json")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("model", metavar="MODEL", type=Path, help="a model of ONNX, or a SOURCE in one of the forms below")
    parser.add_argument("--data", type=Path, metavar="FILE.npz", help="inputs by name, one sample or several (seeded)")
    parser.add_argument(
        "--in", dest="precision", metavar="PRECISION",
        help="simulate float16, bfloat16 or tf32, instead of what the target computes in by default",
    )  # fmt: skip
    add_shared(parser, formats=FORMATS)
    add_lowering(parser, bounds=False)
    parser.epilog = "exit codes: 0 simulated, 1 outputs have values that are no longer finite, 2 failed"


def run(given: argparse.Namespace) -> int:
    """Simulate the model for each target; exit 1 when an output overflows."""
    from graphfix.precision.cpu import features
    from graphfix.precision.judge import judge
    from graphfix.precision.rounding import ARITHMETICS
    from graphfix.precision.samples import input_samples
    from graphfix.report.precision import precision_json, render_precision, render_precision_json
    from graphfix.tables.precision import Arithmetic, read_precision

    if given.output_format not in FORMATS:
        raise UsageError(f"no format is called `{given.output_format}`", hint=nearest(given.output_format, FORMATS))
    if given.precision is not None and given.precision not in ARITHMETICS:
        raise UsageError(f"no precision is called `{given.precision}`", hint=nearest(given.precision, ARITHMETICS))
    config = settings.load(given.model, file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config)
    shapes, values = bindings(given.shape, given.set, config)
    reports, lost = [], False
    with (
        as_onnx(given.model, given, targets, shapes, values) as (file, _),
        spinner() as say,
        destination(given.output_file) as out,
    ):
        model = read_whole(file)
        model = bound(model, shapes, values)
        data = read_data(given.data)
        feeds = input_samples(model, data, {})
        for target in targets:
            known = read_precision(table(target))
            mode = known.default(features()) if known is not None else Arithmetic("float32", True, "", evidence="unmeasured")
            if given.precision is not None and given.precision != mode.precision:
                asked = [one for one in known.arithmetics if one.precision == given.precision] if known is not None else []
                mode = (
                    asked[0] if asked else Arithmetic(given.precision, False, "", evidence="asked for", said="not measured here")
                )
            say(f"simulating {mode.precision}")
            report = judge(model, mode.precision, feeds, arithmetic=mode, seeded=data is None)
            lost = lost or report.lost
            if given.output_format == "json":
                reports.append(precision_json(str(given.model), target, known, report))
            else:
                render_precision(str(given.model), table(target).title, known, report, out)
        if given.output_format == "json":
            render_precision_json(reports, out)
    return int(lost)

"""`graphfix quantize`: quantise a model to the form that all of its targets accept, within a budget, and prove the result."""

from __future__ import annotations

import argparse
from pathlib import Path

from graphfix.cli.options import add_shared, as_onnx, bindings, chosen_targets, destination
from graphfix.cli.progress import spinner
from graphfix.cli.size_commands import FORMATS, add_size_options, parsed_budget, read_feeds, write_and_measure, write_report
from graphfix.cli.verbosity import notice
from graphfix.errors import UsageError
from graphfix.linter import config as settings
from graphfix.lowering.options import add_lowering
from graphfix.tables.table import table

SCHEMES = ("static", "dynamic", "weight-only")
METHODS = ("auto", "minmax", "entropy", "percentile")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_size_options(parser)
    scheme = "static: weights and activations, with ranges from --data (default); dynamic: ranges at run time; weight-only"
    parser.add_argument("--scheme", choices=SCHEMES, default="static", help=scheme)
    parser.add_argument("--bits", type=int, choices=(8, 4), default=8, help="bits of a weight (default: 8)")
    method = "how ranges follow from data (default: auto, minmax, or what keeps fewest layers in float within the budget)"
    parser.add_argument("--method", choices=METHODS, default="auto", help=method)
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page with the sensitivity of every layer")
    add_shared(parser, formats=FORMATS)
    add_lowering(parser)
    parser.epilog = "exit codes: 0 written, 1 a compiler rejects the result or leaves the budget, 2 an error"


def run(given: argparse.Namespace) -> int:
    """Quantise one model; exit 0 when the result suits its targets, 1 when a compiler disagrees, 2 on an error."""
    from graphfix.ir.atomic_write import writable
    from graphfix.ir.external_data import has_external
    from graphfix.ir.reading import bound, read_whole
    from graphfix.ir.skeleton import read_skeleton
    from graphfix.quantizing.calibration import says_little
    from graphfix.quantizing.confirmed import quantize_confirmed
    from graphfix.quantizing.form_choice import stores_only
    from graphfix.quantizing.quantize import NEEDS_DATA, QuantizeOptions, far_off
    from graphfix.report.quantized import quantized_json, render_quantized
    from graphfix.report.sensitivity_page import sensitivity_page
    from graphfix.verify.sample_runs import check_samples, seeded_samples

    if given.output_format not in FORMATS:
        raise UsageError(f"quantize has no format `{given.output_format}`", hint=f"choose from {', '.join(FORMATS)}")
    config = settings.load(given.model, file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config)
    for target in targets:
        table(target)
    budget = parsed_budget(given.budget)
    if given.scheme == "static" and given.data is None:
        raise UsageError(NEEDS_DATA, hint="give --data, or choose --scheme weight-only or dynamic")
    for path in filter(None, (given.output, given.html)):
        writable(path, force=given.force)
    shapes, values = bindings(given.shape, given.set, config)
    with as_onnx(given.model, given, targets, shapes, values) as (file, _), spinner() as say:
        model = bound(read_whole(file), shapes, values)
        feeds = read_feeds(model, given)
        if feeds is not None:
            check_samples(model, feeds)
        else:
            feeds = seeded_samples(model, {}, {})
        options = QuantizeOptions(targets, given.scheme, given.bits, given.method, budget, say)
        confirmed = quantize_confirmed(model, feeds, options, ask=not given.no_confirm)
        found = confirmed.quantized
        notes = [*found.notes, *filter(None, (stores_only(target, found.form) for target in targets))]
        notes += filter(None, (says_little(feeds), far_off(found.metrics) if budget is None else None))
        if given.data is None:
            notes.append("without --data the error is measured on random inputs, which may be unlike real ones")
        change = write_and_measure(
            model, found.model, given, feeds=feeds, runs=confirmed.runs, metrics=found.metrics, notes=notes, budget=budget,
            external=has_external(read_skeleton(file)), say=say,
        )  # fmt: skip
    write_report(given, lambda out: render_quantized(found, change, out, full=given.full), quantized_json(found, change))
    if given.html is not None:
        with destination(given.html) as out:
            out.write(sensitivity_page(found, change))
        notice(f"wrote {given.html}")
    return int(not change.accepted)

"""`graphfix prune`: remove what contributes nothing to a model, exactly, and on request what contributes little."""

from __future__ import annotations

import argparse

from graphfix.cli.options import add_shared, as_onnx, bindings, chosen_targets
from graphfix.cli.progress import spinner
from graphfix.cli.size_commands import FORMATS, add_size_options, parsed_budget, read_feeds, write_and_measure, write_report
from graphfix.errors import UsageError
from graphfix.linter import config as settings
from graphfix.lowering.options import add_lowering
from graphfix.tables.table import table

SCORES = ("l2", "l1", "activation", "taylor")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_size_options(parser)
    ratio = "also remove this share of the channels, heads and recurrent units: those that score lowest"
    parser.add_argument("--ratio", type=float, default=0.0, metavar="R", help=ratio)
    score = (
        "what weak ones are found by: the norm of their weights (default: l2), their mean magnitude on the data, or taylor, the "
        "derivative of the outputs along their removal, by a run of the model for each"
    )
    parser.add_argument("--score", choices=SCORES, default="l2", help=score)
    add_shared(parser, formats=FORMATS)
    add_lowering(parser)
    parser.epilog = (
        "without --ratio and --budget only what is dead is removed, which leaves the outputs as they are; with --data also what "
        "is never active on it. exit codes: 0 written, 1 a compiler rejects the result or leaves the budget, 2 an error"
    )


def run(given: argparse.Namespace) -> int:
    """Prune one model; exit 0 when the result was written, 1 when a compiler rejects it, 2 on an error."""
    from graphfix.backends.compile.paired_runs import Pair, paired_runs
    from graphfix.ir.atomic_write import writable
    from graphfix.ir.external_data import has_external
    from graphfix.ir.reading import bound, read_whole
    from graphfix.ir.skeleton import read_skeleton
    from graphfix.pruning.prune import PruneOptions, prune_model
    from graphfix.pruning.sparsity import sparsity
    from graphfix.report.pruned import pruned_json, render_pruned
    from graphfix.verify.sample_runs import check_samples, run_samples, seeded_samples

    if given.output_format not in FORMATS:
        raise UsageError(f"prune has no format `{given.output_format}`", hint=f"choose from {', '.join(FORMATS)}")
    if not 0 <= given.ratio <= 0.9:
        raise UsageError(f"--ratio is between 0 and 0.9, not {given.ratio:g}")
    config = settings.load(given.model, file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config) if given.target or config.targets else []
    for target in targets:
        table(target)
    budget = parsed_budget(given.budget)
    writable(given.output, force=given.force)
    shapes, values = bindings(given.shape, given.set, config)
    with as_onnx(given.model, given, targets, shapes, values) as (file, _), spinner() as say:
        model = bound(read_whole(file), shapes, values)
        data = read_feeds(model, given, least=1)
        feeds = data if data is not None else seeded_samples(model, {}, {})
        expected = check_samples(model, feeds) if data is not None else run_samples(model, feeds)
        found = prune_model(model, feeds, PruneOptions(given.ratio, budget, given.score, data is not None, say))
        notes = []
        if data is None and found.ratio:
            notes.append("without --data the error is measured on random inputs, which may be unlike real ones")
        if budget is not None and not found.ratio:
            notes.append(f"no weak unit can be removed within {budget}")
        runs = [] if given.no_confirm else paired_runs(Pair(model, found.model, feeds, expected), targets, say)
        change = write_and_measure(
            model, found.model, given, feeds=feeds, runs=runs, metrics=found.metrics, notes=notes, budget=budget,
            external=has_external(read_skeleton(file)), say=say,
        )  # fmt: skip
    left = sparsity(found.model)
    write_report(
        given, lambda out: render_pruned(found, change, left, out, full=given.full), pruned_json(found, change, left)
    )  # fmt: skip
    return int(not change.accepted)

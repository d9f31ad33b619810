"""`graphfix fix --precision`: write a model in a narrower float, within a budget, and report what it costs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from graphfix.cli.options import as_onnx, bindings, chosen_targets, destination
from graphfix.cli.progress import spinner
from graphfix.errors import UsageError, nearest
from graphfix.ir.reading import bound, read_whole
from graphfix.linter import config as settings
from graphfix.precision.narrowing import PRECISIONS, Narrowed, narrow_model
from graphfix.report.json_ import written
from graphfix.tables.precision import read_precision
from graphfix.tables.table import table
from graphfix.verify.budget import Budget
from graphfix.version import VERSION

FORMATS = ("text", "json")
MOST_NAMED = 8
APART = ("in_place", "diff", "html", "rewrite", "confirm", "allow", "unsafe_fixes")
"""Options of the other fixes, by the names that the parser gives them."""


def narrow(given: argparse.Namespace, read_data: Callable[[Path | None], dict[str, Any] | None]) -> int:
    """Convert a model and write it; exit 0 where it is within the budget, 2 on an error. `read_data` reads an .npz."""
    from graphfix.ir.atomic_write import writable
    from graphfix.ir.io import save_model
    from graphfix.precision.samples import input_samples

    _check(given)
    budget = Budget.parse(given.budget) if given.budget is not None else None
    config = settings.load(given.model, file=given.config, isolated=given.isolated)
    targets = chosen_targets(given.target, config)
    tables = [known for target in targets if (known := read_precision(table(target))) is not None]
    writable(given.output, force=given.force)
    shapes, values = bindings(given.shape, given.set, config)
    with as_onnx(given.model, given, targets, shapes, values) as (file, _), spinner() as say:
        say(f"reading {given.model}")
        model = bound(read_whole(file), shapes, values)
        data = read_data(given.data)
        feeds = input_samples(model, data, {})
        say(f"converting to {given.precision}")
        made = narrow_model(model, given.precision, feeds, budget, tables)
        save_model(made.model, given.output, force=given.force)
    with destination(given.output_file) as out:
        if given.output_format == "json":
            out.write(written(_json(given, made, seeded=data is None)) + "\n")
        else:
            _text(given, made, file, out)
    return 0


def _check(given: argparse.Namespace) -> None:
    """Raise UsageError for options that do not go together, or values out of range."""
    if given.precision not in PRECISIONS:
        raise UsageError(f"no precision is called `{given.precision}`", hint=nearest(given.precision, PRECISIONS))
    if given.output is None:
        raise UsageError("--precision writes a new model", hint="name it with -o OUT.onnx")
    mixed = [name for name in APART if getattr(given, name, None)]
    if mixed:
        raise UsageError(
            f"--{mixed[0].replace('_', '-')} does not go with --precision", hint="fix first, then convert the result"
        )
    if given.output_format not in FORMATS:
        raise UsageError(f"--precision reports as {' or '.join(FORMATS)}", hint="leave out --output-format")


def _text(given: argparse.Namespace, made: Narrowed, source: Path, out: TextIO) -> None:
    from graphfix.ir.file_size import model_bytes
    from graphfix.report.page import Page
    from graphfix.report.precision import output_table

    page = Page(out)
    before, after = (model_bytes(path) / 2**20 for path in (source, given.output))
    page.line((f"{given.output}: {made.dtype}, {made.nodes - len(made.kept)} of {made.nodes} nodes", "bold"))
    page.line(f"  size: {before:.2f} MiB before, {after:.2f} MiB after")
    page.line(f"  form: {made.form.label}" + (f"; not measured for {', '.join(made.unmeasured)}" if made.unmeasured else ""))
    if made.budget is not None:
        page.line(f"  budget: {made.budget}")
    for name, nodes in made.rewrites:
        page.line(f"  rewrite: {name} at {', '.join(nodes[:MOST_NAMED])}")
    for word, names in (("kept in float32", made.kept), (f"no {made.dtype} form of", made.wide)):
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            page.line(f"  {word}: {', '.join(names[:MOST_NAMED])}{more}")
    page.line(f"  errors simulated in onnxruntime, which {'runs' if made.runs else 'does not run'} the result itself")
    page.line()
    output_table(page, made.errors)


def _json(given: argparse.Namespace, made: Narrowed, *, seeded: bool) -> dict[str, Any]:
    return {
        "schema": 1,
        "graphfix": VERSION,
        "model": str(given.model),
        "output": str(given.output),
        "precision": made.dtype,
        "budget": None if made.budget is None else str(made.budget),
        "form": made.form.label,
        "nodes": made.nodes,
        "kept": made.kept,
        "without_form": made.wide,
        "rewrites": [{"name": name, "nodes": list(nodes)} for name, nodes in made.rewrites],
        "runs": made.runs,
        "seeded": seeded,
        "whole": [{"name": error.name, **error.to_json()} for error in made.whole],
        "outputs": [{"name": error.name, **error.to_json()} for error in made.errors],
    }


def unused_budget(given: argparse.Namespace) -> None:
    """Raise UsageError for a budget without a precision."""
    if given.budget is not None:
        raise UsageError("--budget bounds the error of --precision", hint="add --precision float16, bfloat16 or mixed")

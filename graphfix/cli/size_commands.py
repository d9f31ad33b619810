"""What the commands that make a model smaller share: options, reading, writing, and measuring before and after."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfix.cli.options import destination
from graphfix.errors import UsageError

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphfix.backends.compile.paired_runs import PairedRun
    from graphfix.report.size_change import SizeChange
    from graphfix.verify.budget import Budget
    from graphfix.verify.feeds import Feed
    from graphfix.verify.metrics import OutputMetrics

FORMATS = ("text", "json")
DATA = "inputs: an .npz by input name with samples along the first axis, a folder of images, or module:function that yields them"
BUDGET = "how far outputs may be off: top1=0.5%%, snr=40dB or max=1e-2, several with commas"


def add_size_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that makes a model smaller."""
    parser.add_argument("model", metavar="MODEL", type=Path, help="a model of ONNX, or a SOURCE in one of the forms below")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="write the result here")
    parser.add_argument("--force", action="store_true", help="overwrite an existing OUT")
    parser.add_argument("--data", metavar="DATA", help=DATA)
    parser.add_argument("--mean", metavar="M[,M,M]", help="subtracted from the pixels of images, which are scaled to 0..1 before")
    parser.add_argument("--std", metavar="S[,S,S]", help="what pixels are divided by then")
    parser.add_argument("--budget", metavar="BUDGET", help=BUDGET)
    parser.add_argument("--no-confirm", action="store_true", help="do not ask the compilers of the targets, even where installed")


def parsed_budget(text: str | None) -> Budget | None:
    """Return the budget of the command line."""
    from graphfix.verify.budget import Budget

    return None if text is None else Budget.parse(text)


def read_feeds(model: ModelProto, given: argparse.Namespace, *, least: int | None = None) -> list[Feed] | None:
    """Return the inputs that --data names; None without it."""
    from graphfix.quantizing.calibration import LEAST, calibration_feeds
    from graphfix.quantizing.images import Pixels

    pixels = Pixels(_numbers(given.mean, "--mean", 0.0), _numbers(given.std, "--std", 1.0))
    if given.data is None:
        return None
    return calibration_feeds(model, given.data, least=LEAST if least is None else least, pixels=pixels)


def _numbers(text: str | None, option: str, default: float) -> tuple[float, ...]:
    """Return one number for each of three channels."""
    try:
        found = tuple(float(word) for word in text.split(",")) if text else (default,)
    except ValueError:
        found = ()
    if len(found) not in (1, 3) or (option == "--std" and not all(found)):
        raise UsageError(f"{option} takes one number or three with commas, not `{text}`")
    return found


def write_and_measure(
    original: ModelProto, changed: ModelProto, given: argparse.Namespace, *, feeds: Sequence[Feed], runs: Sequence[PairedRun],
    metrics: Mapping[str, OutputMetrics], notes: Sequence[str], budget: Budget | None, external: bool, say: Callable[[str], None],
) -> SizeChange:  # fmt: skip
    """Write the result, and return all that is reported of both models."""
    from graphfix.ir.io import save_model
    from graphfix.quantizing.confirmed import beyond_budget
    from graphfix.report.size_change import SizeChange
    from graphfix.verify.footprint import Footprint

    say(f"writing {given.output}")
    save_model(changed, given.output, force=given.force, external=external)
    sizes = {name: array.shape for name, array in feeds[0].items()} if feeds else {}
    before, after = Footprint.of(original, sizes), Footprint.of(changed, sizes)
    return SizeChange(
        str(given.model), str(given.output), before, after, metrics, runs, notes, beyond_budget(runs, budget)
    )  # fmt: skip


def write_report(given: argparse.Namespace, text: Callable[[Any], None], document: dict[str, Any]) -> None:
    """Write the report in the format asked for."""
    with destination(given.output_file) as out:
        if given.output_format == "json":
            from graphfix.report.json_ import written

            out.write(written(document) + "\n")
        else:
            text(out)

"""What `quantize` and `prune` made of a model: sizes, errors and compilers, before and after, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphfix.backends.compile.paired_runs import PairedRun
from graphfix.report.page import Page
from graphfix.report.sizes import in_bytes, in_units
from graphfix.verify.footprint import Footprint
from graphfix.verify.metrics import OutputMetrics
from graphfix.version import VERSION


@dataclass(slots=True)
class SizeChange:
    """One model before and after: where it was written, its footprints, the error of its outputs, and the compilers' answers.

    `beyond` says for a target why its compiled model is beyond the budget.
    """

    model: str
    output: str
    before: Footprint
    after: Footprint
    metrics: Mapping[str, OutputMetrics]
    runs: Sequence[PairedRun] = ()
    notes: Sequence[str] = ()
    beyond: Mapping[str, str] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether no compiler that was asked rejects the result or leaves the budget."""
        return all(run.accepted is not False for run in self.runs) and not self.beyond

    def to_json(self, command: str) -> dict[str, Any]:
        """What both commands print."""
        return {
            "schema": 1, "graphfix": VERSION, "command": command, "model": self.model, "output": self.output,
            "before": self.before.to_json(), "after": self.after.to_json(),
            "outputs": {name: one.to_json() for name, one in self.metrics.items()},
            "targets": [{**run.to_json(), "beyond_budget": self.beyond.get(run.target)} for run in self.runs],
            "notes": list(self.notes),
        }  # fmt: skip


def render_change(page: Page, change: SizeChange) -> None:
    """Write the table of sizes, a line for each output and for each compiler, and the notes."""
    page.line(f"  wrote {change.output}")
    page.line()
    rows = list(_rows(change.before, change.after))
    width = max(9, *(len(text) for _, *texts in rows for text in texts))
    page.line(f"  {'':14}{'before':>{width}}  {'after':>{width}}")
    for name, old, new in rows:
        page.line(f"  {name:14}{old:>{width}}  {new:>{width}}")
    page.line()
    for name, one in change.metrics.items():
        page.line(f"  output `{name}` in onnxruntime: {described(one)}")
    for run in change.runs:
        name = run.target.partition("@")[0] if run.version else run.target
        page.line("  ", (name, "bold"), f" {_said(run, change.beyond.get(run.target))}")
    for note in change.notes:
        page.line(f"  note: {note}")


def _rows(before: Footprint, after: Footprint) -> Iterator[tuple[str, str, str]]:
    yield "file", in_bytes(before.file_bytes), in_bytes(after.file_bytes)
    yield "parameters", in_units(before.parameters), in_units(after.parameters)
    yield "  in bytes", in_bytes(before.parameter_bytes), in_bytes(after.parameter_bytes)
    yield "MACs", in_units(before.macs), in_units(after.macs)
    yield "peak memory", in_bytes(before.peak_bytes), in_bytes(after.peak_bytes)


def described(one: OutputMetrics) -> str:
    """Return the error of an output in words."""
    told = one.to_json()
    if one.noise == 0.0 and one.largest == 0.0:
        return "as before"
    words = [] if told["snr_db"] is None else [f"{told['snr_db']:.1f} dB"]
    words.append(f"largest difference {one.largest:.3g}")
    if told["top1"] is not None:
        words.append(f"top-1 agrees in {100 * told['top1']:.1f} % of {one.rows} rows")
    return ", ".join(words)


def _said(run: PairedRun, beyond: str | None) -> str:
    """Return what a compiler made of the result."""
    if run.accepted is None:
        return f"was not asked: {run.said}"
    if not run.accepted:
        also = ", as it rejects the original: run `graphfix fix` first" if run.original is False else ""
        return f"{run.version} rejects it{also}: {run.said[:300]}"
    words = [f"{run.version} accepts it"]
    words += [f"`{name}` {described(one)}" for name, one in run.metrics.items() if len(run.metrics) == 1 or one.noise > 0]
    if not run.metrics:
        words.append("its models do not run here")
    if run.before is not None and run.after is not None:
        words.append(f"{1000 * run.before:.2f} ms before, {1000 * run.after:.2f} ms now ({run.ratio:.2f})")
    return "; ".join([*words, f"beyond the budget: {beyond}"] if beyond else words)

"""The ONNX models that conversion paths start from: one for each exporter that was tried, or the ONNX model given."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix.ir.reading import read_whole
from graphfix.ir.traversal import graphs
from graphfix.lowering.options import DIRECT, EXPORTERS
from graphfix.lowering.paths.model import ONNX, ExportState, Start

if TYPE_CHECKING:
    from graphfix.lowering.lowered import Lowered


def starts_of(lowered: Lowered) -> list[Start]:
    """Return one start for each exporter that was tried on a source, including those that failed."""
    from graphfix.lowering.stages import STAGE_TEXTS, location_text

    starts = []
    for attempt in lowered.attempts:
        start = Start(attempt.exporter, ExportState.FAILS, seconds=attempt.seconds)
        verification = attempt.verification
        flag = f"--exporter={attempt.exporter}" if attempt.exporter in EXPORTERS else ""
        if attempt.model is None:
            reason = f"{STAGE_TEXTS.get(attempt.stage, attempt.stage)}: {attempt.failure.get('message') or 'nothing was said'}"
            start = dataclasses.replace(
                start, reason=reason, location=location_text(attempt.failure), cure=str(attempt.failure.get("cure") or "")
            )
        else:
            assert verification is not None
            state = ExportState.GOOD if attempt.verified else ExportState.DIFFERS
            start = dataclasses.replace(
                start, state=state, model=attempt.model, nodes=attempt.nodes, opset=attempt.opset,
                reason="" if verification.passed else f"it computes something else: {verification.reason}",
                error=verification.max_rel_error, feeds=attempt.model.with_name("feeds.npz"),
            )  # fmt: skip
        starts.append(dataclasses.replace(start, flag=flag))
    return starts


def direct_starts(lowered: Lowered) -> list[Start]:
    """Return one start for each converter that was tried on a source without ONNX, including those that are not installed."""
    from graphfix.lowering.conversion import MISSING

    starts = []
    for made in lowered.conversions:
        states = {True: ExportState.GOOD, False: ExportState.FAILS if made.verification is None else ExportState.DIFFERS}
        state = ExportState.MISSING if made.stage == MISSING else states[made.good]
        starts.append(Start(
            made.converter.name, state, reason=made.reason, location=made.location, cure=made.cure, seconds=made.seconds,
            error=made.verification.max_rel_error if made.verification is not None and made.compared else None,
            flag=f"--exporter={DIRECT}", only=made.converter.target,
        ))  # fmt: skip
    return starts


def start_as_given(path: Path) -> Start:
    """Return the start of a source that is an ONNX model already."""
    model = read_whole(path)
    opset = max((entry.version for entry in model.opset_import if not entry.domain), default=0)
    return Start(ONNX, ExportState.GOOD, path, nodes=sum(len(graph.node) for graph in graphs(model.graph)), opset=opset)

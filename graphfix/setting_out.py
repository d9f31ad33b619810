"""Where the roads of a source begin: one start for each exporter that was tried, or the ONNX that was given."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from graphfix.infer import graphs
from graphfix.lowering.options import EXPORTERS
from graphfix.reading import read_whole
from graphfix.roads import ONNX, Start, State

if TYPE_CHECKING:
    from graphfix.lowering.lowered import Lowered


def starts_of(lowered: Lowered) -> list[Start]:
    """Where the roads of a lowered source begin: one start an exporter that was tried, dead ends included."""
    from graphfix.lowering.lowered import WORDS, placed

    found = []
    for attempt in lowered.attempts:
        start = Start(attempt.exporter, State.FAILS, seconds=attempt.seconds)
        proof = attempt.verification
        flag = f"--exporter={attempt.exporter}" if attempt.exporter in EXPORTERS else ""
        if attempt.model is None:
            said = f"{WORDS.get(attempt.stage, attempt.stage)}: {attempt.failure.get('message') or 'nothing was said'}"
            start = dataclasses.replace(
                start, reason=said, place=placed(attempt.failure), cure=str(attempt.failure.get("cure") or "")
            )
        else:
            assert proof is not None
            state = State.GOOD if attempt.verified else State.DIFFERS
            start = dataclasses.replace(
                start, state=state, model=attempt.model, nodes=attempt.nodes, opset=attempt.opset,
                reason="" if proof.passed else f"it computes something else: {proof.reason}",
                error=proof.max_rel_error, feeds=attempt.model.with_name("feeds.npz"),
            )  # fmt: skip
        found.append(dataclasses.replace(start, flag=flag))
    return found


def start_as_given(path: Path) -> Start:
    """The start of a source that is ONNX already."""
    model = read_whole(path)
    opset = max((entry.version for entry in model.opset_import if not entry.domain), default=0)
    return Start(ONNX, State.GOOD, path, nodes=sum(len(graph.node) for graph in graphs(model.graph)), opset=opset)

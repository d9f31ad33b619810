"""LSTM, GRU and RNN: the units of the state are tied through weights, biases and outputs."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.analysis.operand_constraints import GATES
from graphfix.pruning.axis_graph import AxisGraph, SizeEdit

WEIGHTS, RECURRENT, BIASES, LENGTHS, STATE, CELL, PEEPHOLES = 1, 2, 3, 4, 5, 6, 7


def tie_recurrent(axes: AxisGraph, node: NodeProto) -> None:
    """Tie the rows of each gate, the columns of the recurrent weights, the states and the outputs of every unit."""
    data, weights, recurrent = node.input[0], (node.input[WEIGHTS], 1), (node.input[RECURRENT], 2)
    outputs = [(name, len(axes.dims(name) or (None,)) - 1) for name in node.output if name]
    hidden = axes.size(recurrent)
    if hidden is None or attribute(node, "layout", 0):
        axes.freeze_all([*filter(None, node.input), *filter(None, node.output)], "a recurrent layer of another form")
        return
    axes.sum(node, (data, 2), (node.input[WEIGHTS], 2))
    axes.tie((data, 1), (outputs[0][0], outputs[0][1] - 1))
    gates = GATES[node.op_type]
    _tie_rows(axes, recurrent, weights, gates, hidden)
    _tie_rows(axes, recurrent, (node.input[RECURRENT], 1), gates, hidden)
    for place, count in ((BIASES, 2 * gates), (PEEPHOLES, 3)):
        if len(node.input) > place and node.input[place]:
            _tie_rows(axes, recurrent, (node.input[place], 1), count, hidden)
    for place in (STATE, CELL):
        if len(node.input) > place and node.input[place]:
            axes.tie(recurrent, (node.input[place], 2))
            if place == STATE:
                axes.sum(node, (node.input[place], 2), recurrent)
    for output in outputs:
        axes.tie(recurrent, output)
    axes.sum(node, outputs[0], recurrent)
    axes.edits.append(SizeEdit(recurrent, node=node, attribute="hidden_size"))
    fixed = [name for name in (*node.input[:4], *node.output) if name]
    for name in fixed:
        if (axes.dims(name) or ())[:1] != (1,) and name != data:
            axes.freeze((name, 0 if name not in node.output[:1] else 1), "the directions of a recurrent layer")
    if len(node.input) > LENGTHS and node.input[LENGTHS]:
        axes.freeze_all([node.input[LENGTHS]], "the lengths of sequences")


def _tie_rows(axes: AxisGraph, hidden: tuple[str, int], rows: tuple[str, int], blocks: int, size: int) -> None:
    """Tie each unit to its row in every block."""
    every = np.arange(blocks * size)
    if axes.size(rows) == blocks * size:
        axes.tie(hidden, rows, every % size, every)
    else:
        axes.freeze(hidden, "a recurrent layer of another form")


FAMILY = dict.fromkeys(GATES, tie_recurrent)
"""The operators of this file."""

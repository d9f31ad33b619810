"""The shapes of recurrent cells in a graph: which tensors are one step's gates, state and cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from graphfix.lines import Line, Lines

ACTIVATIONS = {"Sigmoid": (), "Tanh": (), "Relu": (), "Softsign": (), "Softplus": (), "HardSigmoid": (0.2, 0.5), "Elu": (1.0,),
               "LeakyRelu": (0.01,), "ThresholdedRelu": (1.0,)}  # fmt: skip
"""Activations of recurrent operators that are operators too, with the defaults of alpha and beta."""

Act = tuple[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One step: the operator, the state it makes and the one it reads, the gates in ONNX's order, the activations.

    `line` is, for a GRU whose reset gate acts behind the product, the recurrent part of its last gate. `cell` is what an
    LSTM carries on, `before` what it reads: the cell of an LSTM, the state of a GRU; None where only leaves tell.
    """

    op: str
    state: Any
    gates: tuple[Line, ...]
    acts: tuple[Act, ...]
    before: Any = None
    cell: Any = None
    line: Line | None = None


def activation(tensor: Any) -> tuple[Act, Any] | None:
    """The activation that makes a tensor, and what it is applied to."""
    node = tensor.inputs[0] if tensor.inputs else None
    if node is None or node.op not in ACTIVATIONS or node.domain not in (None, "", "ai.onnx"):
        return None
    names = ("alpha", "beta")
    numbers = (node.attrs.get(name, default) for name, default in zip(names, ACTIVATIONS[node.op], strict=False))
    return (node.op, tuple(float(number) for number in numbers)), node.inputs[0]


def cells(nodes: list[Any], lines: Lines) -> Iterator[Cell]:
    """Every cell among nodes: LSTM and GRU by their shape, RNN wherever an activation reads a line."""
    for node in nodes:
        if node.op not in ("Mul", "Add", *ACTIVATIONS) or len(node.outputs) != 1:
            continue
        found = {"Mul": _lstm, "Add": _gru}.get(node.op, _rnn)(node.outputs[0], lines)
        if found is not None:
            yield found


def _gate(tensor: Any, lines: Lines) -> tuple[Act, Line] | None:
    found = activation(tensor)
    line = lines.of(found[1]) if found is not None else None
    return (found[0], line) if found is not None and line is not None else None


def _operands(tensor: Any, op: str) -> Iterator[tuple[Any, Any]]:
    """Both orders of the operands of the node of this kind that makes a tensor."""
    node = tensor.inputs[0] if tensor.inputs else None
    if node is not None and node.op == op and len(node.inputs) == 2:
        yield from permutations(node.inputs)


def _rnn(state: Any, lines: Lines) -> Cell | None:
    gate = _gate(state, lines)
    return Cell("RNN", state, (gate[1],), (gate[0],)) if gate is not None and gate[1].terms else None


def _lstm(state: Any, lines: Lines) -> Cell | None:
    """h = o * f2(c), c = f * c' + i * g."""
    for opened, squashed in _operands(state, "Mul"):
        o, last = _gate(opened, lines), activation(squashed)
        if o is None or last is None:
            continue
        for kept, added in _operands(last[1], "Add"):
            for (forget, before), (taken, new) in ((a, b) for a in _operands(kept, "Mul") for b in _operands(added, "Mul")):
                f, i, g = _gate(forget, lines), _gate(taken, lines), _gate(new, lines)
                if f is None or i is None or g is None or not f[0] == i[0] == o[0] or _gate(before, lines) is not None:
                    continue
                if i[0] != g[0]:  # else which is the gate and which the content cannot be told
                    return Cell("LSTM", state, (i[1], o[1], f[1], g[1]), (o[0], g[0], last[0]), before, last[1])
    return None


def _gru(state: Any, lines: Lines) -> Cell | None:
    """h = (h' - n) * z + n, or z * h' + (1 - z) * n."""
    for moved, new in _operands(state, "Add"):
        for gate, difference in _operands(moved, "Mul"):
            node = difference.inputs[0] if difference.inputs else None
            if node is not None and node.op == "Sub" and node.inputs[1] is new:
                return _gru_of(state, gate, new, node.inputs[0], lines)
        for (gate, before), (rest, content) in (
            (a, b) for a in _operands(moved, "Mul") for b in _operands(new, "Mul")
        ):  # fmt: skip
            node = rest.inputs[0] if rest.inputs else None
            one = lines.surgery.known(node.inputs[0]) if node is not None and node.op == "Sub" else None
            if node is not None and one is not None and (one == 1).all() and node.inputs[1] is gate:
                return _gru_of(state, gate, content, before, lines)
    return None


def _gru_of(state: Any, gate: Any, new: Any, before: Any, lines: Lines) -> Cell | None:
    z, content = _gate(gate, lines), activation(new)
    if z is None or content is None:
        return None
    for outer, inner in _operands(content[1], "Add"):
        x = lines.of(outer)
        for reset, recurrent in _operands(inner, "Mul"):
            r, line = _gate(reset, lines), lines.of(recurrent)
            if x is not None and r is not None and line is not None and r[0] == z[0]:
                return Cell("GRU", state, (z[1], r[1], x), (z[0], content[0]), before, line=line)
    return None

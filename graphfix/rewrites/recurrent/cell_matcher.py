"""The shapes of recurrent cells in a graph: which tensors are one step's gates, state and cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphfix.ir.operator_set import is_standard
from graphfix.rewriting.linear_forms import LinearForm, LinearForms
from graphfix.rewriting.pattern import Found, Pattern, SurgeryView

ACTIVATIONS = {"Sigmoid": (), "Tanh": (), "Relu": (), "Softsign": (), "Softplus": (), "HardSigmoid": (0.2, 0.5), "Elu": (1.0,),
               "LeakyRelu": (0.01,), "ThresholdedRelu": (1.0,)}  # fmt: skip
"""Activations of recurrent operators that are operators too, with the defaults of alpha and beta."""

EITHER = {"Act": ACTIVATIONS}
LSTM = Pattern("""kept = Mul(forget, before)  added = Mul(taken, new)  cell = Add(kept, added)
                  squashed = Act(cell)  state = Mul(opened, squashed)""", either=EITHER)  # fmt: skip
CONTENT = "gated = Mul(reset, recurrent)  inner = Add(outer, gated)  new = Act(inner)"
"""The content of a GRU whose reset gate acts behind the product."""
GRU = (
    Pattern(f"{CONTENT}  difference = Sub(before, new)  moved = Mul(gate, difference)  state = Add(moved, new)", either=EITHER),
    Pattern(f"{CONTENT}  rest = Sub(one, gate)  kept = Mul(gate, before)  added = Mul(rest, new)  state = Add(kept, added)",
            either=EITHER),
)  # fmt: skip
"""(h' - n) * z + n, and z * h' + (1 - z) * n."""

Act = tuple[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One step: the operator, the state it makes and the one it reads, the gates in ONNX's order, the activations.

    `line` is, for a GRU whose reset gate acts behind the product, the recurrent part of its last gate. `cell` is what an
    LSTM carries on, `before` what it reads: the cell of an LSTM, the state of a GRU; None where only leaves tell.
    """

    op: str
    state: Any
    gates: tuple[LinearForm, ...]
    acts: tuple[Act, ...]
    before: Any = None
    cell: Any = None
    line: LinearForm | None = None


def activation(tensor: Any) -> tuple[Act, Any] | None:
    """The activation that makes a tensor, and what it is applied to."""
    node = tensor.inputs[0] if tensor.inputs else None
    if node is None or node.op not in ACTIVATIONS or not is_standard(node):
        return None
    names = ("alpha", "beta")
    numbers = (node.attrs.get(name, default) for name, default in zip(names, ACTIVATIONS[node.op], strict=False))
    return (node.op, tuple(float(number) for number in numbers)), node.inputs[0]


def cells(nodes: list[Any], lines: LinearForms) -> Iterator[Cell]:
    """Every cell among nodes: LSTM and GRU by their shape, RNN wherever an activation reads a line."""
    view = SurgeryView(lines.surgery)
    for node in nodes:
        if len(node.outputs) != 1:
            continue
        found: Iterator[Cell | None] = iter(())
        if node.op == "Mul":
            found = (_lstm(match, lines) for match in LSTM.matches(view, node))
        elif node.op == "Add":
            found = (_gru(match, lines) for form in GRU for match in form.matches(view, node))
        elif node.op in ACTIVATIONS:
            found = iter([_rnn(node.outputs[0], lines)])
        cell = next((one for one in found if one is not None), None)
        if cell is not None:
            yield cell


def _gate(tensor: Any, lines: LinearForms) -> tuple[Act, LinearForm] | None:
    found = activation(tensor)
    line = lines.of(found[1]) if found is not None else None
    return (found[0], line) if found is not None and line is not None else None


def _rnn(state: Any, lines: LinearForms) -> Cell | None:
    gate = _gate(state, lines)
    return Cell("RNN", state, (gate[1],), (gate[0],)) if gate is not None and gate[1].terms else None


def _lstm(found: Found, lines: LinearForms) -> Cell | None:
    """h = o * f2(c), c = f * c' + i * g, where the operands are gates."""
    o, last = _gate(found["opened"], lines), activation(found["squashed"])
    f, i, g = (_gate(found[name], lines) for name in ("forget", "taken", "new"))
    if o is None or last is None or f is None or i is None or g is None or not f[0] == i[0] == o[0]:
        return None
    if _gate(found["before"], lines) is not None or i[0] == g[0]:  # else which is the gate and which the content cannot be told
        return None
    return Cell("LSTM", found["state"], (i[1], o[1], f[1], g[1]), (o[0], g[0], last[0]), found["before"], last[1])


def _gru(found: Found, lines: LinearForms) -> Cell | None:
    """A GRU of either form, where the operands are gates and lines."""
    one = lines.surgery.known(found["one"]) if "one" in found.values else np.ones(())
    z, r, content = _gate(found["gate"], lines), _gate(found["reset"], lines), activation(found["new"])
    x, line = lines.of(found["outer"]), lines.of(found["recurrent"])
    if one is None or not (one == 1).all() or z is None or r is None or content is None or x is None or line is None:
        return None
    if r[0] != z[0]:
        return None
    return Cell("GRU", found["state"], (z[1], r[1], x), (z[0], content[0]), found["before"], line=line)

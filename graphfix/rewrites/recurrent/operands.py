"""LSTM, GRU and RNN taken apart by direction: the operands of each, and a node that runs one of them alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphfix.rewriting.replacement import ReplacementBuilder

ACTIVATIONS = {"GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"], "RNN": ["Tanh"]}
LENGTHS = 4
"""The place of `sequence_lens` among the operands."""
STATES = ("activation_alpha", "activation_beta", "activations")
BACKWARDS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}


def backwards(draft: ReplacementBuilder) -> tuple[bool, ...]:
    """For each direction whether it runs from the end."""
    return BACKWARDS[draft.attribute("direction", "forward")]


def is_read(draft: ReplacementBuilder, index: int) -> bool:
    """Whether something reads an output of the node, or a graph gives it."""
    if not draft.wants(index):
        return False
    made, graphs = draft.node.outputs[index], draft.surgery.graphs()
    return bool(made.outputs) or any(made.name == output.name for graph in graphs for output in graph.outputs)


def single_direction(
    draft: ReplacementBuilder, x: str, number: int, direction: str, lengths: str = "", weight: str = ""
) -> list[str]:
    """One direction alone as a node over `x`, and the names of Y, Y_h and Y_c (of an LSTM) with one direction each.

    `weight` stands for its W where that is not the node's own.
    """
    ways = len(backwards(draft))
    operands = [x]
    for place in range(1, len(draft.inputs)):
        if place == LENGTHS:
            operands.append(lengths)
        elif not draft.has(place):
            operands.append("")
        elif place == 1 and weight:
            operands.append(weight)
        else:
            operands.append(part(draft, place, number, ways))
    attrs = {name: value for name, value in draft.node.attrs.items() if name != "direction"}
    for name in STATES:
        if name in attrs:
            each = len(attrs[name]) // ways
            attrs[name] = list(attrs[name])[number * each : (number + 1) * each]
    while operands and not operands[-1]:
        operands.pop()
    count = 3 if draft.node.op == "LSTM" else 2
    return draft.ops(draft.node.op, count, *operands, direction=direction, **attrs)


def part(draft: ReplacementBuilder, place: int, number: int, ways: int) -> str:
    """The rows of an operand that belong to one direction."""
    if ways == 1:
        return draft.inputs[place]
    array = draft.known(place)
    if array is not None:
        return draft.constant(np.ascontiguousarray(array[number : number + 1]))
    return draft.op("Gather", draft.inputs[place], draft.constant([number]), axis=0)


def joined(draft: ReplacementBuilder, lanes: list[list[str]]) -> list[str]:
    """The outputs of several directions side by side; those that nothing reads stay those of the first."""
    if len(lanes) == 1:
        return lanes[0]
    rows = list(zip(*lanes, strict=True))
    return [
        draft.op("Concat", *row, axis=1 if index == 0 else 0) if is_read(draft, index) else row[0]
        for index, row in enumerate(rows)
    ]


def give(draft: ReplacementBuilder, results: list[str]) -> None:
    """Make names the node's outputs, in order, where they are read."""
    for index, name in enumerate(results):
        if is_read(draft, index):
            draft.give(name, index)


def odd_parameters(draft: ReplacementBuilder) -> str | None:
    """Why the parameters of the activations cannot be dealt out to the directions."""
    ways = len(backwards(draft))
    for name in ("activation_alpha", "activation_beta"):
        given: Any = draft.attribute(name) or []
        if len(given) % ways:
            return f"`{name}` has {len(given)} entries for {ways} directions"
    return "layout 1 is another order of axes" if draft.attribute("layout", 0) else None


def turned(draft: ReplacementBuilder, x: str, steps: int | str | None) -> str:
    """The first axis from its end to its start."""
    if isinstance(steps, int):
        return draft.op("Gather", x, draft.constant(np.arange(steps, dtype=np.int64)[::-1].copy()), axis=0)
    return draft.op("Slice", x, axes=[0], starts=[-1], ends=[int(np.iinfo(np.int64).min)], steps=[-1])

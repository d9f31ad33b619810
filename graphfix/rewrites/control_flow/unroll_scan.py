"""Scan<body>(s, x) = body(body(s, x[0]), x[1]) ...: one copy of the body for each slice of the scan inputs."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from onnx import NodeProto

from graphfix.analysis.constant_folding import attribute
from graphfix.rewrites.control_flow.loop_unrolling import CannotUnroll, LoopRewrite, UnrolledPasses, integers, stack
from graphfix.rewriting.rewrite import Case, FixRule, Safety


class UnrollScan(LoopRewrite):
    """Unroll a Scan over axes of fixed size, up to 2000 nodes.

    Why: few compilers support Scan; a fixed dim gives its number of iterations, each of which consists of plain operators.
    """

    name = "unroll-scan"
    safety = Safety.EXACT
    needs_opset = 9
    fixes = (FixRule("Scan"),)
    operator = "Scan"
    before = """last, y = Scan<num_scan_inputs = 1, body = b (float s, float e) => (float t, float o) {
                  t = Add(s, e)  o = Identity(t) }>(start, x)"""
    after = """x0 = Gather(x, zero)
               x1 = Gather(x, one)
               s0 = Add(start, x0)
               last = Add(s0, x1)
               y = Concat<axis = 0>(s0, last)"""
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] s, float[3, 2] x) => (float[2] last, float[3, 2] y) {
                 last, y = Scan<num_scan_inputs = 1, body = b (float[2] a, float[2] e) => (float[2] t, float[2] o) {
                   t = Add(a, e)  o = Neg(t) }>(s, x) }""",
            ops=("*",),
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 11]>
               g (float[2] s, float[2, 3] x, float[3, 2] w) => (float[2] last, float[2, 3] y) {
                 last, y = Scan<num_scan_inputs = 2, scan_input_axes = [1, 0], scan_input_directions = [1, 0],
                     scan_output_axes = [-1], scan_output_directions = [1],
                     body = b (float[2] a, float[2] e, float[2] f) => (float[2] t, float[2] o) {
                       p = Mul(e, f)  t = Add(a, p)  o = Abs(t) }>(s, x, w) }""",
            ops=("*",),
        ),
    )  # fmt: skip
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] s, float[T, 2] x) => (float[2] last, float[T, 2] y) {
                 last, y = Scan<num_scan_inputs = 1, body = b (float[2] a, float[2] e) => (float[2] t, float[2] o) {
                   t = Add(a, e)  o = Neg(t) }>(s, x) }""",
            because="dim 0 of `x` is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2] s, float[900, 2] x) => (float[2] last, float[900, 2] y) {
                 last, y = Scan<num_scan_inputs = 1, body = b (float[2] a, float[2] e) => (float[2] t, float[2] o) {
                   t = Add(a, e)  o = Neg(t) }>(s, x) }""",
            because="more than 2000 nodes would be written out",
        ),
    )

    def passes(self, node: NodeProto, copies: UnrolledPasses) -> None:
        """Copy the body once for each slice."""
        count = int(attribute(node, "num_scan_inputs", 0))
        states, scanned = list(node.input[: len(node.input) - count]), list(node.input[len(node.input) - count :])
        stacked = len(copies.body.output) - len(states)
        axes, backwards = integers(node, "scan_input_axes", count), integers(node, "scan_input_directions", count)
        to_axes, to_front = integers(node, "scan_output_axes", stacked), integers(node, "scan_output_directions", stacked)
        sizes = {_size(copies, name, axis) for name, axis in zip(scanned, axes, strict=True)}
        if len(sizes) != 1:
            raise CannotUnroll("what it scans has axes of different sizes")
        steps = sizes.pop()
        rows: list[list[str]] = [[] for _ in range(stacked)]
        for turn in range(steps):
            slices = []
            for name, axis, backward in zip(scanned, axes, backwards, strict=True):
                place = copies.constant("step", np.asarray(steps - 1 - turn if backward else turn, np.int64))
                slices.append(copies.node("Gather", [name, place], axis=axis))
            ends = copies.step(dict(zip((info.name for info in copies.body.input), [*states, *slices], strict=True)))
            states = ends[: len(states)]
            for row, made, front in zip(rows, ends[len(states) :], to_front, strict=True):
                row.insert(0 if front else len(row), made)
        results = dict(zip(node.output, states, strict=False))
        for output, row, axis in zip(node.output[len(states) :], rows, to_axes, strict=False):
            if output:
                results[output] = stack(copies, row, axis)
        copies.bind({output: result for output, result in results.items() if output})


def _size(copies: UnrolledPasses, name: str, axis: int) -> int:
    value = copies.book.facts.value(name, copies.scope)
    shape = None if value is None else value.shape
    if shape is None or not isinstance(shape[axis], int):
        raise CannotUnroll(f"dim {axis} of `{name}` is not fixed")
    return int(shape[axis])  # type: ignore[arg-type]

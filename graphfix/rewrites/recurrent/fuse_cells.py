"""h_1 = cell(x_1, h_0), h_2 = cell(x_2, h_1), ... = LSTM([x_1, x_2, ...], h_0): steps written out become one layer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from graphfix.rewrites.recurrent.cell_matcher import Cell, cells
from graphfix.rewrites.recurrent.fused_layer import Layer
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.linear_forms import LinearForm, LinearForms
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety

Array = npt.NDArray[Any]
CLOSE = 1e-5
"""How far weights of two steps may differ: they are sums of the same numbers, added in another order."""

RNN_STEP = """i{t} = Gather<axis = 1>(x, n{t})
                 a{t} = Gemm<transB = 1>(i{t}, w, b)
                 b{t} = Gemm<transB = 1>({h}, r)
                 s{t} = Add(a{t}, b{t})
                 h{t} = Tanh(s{t})
                 u{t} = Unsqueeze(h{t}, one)"""
LSTM_STEP = """j{t} = Concat<axis = 1>(x{t}, {h})
                 g{t} = MatMul(j{t}, w)
                 i{t}, f{t}, z{t}, o{t} = Split<axis = 1>(g{t})
                 p{t} = HardSigmoid(i{t})
                 q{t} = HardSigmoid(f{t})
                 k{t} = Tanh(z{t})
                 l{t} = HardSigmoid(o{t})
                 m{t} = Mul(q{t}, {c})
                 n{t} = Mul(p{t}, k{t})
                 c{t} = Add(m{t}, n{t})
                 v{t} = Tanh(c{t})
                 h{t} = Mul(l{t}, v{t})"""
GRU_STEP = """a{t} = Gemm<transB = 1>(x{t}, w, b)
                 b{t} = Gemm<transB = 1>({h}, r, b)
                 ra{t}, za{t}, na{t} = Split<axis = 1>(a{t})
                 rb{t}, zb{t}, nb{t} = Split<axis = 1>(b{t})
                 rs{t} = Add(ra{t}, rb{t})
                 rr{t} = Sigmoid(rs{t})
                 zs{t} = Add(za{t}, zb{t})
                 zz{t} = Sigmoid(zs{t})
                 nr{t} = Mul(rr{t}, nb{t})
                 ns{t} = Add(na{t}, nr{t})
                 nn{t} = Tanh(ns{t})
                 d{t} = Sub({h}, nn{t})
                 e{t} = Mul(d{t}, zz{t})
                 h{t} = Add(e{t}, nn{t})"""


class FuseCells(GraphRewrite):
    """Find the steps of an LSTM, GRU or RNN that was exported as the operators of its cells, and make one layer of them.

    Why: a cell in a loop is unrolled by the exporter, step by step; a compiler that runs the layer fast, or has its
    activations only there, sees nothing of it. Gates may be any activation that the operator knows, hard sigmoids too.
    """

    name = "fuse-cells"
    safety = Safety.EXACT
    needs_opset = 11
    differs_at = ("nan", "inf")
    everywhere = True
    ulps = 512
    fixes = tuple(FixRule(op, kinds=("operator", "dtype")) for op in ("HardSigmoid", "Sigmoid", "Tanh", "Gemm"))
    before = """h1 = Tanh(Add(Gemm(x0, w, b), Gemm(h0, r)))
                h2 = Tanh(Add(Gemm(x1, w, b), Gemm(h1, r)))"""
    after = "y, h2 = RNN(x, W, R, B, , h0)"
    fires: ClassVar[tuple[Case, ...]] = (
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[2, 3, 1] x, float[2, 2] h) => (float[2, 3, 2] y)
               <float[2, 1] w = {{0.5, -1}}, float[2] b = {{0.25, 0.5}}, float[2, 2] r = {{1, -1, 0.5, 0.25}},
                int64 n0 = {{0}}, int64 n1 = {{1}}, int64 n2 = {{2}}, int64[1] one = {{1}}> {{
                 {RNN_STEP.format(t=0, h="h")}
                 {RNN_STEP.format(t=1, h="h0")}
                 {RNN_STEP.format(t=2, h="h1")}
                 y = Concat<axis = 1>(u0, u1, u2) }}""",
            ops=("Transpose", "Unsqueeze", "RNN", "Squeeze", "Transpose"),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13]>
               g (float[2, 1] x0, float[2, 1] x1, float[2, 2] h, float[2, 2] c)
               => (float[2, 2] h0, float[2, 2] h1, float[2, 2] c1)
               <float[3, 8] w = {{0.5, -1, 0.25, 2, -0.75, 1, 0.5, 0.5, 1, -1, 0.5, 0.25,
                                  0.1, 0.2, 0.3, 0.4, 0.5, 0.6, -1, -2, -0.5, 0.7, 0.2, 1}}> {{
                 {LSTM_STEP.format(t=0, h="h", c="c")}
                 {LSTM_STEP.format(t=1, h="h0", c="c0")} }}""",
            ops=("*",),
        ),
        Case(
            f"""<ir_version: 8, opset_import: ["" : 13]> g (float[2, 1] x0, float[2, 1] x1) => (float[2, 2] h1)
               <float[6, 1] w = {{0.5, -1, 0.25, 2, -0.75, 1}}, float[6] b = {{0.1, 0.2, 0.3, 0, -1, 0.5}},
                float[6, 2] r = {{1, -1, 0.5, 0.25, -0.5, 1, 2, 0, 1, 1, 0, -1}}, float[2, 2] zero = {{0, 0, 0, 0}}> {{
                 {GRU_STEP.format(t=0, h="zero")}
                 {GRU_STEP.format(t=1, h="h0")} }}""",
            ops=("*",),
        ),
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 2] x) => (float[2, 2] y) <float[2, 2] w = {1, 2, 3, 4}> {
                 a = MatMul(x, w)
                 b = Tanh(a)
                 c = MatMul(b, w)
                 y = Tanh(c) }""",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for chain in _chains(list(cells(list(graph.nodes), LinearForms(surgery)))):
                key = surgery.key(chain[0].state.inputs[0])
                layer = _layer(surgery, chain)
                if layer is None:
                    continue
                if _feeds_back(chain, layer.inputs):
                    yield Declined("the input of a step depends on the state before it", at=surgery.label(key))
                    continue
                layer.write(surgery, graph, chain)
                yield key


def _chains(found: list[Cell]) -> Iterator[list[Cell]]:
    """Cells that follow each other, two and more, from the first on."""
    states, carried = ({id(cell.state): cell for cell in found}, {id(cell.cell): cell for cell in found if cell.cell is not None})
    after: dict[int, Cell] = {}
    follows = set()
    for cell in found:
        if cell.op == "RNN":
            leaves = [states[key] for key in cell.gates[0].terms if key in states]
            earlier = next((one for one in leaves if one.op == "RNN"), None)
        else:
            earlier = (carried if cell.op == "LSTM" else states).get(id(cell.before))
        if earlier is not None and earlier.op == cell.op and earlier.acts == cell.acts and id(earlier) not in after:
            after[id(earlier)] = cell
            follows.add(id(cell))
    for cell in found:
        chain = [cell]
        while id(cell) not in follows and id(chain[-1]) in after:
            chain.append(after[id(chain[-1])])
        if len(chain) > 1:
            yield chain


def _lines(cell: Cell) -> list[LinearForm]:
    return [*cell.gates, *([cell.line] if cell.line is not None else [])]


def _parts(cell: Cell, x: int | None, h: int | None) -> tuple[Array, Array, Array]:
    """W, R and biases as ONNX lays them out, from the matrices of two leaves."""
    hidden = cell.gates[0].bias.size
    sides = []
    for leaf in (x, h):
        key = -1 if leaf is None else leaf
        width = next((line.terms[key][1].shape[0] for line in _lines(cell) if key in line.terms), 0)
        zero = np.zeros((width, hidden), cell.gates[0].bias.dtype)
        rows = [line.terms[key][1] if key in line.terms else zero for line in _lines(cell)] if leaf is not None else []
        if cell.line is not None and rows:
            rows[2:] = [rows[2] + rows[3]]  # x stands in one, h in the other
        sides.append(np.concatenate([row.T for row in rows]) if rows else zero)
    zero = np.zeros(hidden, zero.dtype)
    input_bias = [line.bias for line in cell.gates]
    state_bias = [zero] * (len(cell.gates) - 1) + [cell.line.bias if cell.line is not None else zero]
    return sides[0], sides[1], np.concatenate([*input_bias, *state_bias])


def _same(one: Array, other: Array) -> bool:
    scale = float(np.max(np.abs(one), initial=0))
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=CLOSE, atol=CLOSE * scale))


def _layer(surgery: GraphEditor, chain: list[Cell]) -> Layer | None:
    """The layer that a chain of cells is; None where their weights differ or a step has other inputs."""
    inputs: list[Any] = []
    weights: tuple[Array, Array, Array] | None = None
    for earlier, cell in pairwise(chain):
        leaves = {key: leaf for line in _lines(cell) for key, (leaf, _) in line.terms.items()}
        others = [key for key in leaves if key != id(earlier.state)]
        if len(others) != 1:
            return None
        found = _parts(cell, others[0], id(earlier.state))
        if weights is not None and not all(map(_same, weights, found)):
            return None
        weights = weights or found
        inputs.append(leaves[others[0]])
    assert weights is not None
    first = chain[0]
    leaves = {key: leaf for line in _lines(first) for key, (leaf, _) in line.terms.items()}
    for x in leaves:
        rest = [key for key in leaves if key != x]
        start = rest[0] if rest else None
        w, r, b = _parts(first, x, start)
        fits = len(rest) < 2 and _same(weights[0], w) and _same(weights[2], b) and (start is None or _same(weights[1], r))
        h0 = leaves[start] if start is not None else None
        if not fits or (first.op == "GRU" and not _agrees(surgery, first.before, h0)):
            continue
        c0 = first.before if first.op == "LSTM" and not _is_zero(surgery, first.before) else None
        tensors = [leaves[x], *inputs]
        if all((v := surgery.value(t)) is not None and v.rank == 2 for t in tensors):
            return Layer(weights, tensors, h0, c0)
    return None


def _is_zero(surgery: GraphEditor, tensor: Any) -> bool:
    known = surgery.known(tensor)
    return known is not None and not known.any()


def _agrees(surgery: GraphEditor, before: Any, start: Any) -> bool:
    """Whether the state that a GRU mixes in is the one its gates read."""
    return before is start if start is not None else _is_zero(surgery, before)


def _feeds_back(chain: list[Cell], inputs: list[Any]) -> bool:
    """Whether an input of a step is computed from a step's state."""
    states, seen, queue = {id(cell.state) for cell in chain}, set(), list(inputs)
    while queue:
        tensor = queue.pop()
        if id(tensor) in states:
            return True
        if id(tensor) not in seen:
            seen.add(id(tensor))
            queue += [operand for node in tensor.inputs for operand in node.inputs]
    return False

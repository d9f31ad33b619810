"""GRU(X)_t = (1 - z) * n + z * h, RNN(X)_t = tanh(W x + R h + b), LSTM(X)_t = o * tanh(c): one cell for each step.

With the gates of ONNX, for each direction and step: GRU z, r = s(x W' + h R' + b), n = tanh(x Wh' + r * (h Rh' + rb) + wb)
when linear_before_reset, else tanh(x Wh' + (r * h) Rh' + rb + wb); LSTM i, o, f = s(...), g = tanh(...), c = f * c + i * g.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from graphfix.analysis.operand_constraints import GATES
from graphfix.analysis.recurrent_steps import MOST_STEPS
from graphfix.ir.operator_set import is_standard
from graphfix.rewrites.recurrent.cell_ops import Activation, Array, CellWriter, Weights, activations
from graphfix.rewrites.recurrent.operands import BACKWARDS, LENGTHS
from graphfix.rewriting.editor import GraphEditor
from graphfix.rewriting.graph_rewrite import GraphRewrite
from graphfix.rewriting.rewrite import Case, Declined, FixRule, Key, Safety


class UnrollRecurrent(GraphRewrite):
    """Write a short GRU, LSTM or RNN as the operators of its cells, one for each step.

    Why: streaming models run a recurrent layer for one step or a few, and a compiler that has no such layer has
    MatMul, Sigmoid and Tanh. Weights and the number of steps must be known.
    """

    name = "unroll-recurrent"
    safety = Safety.EXACT
    needs_opset = 7
    ulps = 64
    differs_at = ("nan", "inf")
    fixes = tuple(FixRule(op) for op in GATES)
    before = "Y, last = GRU<hidden_size = 8>(X, W, R, B, , h)"
    fires: ClassVar[tuple[Case, ...]] = tuple(
        Case(
            f"""<ir_version: 8, opset_import: ["" : 17]> g (float[{steps}, 2, 1] x) => (float[S, D, 2, 2] y, float[D, 2, 2] last)
               {weights} {{ y, last = {call} }}""",
            ops=("*",),
        )
        for steps, weights, call in (
            (
                1,
                """<float[1, 6, 1] w = {0.5, -1, 0.25, 2, -0.75, 1},
                    float[1, 6, 2] r = {1, -1, 0.5, 0.25, -0.5, 1, 2, 0, 1, 1, 0, -1},
                    float[1, 12] b = {0.1, 0.2, 0.3, 0, 0, 0, 0.5, 0, -0.5, 0, 1, 0},
                    float[1, 2, 2] h = {1, -1, 0.5, 2}>""",
                "GRU<hidden_size = 2, linear_before_reset = 1>(x, w, r, b, , h)",
            ),
            (
                3,
                """<float[2, 2, 1] w = {0.5, -1, 0.25, 2}, float[2, 2, 2] r = {1, -1, 0.5, 0.25, -0.5, 1, 2, 0},
                    float[2, 4] b = {0.1, 0.2, 0.3, 0.4, 0, 0, 0, -1}, float[2, 2, 2] h = {1, -1, 0.5, 2, 1, 1, -2, 3}>""",
                """RNN<hidden_size = 2, direction = "bidirectional">(x, w, r, b, , h)""",
            ),
            (
                2,
                """<float[1, 8, 1] w = {0.5, -1, 0.25, 2, -0.75, 1, 0.5, 0.5},
                    float[1, 8, 2] r = {1, -1, 0.5, 0.25, -0.5, 1, 2, 0, 1, 1, 0, -1, 1, 0, 0.5, 0.5},
                    float[1, 2, 2] h = {1, -1, 0.5, 2}, float[1, 2, 2] c = {1, 2, -3, 1}>""",
                """LSTM<hidden_size = 2, direction = "reverse">(x, w, r, , , h, c)""",
            ),
            (
                2,
                """<float[1, 8, 1] w = {0.5, -1, 0.25, 2, -0.75, 1, 0.5, 0.5},
                    float[1, 8, 2] r = {1, -1, 0.5, 0.25, -0.5, 1, 2, 0, 1, 1, 0, -1, 1, 0, 0.5, 0.5},
                    float[1, 6] p = {0.5, -0.5, 0.25, 1, 2, -1}>""",
                """LSTM<hidden_size = 2, activations = ["HardSigmoid", "Tanh", "Softsign"], activation_alpha = [0.25],
                        clip = 0.75>(x, w, r, , , , , p)""",
            ),
            (
                2,
                """<float[2, 2, 1] w = {0.5, -1, 0.25, 2}, float[2, 2, 2] r = {1, -1, 0.5, 0.25, -0.5, 1, 2, 0},
                    int32[2] n = {1, 2}, float[2, 2, 2] h = {1, -1, 0.5, 2, 1, 1, -2, 3}>""",
                """RNN<hidden_size = 2, direction = "bidirectional">(x, w, r, , n, h)""",
            ),
            (
                2,
                "<float[1, 2, 1] w = {1, 2}, float[1, 2, 2] r = {1, 2, 3, 4}>",
                """RNN<hidden_size = 2, activations = ["ScaledTanh"], activation_alpha = [0.5],
                       activation_beta = [2.0]>(x, w, r)""",
            ),
        )
    )
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[S, 2, 1] x) => (float[S, 1, 2, 2] y)
               <float[1, 2, 1] w = {1, 2}, float[1, 2, 2] r = {1, 2, 3, 4}> { y = RNN<hidden_size = 2>(x, w, r) }""",
            because="the number of steps of `x` is not fixed",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[2, 2, 1] x) => (float[2, 1, 2, 2] y)
               <float[1, 2, 1] w = {1, 2}, float[1, 2, 2] r = {1, 2, 3, 4}> {
                 y = RNN<hidden_size = 2, activations = ["ScaledTanh"]>(x, w, r) }""",
            because="an activation lacks the alpha and beta that it needs",
        ),
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (float[600, 2, 1] x) => (float[600, 1, 2, 2] y)
               <float[1, 2, 1] w = {1, 2}, float[1, 2, 2] r = {1, 2, 3, 4}> { y = RNN<hidden_size = 2>(x, w, r) }""",
            because="600 steps would be written out, over 512",
        ),
    )

    def edit(self, surgery: GraphEditor, wanted: frozenset[Key] | None) -> Iterator[Key | Declined]:
        for graph in surgery.graphs():
            for node in [n for n in graph.nodes if n.op in GATES and is_standard(n)]:
                key = surgery.key(node)
                if wanted is not None and key not in wanted:
                    continue
                reason = _refusal(surgery, node)
                if reason is not None:
                    yield Declined(reason, at=surgery.label(key))
                    continue
                Unrolled(surgery, graph, node).write()
                yield key


def _refusal(surgery: GraphEditor, node: Any) -> str | None:
    if node.attrs.get("layout"):
        return "layout 1 is another order of axes"
    acts = activations(node.op, node.attrs)
    if isinstance(acts, str):
        return acts
    inputs = list(node.inputs)
    if len(inputs) > LENGTHS and inputs[LENGTHS].name and surgery.opset < 9:
        return f"sequence lengths need opset 9, the model has {surgery.opset}"
    if any(surgery.known(t) is None for t in (*inputs[1:4], *inputs[7:]) if t.name):
        return "its weights are not constants"
    value = surgery.value(inputs[0])
    if value is None or value.shape is None or not isinstance(value.shape[0], int):
        return f"the number of steps of `{inputs[0].name}` is not fixed"
    if value.dtype not in ("float32", "float16", "float64"):
        return f"`{inputs[0].name}` is {value.dtype or 'of unknown dtype'}"
    steps, most = value.shape[0], MOST_STEPS["unroll-recurrent"]
    return f"{steps} steps would be written out, over {most}" if steps > most or not steps else None


class Unrolled(CellWriter):
    """The writing out of one recurrent node."""

    pairs = True
    """Whether two directions with equal activations may run together."""

    def __init__(self, surgery: GraphEditor, graph: Any, node: Any) -> None:
        super().__init__(surgery, node, surgery.dtype(node.inputs[0]) or np.dtype(np.float32))
        self.graph = graph
        shape = surgery.value(node.inputs[0]).shape  # type: ignore[union-attr]
        self.steps = int(shape[0])  # type: ignore[index, arg-type]

    def axes(self, op: str, tensor: Any, axis: int) -> Any:
        """Squeeze or Unsqueeze at one axis, as the opset writes it."""
        if self.surgery.opset < 13:
            return self.op(op, tensor, axes=[axis])
        return self.op(op, tensor, self.const("axis", np.asarray([axis], np.int64)))

    def slot(self, tensor: Any, index: int) -> Any:
        """One entry of the first axis."""
        return self.op("Gather", tensor, self.const("index", np.asarray(index, np.int64)), axis=0)

    def write(self) -> None:
        """Put the cells of every direction and step where the node stood."""
        node = self.node
        ways = BACKWARDS[node.attrs.get("direction", "forward")]
        acts = activations(self.kind, node.attrs)
        assert not isinstance(acts, str)
        given = [t if t.name else None for t in node.inputs] + [None] * 8
        every_weight = self.weights(given, len(ways))
        self.paired = self.pairs and len(ways) == 2 and acts[0] == acts[1] and given[LENGTHS] is None and given[7] is None
        outputs = [*node.outputs, None, None, None][:3]
        node.inputs.clear()
        node.outputs.clear()
        wanted = [made if made is not None and made.name else None for made in outputs]
        if self.paired:
            self.both(given, every_weight, acts[0], wanted)
        else:
            self.each(given, every_weight, acts, ways, wanted)
        at = next(i for i, other in enumerate(self.graph.nodes) if other is node)
        self.graph.nodes[at : at + 1] = self.build.nodes

    def both(self, given: list[Any], every: list[Weights], acts: list[Activation], outputs: list[Any]) -> None:
        """Both directions at once, as a batch of two: half as many nodes."""
        lines = [self.lines(given[0], weights.w, weights.wb, weights.rb) for weights in every]
        lines[1] = self.turned(lines[1])
        line = self.op("Concat", *(self.axes("Unsqueeze", part, 1) for part in lines), axis=1)
        weights = Weights(*(np.stack(arrays) for arrays in zip(*((w.w, w.r, w.wb, w.rb) for w in every), strict=True)))
        (h, c), rows = given[5:7], []
        for t in range(self.steps):
            h, c = self.step(self.slot(line, t), h, c, weights, acts)
            rows.append(h)
        if outputs[0] is not None:
            forward, backward = self.build.ops("Split", 2, self.rows(rows, 2), *self.halves(), word="way", axis=1)
            self.op("Concat", forward, self.turned(backward), axis=1)
            self.build.nodes[-1].outputs = [outputs[0]]
        for made, state in zip(outputs[1:], (h, c), strict=True):
            if made is not None:
                self.op("Identity", state)
                self.build.nodes[-1].outputs = [made]

    def halves(self) -> list[Any]:
        """The sizes of two equal parts, as Split takes them from opset 13 on; before it divides evenly by itself."""
        return [self.const("ones", np.ones(2, np.int64))] if self.surgery.opset >= 13 else []

    def turned(self, tensor: Any) -> Any:
        """The steps from the last to the first."""
        return self.op("Gather", tensor, self.const("turned", np.arange(self.steps)[::-1].copy()), axis=0)

    def each(
        self,
        given: list[Any],
        every_weight: list[Weights],
        acts: list[list[Activation]],
        ways: tuple[bool, ...],
        outputs: list[Any],
    ) -> None:
        """One direction after the other."""
        every: list[list[Any]] = [[None] * len(ways) for _ in range(self.steps)]
        hidden, cells = [], []
        masks = self.masks(given[LENGTHS])
        for d, backward in enumerate(ways):
            weights = every_weight[d]
            lines = self.lines(given[0], weights.w, weights.wb, weights.rb)
            h, c = (None if state is None else self.slot(state, d) for state in given[5:7])
            started = [state is not None for state in (h, c)]
            for t in reversed(range(self.steps)) if backward else range(self.steps):
                before = h, c
                h, c = self.step(self.slot(lines, t), h, c, weights, acts[d])
                every[t][d] = h
                if masks:
                    every[t][d] = self.op("Where", masks[t], h, self.number(0))
                    h, c = (self.held(masks[t], now, old) for now, old in zip((h, c), before, strict=True))
            if masks:  # an empty sequence leaves zeros, whatever it starts from
                h, c = (self.held(masks[0], now, None) if given else now for now, given in zip((h, c), started, strict=True))
            hidden.append(h)
            cells.append(c)
        if outputs[0] is not None:
            self.rows([state for row in every for state in row], len(ways), outputs[0])
        for made, parts in zip(outputs[1:], (hidden, cells), strict=True):
            if made is not None:
                self.stack(parts, made)

    def rows(self, states: list[Any], ways: int, made: Any = None) -> Any:
        """The states of all steps as [steps, ways, batch, hidden]: joined along their first axis, and that one split."""
        whole = self.op("Concat", *states, axis=0) if len(states) > 1 else states[0]
        sizes = self.const("rows", np.asarray([self.steps, ways, -1, self.hidden], np.int64))
        result = self.op("Reshape", whole, sizes)
        if made is not None:
            self.build.nodes[-1].outputs = [made]
        return result

    def weights(self, given: list[Any], ways: int) -> list[Weights]:
        """The weights of each direction, from the operands (None where one is left out)."""
        w, r = self.matrices(given)
        n = GATES[self.kind] * self.hidden
        b = np.zeros((ways, 2 * n), self.dtype) if given[3] is None else np.asarray(self.surgery.known(given[3]))
        p = None if given[7] is None else np.asarray(self.surgery.known(given[7]))
        return [Weights(w[d], r[d], b[d, :n], b[d, n:], None if p is None else p[d]) for d in range(ways)]

    def matrices(self, given: list[Any]) -> tuple[Array, Array]:
        """W and R as ONNX lays them out: [directions, gates, operand]."""
        w, r = (np.asarray(self.surgery.known(t)) for t in given[1:3])
        return w, r

    def masks(self, lengths: Any) -> list[Any]:
        """For each step which sequences are not at their end yet, as [N, 1]; empty where none has a length."""
        if lengths is None:
            return []
        column = self.axes("Unsqueeze", lengths, 1)
        return [self.op("Greater", column, self.const("step", np.asarray(t, np.int32))) for t in range(self.steps)]

    def held(self, mask: Any, now: Any, before: Any) -> Any:
        """A state that moves on where the mask says so, and stays where it was, or zero, elsewhere."""
        return None if now is None else self.op("Where", mask, now, self.number(0) if before is None else before)

    def stack(self, parts: list[Any], made: Any = None) -> Any:
        """The parts side by side along a new first axis."""
        lifted = [self.axes("Unsqueeze", part, 0) for part in parts]
        result = self.op("Concat", *lifted, axis=0) if len(lifted) > 1 else lifted[0]
        if made is not None:
            self.build.nodes[-1].outputs = [made]
        return result

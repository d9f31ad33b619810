"""Refused nodes in the surroundings that exporters give them, for fixes that rewrite several nodes together."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence

from graphfix.analysis.operand_constraints import GATES
from graphfix.probe.form import TextProbe
from graphfix.probe.quantised_contexts import in_quantised_graph

HEAD = '<ir_version: 8, opset_import: ["" : {opset}]>'
PAIR = (
    "g (float[{dims}] X) => (float[{dims}] Y) <{held}> {{ {q} q = QuantizeLinear(X, s{z}) "
    "{d} w = DequantizeLinear(q, s{z}) Y = {tail}(w) }}"
)
"""Values rounded to what a quantised type can hold, as quantisation-aware training and static quantisation write it."""
DYNAMIC = (
    "g (float[{dims},4] X) => (float[{dims},5] Y) "
    "<{dtype}[4,5] W = {{{weights}}}, float s = {{0.02}}, {dtype} z = {{{zero}}}> {{ "
    "{a} q, t, p = DynamicQuantizeLinear(X) {b} m = MatMulInteger(q, W, p, z) c = Cast<to = 1>(m) u = Mul(t, s) Y = Mul(c, u) }}"
)
"""A matrix product in integers, as dynamic quantisation writes it."""
CONVOLUTION = (
    "g (float[{dims},2,5,5] X) => (float[{dims},3,{out},{out}] Y) "
    "<{dtype}[3,2,3,3] W = {{{weights}}}, float s = {{0.02}}, {dtype} z = {{{zero}}}> {{ "
    "{a} q, t, p = DynamicQuantizeLinear(X) {b} m = ConvInteger{pads}(q, W, p, z) "
    "{bias} u = Mul(t, s) Y = Mul(c, u) }}"
)
"""A convolution in integers, as dynamic quantisation writes it."""
BIASED = "k = Constant<value = int32[1,3,1,1] {5, -7, 40}>() e = Add(m, k) c = Cast<to = 1>(e)"
"""The sum with a bias in integers, as quantisers write it who round the bias too."""
WINDOWS = (
    "g (float[{given}] X) => ({dtype}[M] Y) <int64[6] six = {{{six}}}, int64[1] all = {{-1}}{held}> {{ "
    "{r} w = Reshape(X, six) {body} Y = Reshape(v, all) }}"
)
"""A tensor of six axes between two reshapes, as windows, patches and polyphase filters are written."""
WIDE = {
    **dict.fromkeys(("Abs", "Erf", "Exp", "LeakyRelu", "Neg", "Relu", "Sigmoid", "Softplus", "Sqrt", "Tanh"), "v = {op}(w)"),
    **dict.fromkeys(("Add", "Div", "Max", "Min", "Mul", "Pow", "Sub"), "v = {op}(w, beside)"),
    **{f"Reduce{word}": "v = {op}<axes = [3, 5]>(w)" for word in ("L1", "L2", "Max", "Mean", "Min", "Prod", "SumSquare")},
    "ReduceSum": "v = {op}(w, pair)",
    "ArgMax": "a = {op}<axis = 3>(w) v = Cast<to = 1>(a)",
    "Cast": "v = {op}<to = 7>(w)",
    "Concat": "v = {op}<axis = 3>(w, w)",
    "CumSum": "v = {op}(w, five)",
    "Expand": "v = {op}(w, wider)",
    "Gather": "v = {op}<axis = 3>(w, low)",
    "MatMul": "t = Transpose<perm = [0, 1, 2, 3, 5, 4]>(w) v = {op}(w, t)",
    "Pad": "v = {op}(w, pads)",
    "Reshape": "v = Relu(w)",
    "Slice": "v = {op}(w, low, ends, pair)",
    "Softmax": "v = {op}<axis = -1>(w)",
    "Split": "v, z = {op}<axis = 5>(w)",
    "Squeeze": "a = Relu(w) u = {op}(a, zero) v = Relu(u)",
    "Transpose": "a = Relu(w) u = {op}<perm = [0, 1, 2, 4, 3, 5]>(a) v = Relu(u)",
    "Unsqueeze": "a = ReduceMax<axes = [3], keepdims = 0>(w) u = {op}(a, pair) v = Relu(u)",
    "Where": "q = Less(w, beside) v = {op}(q, w, beside)",
}
"""The node in the middle of such a chain."""
TAKEN = (
    "g (float[{given}] X) => (float[M] Y) <int64[{rank}] dims = {{{dims}}}, int64[{indices}] at = {{{values}}}, "
    "int64[1] all = {{-1}}> {{ t = Reshape(X, dims) [probe] w = Gather<axis = {axis}>(t, at) v = {tail}(w) Y = Reshape(v, all) }}"
)
"""Windows taken from an axis by a table of indices, as unfolding without its own operator writes it."""
HELD = (
    ", float[1,1,3,1,1,1] beside = {1, 2, 3}, int64[2] pair = {3, 5}, int64[2] low = {1, 1}, int64[1] zero = {0}, "
    "int64 five = {5}, "
    "int64[6] wider = {2, 1, 1, 1, 1, 1}, int64[12] pads = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1}, int64[2] ends = {2, 4}"
)
LONG = (
    "g (float[100,1,4] X) => (float[100,{ways},1,5] Y) <float[{ways},1,5] h = {{{zeros}}}> {{ "
    '[probe] {made} = {op}<hidden_size = 5, direction = "{direction}"{more}>(X, W, R, B{state}) {tail} }}'
)
"""A recurrent layer over as many steps as a sequence has, not as few as a stream hands on at a time."""
WEIGHTS = "1, 20, 30, 4, 5, 99, 7, 8, 2, 3, 40, 9, 1, 60, 5, 10"
QUANTISED = (
    '<ir_version: 8, opset_import: ["": 17, "com.microsoft": 1]> g (float[{dims},2] X) => (float[S,{ways},{batch},2] Y) '
    "<{dtype}[{ways},2,8] W = {{{weights}}}, {dtype}[{ways},2,8] R = {{{states}}}, float[{ways}] s = {{{scales}}}, "
    "{dtype}[{ways}] z = {{{zeros}}}, float[{ways},{sequences},2] h = {{{given_states}}}, float[{ways},16] b = {{{weights}}}> {{ "
    '[probe] Y = com.microsoft.DynamicQuantizeLSTM<hidden_size = 2, direction = "{direction}">'
    "(X, W, R, {bias}, , {given}, , s, z, s, z) }}"
)
"""A layer that quantises the states of one sequence; those of several are quantised in groups."""
LAST = "l = Neg(last) m = Mul(l, l) s = ReduceMax<keepdims = 0>(m) Y = Add(y, s)"
TAILS = ("Relu", "Neg", "Exp", "Abs", "Sigmoid")
"""What reads the result: several operators, so that none of them seems to matter."""


def in_context(op: str) -> Iterator[TextProbe]:
    """Yield models in which a node of an operator stands among the nodes that usually come with it."""
    if op in ("QuantizeLinear", "DequantizeLinear"):
        yield from _pairs(op)
    if op in ("DynamicQuantizeLinear", "MatMulInteger"):
        yield from _dynamic(op)
    if op in ("DynamicQuantizeLinear", "ConvInteger"):
        yield from _convolution(op)
    if op in WIDE:
        yield from _windows(op)
    if op == "Gather":
        yield from _taken()
    if op in GATES:
        yield from _long(op)
    if op == "com.microsoft.DynamicQuantizeLSTM":
        yield from _quantised(op)
    yield from in_quantised_graph(op)


def _long(op: str) -> Iterator[TextProbe]:
    """Yield recurrent layers of many steps, whose cells are written out only where nothing else helps."""
    size = GATES[op] * 5
    inputs = (("initial_h", ", , h" if op != "LSTM" else ", , h, h"), ("no state", ""))
    for opset, (ways, direction), (label, state) in itertools.product(
        (11, 17), ((1, "forward"), (1, "reverse"), (2, "bidirectional")), inputs
    ):
        for more in ("", ", linear_before_reset = 1") if op == "GRU" else ("",):
            for made, tail in (("Y", ""), ("y, last", LAST)):
                text = LONG.format(
                    ways=ways, zeros=", ".join(["0.5"] * 5 * ways), op=op, direction=direction, more=more, state=state,
                    made=made, tail=tail,
                )  # fmt: skip
                weights = (
                    ("W", "float32", (ways, size, 4), -0.5, 0.5),
                    ("R", "float32", (ways, size, 5), -0.5, 0.5),
                    ("B", "float32", (ways, 2 * size), -0.5, 0.5),
                )
                name = f"100 steps {direction} {label}{more} {made} opset={opset}"
                yield TextProbe(op, name, f"{HEAD.format(opset=opset)} {text}", weights=weights)


def _quantised(op: str) -> Iterator[TextProbe]:
    """Yield layers of one sequence, of several and of a dynamic number, in all directions."""
    forms = itertools.product(("3, 1", "7, 1", "S, 1", "3, 2", "S, 2", "S, B"), ("forward", "reverse", "bidirectional"), (0, 1))
    for at, (dims, direction, started) in enumerate(forms):
        ways, dtype = 2 if direction == "bidirectional" else 1, ("int8", "uint8")[at // 2 % 2]
        batch = dims.rpartition(" ")[2]
        sequences = int(batch) if batch.isdigit() else 1
        weights = ", ".join([WEIGHTS, ", ".join(reversed(WEIGHTS.split(", ")))][:ways])  # equal ones would be merged
        text = QUANTISED.format(
            dims=dims, ways=ways, dtype=dtype, direction=direction, batch=batch, sequences=sequences,
            given="h, h" if started and batch.isdigit() else ", ", bias="b" if at % 3 else "",
            given_states=", ".join(["0.01"] * 2 * ways * sequences),
            weights=weights, states=weights, scales=", ".join(["0.01"] * ways), zeros=", ".join(["3"] * ways),
        )  # fmt: skip
        label = "one sequence" if batch == "1" else "sequences"
        yield TextProbe(op, f"{label} [{dims}] {direction} {dtype}{' from a state' if started else ''}", text)


def _windows(op: str) -> Iterator[TextProbe]:
    body = WIDE[op].format(op=op)
    marked = re.sub(rf"(\w+(?:, \w+)?) = {op}\b", rf"[probe] \1 = {op}", body)
    mark, dtype = "[probe]" if op == "Reshape" else "", "int64" if op == "Cast" else "float"
    forms = [("1,24,8", "1, 2, 3, 4, 2, 4"), ("1,6,8,12", "1, 2, 3, 8, 2, 6"), ("36,4", "1, 3, 3, 2, 2, 4")]
    for (given, six), opset in [*((form, 17) for form in forms), (forms[0], 13), (forms[1], 13)]:
        text = WINDOWS.format(given=given, six=six, held=HELD, dtype=dtype, r=mark, body=marked)
        yield TextProbe(op, f"six axes {six} between reshapes, opset={opset}", f"{HEAD.format(opset=opset)} {text}")
    if op == "Reshape":
        yield from _regrouped(forms)


def _regrouped(forms: Sequence[tuple[str, str]]) -> Iterator[TextProbe]:
    """Yield chains in which a Reshape leads from many axes to many."""
    for given, six in forms:
        sizes = six.split(", ")
        for dims in (sizes[::-1], ["1", *sizes]):
            held = f", int64[{len(dims)}] other = {{{', '.join(dims)}}}"
            body = "a = Relu(w) [probe] u = Reshape(a, other) v = Neg(u)"
            text = WINDOWS.format(given=given, six=six, held=held, dtype="float", r="", body=body)
            yield TextProbe("Reshape", f"six axes {six} to {len(dims)} others", f"{HEAD.format(opset=17)} {text}")


def _taken() -> Iterator[TextProbe]:
    forms = [
        ("2,4,3,8", "2,2,2", 3),
        ("2,4,3,8", "2,3,1", 1),
        ("1,2,4,3,8", "2,3", 2),
        ("1,2,4,3,8", "4,2", 4),
        ("2,4,24", "2,2,2,1", 2),
    ]
    for number, (dims, indices, axis) in enumerate(forms):
        count = math.prod(map(int, indices.split(",")))
        values = ", ".join(str((number + at) % int(dims.split(",")[axis])) for at in range(count))
        text = TAKEN.format(
            given="24,8",
            rank=dims.count(",") + 1,
            dims=dims,
            indices=indices,
            values=values,
            axis=axis,
            tail=TAILS[number % len(TAILS)],
        )
        yield TextProbe("Gather", f"windows [{indices}] of axis {axis} of [{dims}]", f"{HEAD.format(opset=17)} {text}")


def _pairs(op: str) -> Iterator[TextProbe]:
    marks = {"q": "[probe]" if op == "QuantizeLinear" else "", "d": "[probe]" if op == "DequantizeLinear" else ""}
    zeros = [("", ""), ("uint8", "0"), ("uint8", "128"), ("int8", "0"), ("int8", "5")]
    forms = [
        *(("2,3,4,4", opset, zero) for opset in (13, 17, 19) for zero in zeros),
        *((dims, 17, ("int8", "0")) for dims in ("N,3,4,4", "2,6", "N,6", "3")),
    ]
    for at, (dims, opset, (dtype, zero)) in enumerate(forms):
        held, z = "float s = {0.05}", ""
        if dtype:
            held, z = f"{held}, {dtype} z = {{{zero}}}", ", z"
        text = PAIR.format(dims=dims, held=held, z=z, tail=TAILS[at % len(TAILS)], **marks)
        yield TextProbe(
            op, f"pair [{dims}] {dtype or 'no'} zero point {zero} opset={opset}", f"{HEAD.format(opset=opset)} {text}"
        )


def _dynamic(op: str) -> Iterator[TextProbe]:
    marks = {"a": "[probe]" if op == "DynamicQuantizeLinear" else "", "b": "[probe]" if op == "MatMulInteger" else ""}
    for dims in ("3", "N", "2,3"):
        for dtype, zero in (("int8", 0), ("uint8", 128)):
            weights = ", ".join(str(zero + at % 7) for at in range(20))
            text = DYNAMIC.format(dims=dims, dtype=dtype, weights=weights, zero=zero, **marks)
            yield TextProbe(op, f"dynamic [{dims}] {dtype}", f"{HEAD.format(opset=13)} {text}")


def _convolution(op: str) -> Iterator[TextProbe]:
    marks = {"a": "[probe]" if op == "DynamicQuantizeLinear" else "", "b": "[probe]" if op == "ConvInteger" else ""}
    for dims, (pads, out) in [
        (dims, form) for dims in ("2", "N") for form in (("<kernel_shape = [3, 3]>", 3), ("<pads = [1, 1, 1, 1]>", 5))
    ]:
        for dtype, zero in (("int8", 0), ("uint8", 128)):
            weights = ", ".join(str(zero + at % 7) for at in range(54))
            held = {"dims": dims, "dtype": dtype, "weights": weights, "zero": zero, "pads": pads, "out": out}
            held["bias"] = BIASED if zero else "c = Cast<to = 1>(m)"
            yield TextProbe(
                op, f"dynamic [{dims}] {dtype}{pads}", f"{HEAD.format(opset=13)} {CONVOLUTION.format(**held, **marks)}"
            )

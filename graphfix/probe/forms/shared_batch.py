"""Recurrent layers whose sequences and initial states have one symbol for the batch, different symbols, or a number.

Initial states are inputs, or made of the batch size of the sequences, as exporters write them.
"""

from itertools import product

from graphfix.probe.form import TextProbe
from graphfix.probe.forms.shared_dims import HEAD, named, weight

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
SEQUENCES = (("t", "n", "n"), ("5", "n", "n"), ("t", "1", "1"), ("t", "2", "2"), ("t", "n", "k"), ("t", "n", "1"),
             ("5", "n", "1"), ("5", "1", "n"), ("t", "n", ""), ("5", "n", ""), ("t", "1", ""), ("t", "2", ""))  # fmt: skip
"""The length of a sequence, the size of its batch, and the same size as the initial state tells it."""


MADE = {
    "filled": "h = ConstantOfShape<value = float[1] {0}>(t)",
    "expanded": "f = Constant<value = float {0}>() h = Expand(f, t)",
}
"""How an initial state of the shape `t` is made."""
SHAPED = (
    "s = Shape(X) i = Constant<value = int64 {1}>() b = Gather(s, i) x = Constant<value = int64[1] {0}>() u = Unsqueeze(b, x) "
    "w = Constant<value = int64[1] {%d}>() r = Constant<value = int64[1] {3}>() t = Concat<axis = 0>(w, u, r) "
)
"""The shape of an initial state for these sequences, for one direction or two."""


def _layer(
    op: str,
    direction: str,
    sizes: tuple[str, str, str],
    *,
    last: bool,
    layout: int,
    bias: bool,
    opset: int,
    made: str = "",
    after: int = 0,
) -> TextProbe:
    """A recurrent layer over sequences, with or without an initial state, which may be made of their batch size."""
    length, batch, state = sizes
    ways, gates = 2 if direction == "bidirectional" else 1, GATES[op]
    shape = f"{batch},{length},2" if layout else f"{length},{batch},2"
    side = f"{state},{ways},3" if layout else f"{ways},{state},3"
    states = [name for name in ("h", "c") if state and (name == "h" or op == "LSTM")]
    weights = [("W", (ways, gates * 3, 2)), ("R", (ways, gates * 3, 3)), *([("B", (ways, gates * 6))] if bias else [])]
    given = ", ".join([f"float[{shape}] X", *(f"float[{side}] {name}" for name in states if not made)])
    read = ["h"] * len(states) if made else states
    operands = ", ".join(["X", "W", "R", "B" if bias else "", "", *read]).rstrip(", ")
    marks = f'hidden_size = 3, direction = "{direction}"{", layout = 1" if layout else ""}'
    marks += ", linear_before_reset = 1" if after else ""
    every = "Y, Yh, Yc" if op == "LSTM" else "Y, Yh"
    results = f"{'Z' if bias else ''}, Y" if last else every if bias else "Y"
    before = f"{SHAPED % ways}{MADE[made]} " if made else ""
    text = HEAD.format(
        opset=opset,
        inputs=given,
        out=named(3 if last else 4),
        weights=f"<{', '.join(weight(name, dims) for name, dims in weights)}>",
        body=f"{before}[probe] {results} = {op}<{marks}>({operands})",
    )
    start = f"from {made or side}" if state else "without state"
    label = f"{direction} [{shape}] {start} after={after} last={last} bias={bias} opset={opset}"
    return TextProbe(op, label, text, ("batches", "direction"))


FORMS = [
    *(
        _layer(op, direction, sizes, last=last, layout=layout, bias=bias, opset=opset)
        for op in GATES
        for direction in ("forward", "reverse", "bidirectional")
        for sizes in SEQUENCES
        for last, layout, bias, opset in (
            *((*way, 17) for way in product((True, False), (0, 1), (True, False)) if sizes[2] or not way[1]),
            (True, 0, True, 13), (False, 0, False, 13), (True, 0, True, 22),
        )
    ),
    *(
        _layer(op, direction, (length, batch, batch), last=last, layout=0, bias=bias, opset=opset, made=made, after=after)
        for op, after in (("LSTM", 0), ("GRU", 0), ("GRU", 1), ("RNN", 0))
        for direction in ("forward", "bidirectional")
        for length, batch in (("t", "n"), ("5", "n"), ("t", "1"))
        for made in (("", *MADE) if after else tuple(MADE))
        for last, bias in product((True, False), (True, False))
        for opset in ((14, 17) if bias and last else (17,))
    ),
]  # fmt: skip

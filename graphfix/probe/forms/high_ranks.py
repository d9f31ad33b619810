"""Operators on data of rank 8 to 10, as sub-pixel layers and windows in three dimensions make it between two Reshapes."""

import math
import re

from graphfix.probe.form import AGAIN, TextProbe

DIMS = {8: "2,2,3,2,2,1,2,2", 9: "2,2,1,2,2,1,2,2,3", 10: "2,2,1,2,2,1,2,2,1,3"}
NODES = {
    "Add": "Y = Add(X, X)",
    "Mul": "Y = Mul(X, half)",
    "Relu": "Y = Relu(X)",
    "Cast": "c = Cast<to = 6>(X) Y = Cast<to = 1>(c)",
    "Concat": "Y = Concat<axis = 2>(X, X)",
    "Expand": "Y = Expand(X, spread)",
    "Gather": "Y = Gather<axis = 2>(X, two)",
    "ReduceSum": "Y = ReduceSum<keepdims = 0>(X, two)",
    "Slice": "Y = Slice(X, one, two, two)",
    "Softmax": "Y = Softmax<axis = -1>(X)",
    "Squeeze": "Y = Squeeze(X, five)",
    "Tile": "Y = Tile(X, times)",
    "Unsqueeze": "Y = Unsqueeze(X, one)",
    "Where": "b = Greater(X, half) Y = Where(b, X, half)",
}
HELD = {
    "half": "float half = {{0.5}}",
    "one": "int64[1] one = {{1}}",
    "two": "int64[1] two = {{2}}",
    "five": "int64[1] five = {{5}}",
    "times": "int64[{rank}] times = {{{times}}}",
    "spread": "int64[{rank}] spread = {{{spread}}}",
}
HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{given}] X) => (float[{made}] Y)'


def _dims(rank: int, batch: str) -> str:
    return batch + DIMS[rank][1:]


def _plain(op: str, rank: int, batch: str, opset: int) -> TextProbe:
    """One operator between a graph's input and output of this rank."""
    body = NODES[op]
    times = ", ".join("2" if axis == 3 else "1" for axis in range(rank))
    spread = ", ".join("4" if axis == 5 else "1" for axis in range(rank))
    held = ", ".join(one for name, one in HELD.items() if re.search(rf"\b{name}\b", body))
    held = f"<{held.format(rank=rank, times=times, spread=spread)}>" if held else ""
    made = ",".join(f"q{axis}" for axis in range(rank + (op == "Unsqueeze") - (op in ("Squeeze", "ReduceSum"))))
    head = HEAD.format(opset=opset, given=_dims(rank, batch), made=made)
    text = f"{head} {held} {{ [probe] {body} }}"
    return TextProbe(op, f"rank {rank}, batch {batch}, opset={opset}", text, (AGAIN,))


def _turned(rank: int, batch: str, opset: int, swap: str) -> TextProbe:
    """A Transpose of this rank: every second axis first, the last two, or all."""
    order = list(range(rank))
    if swap == "seconds":
        order = [0, 1, *range(2, rank, 2), *range(3, rank, 2)]
    elif swap == "last":
        order[-2:] = order[-1], order[-2]
    else:
        order.reverse()
    made = ",".join(f"q{axis}" for axis in range(rank))
    head = HEAD.format(opset=opset, given=_dims(rank, batch), made=made)
    text = f"{head} {{ [probe] Y = Transpose<perm = [{', '.join(map(str, order))}]>(X) }}"
    return TextProbe("Transpose", f"rank {rank}, {swap}, batch {batch}, opset={opset}", text, ("perm", AGAIN))


def _reshaped(rank: int, batch: str, opset: int, way: str) -> TextProbe:
    """A Reshape to this rank, or from it."""
    many = _dims(rank, batch)
    rest = math.prod(int(size) for size in many.split(",")[2:])
    few = f"{batch},2,{rest}"
    given, made = (few, many) if way == "to" else (many, few)
    target = ", ".join(["0", *made.split(",")[1:]])
    head = HEAD.format(opset=opset, given=given, made=made)
    text = f"{head} <int64[{made.count(',') + 1}] s = {{{target}}}> {{ [probe] Y = Reshape(X, s) }}"
    return TextProbe("Reshape", f"{way} rank {rank}, batch {batch}, opset={opset}", text, (AGAIN,))


def _regrouped(rank: int, batch: str, opset: int, about: str) -> TextProbe:
    """Sub-pixels: a Reshape to this rank, a Transpose and a Reshape back, about one of the three."""
    many = _dims(rank, batch).split(",")
    order = [0, 1, *range(2, rank, 2), *range(3, rank, 2)]
    rest = math.prod(int(size) for size in many[2:])
    marks = {word: "[probe] " if word == about else "" for word in ("to", "turn", "from")}
    op = "Transpose" if about == "turn" else "Reshape"
    head = HEAD.format(opset=opset, given=f"{batch},2,{rest}", made=f"{batch},4,{rest // 2}")
    text = (
        f"{head} <int64[{rank}] s = {{0, {', '.join(many[1:])}}}, int64[3] e = {{0, 4, {rest // 2}}}> {{"
        f" {marks['to']}a = Reshape(X, s) {marks['turn']}b = Transpose<perm = [{', '.join(map(str, order))}]>(a)"
        f" {marks['from']}c = Reshape(b, e) Y = Relu(c) }}"
    )
    return TextProbe(op, f"rank {rank} between two Reshapes, {about}, batch {batch}, opset={opset}", text, ("perm", AGAIN))


FORMS = [
    *(
        _regrouped(rank, batch, opset, about)
        for rank in DIMS
        for batch in ("2", "n")
        for opset in (13, 18)
        for about in ("to", "turn", "from")
    ),
    *(_plain(op, rank, batch, opset) for op in NODES for rank in DIMS for batch in ("2", "n") for opset in (13, 18)),
    *(_turned(rank, batch, 17, swap) for rank in DIMS for batch in ("2", "n") for swap in ("seconds", "last", "all")),
    *(
        _reshaped(rank, batch, opset, way)
        for rank in DIMS
        for batch in ("2", "n")
        for opset in (13, 18)
        for way in ("to", "from")
    ),
]

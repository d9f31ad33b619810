"""Loops around a recurrent cell, as TensorFlow's exporter writes them: a counter, a state and its weights are carried.

The state's batch size is that of the data, and has a name or not. Beside them stand loops that make the state longer.
"""

from graphfix.probe.form import AGAIN, TextProbe

STARTS = {
    "filled": "p = Shape(X) b = Slice(p, i0, i1) e = Constant<value = int64[1] {4}>() t = Concat<axis = 0>(b, e) "
              "h0 = ConstantOfShape<value = float[1] {0}>(t) ",
    "expanded": "p = Shape(X) b = Slice(p, i0, i1) e = Constant<value = int64[1] {4}>() t = Concat<axis = 0>(b, e) "
                "n0 = Constant<value = float {0}>() h0 = Expand(n0, t) ",
    "cast": "p = Shape(X) c = Cast<to = 6>(p) b = Slice(c, i0, i1) f = Constant<value = int32[1] {4}>() "
            "t0 = Concat<axis = 0>(b, f) t = Cast<to = 7>(t0) n0 = Constant<value = float {0}>() h0 = Expand(n0, t) ",
    "given": "h0 = Identity(S) ",
    "computed": "h0 = Relu(S) ",
}  # fmt: skip
"""How the first state of 2, 4 is made."""
CELLS = {
    "cell": "m = MatMul(x, w) r = MatMul(h, u) a = Add(m, r) k = Tanh(a)",
    "gated cell": "m = MatMul(x, w) r = MatMul(h, u) a = Add(m, r) g = Sigmoid(a) o = Sub(one, g) y = Mul(o, h) "
                  "z = Mul(g, r) k = Add(y, z)",
    "sum": "a = MatMul(x, w) k = Add(h, a)",
    "own only": "a = MatMul(h, u) k = Tanh(a)",
    "longer": "a = MatMul(x, w) k = Concat<axis = 0>(h, a)",
    "longer by a step": "a = MatMul(x, w) s = Slice(a, i0, i1) k = Concat<axis = 0>(h, s)",
    "padded": "q = Constant<value = int64[4] {0, 0, 1, 0}>() a = Pad(h, q) v = MatMul(x, w) vs = ReduceMean<keepdims = 0>(v) "
              "k = Add(a, vs)",
}  # fmt: skip
"""The body from a step `x` of 2, 3 and the state `h` of 2, 4 to the next state `k`."""
HEAD = ('<ir_version: 8, opset_import: ["": {opset}]> g (float[t,b,3] X{given}) => (float[] Y{more}) {{ '
        "i0 = Constant<value = int64[1] {{0}}>() i1 = Constant<value = int64[1] {{1}}>() M = Constant<value = int64 {{3}}>() "
        "c0 = Constant<value = int32 {{0}}>() last = Constant<value = int32 {{3}}>() one = Constant<value = float {{1}}>() "
        "go = Constant<value = bool {{1}}>() w = Constant<value = float[3,4] {{1,2,0,-1,0,1,1,2,-1,0,1,1}}>() "
        "u0 = Constant<value = float[4,4] {{0,1,0,1,1,0,0,-1,0,0,1,0,1,0,0,0}}>() {start}"
        "[probe] C, Y, W{stack} = Loop(M, go, c0, h0, u0) <body = l (int64 i, bool q0, int32 c, float[hb,4] h, float[4,4] u) => "
        "(bool q, int32 d, float[kb,4] k, float[4,4] u{stacked}) {{ s1 = Constant<value = int32 {{1}}>() d = Add(c, s1) "
        "x = Gather(X, c) {cell} q = {until} {scan}}}> }}")  # fmt: skip
NAMED = {"named": (), "unnamed": (("b", "unk__1"), ("hb", "unk__2"), ("kb", "unk__3")), "without names": (("b", ""), ("hb", ""),
         ("kb", ""))}  # fmt: skip
"""What the dims of unknown size are called."""


def cell(name: str, start: str, named: str, *, stacked: bool = False, until: str = "counted", opset: int = 17,
         size: str = "b") -> TextProbe:
    """A loop over the steps of the data."""
    text = HEAD.format(opset=opset, start=STARTS[start].replace("Slice(p, i0, i1)", "Slice(p, i1, i2)").replace(
        "Slice(c, i0, i1)", "Slice(c, i1, i2)") if start in ("filled", "expanded", "cast") else STARTS[start],
        given=f", float[{size},4] S" if start in ("given", "computed") else "", cell=CELLS[name],
        until="Less(d, last)" if until == "counted" else "Identity(q0)", more=", float[] Z" if stacked else "",
        stack=", Z" if stacked else "", stacked=", float[kb,4] zz" if stacked else "",
        scan="zz = Identity(k) " if stacked else "")
    text = text.replace("M = Constant", "i2 = Constant<value = int64[1] {2}>() M = Constant").replace("float[t,b,3]",
        f"float[3,{size},3]")
    label = f"{name} in a loop, state {start}, dims {named} {size}, {'stacked, ' if stacked else ''}until {until}, opset={opset}"
    return TextProbe("Loop", label, text, ("grows", AGAIN), NAMED[named])


FORMS = [
    *(cell(name, start, named, stacked=stacked) for name in CELLS for start in STARTS for named in NAMED
      for stacked in (False, True) if named != "without names" or not stacked),
    *(cell(name, start, "unnamed", until="kept", opset=opset) for name in ("cell", "gated cell", "longer")
      for start in ("filled", "cast", "given") for opset in (13, 17)),
    *(cell(name, start, "named", size="2") for name in CELLS for start in STARTS),
]  # fmt: skip

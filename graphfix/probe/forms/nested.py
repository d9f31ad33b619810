"""Layers inside a branch of an If, and branches that cannot run, which exporters leave in models."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["": 16]> g ({inputs}) => ({output}) {{ {body} }}'
CONDITIONS = {
    "constant": ("", "c = Constant<value = bool {1}>() "),
    "static-shape": ("", "k = Shape(X) i = Constant<value = int64 {0}>() d = Gather<axis = 0>(k, i) "
                     "z = Constant<value = int64 {2}>() c = Equal(d, z) "),
    "runtime": ("bool c, ", ""),
}  # fmt: skip


def _numbers(*shape: int) -> str:
    count = 1
    for size in shape:
        count *= size
    return f"float{list(shape)} {{{', '.join(f'{(i % 7 - 3) / 8}' for i in range(count))}}}".replace(" ", "")


def _recurrent(op: str, gates: int, condition: str) -> TextProbe:
    more, body = CONDITIONS[condition]
    weights = f"w = Constant<value = {_numbers(1, gates * 2, 3)}>() r = Constant<value = {_numbers(1, gates * 2, 2)}>() "
    states = "u, v, a" if op == "LSTM" else "u, v"
    given = "v"
    node = (f"Y = If(c) <then_branch = t () => (float[1,1,2] {given}) {{ [probe] {states} = {op}<hidden_size = 2>(X, w, r) }}, "
            f"else_branch = e () => (float[1,1,2] b) "
            "{ q = Constant<value = float[1,1,2] {1, 2}>() b = Relu(q) }>")  # fmt: skip
    text = HEAD.format(inputs=f"{more}float[2,1,3] X", output="float[1,1,2] Y", body=body + weights + node)
    return TextProbe(op, f"in a branch, cond={condition}", text, ("inside",))


def _loop(condition: str) -> TextProbe:
    more, body = CONDITIONS[condition]
    node = ("n = Constant<value = int64 {3}>() s = Constant<value = bool {1}>() "
            "Y = If(c) <then_branch = t () => (float[2,4] a) { [probe] a = Loop(n, s, X) <body = "
            "l (int64 j, bool k, float[2,4] p) => (bool q, float[2,4] m) { q = Identity(k) m = Add(p, X) }> }, "
            "else_branch = e () => (float[2,4] b) { b = Neg(X) }>")  # fmt: skip
    text = HEAD.format(inputs=f"{more}float[2,4] X", output="float[2,4] Y", body=body + node)
    return TextProbe("Loop", f"in a branch, cond={condition}", text, ("inside",))


def _broken(condition: str, label: str, inputs: str, runs: str, breaks: str) -> TextProbe:
    """An If whose else branch has a node that fails for every input."""
    more, body = CONDITIONS[condition]
    node = f"[probe] Y = If(c) <then_branch = t () => (a) {{ {runs} }}, else_branch = e () => (b) {{ {breaks} }}>"
    text = HEAD.format(inputs=more + inputs, output="float[] Y", body=body + node)
    return TextProbe("If", f"broken {label}, cond={condition}", text, ("broken",))


AXIS = "u = Constant<value = int64[1] {0}>() "
LAYER = f"w = Constant<value = {_numbers(1, 8, 3)}>() r = Constant<value = {_numbers(1, 8, 2)}>() "
KERNEL = "k2 = Constant<value = float[2,5,1] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}>() "
BROKEN = {
    "squeeze": ("float[2,4] X", "a = Relu(X)", AXIS + "s = Squeeze(X, u) b = Neg(s)"),
    "recurrent": ("float[2,1,3] X", "a = Relu(X)", AXIS + LAYER +
                  "s = Unsqueeze(X, u) f, g, h = LSTM<hidden_size = 2>(s, w, r) b = Neg(f)"),
    "conv": ("float[2,3,4] X", "a = Relu(X)", KERNEL + "b = Conv(X, k2)"),
    "chain": ("float[2,1,3] X", "a = Relu(X)", AXIS + LAYER + KERNEL +
              "s = Unsqueeze(X, u) f, g, h = LSTM<hidden_size = 2>(s, w, r) m = Relu(g) b = Conv(m, k2)"),
}  # fmt: skip
FORMS = [
    *(_recurrent(op, gates, condition) for op, gates in (("LSTM", 4), ("GRU", 3), ("RNN", 1)) for condition in CONDITIONS),
    *(_loop(condition) for condition in CONDITIONS),
    *(_broken(condition, label, *parts) for condition in ("constant", "static-shape") for label, parts in BROKEN.items()),
]

"""If, Loop and Scan, as small models: what decides is how branches and bodies relate."""

from graphfix.probe.form import Sketch

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {{ {body} }}'
SIZE = "i = Constant<value = int64 {0}>() d = Gather<axis = 0>(k, i)"
VECTOR = "i = Constant<value = int64[1] {0}>() d = Gather<axis = 0>(k, i)"
CONDITIONS = {
    "constant": ("", "c = Constant<value = bool {1}>()"),
    "false": ("", "c = Constant<value = bool {0}>()"),
    "folded": ("", "k = Constant<value = int64 {3}>() z = Constant<value = int64 {1}>() c = Equal(k, z)"),
    "folded-true": ("", "k = Constant<value = int64 {3}>() z = Constant<value = int64 {3}>() c = Equal(k, z)"),
    "static-shape": ("", f"k = Shape(X) {SIZE} z = Constant<value = int64 {{2}}>() c = Equal(d, z)"),
    "static-shape-1": ("", f"k = Shape(X) {VECTOR} z = Constant<value = int64[1] {{1}}>() c = Equal(d, z)"),
    "shape": ("float[n,m] S, ", f"k = Shape(S) {SIZE} z = Constant<value = int64 {{2}}>() c = Equal(d, z)"),
    "shape-1": ("float[n,m] S, ", f"k = Shape(S) {VECTOR} z = Constant<value = int64[1] {{1}}>() c = Equal(d, z)"),
    "runtime": ("bool c, ", ""),
    "runtime-1": ("bool[1] c, ", ""),
    "data": ("int64 q, ", "z = Constant<value = int64 {1}>() c = Equal(q, z)"),
}  # fmt: skip
RELU, NEG = "a = Relu(X)", "b = Neg(X)"
FIRST = "u = Constant<value = int64[1] {0}>()"
BRANCHES = {
    "same": ("float[2,4] X", "float[2,4] a", RELU, "float[2,4] b", NEG),
    "other-dims": ("float[2,4] X", "float[4,4] a", "a = Concat<axis = 0>(X, X)", "float[2,4] b", NEG),
    "other-rank": ("float[2,4] X", "float[1,2,4] a", f"{FIRST} a = Unsqueeze(X, u)", "float[2,4] b", NEG),
    "squeeze": ("float[1,4] X", "float[4] a", f"{FIRST} a = Squeeze(X, u)", "float[1,4] b", "b = Identity(X)"),
    "squeeze-not-one": ("float[2,4] X", "float[] a", f"{FIRST} a = Squeeze(X, u)", "float[] b", "b = Identity(X)"),
    "dynamic": ("float[n,4] X", "float[n,4] a", RELU, "float[n,4] b", NEG),
    "squeeze-dynamic": ("float[n,4] X", "float[4] a", f"{FIRST} a = Squeeze(X, u)", "float[n,4] b", "b = Identity(X)"),
    "constants": (
        "float[2,4] X", "float[2] a", "a = Constant<value = float[2] {1, 2}>()",
        "float[2] b", "b = Constant<value = float[2] {3, 4}>()",
    ),
    "int": ("float[2,4] X", "int64[2] a", "a = Shape(X)", "int64[2] b", "b = Constant<value = int64[2] {3, 4}>()"),
}  # fmt: skip


def _if(condition: str, branches: str, opset: int, after: str = "") -> Sketch:
    more, body = CONDITIONS[condition]
    given, left, then, right, other = BRANCHES[branches]
    kind = "int64[]" if branches == "int" else "float[]"
    shown = left.rpartition(" ")[0] if branches in ("same", "dynamic", "constants", "int") else kind
    node = f"Y = If(c) <then_branch = t () => ({left}) {{ {then} }}, else_branch = e () => ({right}) {{ {other} }}>"
    output = f"{shown} Y"
    if after == "rank-sensitive":
        node += " w = Constant<value = float[1,1,1,1] {2}>() o = Constant<value = int64[2] {0, 1}>()"
        node += " v = Unsqueeze(Y, o) R = Conv(v, w)"
        output = "float[] R"
    elif after:
        node += f" R = {after}(Y)"
        output = f"{shown} R"
    text = HEAD.format(opset=opset, inputs=more + given, output=output, body=f"{body} {node}")
    return Sketch("If", f"cond={condition} branches={branches} opset={opset} after={after or 'nothing'}", text,
                  ("cond", "branches", "captures"))  # fmt: skip


NESTED = HEAD.format(opset=16, inputs="bool c, bool d, float[2,4] X", output="float[2,4] Y", body="""
    Y = If(c) <then_branch = t () => (float[2,4] a) { a = If(d) <then_branch = u () => (float[2,4] f) { f = Relu(X) },
      else_branch = v () => (float[2,4] h) { h = Neg(X) }> },
      else_branch = e () => (float[2,4] b) { b = Neg(X) }>""")  # fmt: skip
TWO = HEAD.format(opset=16, inputs="bool c, float[2,4] X", output="float[2,4] Y, float[2,4] Z", body="""
    Y, Z = If(c) <then_branch = t () => (float[2,4] a, float[2,4] f) { a = Relu(X) f = Neg(X) },
      else_branch = e () => (float[2,4] b, float[2,4] h) { b = Neg(X) h = Relu(X) }>""")  # fmt: skip
LOOP = """t = Constant<value = bool {1}>() Y = Loop(n, t, X) <body =
    b (int64 i, bool k, float[2,4] p) => (bool q, float[2,4] r) { q = Identity(k) r = Add(p, X) }>"""
SCANNED = """t = Constant<value = bool {1}>() Y, Z = Loop(n, t, X) <body =
    b (int64 i, bool k, float[2,4] p) => (bool q, float[2,4] r, float[2,4] s) { q = Identity(k) r = Add(p, X) s = Neg(p) }>"""
SCAN = """Y, Z = Scan(H, X) <num_scan_inputs = 1, body =
    b (float[4] h, float[4] x) => (float[4] o, float[4] s) { o = Add(h, x) s = Relu(o) }>"""
COUNT = "n = Constant<value = int64 {3}>() "


def _loop(op: str, label: str, opset: int, inputs: str, output: str, body: str) -> Sketch:
    text = HEAD.format(opset=opset, inputs=inputs, output=output, body=body)
    return Sketch(op, f"{label} opset={opset}", text, ("M", "cond"))


FORMS = [
    *(_if(condition, branches, 16) for condition in CONDITIONS for branches in BRANCHES),
    *(_if(condition, branches, opset) for condition in ("constant", "shape", "runtime", "folded")
      for branches in ("same", "squeeze", "other-rank") for opset in (13, 18, 19, 21)),
    *(_if(condition, "same", 11) for condition in ("constant", "runtime", "folded")),
    *(_if(condition, branches, 16, after)
      for condition in ("constant", "false", "folded", "static-shape-1", "shape-1", "runtime")
      for branches in ("same", "other-rank", "squeeze")
      for after in ("rank-sensitive", "Relu")),
    Sketch("If", "nested", NESTED, ("cond",)), Sketch("If", "two outputs", TWO, ("outputs",)),
    *(_loop("Loop", "counted", opset, "float[2,4] X", "float[2,4] Y", COUNT + LOOP)
      for opset in (11, 13, 16, 19, 21, 23, 24, 25)),
    *(_loop("Loop", "open count", opset, "int64 n, float[2,4] X", "float[2,4] Y", LOOP) for opset in (11, 13, 16, 19)),
    *(_loop("Loop", "stacked", opset, "float[2,4] X", "float[2,4] Y, float[3,2,4] Z", COUNT + SCANNED) for opset in (11, 13, 16)),
    _loop("Loop", "stacked open", 16, "int64 n, float[2,4] X", "float[2,4] Y, float[k,2,4] Z", SCANNED),
    *(_loop("Scan", "static", opset, "float[4] H, float[3,4] X", "float[4] Y, float[3,4] Z", SCAN)
      for opset in (9, 11, 16, 19, 21, 23, 24, 25)),
    *(_loop("Scan", "open", opset, "float[4] H, float[t,4] X", "float[4] Y, float[t,4] Z", SCAN) for opset in (11, 16)),
]  # fmt: skip

"""If, as small models: the source of the condition and the types of the branch outputs vary."""

import re

from graphfix.probe.form import SPELLED, TextProbe

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
    "cast": ("float[n,m] S, ", f"r = Shape(S) k = Cast<to = 6>(r) {SIZE} z = Constant<value = int32 {{2}}>() c = Equal(d, z)"),
    "runtime": ("bool c, ", ""),
    "runtime-1": ("bool[1] c, ", ""),
    "data": ("int64 q, ", "z = Constant<value = int64 {1}>() c = Equal(q, z)"),
}
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
        "float[2,4] X",
        "float[2] a",
        "a = Constant<value = float[2] {1, 2}>()",
        "float[2] b",
        "b = Constant<value = float[2] {3, 4}>()",
    ),
    "int": ("float[2,4] X", "int64[2] a", "a = Shape(X)", "int64[2] b", "b = Constant<value = int64[2] {3, 4}>()"),
}


def _if(condition: str, branches: str, opset: int, after: str = "") -> TextProbe:
    more, body = CONDITIONS[condition]
    given, left, then, right, other = BRANCHES[branches]
    kind = "int64[]" if branches == "int" else "float[]"
    shown = left.rpartition(" ")[0] if branches in ("same", "dynamic", "constants", "int") else kind
    node = f"[probe] Y = If(c) <then_branch = t () => ({left}) {{ {then} }}, else_branch = e () => ({right}) {{ {other} }}>"
    output = f"{shown} Y"
    if after == "rank-sensitive":
        node += " w = Constant<value = float[1,1,1,1] {2}>() o = Constant<value = int64[2] {0, 1}>()"
        node += " v = Unsqueeze(Y, o) R = Conv(v, w)"
        output = "float[] R"
    elif after:
        node += f" R = {after}(Y)"
        output = f"{shown} R"
    text = HEAD.format(opset=opset, inputs=more + given, output=output, body=f"{body} {node}")
    return TextProbe(
        "If",
        f"cond={condition} branches={branches} opset={opset} after={after or 'nothing'}",
        text,
        ("cond", "branches", "captures"),
    )


NESTED = HEAD.format(
    opset=16,
    inputs="bool c, bool d, float[2,4] X",
    output="float[2,4] Y",
    body="""
    Y = If(c) <then_branch = t () => (float[2,4] a) { a = If(d) <then_branch = u () => (float[2,4] f) { f = Relu(X) },
      else_branch = v () => (float[2,4] h) { h = Neg(X) }> },
      else_branch = e () => (float[2,4] b) { b = Neg(X) }>""",
)
IRS = {1: 3, 10: 5, 11: 6, 13: 7, 16: 8, 19: 9, 21: 10, 23: 11, 24: 11, 25: 12}
PAIRS = {
    "same": ("float[2,4]", "Relu(X)", "float[2,4]", "Neg(X)"),
    "other-dims": ("float[4,4]", "Concat<axis = 0>(X, X)", "float[2,4]", "Neg(X)"),
    "other-rank": ("float[8]", "Reshape(X, flat)", "float[2,4]", "Neg(X)"),
}
FLAT = "flat = Constant<value = int64[1] {-1}>() "


def _several(condition: str, kinds: tuple[str, ...], opset: int = 17) -> TextProbe:
    """An If with one output for each relation between the branch outputs."""
    more, body = CONDITIONS[condition]
    pairs = [PAIRS[kind] for kind in kinds]
    then = "".join(f"a{at} = {pair[1]} " for at, pair in enumerate(pairs))
    other = "".join(f"b{at} = {pair[3]} " for at, pair in enumerate(pairs))
    left = ", ".join(f"{pair[0]} a{at}" for at, pair in enumerate(pairs))
    right = ", ".join(f"{pair[2]} b{at}" for at, pair in enumerate(pairs))
    shown = ", ".join(f"float{'[2,4]' if kind == 'same' else '[]'} Y{at}" for at, kind in enumerate(kinds))
    made = f"{body} {FLAT}" if "other-rank" in kinds else body
    node = (
        f"{made} [probe] {', '.join(f'Y{at}' for at in range(len(kinds)))} = If(c) <then_branch = t () => ({left}) {{ {then} }}, "
        f"else_branch = e () => ({right}) {{ {other} }}>"
    )
    text = HEAD.format(opset=opset, inputs=more + "float[2,4] X", output=shown, body=node)
    return TextProbe("If", f"cond={condition} gives {'+'.join(kinds)} opset={opset}", text, ("cond", "branches", "outputs"))


def _typed(condition: str, dtype: str, shape: str, opset: int = 17) -> TextProbe:
    """An If over values of one dtype and rank."""
    more, body = CONDITIONS[condition]
    one, two = ("Identity(X)", "Identity(U)")
    node = (
        f"{body} [probe] Y = If(c) <then_branch = t () => ({dtype}{shape} a) {{ a = {one} }}, "
        f"else_branch = e () => ({dtype}{shape} b) {{ b = {two} }}>"
    )
    given = f"{dtype}{shape} X, {dtype}{shape} U"
    text = HEAD.format(opset=opset, inputs=more + given, output=f"{dtype}{shape} Y", body=node).replace(
        "8,", f"{max(8, IRS.get(opset, 8))},", 1
    )
    return TextProbe("If", f"cond={condition} {dtype}{shape} opset={opset}", text, ("V", "cond"))


HELD = {
    "sequence": (
        "seq(float[2,4])",
        "S = SequenceConstruct(X, X)",
        "S = SequenceConstruct(X)",
        "Y = ConcatFromSequence<axis = 0>(R)",
    ),
    "sequence of constants": (
        "seq(float[2])",
        "k = Constant<value = float[2] {1, 2}>() S = SequenceConstruct(k)",
        "k = Constant<value = float[2] {3, 4}>() S = SequenceConstruct(k)",
        "Y = ConcatFromSequence<axis = 0>(R)",
    ),
    "empty": ("seq(float[2,4])", "S = SequenceConstruct(X)", "S = SequenceEmpty()", "Y = ConcatFromSequence<axis = 0>(R)"),
    "optional": ("optional(float[2,4])", "S = Optional(X)", "k = Neg(X) S = Optional(k)", "Y = OptionalGetElement(R)"),
    "nothing": ("optional(float[2,4])", "S = Optional<type = float[2,4]>()", "S = Optional(X)", "Y = OptionalHasElement(R)"),
}


def _held(condition: str, label: str, opset: int) -> TextProbe:
    """An If whose output is a sequence or an optional value."""
    more, body = CONDITIONS[condition]
    kind, then, other, after = HELD[label]
    for name, free in (("S", "P"), ("k", "j")):
        if re.search(rf"\b{name}\b", more + body):  # a branch must not name what the graph around it names
            then, other = (re.sub(rf"\b{name}\b", free, branch) for branch in (then, other))
    made = "P" if "P = " in then else "S"
    node = (
        f"{body} [probe] R = If(c) <then_branch = t () => ({kind} {made}) {{ {then} }}, "
        f"else_branch = e () => ({kind} T) {{ {other.replace(f'{made} =', 'T =')} }}> {after}"
    )
    text = HEAD.format(
        opset=opset, inputs=more + "float[2,4] X", output="bool Y" if label == "nothing" else "float[] Y", body=node
    )
    return TextProbe("If", f"cond={condition} gives {label} opset={opset}", text, ("V", "cond"))


def _convolved(opset: int, then: str, other: str, between: str) -> TextProbe:
    """A Conv of the output of an If whose branches give these shapes."""
    shown = ", ".join(map(str, ((at * 5 % 7 - 3) / 4 for at in range(12))))
    one, two = (f"float[{shape}]" for shape in (then, other))
    body = (
        f"k = Constant<value = int64[3] {{{then}}}>() j = Constant<value = int64[3] {{{other}}}>() "
        f"w = Constant<value = float[4,1,3] {{{shown}}}>() "
        f"[beside_if] b = If(c) <then_branch = t () => ({one} u) {{ [beside_one] u = Reshape(X, k) }}, "
        f"else_branch = e () => ({two} v) {{ [beside_other] v = Reshape(X, j) }}> {between} "
        f"[probe] Y = Conv<kernel_shape = [3], pads = [1, 1]>({'d' if between else 'b'}, w)"
    )
    text = HEAD.format(opset=opset, inputs="float[1,16] X, bool c", output="float[] Y", body=body).replace(
        "8,", f"{max(8, IRS.get(opset, 8))},", 1
    )
    label = f"data from branches {then} and {other}{' passed on' if between else ''} opset={opset}"
    return TextProbe("Conv", label, text, ("branched", "dims"))


KINDS = (
    ("same", "same"),
    ("same", "same", "same"),
    ("same",) * 5,
    ("other-dims", "same"),
    ("same", "other-dims", "other-dims"),
    ("other-rank", "same"),
    ("same", "same", "other-rank"),
    ("other-rank",) * 3,
    ("other-dims",) * 3,
)
DTYPES = tuple(SPELLED)[1:]
"""All dtypes but float32, which is the default."""
SHAPES = ("", "[4]", "[2,3,4]", "[1,2,3,4]", "[1,2,3,2,2]", "[n,4]", "[n,m]", "[n,3,h,w]")
FORMS = [
    *(_if(condition, branches, 16) for condition in CONDITIONS for branches in BRANCHES),
    *(
        _if(condition, branches, opset)
        for condition in ("constant", "shape", "runtime", "folded")
        for branches in ("same", "squeeze", "other-rank", "other-dims")
        for opset in (13, 18, 19, 21, 23, 24, 25)
    ),
    *(
        _if(condition, "same", opset)
        for opset in (10, 11)
        for condition in ("constant", "false", "runtime", "runtime-1", "folded")
    ),
    *(
        _if(condition, branches, 16, after)
        for condition in ("constant", "false", "folded", "static-shape-1", "shape-1", "runtime")
        for branches in ("same", "other-rank", "squeeze")
        for after in ("rank-sensitive", "Relu")
    ),
    *(
        _convolved(opset, "1,1,16", other, between)
        for opset in (13, 16, 21)
        for other in ("2,1,8", "1,1,16", "4,1,4")
        for between in ("", "d = Identity(b)")
    ),
    TextProbe("If", "nested", NESTED, ("cond",)),
    *(_several(condition, kinds) for condition in CONDITIONS for kinds in KINDS),
    *(
        _several(condition, kinds, opset)
        for condition in ("constant", "runtime", "shape")
        for kinds in (KINDS[1], KINDS[8])
        for opset in (11, 13, 19, 21)
    ),
    *(_typed(condition, dtype, "[2,4]") for condition in ("constant", "folded", "shape", "runtime") for dtype in DTYPES),
    *(_typed(condition, "float", shape) for condition in ("constant", "shape", "runtime") for shape in SHAPES),
    *(
        _held(condition, label, opset)
        for label in HELD
        for condition in ("constant", "false", "folded", "shape", "runtime")
        for opset in (16, 17, 19, 21)
    ),
]

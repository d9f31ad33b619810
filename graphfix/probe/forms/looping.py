"""Loop: the sources of trip count and condition, the carried values, and the body."""

from graphfix.probe.form import SPELLED, TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({outputs}) {{ {body} }}'
SIZE = "k1 = Shape(S) k2 = Constant<value = int64 {0}>() "
COUNTS = {
    "constant": ("", "n = Constant<value = int64 {3}>() "),
    "zero": ("", "n = Constant<value = int64 {0}>() "),
    "one": ("", "n = Constant<value = int64 {1}>() "),
    "endless": ("", "n = Constant<value = int64 {9223372036854775807}>() "),
    "vector": ("", "n = Constant<value = int64[1] {3}>() "),
    "folded": ("", "n1 = Constant<value = int64 {2}>() n2 = Constant<value = int64 {1}>() n = Add(n1, n2) "),
    "static-shape": ("", "k1 = Shape(X) k2 = Constant<value = int64 {0}>() n = Gather<axis = 0>(k1, k2) "),
    "shape": ("float[s,m] S, ", SIZE + "n = Gather<axis = 0>(k1, k2) "),
    "cast-shape": ("float[s,m] S, ", SIZE + "k3 = Gather<axis = 0>(k1, k2) k4 = Cast<to = 1>(k3) n = Cast<to = 7>(k4) "),
    "runtime": ("int64 n, ", ""),
    "runtime-1": ("int64[1] n, ", ""),
    "absent": ("", ""),
}
CONDITIONS = {
    "constant": ("", "c = Constant<value = bool {1}>() "),
    "constant-1": ("", "c = Constant<value = bool[1] {1}>() "),
    "false": ("", "c = Constant<value = bool {0}>() "),
    "folded": ("", "c1 = Constant<value = int64 {2}>() c2 = Constant<value = int64 {2}>() c = Equal(c1, c2) "),
    "shape": ("float[r,w] Q, ", "c0 = Size(Q) c1 = Constant<value = int64 {99}>() c = Less(c0, c1) "),
    "runtime": ("bool c, ", ""),
    "runtime-1": ("bool[1] c, ", ""),
    "computed": ("float v, ", "c1 = Constant<value = float {9}>() c = Less(v, c1) "),
    "absent": ("", ""),
}
UNTIL = {
    "kept": "q = Identity(k)",
    "constant": "q = Constant<value = bool {1}>()",
    "computed": "e = Constant<value = int64 {4}>() q = Less(i, e)",
}
STEPS = {"bool": "Not({0})", "string": "Identity({0})"}


def _loop(
    label: str,
    count: str = "constant",
    condition: str = "constant",
    until: str = "kept",
    *,
    opset: int = 17,
    ir: int = 8,
    carried: int = 1,
    stacked: int = 0,
    dtype: str = "float",
    shape: str = "[2,4]",
    step: str = "",
    after: str = "",
    init: str = "",
    captures: bool = True,
    open_body: bool = False,
) -> TextProbe:
    """A loop over `carried` values of one dtype and shape, gathering `stacked` more."""
    more, made = COUNTS[count]
    other, tested = CONDITIONS[condition]
    names = ["X", *[f"X{at}" for at in range(1, carried)]]
    inputs = more + other + ", ".join(f"{dtype}{shape} {name}" for name in names if name == "X" or not init)
    step = step or STEPS.get(dtype, "Add({0}, X)" if captures else "Add({0}, {0})")
    inner = "[]" if open_body else shape
    given = "".join(f", {dtype}{inner} p{at}" for at in range(carried))
    left = {"grown": "[]", "doubled": "[4,4]"}.get(after, inner)
    kept = "".join(f", {dtype}{left} r{at}" for at in range(carried))
    kept += "".join(f", {dtype}{shape} s{at}" for at in range(stacked))
    work = "".join(f" r{at} = {step.format(f'p{at}')}" for at in range(carried))
    work += "".join(f" s{at} = {STEPS.get(dtype, 'Neg({0})').format('p0' if carried else 'X')}" for at in range(stacked))
    results = [f"Y{at}" for at in range(carried + stacked)]
    start = [("w" if init and at == 0 else names[at]) for at in range(carried)]
    operands = ", ".join(["" if count == "absent" else "n", "" if condition == "absent" else "c", *start]).rstrip(", ")
    node = (
        f"[probe] {', '.join(results)} = Loop({operands})"
        f"<body = b (int64 i, bool k{given}) => (bool q{kept}) {{ {UNTIL[until]}{work} }}>"
    )
    shown = [f"{dtype}{'[]' if after else shape}" for _ in range(carried)] + [f"{dtype}[]"] * stacked
    outputs = ", ".join(f"{kind} {name}" for kind, name in zip(shown, results, strict=True))
    text = HEAD.format(ir=ir, opset=opset, inputs=inputs, outputs=outputs, body=made + tested + init + node)
    label = f"{label} M={count} cond={condition} until={until} carried={carried} stacked={stacked} opset={opset} {dtype}{shape}"
    return TextProbe("Loop", label, text, ("M", "cond", "until"))


MAIN = ("constant", "folded", "shape", "runtime", "absent", "endless")
"""Trip counts that are combined with every source of the condition."""


def _pairs() -> list[tuple[str, str, str]]:
    """Pairs of trip counts and conditions with which the loop ends."""
    return [
        (count, condition, until)
        for count in COUNTS
        for condition in CONDITIONS
        for until in UNTIL
        if (until == "computed" or count not in ("absent", "endless") or condition == "false")
        and (until == "kept" or (count in MAIN and condition not in ("constant-1", "computed")))
        and (until != "constant" or (count in ("constant", "shape", "runtime") and condition not in ("folded", "false")))
    ]


START = {
    "constant": "w = Constant<value = float[2,4] {1, 2, 3, 4, 5, 6, 7, 8}>() ",
    "folded": "w0 = Constant<value = int64[2] {2, 4}>() w = ConstantOfShape(w0) ",
    "shape": "w0 = Shape(X) w = ConstantOfShape(w0) ",
    "made": "w = Relu(X) ",
}
SEQUENCES = {
    "grown": ("e = SequenceEmpty() ", "r = SequenceInsert(p, X)"),
    "given": ("e = SequenceConstruct(X, X) ", "r = SequenceInsert(p, X)"),
    "read": ("e = SequenceConstruct(X, X) ", "z = Constant<value = int64 {0}>() t = SequenceAt(p, z) r = SequenceInsert(p, t)"),
}


def _gathered(label: str, count: str, condition: str, opset: int) -> TextProbe:
    """A loop that carries a sequence, which is concatenated afterwards."""
    start, work = SEQUENCES[label]
    more, made = COUNTS[count]
    other, tested = CONDITIONS[condition]
    node = (
        "[probe] L = Loop(n, c, e)<body = b (int64 i, bool k, seq(float[2,4]) p) => (bool q, seq(float[2,4]) r) "
        f"{{ q = Identity(k) {work} }}> Y = ConcatFromSequence<axis = 0>(L)"
    )
    text = HEAD.format(
        ir=8, opset=opset, inputs=more + other + "float[2,4] X", outputs="float[] Y", body=made + tested + start + node
    )
    return TextProbe("Loop", f"sequence {label} M={count} cond={condition} opset={opset}", text, ("V",))


SINCES = {11: 7, 13: 7, 16: 8, 19: 9, 21: 10, 23: 11, 24: 11, 25: 12}
DTYPES = tuple(SPELLED)[1:]
"""All dtypes but float32, which is the default."""
FORMS = [
    *(_loop("crossed", *pair) for pair in _pairs()),
    *(
        _loop("crossed", *pair, carried=0, stacked=1)
        for pair in _pairs()
        if pair[0] in ("constant", "shape", "runtime", "absent") and pair[1] in ("constant", "runtime")
    ),
    *(
        _loop("many", *pair, carried=carried, stacked=stacked)
        for carried, stacked in ((1, 1), (1, 2), (2, 0), (2, 1), (3, 0), (3, 2))
        for pair in (
            ("constant", "constant", "kept"),
            ("runtime", "runtime", "kept"),
            ("runtime", "constant", "kept"),
            ("shape", "constant", "kept"),
            ("absent", "runtime", "computed"),
            ("runtime", "absent", "constant"),
            ("endless", "constant", "computed"),
        )
    ),
    *(
        _loop("version", count, condition, until, opset=opset, ir=ir, stacked=stacked)
        for opset, ir in SINCES.items()
        for stacked in (0, 1)
        for count, condition, until in (
            ("constant", "constant", "kept"),
            ("runtime", "constant", "kept"),
            ("shape", "constant", "kept"),
            ("runtime", "runtime", "computed"),
            ("absent", "constant", "computed"),
        )
    ),
    *(
        _loop("dtype", count, dtype=dtype, stacked=stacked)
        for dtype in DTYPES
        for count in ("constant", "runtime")
        for stacked in (0, 1)
    ),
    *(
        _loop("rank", count, shape=shape, stacked=stacked)
        for shape in ("", "[4]", "[1]", "[2,3,4]", "[1,2,3,4]", "[1,2,1,2,2]")
        for count in ("constant", "runtime")
        for stacked in (0, 1)
    ),
    *(
        _loop("open", count, shape=shape, stacked=stacked)
        for shape in ("[b,4]", "[2,s]", "[b,s]", "[b,3,s]", "[n]")
        for count in ("constant", "runtime", "shape")
        for stacked in (0, 1)
    ),
    *(
        _loop("plain", count, captures=False, stacked=stacked)
        for count in COUNTS
        for stacked in (0, 1)
        if count not in ("endless", "absent")
    ),
    *(
        _loop("untold", count, open_body=True, stacked=stacked)
        for count in ("constant", "runtime", "shape")
        for stacked in (0, 1)
    ),
    *(_loop(f"from {start}", count, init=init) for start, init in START.items() for count in ("constant", "runtime", "shape")),
    *(
        _loop(
            "int from constant",
            count,
            dtype="int64",
            shape="",
            init="w = Constant<value = int64 {0}>() ",
            carried=1,
            stacked=stacked,
        )
        for count in ("constant", "runtime", "shape")
        for stacked in (0, 1)
    ),
    *(
        _loop("doubled", count, condition, until, step="Concat<axis = 0>({0}, {0})", after="doubled")
        for count in ("one", "runtime", "shape")
        for condition in ("constant", "runtime")
        for until in ("kept", "computed")
    ),
    *(
        _loop("grown", count, step="Concat<axis = 0>({0}, X)", after="grown", shape=shape, open_body=True)
        for count in ("constant", "runtime", "shape")
        for shape in ("[2,4]", "[b,4]", "[4]")
    ),
    *(
        _gathered(label, count, condition, opset)
        for label in SEQUENCES
        for opset in (13, 16, 17, 19)
        for count, condition in (("constant", "constant"), ("runtime", "constant"), ("shape", "constant"), ("runtime", "runtime"))
    ),
]

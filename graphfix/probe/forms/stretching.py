"""An Expand, Tile or filled tensor directly before a matrix product; the repeated axes are batch, contracted or free axes."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => ({dtype}[{out}] Y) <{weights}> {{ {body} Y = Identity(z) }}'
FACETS = ("feeds", "feeds.by", "shape.from", "repeats.from", "input.from")
WORDS = {"float": "float32", "float16": "float16"}
"""Dtypes for which all compilers support products."""


def _tensor(name: str, shape: str, dtype: str = "float") -> str:
    count = 1
    for size in shape.split(","):
        count *= int(size)
    numbers = ", ".join(str((i * 7 % 5 - 2) / 4 + 0.125) for i in range(count))
    return f"{dtype}[{shape}] {name} = {{{numbers}}}"


def _pairs(items: str) -> list[tuple[str, str]]:
    """Parse names and shapes written like `w:4,5 v:1,4`."""
    return [(name, shape) for name, _, shape in (item.partition(":") for item in items.split())]


def _spread(op: str, data: str, to: str) -> tuple[str, str]:
    """The shape operand and the node that expand data from some dims to another shape."""
    have, want = data.split(","), to.split(",")
    more = len(want) - len(have)
    steps = [("1" if at >= more and have[at - more] == size else size) for at, size in enumerate(want)]
    if op == "Tile":
        return f"int64[{len(want)}] s = {{{', '.join(steps)}}}", "e = Tile(X, s)"
    sizes = [size if size.isdigit() else "1" for size in want]
    return f"int64[{len(want)}] s = {{{', '.join(sizes)}}}", "e = Expand(X, s)"


def stretching(
    op: str, label: str, data: str, to: str, body: str, *,
    weights: str = "", more: str = "", out: str = "a,b", dtype: str = "float", opset: int = 17,
) -> TextProbe:
    """A probe with one expanded tensor `e`, from which the body computes `z`; with `weights` and more inputs (`more`)."""
    target, node = _spread(op, data, to)
    inputs = ", ".join([f"{dtype}[{data}] X", *(f"{dtype}[{shape}] {name}" for name, shape in _pairs(more))])
    held = ", ".join([target, *(_tensor(name, shape, dtype) for name, shape in _pairs(weights))])
    text = HEAD.format(opset=opset, inputs=inputs, dtype=dtype, out=out, weights=held, body=f"[probe] {node} {body}")
    return TextProbe(op, f"stretched {label}, {WORDS[dtype]} opset={opset}", text, FACETS)


KERNEL = "Conv<kernel_shape = [1, 1]>"
STRIDED = "Conv<kernel_shape = [1, 1], strides = [2, 2]>"
JOINED = "c = Concat<axis = 1>(e, Z)"
ROWS_MERGED, TERMS_MERGED = (f"r = Constant<value = int64[2] {{{n}, 4}}>() t = Reshape(e, r) z = MatMul(t, w)" for n in (6, 3))
TWO = "m = MatMul(e, w) o = MatMul(e, v) z = Add(m, o)"
CASES = {
    "rows of a MatMul": ("1,4", "6,4", "z = MatMul(e, w)", "w:4,5", "", "a,b"),
    "rows of a MatMul of rank 3": ("1,1,4", "1,6,4", "z = MatMul(e, w)", "w:4,5", "", "a,b,c"),
    "rows, batch free": ("N,1,4", "N,6,4", "z = MatMul(e, w)", "w:4,5", "", "N,b,c"),
    "columns": ("4,1", "4,6", "z = MatMul(Z, e)", "", "Z:5,4", "a,b"),
    "batch of one side": ("1,6,4", "2,6,4", "z = MatMul(e, w)", "w:4,5", "", "a,b,c"),
    "batch of both sides": ("1,6,4", "2,6,4", "z = MatMul(e, Z)", "", "Z:2,4,5", "a,b,c"),
    "terms of a MatMul": ("6,1", "6,4", "z = MatMul(e, w)", "w:4,5", "", "a,b"),
    "terms on the right": ("1,5", "4,5", "z = MatMul(Z, e)", "", "Z:6,4", "a,b"),
    "terms and rows": ("1,1", "6,4", "z = MatMul(e, w)", "w:4,5", "", "a,b"),
    "terms and batch of both sides": ("1,6,1", "2,6,4", "z = MatMul(e, Z)", "", "Z:2,4,5", "a,b,c"),
    "rows of a Gemm": ("1,4", "6,4", "z = Gemm(e, w)", "w:4,5", "", "a,b"),
    "columns of a Gemm": ("4,1", "4,6", "z = Gemm<transA = 1>(e, w)", "w:4,5", "", "a,b"),
    "terms of a Gemm": ("6,1", "6,4", "z = Gemm(e, w)", "w:4,5", "", "a,b"),
    "what a Gemm adds": ("1,5", "6,5", "z = Gemm(Z, w, e)", "w:4,5", "Z:6,4", "a,b"),
    "rows of an Einsum": ("1,4", "6,4", 'z = Einsum<equation = "ab,bc->ac">(e, w)', "w:4,5", "", "a,b"),
    "terms of an Einsum": ("1,4", "6,4", 'z = Einsum<equation = "ab,bc->c">(e, w)', "w:4,5", "", "a"),
    "pixels": ("1,8,1,1", "1,8,6,6", f"z = {KERNEL}(e, w)", "w:5,8,1,1", "", "a,b,c,d"),
    "pixels of a row": ("1,8,1", "1,8,6", "z = Conv<kernel_shape = [1]>(e, w)", "w:5,8,1", "", "a,b,c"),
    "pixels, batch free": ("N,8,1,1", "N,8,6,6", f"z = {KERNEL}(e, w)", "w:5,8,1,1", "", "N,b,c,d"),
    "pictures": ("1,8,6,6", "2,8,6,6", f"z = {KERNEL}(e, w)", "w:5,8,1,1", "", "a,b,c,d"),
    "channels": ("1,1,6,6", "1,8,6,6", f"z = {KERNEL}(e, w)", "w:5,8,1,1", "", "a,b,c,d"),
    "every other pixel": ("1,8,1,1", "1,8,6,6", f"z = {STRIDED}(e, w)", "w:5,8,1,1", "", "a,b,c,d"),
    "pixels of windows": ("1,8,1,1", "1,8,6,6", "z = Conv<kernel_shape = [3, 3]>(e, w)", "w:2,8,3,3", "", "a,b,c,d"),
    "joined pixels": ("1,8,1,1", "1,8,6,6", f"{JOINED} z = {KERNEL}(c, w)", "w:5,16,1,1", "Z:1,8,6,6", "a,b,c,d"),
    "joined channels": ("1,1,6,6", "1,8,6,6", f"{JOINED} z = {KERNEL}(c, w)", "w:5,16,1,1", "Z:1,8,6,6", "a,b,c,d"),
    "joined rows": ("1,2", "6,2", f"{JOINED} z = MatMul(c, w)", "w:4,5", "Z:6,2", "a,b"),
    "joined and added": ("1,2", "6,2", f"{JOINED} y = Add(c, w) z = Relu(y)", "w:6,4", "Z:6,2", "a,b"),
    "rows one below the other": ("1,4", "3,4", "c = Concat<axis = 0>(e, Z) z = MatMul(c, w)", "w:4,5", "Z:3,4", "a,b"),
    "rows behind a Transpose": ("4,1", "4,6", "t = Transpose<perm = [1, 0]>(e) z = MatMul(t, w)", "w:4,5", "", "a,b"),
    "rows behind Neg": ("1,4", "6,4", "t = Neg(e) z = MatMul(t, w)", "w:4,5", "", "a,b"),
    "rows behind Tanh": ("1,4", "6,4", "t = Tanh(e) z = MatMul(t, w)", "w:4,5", "", "a,b"),
    "terms behind Tanh": ("6,1", "6,4", "t = Tanh(e) z = MatMul(t, w)", "w:4,5", "", "a,b"),
    "batch of both sides behind Exp": ("1,6,4", "2,6,4", "t = Exp(e) z = MatMul(t, Z)", "", "Z:2,4,5", "a,b,c"),
    "rows behind Relu": ("1,4", "6,4", "t = Relu(e) z = MatMul(t, w)", "w:4,5", "", "a,b"),
    "rows behind Add": ("1,4", "6,4", "t = Add(e, v) z = MatMul(t, w)", "w:4,5 v:1,4", "", "a,b"),
    "rows of two products": ("1,4", "6,4", TWO, "w:4,5 v:4,5", "", "a,b"),
    "terms of two products": ("6,1", "6,4", TWO, "w:4,5 v:4,5", "", "a,b"),
    "rows of a product, and added": ("1,4", "6,4", "m = MatMul(e, w) n = ReduceMax(e) z = Add(m, n)", "w:4,5", "", "a,b"),
    "heads": (
        "1,2,1,6,4", "1,2,2,6,4", "r = Constant<value = int64[4] {1, 4, 6, 4}>() t = Reshape(e, r) z = MatMul(Z, t)",
        "", "Z:1,4,6,6", "a,b,c,d",
    ),
    "rows merged": ("2,1,4", "2,3,4", ROWS_MERGED, "w:4,5", "", "a,b"),
    "terms merged": ("3,2,1", "3,2,2", TERMS_MERGED, "w:4,5", "", "a,b"),
    "a product alone": ("6,4", "6,4", "z = MatMul(e, w)", "w:4,5", "", "a,b"),
}  # fmt: skip
RAISED = {
    "rows": ("4", "6,4", "z = MatMul(e, w)", "w:4,5", "", "a,b"),
    "batch of one side": ("6,4", "2,6,4", "z = MatMul(e, w)", "w:4,5", "", "a,b,c"),
    "batch of both sides": ("6,4", "2,6,4", "z = MatMul(e, Z)", "", "Z:2,4,5", "a,b,c"),
    "a batch of one": ("6,4", "1,6,4", "z = MatMul(e, w)", "w:4,5", "", "a,b,c"),
    "pictures": ("8,6,6", "2,8,6,6", f"z = {KERNEL}(e, w)", "w:5,8,1,1", "", "a,b,c,d"),
    "rows behind Tanh": ("4", "6,4", "t = Tanh(e) z = MatMul(t, w)", "w:4,5", "", "a,b"),
    "rows of two products": ("4", "6,4", TWO, "w:4,5 v:4,5", "", "a,b"),
    "rows, added": ("4", "6,4", "z = Add(e, Z)", "", "Z:6,4", "a,b"),
}  # fmt: skip
ALL = CASES | {f"raised {key}": case for key, case in RAISED.items()}
OPEN = {
    "rows of as many as there are": ("1,4", "0", "z = MatMul(e, w)", "w:4,5", "N,b"),
    "rows behind Tanh": ("1,4", "0", "t = Tanh(e) z = MatMul(t, w)", "w:4,5", "N,b"),
    "rows of two products": ("1,4", "0", TWO, "w:4,5 v:4,5", "N,b"),
    "terms": ("5,1", "1", "m = MatMul(e, U) z = Identity(m)", "", "a,b"),
}  # fmt: skip
"""Expanded to a size of an input U of [N, 4]: the data, the entry of the target with that size, and the other entries."""


def _opened(label: str, op: str = "Expand", *, fixed: str = "") -> TextProbe:
    data, at, body, weights, out = OPEN[label]
    sizes = data.split(",") if op != "Tile" else ("1", "1")
    rest = f"int64[1] r = {{{sizes[1] if at == '0' else sizes[0]}}}"
    size = "q = Shape(U) n = Gather(q, i) " + ("s = Concat<axis = 0>(n, r)" if at == "0" else "s = Concat<axis = 0>(r, n)")
    made = "e = ConstantOfShape<value = float[1] {2}>(s)" if op == "ConstantOfShape" else f"e = {op}(X, s)"
    inputs = ("" if op == "ConstantOfShape" else f"float[{data}] X, ") + f"float[{fixed or 'N'},4] U"
    body, out = f"{size} [probe] {made} {body}", out.replace("N", fixed or "N")
    held = ["int64[1] i = {0}", rest, *(_tensor(*pair) for pair in _pairs(weights))]
    text = HEAD.format(opset=17, inputs=inputs, dtype="float", out=out, weights=", ".join(held), body=body)
    return TextProbe(op, f"stretched {label}, of {fixed or 'open'} size", text, FACETS)


PIXELS = {
    "pixels": ("1,8,1", "1,1", "z = Conv<kernel_shape = [1]>(e, w)", "w:5,8,1", "1,8,n"),
    "pixels of windows": ("1,8,1", "1,1", "z = Conv<kernel_shape = [3]>(e, w)", "w:5,8,3", "1,8,n"),
    "joined pixels": ("1,8,1", "1,1", "c = Concat<axis = 1>(e, U) z = Conv<kernel_shape = [1]>(c, w)", "w:5,16,1", "1,8,n"),
    "joined pixels, batch free": (
        "b,8,1", "1,1", "c = Concat<axis = 1>(e, U) z = Conv<kernel_shape = [1]>(c, w)", "w:5,16,1", "b,8,n",
    ),
    "pixels, batch free": ("b,8,1", "1,1", "z = Conv<kernel_shape = [1]>(e, w)", "w:5,8,1", "b,8,n"),
    "pixels behind Tanh": ("b,8,1", "1,1", "t = Tanh(e) z = Conv<kernel_shape = [1]>(t, w)", "w:5,8,1", "b,8,n"),
    "pixels of two products": ("b,8,1", "1,1", "m = Conv(e, w) o = Conv(e, v) z = Add(m, o)", "w:5,8,1 v:5,8,1", "b,8,n"),
    "joined rows": ("b,1,4", "1", "c = Concat<axis = 2>(e, U) z = MatMul(c, w)", "w:8,5", "b,n,4"),
    "rows": ("b,1,4", "1", "z = MatMul(e, w)", "w:4,5", "b,n,4"),
    "rows behind Tanh": ("b,1,4", "1", "t = Tanh(e) z = MatMul(t, w)", "w:4,5", "b,n,4"),
}  # fmt: skip
"""Repeated as often as an input U has entries on an axis: the data, the other counts, and the shape of U."""


def _repeated(label: str, opset: int = 17) -> TextProbe:
    data, before, body, weights, given = PIXELS[label]
    ones = len(before.split(","))
    rank, at = len(data.split(",")), ones
    counts = [*(["o"] * ones), "n", *(["o"] * (rank - ones - 1))]
    held = [f"int64[1] i = {{{at}}}", "int64[1] o = {1}", *(_tensor(*pair) for pair in _pairs(weights))]
    body = f"q = Shape(U) n = Gather(q, i) s = Concat<axis = 0>({', '.join(counts)}) [probe] e = Tile(X, s) {body}"
    out = ",".join("pqrs"[:rank])
    inputs = f"float[{data}] X, float[{given}] U"
    text = HEAD.format(opset=opset, inputs=inputs, dtype="float", out=out, weights=", ".join(held), body=body)
    return TextProbe("Tile", f"stretched {label}, repeated as often as there are, opset={opset}", text, FACETS)


FILLED = {
    "terms shared": ("N,3,4", "n, f", "2", "{4, 5}", "z = MatMul(U, e)", "", "N,b,c"),
    "rows joined": ("N,3", "n, f", "1", "{1}", "c = Concat<axis = 1>(U, e) z = MatMul(c, w)", "w:4,5", "N,b"),
    "rows added": ("N,4", "n, f", "1", "{4}", "z = Add(U, e)", "", "N,b"),
    "rows behind Add": ("N,4", "n, f", "1", "{4}", "c = Add(U, e) z = MatMul(c, w)", "w:4,5", "N,b"),
}  # fmt: skip


def _filled(label: str, *, fixed: str = "") -> TextProbe:
    data, parts, count, rest, body, weights, out = FILLED[label]
    held = ["int64[1] i = {0}", f"int64[{count}] f = {rest}", *(_tensor(*pair) for pair in _pairs(weights))]
    made = f"q = Shape(U) n = Gather(q, i) s = Concat<axis = 0>({parts}) [probe] e = ConstantOfShape<value = float[1] {{2}}>(s)"
    data, out = (data.replace("N", fixed), out.replace("N", fixed)) if fixed else (data, out)
    body = f"{made} {body}"
    text = HEAD.format(opset=17, inputs=f"float[{data}] U", dtype="float", out=out, weights=", ".join(held), body=body)
    return TextProbe("ConstantOfShape", f"filled {label}, of {fixed or 'open'} size", text, FACETS)


RECURRENT = {"LSTM": (4, "z, h, k"), "GRU": (3, "z, h"), "RNN": (1, "z, h")}


def _recurrent(op: str, reader: str, data: str) -> TextProbe:
    gates, results = RECURRENT[reader]
    target, node = _spread(op, data, "5,2,3")
    held = [target, _tensor("w", f"1,{2 * gates},3"), _tensor("v", f"1,{2 * gates},2")]
    body = f"[probe] {node} {results} = {reader}<hidden_size = 2>(e, w, v)"
    text = HEAD.format(opset=17, inputs=f"float[{data}] X", dtype="float", out="a,b,c,d", weights=", ".join(held), body=body)
    return TextProbe(op, f"stretched {data} for {reader}", text, ("feeds", "feeds.by"))


def _case(op: str, name: str, dtype: str = "float", opset: int = 17) -> TextProbe:
    data, to, body, weights, more, out = ALL[name]
    return stretching(op, name, data, to, body, weights=weights, more=more, out=out, dtype=dtype, opset=opset)


KNOWN = {"constant": "", "of fixed dims": "d = Shape(Q) k = Cast<to = 1>(d) X = Mul(x, k) "}


def _known(op: str, name: str, source: str, *, weighed: bool = True) -> TextProbe:
    """A case whose data is known before a run: constant, or computed from dims; with `weighed` what it is multiplied by too."""
    data, to, body, weights, more, out = ALL[name]
    target, node = _spread(op, data, to)
    held, given = _pairs(weights), [("Q", "1"), *_pairs(more)]
    if not weighed:
        held, given = [], [*given, *held]
    constants = [target, _tensor("x" if KNOWN[source] else "X", data), *(_tensor(*pair) for pair in held)]
    inputs = ", ".join(f"float[{shape}] {label}" for label, shape in given)
    text = HEAD.format(opset=17, inputs=inputs, dtype="float", out=out, weights=", ".join(constants),
                       body=f"{KNOWN[source]}[probe] {node} {body}").replace("Identity(z)", "Add(z, Q)")  # fmt: skip
    return TextProbe(op, f"stretched {name}, {source}{'' if weighed else ', by data'}", text, (*FACETS, AGAIN))


PLAIN = ("rows of a MatMul", "terms of a MatMul", "batch of both sides", "batch of one side")
FORMS = [
    *(_case("Expand", name) for name in CASES),
    *(_case("Expand", f"raised {name}") for name in RAISED),
    *(_case("Expand", name, "float16") for name in ("columns", "terms on the right", "batch of both sides")),
    *(_case("Expand", name, opset=opset) for name in PLAIN for opset in (9, 11, 13, 21)),
    *(_case("Tile", name) for name in CASES if name != "a product alone"),
    *(_case("Tile", name, opset=opset) for name in PLAIN for opset in (9, 11, 21)),
    *(_known(op, name, source, weighed=weighed) for op in ("Expand", "Tile") for name, case in ALL.items() for source in KNOWN
      for weighed in (True, False) if "N" not in case[0] and (op == "Expand" or not name.startswith("raised"))),
    *map(_opened, OPEN),
    *(_opened(name, "Tile") for name in OPEN),
    *(_repeated(name, opset) for name in PIXELS for opset in (13, 17)),
    *(_opened(name, "ConstantOfShape", fixed=fixed) for name in OPEN for fixed in ("", "6")),
    *(_filled(name, fixed=fixed) for name in FILLED for fixed in ("", "2")),
    *(_recurrent(op, reader, data) for op in ("Expand", "Tile") for reader in RECURRENT for data in ("1,2,3", "5,1,3", "5,2,1")),
]  # fmt: skip

"""Operators with dynamic dims that are valid, or invalid, where each dynamic dim is 1, the size some runtimes load with.

Reshapes to constant targets; splits of an axis beside dynamic ones; constant tables sliced to the length of an input, like
position ids; layers normalized by a BatchNormalization whose channels are the dynamic batch; products in attention.
"""

from graphfix.probe.form import TextProbe

OPSETS = (12, 13, 17, 18)
VIEWS: dict[str, tuple[str, ...]] = {
    "n": ("-1,1", "1,-1", "-1", "1,1,-1", "-1,1,1", "2,-1", "-1,2", "2", "2,1", "1,-1,1,1"),
    "n,m": ("-1,1", "-1", "1,-1", "-1,1,1", "1,-1,1,1", "2,-1", "-1,2", "4", "1,2,-1"),
    "one": ("1", "1,1", "1,1,1"),
    "one,4": ("1,4", "4", "2,2", "4,1", "1,2,2", "1,1,4", "1,1,2,2", "1,2,1,2,1"),
    "one,one,4": ("4", "1,4", "2,2", "1,1,4", "1,1,2,2"),
    "one,2,one,4": ("8", "1,8", "2,4", "1,2,4", "1,2,1,4", "1,2,1,2,2"),
    "one,one,one": ("1", "1,1"),
    "one,2,2,3,2": ("24", "1,4,6", "2,2,3,2"),
    "one,2,2,one,2,2": ("16", "1,4,4"),
    "n,4": ("-1,2", "-1,2,2", "1,-1,4", "-1,1,4", "8", "2,4", "-1,1,2,2", "-1", "-1,8", "1,-1,2,2"),
    "n,3,4": ("-1,4", "-1,12", "-1,3,2,2", "-1,2,2,3", "6,4", "2,3,4", "-1", "-1,24", "3,-1", "-1,1,3,2,2", "-1,3,1,2,2,1"),
    "n,m,4": ("-1,4", "-1,2,2", "-1,1,2,2", "4,4", "1,-1,4", "1,1,-1,4", "-1,1,1,2,2", "2,-1", "-1", "-1,16", "2,2,2,2"),
    "n,3,h,w": ("-1,3,1", "3,-1", "-1", "-1,1,3,1", "-1,6", "2,3,4", "-1,1,1,1,3", "6,2,2"),
    "n,3,h,4": ("-1,3,4", "-1,4", "-1,1,3,2,2", "-1,3,8", "3,-1,4", "-1"),
    "n,m,2,4": ("-1,8", "-1,2,4", "-1,1,2,2,2", "4,8", "-1,4", "-1,16", "2,-1"),
    "n,2,3,4,2": ("-1,24", "-1,2,12,2", "-1,6,4,1,2", "2,48", "-1,96"),
    "n,2,2,h,2,2": ("-1,2,2,4", "-1,16", "-1,2,2,1,2,2", "8,8", "-1,32"),
}
PRODUCTS = (
    ("n,t,t", "n,t,8"), ("n,2,t,t", "n,2,t,8"), ("n,h,t,s", "n,h,s,8"), ("t,t", "t,8"), ("n,t,s", "n,s,8"), ("n,1,t", "n,t,8"),
    ("2,t,t", "2,t,8"), ("n,2,t,t", "2,t,8"), ("n,t,t", "t,8"), ("n,2,4,t", "n,2,t,8"), ("n,4,t", "n,t,8"), ("n,t,8", "n,8,t"),
    ("n,4,4", "n,4,4"), ("n,2,4,4", "n,2,4,4"), ("n,3,2", "n,t,8"), ("n,t,s", "n,2,8"), ("n,2,t,s", "n,2,2,8"),
)  # fmt: skip
TURNED = (
    ("n,t,8", "n,t,8"), ("n,2,t,8", "n,2,t,8"), ("n,h,t,8", "n,h,t,8"), ("t,8", "t,8"), ("n,1,8", "n,t,8"), ("2,t,8", "2,t,8"),
    ("n,t,8", "t,8"), ("n,2,t,8", "2,t,8"),
)  # fmt: skip
KINDS = {"float": 1, "int64": 7, "int32": 6, "bool": 9, "float16": 10}


def rank(dims: str) -> int:
    """Return the number of dims in a text."""
    return dims.count(",") + 1


def result(count: int, word: str = "o") -> str:
    """Return dynamic output dims of a given rank."""
    return ",".join(f"{word}{at}" for at in range(count))


def view(dims: str, target: str, kind: str = "float", opset: int = 17) -> TextProbe:
    """A Reshape to a constant target."""
    text = (
        f'<ir_version: 8, opset_import: ["" : {opset}]> g ({kind}[{dims}] x) => ({kind}[{result(rank(target))}] y)'
        f" <int64[{rank(target)}] t = {{{target}}}> {{ [probe] y = Reshape(x, t) }}"
    )
    return TextProbe("Reshape", f"view [{dims}] by [{target}] {kind} opset={opset}", text, ("clashes", "data.dims"))


def parts(dims: str, axis: int, count: int, opset: int, *, numbered: bool = False) -> TextProbe:
    """A Split of an axis of fixed size into equal parts without given sizes."""
    names = ", ".join(f"y{at}" for at in range(count))
    made = ", ".join(f"float[{result(rank(dims), f'p{at}_')}] y{at}" for at in range(count))
    numbers = f", num_outputs = {count}" if numbered else ""
    text = (
        f'<ir_version: 8, opset_import: ["" : {opset}]> g (float[{dims}] x) => ({made})'
        f" {{ [probe] {names} = Split<axis = {axis}{numbers}>(x) }}"
    )
    return TextProbe("Split", f"{count} parts of [{dims}] axis={axis} opset={opset}", text, ("input.dims", "parts"))


def viewed(axis: int, sizes: str, dims: str, opset: int, *, stated: bool = True) -> TextProbe:
    """A Split, with sizes or not (`stated`), of an axis whose size follows from a Reshape's target."""
    count = sizes.count(",") + 1
    names = ", ".join(f"y{at}" for at in range(count))
    made = ", ".join(f"float[{result(3, f'p{at}_')}] y{at}" for at in range(count))
    given, numbers = "v, s" if stated else "v", f", num_outputs = {count}" if not stated and opset > 17 else ""
    text = (
        f'<ir_version: 8, opset_import: ["" : {opset}]> g (float[{dims}] x) => ({made}) <int64[1] first = {{0}},'
        f" int64[2] rest = {{6, -1}}, int64[{count}] s = {{{sizes}}}> {{ d = Shape(x) b = Gather<axis = 0>(d, first)"
        f" t = Concat<axis = 0>(b, rest) v = Reshape(x, t) [probe] {names} = Split<axis = {axis}{numbers}>({given}) }}"
    )
    label = f"parts {sizes if stated else count} of a view of [{dims}] axis={axis} opset={opset}"
    return TextProbe("Split", label, text, ("followed", "parts"))


def product(one: str, other: str, kind: str = "float", *, turned: bool = False) -> TextProbe:
    """A product of attention: the scores, or the scores with values."""
    count = max(rank(one), rank(other))
    perm = ", ".join(map(str, [*range(rank(other) - 2), rank(other) - 1, rank(other) - 2]))
    before = f"w = Transpose<perm = [{perm}]>(b) " if turned else "w = Identity(b) "
    text = (
        f'<ir_version: 8, opset_import: ["" : 17]> g ({kind}[{one}] a, {kind}[{other}] b) => ({kind}[{result(count)}] y)'
        f" {{ {before}[probe] y = MatMul(a, w) }}"
    )
    return TextProbe("MatMul", f"[{one}] by [{other}]{' turned' if turned else ''} {kind}", text, ("A.dims", "B.dims"))


def late(op: str, dims: str, how: str, kind: str = "float") -> TextProbe:
    """Data whose size is known at runtime only, so that runtimes do not check it while loading."""
    count = rank(dims)
    zeros = ", ".join(["0"] * (2 * count - 1))
    made = {
        "cut": "v = Slice(x, first, k, last)",
        "padded": "d = Shape(x) h = Gather<axis = 0>(d, last) p = Concat<axis = 0>(none, h) v = Pad(x, p)",
    }[how]
    node = {"Reshape": "Reshape(v, t)", "MatMul": "MatMul(v, w)", "Add": "Add(v, u)"}[op]
    rows, width = 2 if op == "Reshape" else count, 1 if how == "cut" else 4
    extra = ", int64[1] k" if how == "cut" else ""
    text = (
        f'<ir_version: 8, opset_import: ["" : 17]> g ({kind}[{dims}] x{extra}) => ({kind}[{result(rows)}] y)'
        f" <int64[1] first = {{0}}, int64[1] last = {{{count - 1}}}, int64[{2 * count - 1}] none = {{{zeros}}},"
        f" int64[2] t = {{-1, {width}}}, {kind}[{width},2] w = {{{', '.join('1' * 2 * width)}}},"
        f" {kind}[{width}] u = {{{', '.join('1' * width)}}}> {{ {made} [probe] y = {node} }}"
    )
    return TextProbe(op, f"[{dims}] {how} late, {kind}", text, ("clashes", "late"))


def cut(op: str, *, length: str = "s", wide: bool = False, kind: str = "int64", opset: int = 17) -> TextProbe:
    """Entries of a constant table, sliced to the length of an input, used as indices into another table."""
    head = f'<ir_version: 8, opset_import: ["" : {opset}]> g (float[n,s] x)'
    table = ", ".join(str(at % 4) for at in range(8))
    cuts = (
        "d = Shape(x) m = Gather<axis = 0>(d, one) "
        + ("e = Identity(m) " if length == "s" else "e = Sub(m, one) ")
        + f"c = Slice(table, zero, e, one) i = Cast<to = {KINDS[kind]}>(c) "
    )
    if op == "GatherElements":
        rows = "h = Gather<axis = 0>(d, zero) w = Concat<axis = 0>(h, eight) k = Expand(values, w) "
        data = rows if wide else "k = Identity(values) "
        indices = "q = Concat<axis = 0>(h, m) j = Expand(i, q) " if wide else "j = Identity(i) "
        body = data + indices + "[probe] y = GatherElements<axis = 1>(k, j)"
        count = 2
    else:
        body = "[probe] y = Gather<axis = 1>(values, i)"
        count = 3
    text = (
        f"{head} => (float[{result(count)}] y) <int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] eight = {{8}},"
        f" int64[1,8] table = {{{table}}}, float[1,8] values = {{{table}}}> {{ {cuts}{body} }}"
    )
    label = f"table cut to {length} for {op}{' of every row' if wide else ''} {kind} opset={opset}"
    return TextProbe(op, label, text, ("indices", "foldable"))


def layer(dims: str, *, channels: str = "n", given: str = "shape", opset: int = 17) -> TextProbe:
    """A layer normalized over its last dims by a BatchNormalization with the rows as channels."""
    sizes = "d = Shape(x) h = Gather<axis = 0>(d, first) "
    cast = "r = Cast<to = 6>(h) b = Cast<to = 7>(r) " if given == "cast-shape" else "b = Identity(h) "
    scale = "o = Expand(unit, b) z = Expand(none, b) " if channels == "n" else "o = Identity(ones) z = Identity(zeros) "
    axes = "axes = [0, 2, 3], " if opset < 18 else ""
    last = "" if opset < 18 else ", over"
    rows = "-1" if channels == "n" else channels
    squeeze = "Squeeze<axes = [0, 2, 3]>(a)" if opset < 13 else "Squeeze(a, over)"
    count = channels if channels != "n" else "1"
    text = (
        f'<ir_version: 8, opset_import: ["" : {opset}]> g (float[{dims}] x) => (float[1,c,4,1] y) <int64[1] first = {{0}},'
        f" int64[4] t = {{1, {rows}, 4, 1}}, int64[3] over = {{0, 2, 3}}, float unit = {{1}}, float none = {{0}},"
        f" float[{count}] ones = {{{', '.join('1' * int(count))}}}, float[{count}] zeros = {{{', '.join('0' * int(count))}}}>"
        f" {{ {sizes}{cast}{scale}v = Reshape(x, t) a = ReduceMean<{axes}keepdims = 1>(v{last}) m = {squeeze}"
        f" e = Sub(v, a) f = Mul(e, e) k = ReduceMean<{axes}keepdims = 1>(f{last})"
        f" p = {squeeze.replace('(a', '(k')} [probe] y = BatchNormalization<epsilon = 0.001>(v, o, z, m, p) }}"
    )
    label = f"layer of [{dims}], channels={channels} from {given} opset={opset}"
    return TextProbe("BatchNormalization", label, text, ("X.dims", "scale"))


FORMS = [
    *(view(dims, target) for dims, targets in VIEWS.items() for target in targets),
    *(view(dims, target, kind) for dims in ("n", "n,m", "n,4", "n,m,4") for target in VIEWS[dims][:4] for kind in KINDS
      if kind != "float"),
    *(view(dims, target, opset=opset) for dims in ("n,m", "n,4", "n,m,4") for target in VIEWS[dims][:5]
      for opset in (12, 13, 24)),
    *(parts(dims, axis, count, opset, numbered=opset > 17) for opset in (11, *OPSETS) for count in (2, 3)
      for dims, axis in (("n,6,t", 1), ("n,t,6", 2), ("n,t,6", -1), ("n,6,h,w", 1), ("n,6", 1), ("6,t", 0), ("2,6,t", 1),
          ("n,6,4", 1), ("n,h,6,w", 2), ("n,2,t,6", -1))),
    *(viewed(axis, sizes, dims, opset) for opset in (13, 17, 18) for dims in ("n,12", "n,6,t")
      for axis, sizes in ((1, "2,4"), (1, "3,3"), (1, "1,2,3"))),
    *(viewed(1, sizes, dims, opset, stated=False) for opset in (13, 17, 18) for dims in ("n,12", "n,6,t")
      for sizes in ("3,3", "2,2,2")),
    *(product(one, other, kind) for kind in ("float", "float16") for one, other in PRODUCTS),
    *(product(one, other, kind, turned=True) for kind in ("float", "float16") for one, other in TURNED),
    *(late(op, dims, how) for op in ("Reshape", "MatMul", "Add") for how in ("cut", "padded")
      for dims in ("n,m", "1,m", "n,3,m", "n,m,4,m")),
    *(cut(op, length=length, kind=kind, opset=opset) for op in ("GatherElements", "Gather") for length in ("s", "less")
      for kind in ("int64", "int32") for opset in (13, 17)),
    *(cut("GatherElements", length=length, wide=True, kind=kind) for length in ("s", "less") for kind in ("int64", "int32")),
    *(layer(dims, channels=channels, given=given, opset=opset) for given in ("shape", "cast-shape") for opset in (9, 12, 13, 17)
      for dims, channels in (("n,4", "n"), ("2,4", "2"))),
]  # fmt: skip

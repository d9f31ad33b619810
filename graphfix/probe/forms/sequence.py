"""Sequence operators, as small models."""

from graphfix.probe.form import SPELLED, TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {{ {body} }}'
DTYPES = tuple(SPELLED)
SHAPES = ("", "[3]", "[2,3]", "[2,3,4]", "[1,2,3,2]", "[1,2,1,3,2]", "[n,3]", "[n,m]", "[n,3,h]")
PLACES = {
    "first": ("", "i = Constant<value = {T} {{0}}>() "),
    "second": ("", "i = Constant<value = {T} {{1}}>() "),
    "third": ("", "i = Constant<value = {T} {{2}}>() "),
    "last": ("", "i = Constant<value = {T} {{-1}}>() "),
    "vector": ("", "i = Constant<value = {T}[1] {{1}}>() "),
    "folded": ("", "i0 = Constant<value = {T} {{1}}>() i = Sub(i0, i0) "),
    "shape": (
        ", float[s] S0",
        "i0 = Size(S0) i1 = Constant<value = int64 {{2}}>() j = Sub(i0, i1) i = Cast<to = {code}>(j) ",
    ),
    "cast-shape": (", float[s] S0", "i0 = Size(S0) i1 = Cast<to = 1>(i0) i3 = Sub(i1, i1) i = Cast<to = {code}>(i3) "),
    "runtime": (", {T} i", ""),
    "runtime-1": (", {T}[1] i", ""),
    "absent": ("", ""),
}
"""Positions in a sequence of three tensors."""
THREE = "R = SequenceConstruct(A, B, A) "
SOURCES = {
    "constructed": THREE,
    "grown": "E = SequenceEmpty<dtype = {code}>() P = SequenceInsert(E, A) Q0 = SequenceInsert(P, B) R = SequenceInsert(Q0, A) ",
    "split": "C = Concat<axis = 0>(A, B) R = SplitToSequence<axis = 0>(C) ",
}
READS = {
    "SequenceAt": "[probe] Y = SequenceAt(R, i)",
    "SequenceInsert": "[probe] Q = SequenceInsert(R, B, i) z = Constant<value = int64 {{0}}>() Y = SequenceAt(Q, z)",
    "SequenceErase": "[probe] Q = SequenceErase(R, i) z = Constant<value = int64 {{0}}>() Y = SequenceAt(Q, z)",
}


def _text(
    op: str, label: str, inputs: str, output: str, body: str, *, opset: int = 17, varied: tuple[str, ...] = ()
) -> TextProbe:
    text = HEAD.format(ir=11 if opset > 17 else 8, opset=opset, inputs=inputs, output=output, body=body)
    return TextProbe(op, f"{label} opset={opset}", text, varied)


def _placed(
    op: str,
    place: str,
    *,
    kind: str = "int64",
    dtype: str = "float",
    shape: str = "[2,3]",
    source: str = "constructed",
    after: str = "",
) -> TextProbe:
    """An operator with a position operand."""
    more, made = PLACES[place]
    words = {"T": kind, "code": SPELLED[kind]}
    start = SOURCES[source].format(code=SPELLED[dtype])
    read = READS[op].format()
    if place == "absent":
        read = read.replace(", i)", ")")
    output = f"{dtype}[] Y"
    if after == "length":
        read = read.partition(" z =")[0] + " Y = SequenceLength(Q)"
        output = "int64 Y"
    elif after == "joined":
        read = read.partition(" z =")[0] + " Y = ConcatFromSequence<axis = 0>(Q)"
    given = f"{dtype}{shape} A, {dtype}{shape} B" + more.format(**words)
    label = f"{op} at {place} {kind} in {source} of {dtype}{shape} {after}"
    return _text(op, label, given, output, made.format(**words) + start + read, varied=("position",))


def _made(count: int, dtype: str, shape: str, *, after: str, source: str = "runtime") -> TextProbe:
    """A sequence of a number of tensors, with SequenceAt or SequenceLength."""
    names = [f"A{at}" for at in range(count)]
    body = "i = Constant<value = int64 {0}>() "
    if source == "constant":
        body += "".join(f"{name} = Constant<value = float[2] {{1, 2}}>() " for name in names)
        given = "float[2] B"
    elif source == "mixed":
        body += "A0 = Constant<value = float[2] {1, 2}>() "
        given = ", ".join(f"float[2] {name}" for name in [*names[1:], "B"])
    elif source == "folded":
        body += "k = Constant<value = int64[1] {2}>() " + "".join(f"{name} = ConstantOfShape(k) " for name in names)
        given = "float[2] B"
    elif source == "shape":
        body += "".join(f"{name} = Shape(B) " for name in names)
        given = "float[n,3] B"
    else:
        given = ", ".join(f"{dtype}{shape} {name}" for name in names)
    after_ = {
        "at": " Y = SequenceAt(S, i)",
        "length": " Y = SequenceLength(S)",
        "joined": " Y = ConcatFromSequence<axis = 0>(S)",
        "stacked": " Y = ConcatFromSequence<axis = 0, new_axis = 1>(S)",
    }[after]
    kind = "int64" if source == "shape" else dtype
    output = "int64 Y" if after == "length" else f"{kind}[] Y"
    if source in ("constant", "folded", "mixed") and after != "length":
        after_, output = after_.replace(" Y =", " W =") + " Y = Add(W, B)", "float[] Y"
    label = f"SequenceConstruct {count} {source} {dtype}{shape} {after}"
    return _text(
        "SequenceConstruct",
        label,
        given,
        output,
        body + f"[probe] S = SequenceConstruct({', '.join(names)})" + after_,
        varied=("inputs",),
    )


def _empty(dtype: str | None, after: str) -> TextProbe:
    kind = dtype or "float"
    stated = "" if dtype is None else f"<dtype = {SPELLED[dtype]}>"
    tail = {
        "at": "S = SequenceInsert(E, A) i = Constant<value = int64 {0}>() Y = SequenceAt(S, i)",
        "joined": "S0 = SequenceInsert(E, A) S = SequenceInsert(S0, A) Y = ConcatFromSequence<axis = 0>(S)",
        "length": "S = SequenceInsert(E, A) Y = SequenceLength(S)",
    }[after]
    return _text(
        "SequenceEmpty",
        f"SequenceEmpty {dtype} {after}",
        f"{kind}[2,3] A",
        "int64 Y" if after == "length" else f"{kind}[] Y",
        f"[probe] E = SequenceEmpty{stated}() {tail}",
        varied=("dtype",),
    )


def _joined(dtype: str, shape: str, axis: int, new: int, source: str = "constructed") -> TextProbe:
    """A sequence concatenated along an axis."""
    body = SOURCES[source].format(code=SPELLED[dtype])
    body += f"[probe] Y = ConcatFromSequence<axis = {axis}{', new_axis = 1' if new else ''}>(R)"
    return _text(
        "ConcatFromSequence",
        f"ConcatFromSequence {dtype}{shape} axis={axis} new_axis={new} of {source}",
        f"{dtype}{shape} A, {dtype}{shape} B",
        f"{dtype}[] Y",
        body,
        varied=("axis", "new_axis"),
    )


BODIES = {
    "identity": ("", "", "b (float[] p) => (float[] q) { q = Identity(p) }"),
    "relu": ("", "", "b (float[] p) => (float[] q) { q = Relu(p) }"),
    "with tensor": (", C", ", float[2,3] C", "b (float[] p, float[] c) => (float[] q) { q = Add(p, c) }"),
    "with sequence": (", R", "", "b (float[] p, float[] c) => (float[] q) { q = Add(p, c) }"),
    "with both": (
        ", R, C",
        ", float[2,3] C",
        "b (float[] p, float[] c, float[] d) => (float[] q) { r = Add(p, c) q = Add(r, d) }",
    ),
    "with constant": (", k", "", "b (float[] p, float[] c) => (float[] q) { q = Add(p, c) }"),
    "shapes": ("", "", "b (float[] p) => (int64[] q) { q = Shape(p) }"),
}


TENSORS = {
    "constant": "T = Constant<value = float[2,3] {1, 2, 3, 4, 5, 6}>() ",
    "folded": "T0 = Constant<value = int64[2] {2, 3}>() T = ConstantOfShape(T0) ",
    "shape": "T0 = Shape(B) T = Cast<to = 1>(T0) ",
    "static-shape": "T0 = Shape(A) T = Cast<to = 1>(T0) ",
    "whole shape": "T = Shape(B) ",
}


def _inserted(source: str, place: str) -> TextProbe:
    """A tensor that is not a graph input, inserted into a sequence."""
    more, made = PLACES[place]
    words = {"T": "int64", "code": 7}
    kind = "int64[4] A" if source == "whole shape" else "float[2,3] A"
    body = f"{TENSORS[source]}R = SequenceConstruct(A, A) {made.format(**words)}"
    body += f"[probe] Q = SequenceInsert(R, T{'' if place == 'absent' else ', i'}) "
    body += "z = Constant<value = int64 {0}>() Y = SequenceAt(Q, z)"
    return _text(
        "SequenceInsert",
        f"SequenceInsert of {source} at {place}",
        f"{kind}, float[n,3] B{more.format(**words)}",
        f"{kind.partition('[')[0]}[] Y",
        body,
        varied=("tensor",),
    )


def _mapped(label: str, source: str, shape: str = "[2,3]") -> TextProbe:
    more, given, body = BODIES[label]
    start = SOURCES[source].format(code=1) + ("k = Constant<value = float {1}>() " if label == "with constant" else "")
    start = start.replace("C = ", "J = ").replace("(C)", "(J)") if " C" in given else start
    kind = "int64" if label == "shapes" else "float"
    node = f"[probe] M = SequenceMap(R{more})<body = {body}> i = Constant<value = int64 {{0}}>() Y = SequenceAt(M, i)"
    return _text(
        "SequenceMap",
        f"SequenceMap {label} over {source} {shape}",
        f"float{shape} A, float{shape} B{given}",
        f"{kind}[] Y",
        start + node,
        varied=("body",),
    )


def _measured(source: str, dtype: str, shape: str) -> TextProbe:
    body = SOURCES[source].format(code=SPELLED[dtype]) + "[probe] Y = SequenceLength(R)"
    return _text(
        "SequenceLength", f"SequenceLength of {source} {dtype}{shape}", f"{dtype}{shape} A, {dtype}{shape} B", "int64 Y", body
    )


FORMS = [
    *(_inserted(source, place) for source in TENSORS for place in ("absent", "first", "runtime")),
    *(
        _placed(op, place, kind=kind, source=source)
        for op in READS
        for place in PLACES
        for kind in ("int64", "int32")
        for source in SOURCES
        if place != "absent" or op != "SequenceAt"
    ),
    *(_placed(op, "absent", after=after) for op in ("SequenceInsert", "SequenceErase") for after in ("length", "joined")),
    *(_placed(op, place, dtype=dtype) for op in READS for place in ("first", "runtime") for dtype in DTYPES),
    *(_placed(op, place, shape=shape) for op in READS for place in ("first", "runtime") for shape in SHAPES),
    *(_placed("SequenceInsert", "absent", dtype=dtype) for dtype in DTYPES),
    *(_placed("SequenceInsert", "absent", shape=shape) for shape in SHAPES),
    *(_made(count, "float", "[2,3]", after=after) for count in (1, 2, 3, 5) for after in ("at", "joined", "stacked", "length")),
    *(_made(2, dtype, "[2,3]", after=after) for dtype in DTYPES for after in ("at", "joined")),
    *(_made(2, "float", shape, after=after) for shape in SHAPES for after in ("at", "stacked")),
    *(
        _made(count, "float", "", after=after, source=source)
        for count in (1, 2, 3)
        for source in ("constant", "mixed", "folded", "shape")
        for after in ("at", "joined", "length")
    ),
    *(_empty(dtype, after) for dtype in (None, *DTYPES) for after in ("at", "joined", "length")),
    *(
        _joined("float", shape, axis, new, source)
        for shape in ("[3]", "[2,3]", "[2,3,4]", "[1,2,3,2]", "[n,3]")
        for axis in (0, 1, 2, -1, -2)
        for new in (0, 1)
        for source in ("constructed", "grown")
    ),
    *(_joined("float", "[2,3]", axis, new, "split") for axis in (0, 1, -1) for new in (0, 1)),
    *(_joined("float", "", 0, 1, source) for source in ("constructed", "grown")),
    *(_joined(dtype, "[2,3]", 0, new) for dtype in DTYPES for new in (0, 1)),
    *(_mapped(label, source) for label in BODIES for source in SOURCES),
    *(_mapped(label, "constructed", shape) for label in ("identity", "with tensor") for shape in ("[n,3]", "[n,m]")),
    *(
        _measured(source, dtype, shape)
        for source in SOURCES
        for dtype, shape in (("float", "[2,3]"), ("int64", "[2,3]"), ("float", "[n,3]"), ("float", "[2]"))
    ),
]

"""SplitToSequence: split sizes, axes, and keepdims."""

from graphfix.probe.form import SPELLED, TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {{ {body} }}'
DTYPES = tuple(SPELLED)

SPLITS = {
    "absent": ("", ""),
    "scalar": ("", "k = Constant<value = {T} {{2}}>() "),
    "one": ("", "k = Constant<value = {T} {{1}}>() "),
    "vector": ("", "k = Constant<value = {T}[2] {{1, 3}}>() "),
    "equal": ("", "k = Constant<value = {T}[2] {{2, 2}}>() "),
    "ones": ("", "k = Constant<value = {T}[4] {{1, 1, 1, 1}}>() "),
    "none and all": ("", "k = Constant<value = {T}[2] {{0, 4}}>() "),
    "folded": ("", "k0 = Constant<value = {T} {{1}}>() k = Add(k0, k0) "),
    "folded-vector": ("", "k0 = Constant<value = {T}[2] {{1, 1}}>() k = Add(k0, k0) "),
    "shape": (", float[s] S0", "k0 = Size(S0) k = Cast<to = {code}>(k0) "),
    "runtime": (", {T} k", ""),
    "runtime-1": (", {T}[2] k", ""),
}


def _text(
    op: str, label: str, inputs: str, output: str, body: str, *, opset: int = 17, varied: tuple[str, ...] = ()
) -> TextProbe:
    text = HEAD.format(ir=11 if opset > 17 else 8, opset=opset, inputs=inputs, output=output, body=body)
    return TextProbe(op, f"{label} opset={opset}", text, varied)


def _split(
    split: str,
    *,
    dtype: str = "float",
    shape: str = "[4,4]",
    axis: int | None = 0,
    keep: int = 1,
    kind: str = "int64",
    opset: int = 17,
    after: str = "at",
) -> TextProbe:
    """A probe of SplitToSequence."""
    more, made = SPLITS[split]
    words = {"T": kind, "code": SPELLED[kind]}
    stated = [f"axis = {axis}"] if axis is not None else []
    stated += ["keepdims = 0"] if not keep else []
    operand = "A" if split == "absent" else "A, k"
    body = made.format(**words) + f"[probe] S = SplitToSequence{'<' + ', '.join(stated) + '>' if stated else ''}({operand}) "
    body += {
        "at": "i = Constant<value = int64 {0}>() Y = SequenceAt(S, i)",
        "length": "Y = SequenceLength(S)",
        "joined": "Y = ConcatFromSequence<axis = 0, new_axis = 1>(S)",
    }[after]
    output = "int64 Y" if after == "length" else f"{dtype}[] Y"
    label = f"SplitToSequence {split} {kind} {dtype}{shape} axis={axis} keepdims={keep} {after}"
    return _text(
        "SplitToSequence",
        label,
        f"{dtype}{shape} A" + more.format(**words),
        output,
        body,
        opset=opset,
        varied=("split", "axis", "keepdims"),
    )


FORMS = [
    *(
        _split(split, kind=kind, axis=axis, keep=keep, opset=opset)
        for split in SPLITS
        for kind in ("int64", "int32")
        for axis, keep in ((0, 1), (1, 0))
        for opset in (17, 24)
    ),
    *(_split(split, axis=axis, keep=keep) for split in SPLITS for axis, keep in ((1, 1), (0, 0))),
    *(
        _split(split, opset=opset, dtype=dtype)
        for split in ("absent", "scalar", "vector")
        for dtype in DTYPES
        for opset in (17, 24)
    ),
    *(
        _split(split, shape=shape, axis=axis)
        for split in ("absent", "scalar", "runtime")
        for shape in ("[4]", "[2,3,4]", "[1,2,3,4]", "[n,4]", "[4,n]", "[n,m]")
        for axis in (None, 0, -1)
    ),
    *(
        _split(split, shape=shape, axis=1, keep=keep, after=after)
        for split in ("absent", "scalar", "equal")
        for shape in ("[2,4,3]", "[n,4,3]", "[2,4,3,5]")
        for keep in (0, 1)
        for after in ("at", "length")
    ),
    *(
        _split(split, after=after, opset=opset)
        for split in ("absent", "scalar", "vector")
        for after in ("length", "joined")
        for opset in (17, 24)
    ),
]

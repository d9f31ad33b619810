"""Scans: how many states and scanned inputs, their ranks and sources, directions and axes."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({outputs}) {{ {body} }}'
STATES = {
    "runtime": ("H{at}", ""),
    "constant": ("c{at}", "c{at} = Constant<value = {kind}>() "),
    "folded": ("c{at}", "z{at} = Constant<value = {sizes}>() c{at} = ConstantOfShape(z{at}) "),
    "shape": ("c{at}", "z{at} = Shape(H{at}) c{at} = ConstantOfShape(z{at}) "),
    "made": ("c{at}", "c{at} = Relu(H{at}) "),
}
IRS = {8: 3, 9: 4, 11: 6, 13: 7, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11, 24: 11, 25: 12}


def _tensor(shape: tuple[int, ...]) -> str:
    count = 1
    for size in shape:
        count *= size
    return f"float{list(shape) if shape else ''} {{{', '.join(str(i % 5) for i in range(count))}}}".replace(" ", "")


def _dims(shape: tuple[int | str, ...]) -> str:
    return f"[{','.join(map(str, shape))}]" if shape else ""


def _scan(
    label: str,
    *,
    states: int = 1,
    scanned: int = 1,
    shape: tuple[int, ...] = (4,),
    source: str = "runtime",
    opset: int = 17,
    length: int | str = 3,
    dtype: str = "float",
    attributes: str = "",
    axis: int = 0,
    stacked: int = 1,
    captures: bool = False,
    open_dims: bool = False,
    given: str = "runtime",
    state: tuple[int, ...] | None = None,
) -> TextProbe:
    """A scan whose states and slices have one shape (states another with `state`), over `scanned` inputs along `axis`."""
    held = shape if state is None else state
    whole = (*shape[:axis], length, *shape[axis:])
    stated = tuple(f"d{at}" for at in range(len(whole))) if open_dims else whole
    start, made = STATES[source] if dtype == "float" else STATES["runtime"]
    body = "".join(
        made.format(at=at, kind=_tensor(held), sizes=f"int64[{len(held)}] {{{', '.join(map(str, held))}}}")
        for at in range(states)
    )
    inputs = [f"{dtype}{_dims(held)} H{at}" for at in range(states)] if source not in ("constant", "folded") else []
    names = [f"X{at}" for at in range(scanned)]
    if given == "runtime":
        inputs += [f"{dtype}{_dims(stated)} {name}" for name in names]
    else:
        inputs.append("float[4] W")
        body += "".join(f"{name} = Constant<value = {_tensor(tuple(int(d) for d in whole))}>() " for name in names)
    if captures and "float[4] W" not in inputs:
        inputs.append("float[4] W")
    add = "Or({0}, {1})" if dtype == "bool" else "Add({0}, {1})"
    inner = [f"{dtype}{_dims(held)} h{at}" for at in range(states)] + [f"{dtype}{_dims(shape)} x{at}" for at in range(scanned)]
    last = "x0" if not captures else "xw"
    work = "" if not captures else "xw = Add(x0, W) "
    reduced = last
    if state is not None:
        work += f"xr = ReduceSum<keepdims = 0>({last}) "
        reduced = "xr"
    work += "".join(f"o{at} = {add.format(f'h{at}', reduced)} " for at in range(states))
    work += "".join(f"s{at} = {add.format(f'x{at % scanned}', last)} " for at in range(stacked))
    kept = [f"{dtype}{_dims(held)} o{at}" for at in range(states)] + [f"{dtype}{_dims(shape)} s{at}" for at in range(stacked)]
    results = [f"Y{at}" for at in range(states + stacked)]
    more = f", {attributes}" if attributes else ""
    node = (
        f"[probe] {', '.join(results)} = Scan({', '.join([*(start.format(at=at) for at in range(states)), *names])})"
        f"<num_scan_inputs = {scanned}{more}, body = b ({', '.join(inner)}) => ({', '.join(kept)}) {{ {work}}}>"
    )
    outputs = ", ".join(
        [f"{dtype}{_dims(held)} Y{at}" for at in range(states)] + [f"{dtype}[] Y{at}" for at in range(states, states + stacked)]
    )
    text = HEAD.format(ir=IRS[opset], opset=opset, inputs=", ".join(inputs), outputs=outputs, body=body + node)
    label = f"{label} states={states} {source} scanned={scanned} shape={_dims(shape)} opset={opset} {attributes}"
    return TextProbe("Scan", label, text, ("states", "scanned"))


BATCHED = "b (float[4] h, float[4] x) => (float[4] o, float[4] s) { o = Add(h, x) s = Identity(o) }"
DIRECTED = ", directions = [1]"


def _batched(lengths: str, dims: str, more: str = "") -> TextProbe:
    """A Scan of version 8, which has a batch and sequence lengths."""
    inputs = ("int64[2] L, " if lengths == "runtime" else "") + f"float[{dims.split(',')[0]},4] H, float[{dims},4] X"
    made = "L = Constant<value = int64[2] {3, 2}>() " if lengths == "constant" else ""
    node = f"[probe] Y, Z = Scan({'' if lengths == 'absent' else 'L'}, H, X)<num_scan_inputs = 1{more}, body = {BATCHED}>"
    text = HEAD.format(ir=3, opset=8, inputs=inputs, outputs="float[] Y, float[] Z", body=made + node)
    return TextProbe("Scan", f"batched lengths={lengths} {dims} {more}", text, ("since", "sequence_lens"))


SHAPES: tuple[tuple[int, ...], ...] = ((), (4,), (2, 4), (2, 3, 4), (2, 1, 3, 4), (1, 2, 1, 2, 4))
DTYPES = ("float16", "bfloat16", "double", "int64", "int32", "int8", "uint8", "int16", "uint16", "uint32", "uint64", "bool")
FORMS = [
    *(
        _scan("rank", shape=shape, source=source, states=states)
        for shape in SHAPES
        for source in STATES
        for states in (1, 2)
        if source == "runtime" or shape
    ),
    *(_scan("scalar", shape=(), source=source) for source in ("constant", "made")),
    *(
        _scan("count", states=states, scanned=scanned, source=source, stacked=stacked)
        for states in (0, 1, 2, 3)
        for scanned in (1, 2, 3)
        for source in ("runtime", "constant", "folded")
        for stacked in (0, 1, 2)
        if states + stacked and (states or source == "runtime")
    ),
    *(
        _scan("many ranks", states=states, scanned=scanned, shape=shape, source=source)
        for shape in SHAPES[2:5]
        for states, scanned in ((1, 3), (2, 3), (1, 4))
        for source in ("runtime", "constant", "folded", "shape")
    ),
    *(_scan("small state", shape=shape, state=(), source=source) for shape in SHAPES[1:4] for source in ("runtime", "constant")),
    *(
        _scan("version", opset=opset, states=states, source=source)
        for opset in IRS
        if opset > 8
        for states in (0, 1, 2)
        for source in ("runtime", "constant", "folded", "shape")
        if states or source == "runtime"
    ),
    *(
        _scan("open", length="t", shape=shape, source=source, states=states)
        for shape in SHAPES[:4]
        for source in ("runtime", "constant", "folded", "shape")
        for states in (0, 1, 2)
        if shape or source == "runtime"
    ),
    *(
        _scan("all open", open_dims=True, shape=shape, source=source, length=2)
        for shape in ((2,), (2, 2), (2, 2, 2))
        for source in ("runtime", "shape")
    ),
    *(_scan("dtype", dtype=dtype, states=states) for dtype in DTYPES for states in (0, 1, 2)),
    *(
        _scan("attributes", attributes=words, source=source, shape=(2, 4))
        for source in ("runtime", "constant")
        for words in (
            "scan_input_directions = [1]",
            "scan_output_directions = [1]",
            "scan_input_directions = [0]",
            "scan_input_directions = [1], scan_output_directions = [1]",
            "scan_input_axes = [0]",
            "scan_output_axes = [0]",
            "scan_output_axes = [1]",
            "scan_output_axes = [-1]",
        )
    ),
    *(
        _scan("axis", axis=axis, shape=(2, 4), attributes=f"scan_input_axes = [{given}]{more}", source=source)
        for axis, given in ((1, 1), (2, 2), (2, -1))
        for more in ("", f", scan_output_axes = [{axis}]", ", scan_input_directions = [1]")
        for source in ("runtime", "constant")
    ),
    *(
        _scan("captures", captures=True, states=states, source=source)
        for states in (0, 1, 2)
        for source in ("runtime", "constant", "folded")
        if states or source == "runtime"
    ),
    *(
        _scan("given", given="constant", states=states, source=source)
        for states in (0, 1, 2)
        for source in ("runtime", "constant", "folded")
        if states or source == "runtime"
    ),
    *(
        _batched(lengths, dims, more)
        for lengths in ("absent", "constant", "runtime")
        for dims in ("2,3", "2,t", "b,3")
        for more in ("", DIRECTED)
    ),
]

PLAIN = (
    '<ir_version: {ir}, opset_import: ["": {opset}]> g (float{state} H, float{scanned} X) '
    "=> (float{state} Y, float[] Z) {{ {body} }}"
)
BODY = "[probe] Y, Z = Scan({initial}, X) <num_scan_inputs = 1, body = b (h, x) => (o, s) {{ o = Add(h, x) s = Relu(o) }}>"


def _untyped(rank: int, opset: int, source: str) -> TextProbe:
    """A Scan whose body does not declare dtypes and shapes of its inputs, as in function bodies."""
    state = ",".join("2345"[:rank])
    initial, before = ("H", "") if source == "runtime" else ("n", "n = Neg(H) ")
    body = before + BODY.format(initial=initial)
    text = PLAIN.format(ir=IRS.get(opset, 8), opset=opset, state=f"[{state}]", scanned=f"[3,{state}]", body=body)
    return TextProbe("Scan", f"untyped body rank={rank} opset={opset} state={source}", text, ("untyped",))


FORMS += [
    _untyped(rank, opset, source) for rank in (1, 2, 3, 4) for opset in (11, 17, 19, 21, 23, 25) for source in ("runtime", "made")
]


def _numbered(length: int | str, states: int, stacked: int, shape: tuple[int, ...] = (4,), *, opset: int = 17) -> TextProbe:
    """A Scan over the numbers 0, 1, 2, ... up to the size of an outer value, which its body indexes."""
    inner = [f"float{_dims(shape)} h{at}" for at in range(states)]
    work = "x = Gather<axis = 0>(X, i) " + "".join(f"o{at} = Add(h{at}, x) " for at in range(states))
    work += "".join(f"s{at} = Relu({f'o{at}' if at < states else 'x'}) " for at in range(stacked))
    kept = [f"float{_dims(shape)} o{at}" for at in range(states)] + [f"float{_dims(shape)} s{at}" for at in range(stacked)]
    names = [f"Y{at}" for at in range(states + stacked)]
    body = "d = Shape(X) z = Constant<value = int64 {0}>() u = Constant<value = int64 {1}>() n = Gather(d, z) R = Range(z, n, u) "
    body += (
        f"[probe] {', '.join(names)} = Scan({', '.join([*(f'H{at}' for at in range(states)), 'R'])})"
        f"<num_scan_inputs = 1, body = b ({', '.join([*inner, 'int64 i'])}) => ({', '.join(kept)}) {{ {work}}}>"
    )
    inputs = [f"float{_dims((length, *shape))} X", *(f"float{_dims(shape)} H{at}" for at in range(states))]
    outputs = [
        *(f"float{_dims(shape)} Y{at}" for at in range(states)),
        *(f"float[] Y{at}" for at in range(states, states + stacked)),
    ]
    text = HEAD.format(ir=IRS[opset], opset=opset, inputs=", ".join(inputs), outputs=", ".join(outputs), body=body)
    label = f"numbered length={length} states={states} stacked={stacked} shape={_dims(shape)} opset={opset}"
    return TextProbe("Scan", label, text, ("states", "scanned"))


FORMS += [
    *(
        _numbered(length, states, stacked)
        for length in (3, "N")
        for states in (0, 1, 2, 3)
        for stacked in (0, 1, 2)
        if states + stacked
    ),
    *(_numbered("N", states, 1, shape, opset=opset) for states in (0, 1) for shape in ((), (2, 4)) for opset in (11, 17, 21)),
    *(_scan("batch", length="N", shape=shape, states=states) for shape in SHAPES[:3] for states in (0, 1, 2)),
]

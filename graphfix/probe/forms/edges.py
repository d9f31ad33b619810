"""Input numbers for which compilers compute wrong results: full-width shifts, ties, halves, overflow, runtime sizes."""

from collections.abc import Sequence

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {{ {before} [probe] {node} }}'
TYPES = {"int8": 8, "int16": 16, "int32": 32, "int64": 64, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
Feeds = Sequence[tuple[str, Sequence[float]]]


def tried(op: str, label: str, opset: int, inputs: str, output: str, node: str, feeds: Feeds, before: str = "") -> TextProbe:
    """A probe of one node with these input numbers."""
    text = HEAD.format(ir=10 if opset > 20 else 8, opset=opset, inputs=inputs, output=output, node=node, before=before)
    return TextProbe(op, f"{label}; {inputs} opset={opset}", text, (), (), feeds)


def shifts(direction: str, dtype: str, opset: int) -> list[TextProbe]:
    """Shifts by at least the width of the dtype, and shifts of and by negative numbers."""
    width = TYPES[dtype]
    given = f"{dtype}[4] X, {dtype}[4] Y"
    node = f'Z = BitShift<direction = "{direction}">(X, Y)'
    cases = {"shifts of the width or more": ((1, 2, 3, 100), (0, width - 1, width, width + 1))}
    if not dtype.startswith("u"):
        cases["shifts of negative numbers"] = (-1, -2, -3, -100), (0, 1, 2, 3)
        cases["shifts by negative numbers"] = (1, 2, 3, 100), (-1, -2, 0, 1)
    return [
        tried("BitShift", label, opset, given, f"{dtype}[4] Z", node, (("X", x), ("Y", y))) for label, (x, y) in cases.items()
    ]


def ties(dtype: str, largest: int, opset: int, shape: str, count: int, source: str, chosen: int = 3) -> TextProbe:
    """Equal values, which must keep their order."""
    node = f"V, Z = TopK<axis = -1, largest = {largest}>(X, k)"
    before = f"k = Constant<value = int64[1] {{{chosen}}}>()" if source == "constant" else ""
    given = f"{dtype}[{shape}] X" + (", int64[1] k" if source == "runtime" else "")
    numbers = (1, 1, 2, 2, 2, 0, 0, 1) * (count // 8) if count >= 8 else (1,) * count
    output = f"{dtype}[] V, int64[] Z"
    feeds = [("X", numbers), *([("k", (chosen,))] if source == "runtime" else [])]
    return tried("TopK", "equal values", opset, given, output, node, feeds, before)


def boundary(opset: int, operands: str) -> TextProbe:
    """Boxes that overlap by exactly the threshold, so that none is suppressed."""
    held = "m = Constant<value = int64[1] {3}>() "
    given = "float[1,2,4] B, float[1,1,2] S"
    boxes, scores = (0, 0, 1, 1, 0, 0.5, 1, 1.5), (0.9, 0.8)
    feeds = [("B", boxes), ("S", scores)]
    if operands == "constant":
        held += "i = Constant<value = float[1] {0.3333333432674408}>()"
    else:
        given += ", float[1] i"
        feeds.append(("i", (1 / 3,)))
    return tried("NonMaxSuppression", "boxes that overlap by exactly the threshold", opset, given, "int64[] Z",
        "Z = NonMaxSuppression(B, S, m, i)", feeds, held)  # fmt: skip


def rounded(opset: int, dtype: str, odd: int) -> TextProbe:
    """Halves, which are rounded to even before the zero point is added, and values out of range."""
    low = 0 if dtype.startswith("u") else -(1 << (TYPES[dtype] - 1))
    high = low + (1 << TYPES[dtype]) - 1
    numbers = (0.5, 1.5, 2.5, -0.5, -1.5, 6, -6, high, low, high * 3.0 + 4, low * 3.0 - 4e4, 1e6)
    zero = (low + high + 1) // 2 + odd
    label = "halves beside an odd zero point" if odd else "halves and numbers beyond the dtype"
    before = f"s = Constant<value = float {{2}}>() z = Constant<value = {dtype} {{{zero}}}>()"
    return tried("QuantizeLinear", label, opset, "float[12] X", f"{dtype}[12] Y",
        "Y = QuantizeLinear(X, s, z)", (("X", numbers),), before)  # fmt: skip


def halved(opset: int, dtype: str, zero: int) -> TextProbe:
    """Numbers in the middle of two quanta."""
    numbers = (1, 3, 5, 7, 9, 11, -1, -3, -5, -7, 13, 21)
    before = f"s = Constant<value = float {{2}}>() z = Constant<value = {dtype} {{{zero}}}>()"
    return tried("QuantizeLinear", "numbers in the middle of two quanta", opset, "float[12] X", f"{dtype}[12] Y",
        "Y = QuantizeLinear(X, s, z)", (("X", numbers),), before)  # fmt: skip


def peaks(opset: int, shape: str, axis: int) -> TextProbe:
    """Rows with several largest values, of which the first counts."""
    numbers = [-2 if at % 5 == 0 else 0 for at in range(60)]
    node = f"Y = Hardmax<axis = {axis}>(X)"
    return tried("Hardmax", "equal largest values", opset, f"float[{shape}] X", f"float[{shape}] Y", node, (("X", numbers),))


def ranged(label: str, numbers: Sequence[float]) -> TextProbe:
    """Numbers whose range determines the scale."""
    return tried("DynamicQuantizeLinear", label, 11, f"float[{len(numbers)}] X", f"uint8[{len(numbers)}] Y, float s, uint8 z",
        "Y, s, z = DynamicQuantizeLinear(X)", (("X", numbers),))  # fmt: skip


def repeated(shape: Sequence[int], repeats: Sequence[int], source: str) -> TextProbe:
    """A different number of repeats on every axis."""
    given = f"float[{','.join(map(str, shape))}] X"
    count = 1
    for size in shape:
        count *= size
    feeds: list[tuple[str, Sequence[float]]] = [("X", range(count))]
    before = ""
    if source == "runtime":
        given += f", int64[{len(shape)}] r"
        feeds.append(("r", repeats))
    else:
        before = f"r = Constant<value = int64[{len(shape)}] {{{', '.join(map(str, repeats))}}}>()"
    return tried("Tile", "several axes repeated", 13, given, "float[] Y", "Y = Tile(X, r)", feeds, before)


def transformed(axis: int, source: str, onesided: int) -> TextProbe:
    """A transform along an axis that is not the default."""
    given = "float[1,6,8,1] X" + (", int64 a" if source == "runtime" else "")
    before = f"a = Constant<value = int64 {{{axis}}}>()" if source == "constant" else ""
    feeds = [("X", range(48)), *([("a", (axis,))] if source == "runtime" else [])]
    node = f"Y = DFT<onesided = {onesided}>(X, , a)"
    return tried("DFT", "an axis other than the default", 20, given, "float[] Y", node, feeds, before)


def reduced(op: str, shape: str, opset: int, keep: int, source: str) -> TextProbe:
    """A reduction of an empty tensor, or for comparison of one that is not empty."""
    count = 0 if "0" in shape else 24
    given = f"float[{shape}] X" + (", int64[1] a" if source == "runtime" else "")
    feeds: list[tuple[str, Sequence[float]]] = [("X", range(count)), *([("a", (1,))] if source == "runtime" else [])]
    if source == "attribute":
        return tried(op, "no elements", opset, given, "float[] Y", f"Y = {op}<axes = [1], keepdims = {keep}>(X)", feeds)
    before = "a = Constant<value = int64[1] {1}>()" if source == "constant" else ""
    return tried(op, "no elements", opset, given, "float[] Y", f"Y = {op}<keepdims = {keep}>(X, a)", feeds, before)


def bottomless(op: str, opset: int, keep: int) -> TextProbe:
    """A maximum or minimum over infinities only, as in fully masked rows."""
    end = float("-inf") if op == "ReduceMax" else float("inf")
    numbers = (*[end] * 4, 1, 2, end, 0)
    axes = "axes = [1], " if opset < 18 else ""
    before = "" if axes else "a = Constant<value = int64[1] {1}>()"
    node = f"Y = {op}<{axes}keepdims = {keep}>(X{'' if axes else ', a'})"
    return tried(op, "rows of nothing but infinities", opset, "float[2,4] X", "float[] Y", node, (("X", numbers),), before)


def windowed(left: int, right: int, causal: int, rank: int, opset: int = 28) -> TextProbe:
    """Attention in a window narrower than the sequence; -1 does not limit a side, like versions without windows."""
    shape, heads = ("1,2,6,8", "") if rank == 4 else ("1,6,16", "q_num_heads = 2, kv_num_heads = 2, ")
    given = ", ".join(f"float[{shape}] {name}" for name in "QKV")
    window = f", left_window_size = {left}, right_window_size = {right}" if opset > 24 else ""
    node = f"Y = Attention<{heads}is_causal = {causal}{window}>(Q, K, V)"
    numbers = [((at * 7 + shift) % 13 / 6 - 1 for at in range(96)) for shift in range(3)]
    feeds = [(name, tuple(values)) for name, values in zip("QKV", numbers, strict=True)]
    return tried("Attention", "windows narrower than the sequence", opset, given, f"float[{shape}] Y", node, feeds)


def pooled(op: str, opset: int, ceil: int, kernel: int, stride: int, pad: int, size: int) -> TextProbe:
    """A pool with ceil_mode whose last window may lie outside the data."""
    node = (f"Y = {op}<ceil_mode = {ceil}, kernel_shape = [{kernel}, {kernel}], strides = [{stride}, {stride}], "
            f"pads = [{pad}, {pad}, {pad}, {pad}]>(X)")  # fmt: skip
    return tried(op, "a last window that starts outside of the data", opset, f"float[1,1,{size},{size}] X", "float[] Y", node,
        (("X", range(size * size)),))  # fmt: skip


FORMS = [
    *(probe for opset, dtypes in ((11, [d for d in TYPES if d.startswith("u")]), (28, list(TYPES)))
        for dtype in dtypes for direction in ("LEFT", "RIGHT") for probe in shifts(direction, dtype, opset)),
    *(ties(dtype, largest, opset, shape, count, source)
        for source in ("constant", "runtime") for opset in (11, 24) for largest in (0, 1)
        for dtype in ("float", "int64", "int32") for shape, count in (("4", 4), ("2,3", 6), ("8", 8), ("2,8", 16))),
    *(ties(dtype, largest, opset, shape, count, "constant", chosen) for opset in (11, 24) for largest in (0, 1)
        for dtype in ("float", "int64") for shape, count in (("16", 16), ("2,64", 128), ("1,2,128", 256))
        for chosen in (1, 2, 5, 6, 7, 8, 12, 16)),
    *(boundary(opset, operands) for opset in (10, 11) for operands in ("constant", "runtime")),
    *(rounded(opset, dtype, odd) for odd in (0, 1) for opset, dtypes in ((13, ("int8", "uint8")), (19, ("int8", "uint8")),
        (21, ("int8", "uint8", "int16", "uint16")), (25, ("int8", "uint8", "int16", "uint16"))) for dtype in dtypes),
    *(halved(opset, dtype, zero) for opset in (10, 13, 19, 21) for dtype, zeros in (("int8", (0, 1)), ("uint8", (128, 127)))
        for zero in zeros),
    *(peaks(opset, shape, axis) for opset in (1, 11, 13) for shape, axis in (("3,20", 1), ("1,3,20", 2))
        if opset == 13 or axis == 1),
    *(ranged(label, numbers) for label, numbers in (("halves", (0, 0.5, 1, 1.5, 2.5, 255)), ("numbers on both sides of zero",
        (0, 2, -3, -2.5, 1.34, 0.5)), ("negative numbers", (-1, -2.1, -1.3, -2.5, -3.34, -4)))),
    *(repeated((2, 3, 4, 5)[:rank], (3, 4, 2, 2)[:rank], source) for rank in (1, 2, 3, 4) for source in ("constant", "runtime")),
    *(reduced(op, shape, opset, keep, source) for op in ("ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
        "ReduceLogSum", "ReduceLogSumExp", "ReduceSum", "ReduceSumSquare") for shape in ("2,0,4", "2,3,4") for keep in (0, 1)
        for opset, sources in (((13, ("constant", "runtime")),) if op == "ReduceSum" else ((13, ("attribute",)),
            (20 if op in ("ReduceMax", "ReduceMin") else 18, ("constant", "runtime")))) for source in sources),
    *(bottomless(op, opset, keep) for op in ("ReduceMax", "ReduceMin") for opset in (13, 18, 20) for keep in (0, 1)),
    *(windowed(-1, -1, causal, rank, opset) for causal in (0, 1) for rank in (3, 4) for opset in (23, 24)),
    *(windowed(left, right, causal, rank) for causal in (0, 1) for rank in (3, 4)
        for left, right in ((-1, -1), (0, -1), (1, -1), (2, -1), (3, -1), (-1, 1), (1, 1), (2, 1), (2, 2), (3, 2))
        if not (causal and right > 0)),
    *(pooled(op, opset, ceil, *window) for op in ("MaxPool", "AveragePool", "LpPool") for opset in (12, 19, 22) for ceil in (0, 1)
        for window in ((1, 2, 0, 2), (1, 2, 0, 4), (2, 3, 1, 5), (3, 2, 1, 5), (2, 2, 0, 5))),
    *(transformed(axis, source, onesided) for axis in (1, 2, -2) for source in ("constant", "runtime") for onesided in (0, 1)),
]  # fmt: skip

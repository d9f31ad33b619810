"""Slices with negative steps, which reverse whole axes or take a part of one, of data of every rank."""

from graphfix.probe.form import AGAIN, TextProbe

FIRST = -(2**63) + 1
LIMIT = -(2**31) + 1
"""The end from which on a converter reads `up to the first element`, and the one beyond it."""
SHAPES = {1: "4", 2: "3,4", 3: "2,3,4", 4: "2,3,4,5", 5: "2,3,2,4,2"}
DYNAMIC = {2: "n,4", 3: "n,3,m", 4: "n,3,h,w"}


def reversing(dims: str, axes: tuple[int, ...], *, start: int = -1, end: int = FIRST, step: int = -1, kind: str = "float",
              held: bool = False, opset: int = 17) -> TextProbe:
    """A Slice with a negative step along some axes, of an input or of a constant (`held`)."""
    count = len(axes)
    numbers = {"b": (start,) * count, "e": (end,) * count, "a": axes, "t": (step,) * count}
    given = " ".join(
        f"{name} = Constant<value = int64[{count}] {{{','.join(map(str, each))}}}>()" for name, each in numbers.items()
    )
    size = dims.count(",") + 1
    made = ",".join(f"o{at}" for at in range(size))
    if held:
        shape = [int(dim) for dim in dims.split(",")]
        total = 1
        for dim in shape:
            total *= dim
        data = f"c = Constant<value = {kind}[{dims}] {{{','.join(str(at % 5) for at in range(total))}}}>() "
        body = f"{data}{given} [probe] S = Slice(c, b, e, a, t) Y = Add(S, X)"
    else:
        body = f"{given} [probe] S = Slice(X, b, e, a, t) Y = Neg(S)"
    text = f'<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{dims}] X) => ({kind}[{made}] Y) {{ {body} }}'
    label = f"backwards [{dims}] axes={list(axes)} from {start} to {end} by {step}{' held' if held else ''} {kind} opset={opset}"
    return TextProbe("Slice", label, text, ("backwards", "data.rank", AGAIN))


PAIRS = {2: (0, 1), 3: (1, 2), 4: (1, 3), 5: (2, 4)}
FORMS = [
    *(reversing(dims, (axis,)) for rank, dims in SHAPES.items() for axis in range(rank)),
    *(reversing(dims, (axis - rank,)) for rank, dims in SHAPES.items() for axis in range(rank) if axis != 0),
    *(reversing(SHAPES[rank], PAIRS[rank]) for rank in PAIRS),
    *(reversing(SHAPES[rank], tuple(axis - rank for axis in PAIRS[rank])) for rank in PAIRS),
    *(reversing(dims, axes, held=True) for dims in ("3,4", "2,3,4", "1,2,1,3") for axes in ((1,), (-1,), (0, 1), (-2, -1))),
    *(reversing(SHAPES[rank], (rank - 1,), end=end) for rank in (1, 2, 3, 4) for end in (LIMIT, LIMIT - 1, LIMIT + 1, -1000, -3)),
    *(reversing(SHAPES[rank], (rank - 1,), start=start) for rank in (1, 2, 3, 4) for start in (-2, 1, 1000)),
    *(reversing(SHAPES[rank], (rank - 1,), step=-2) for rank in (1, 2, 3, 4)),
    *(reversing(dims, (axis,)) for rank, dims in DYNAMIC.items() for axis in range(rank)),
    *(reversing(DYNAMIC[rank], PAIRS[rank]) for rank in DYNAMIC),
    *(reversing(SHAPES[4], (axis,), kind=kind) for axis in (1, 2, 3) for kind in ("float16", "int64", "int32")),
    *(reversing(SHAPES[rank], (rank - 1,), opset=opset) for rank in (3, 4) for opset in (11, 13)),
]  # fmt: skip

"""Pads by what sizes lack to a multiple of a window, as attention over windows writes them; often that is nothing."""

from graphfix.probe.form import AGAIN, TextProbe
from graphfix.tables.target_facets import MULTIPLES

DIMS = {2: "{size},{size}", 3: "2,{size},{size}", 4: "1,{size},{size},6", 5: "1,2,{size},{size},3"}


def to_multiple(rank: int, size: int, mode: str = "constant", opset: int = 17, kind: str = "float") -> TextProbe:
    """Data whose inner dims are padded to multiples of 4 at their ends."""
    first = 0 if rank == 2 else 1 if rank < 5 else 2
    before, after = ", ".join(["0"] * (rank + first)), ", ".join(["0"] * (rank - 2 - first))
    parts = "start, one, two" + (", end" if after else "")
    ends = f", int64[{rank - 2 - first}] end = {{{after}}}" if after else ""
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g ({kind}[{DIMS[rank].format(size=size)}] X)'
        f" => ({kind}[{', '.join('pqrst'[:rank])}] Y)"
        f" <int64[1] four = {{4}}, int64[1] i = {{{first}}}, int64[1] j = {{{first + 1}}},"
        f" int64[{rank + first}] start = {{{before}}}{ends}> {{ d = Shape(X)"
        " h = Gather(d, i) a = Mod(h, four) b = Sub(four, a) one = Mod(b, four)"
        " w = Gather(d, j) e = Mod(w, four) f = Sub(four, e) two = Mod(f, four)"
        f' p = Concat<axis = 0>({parts}) [probe] Y = Pad<mode = "{mode}">(X, p) }}'
    )
    label = f"of [{DIMS[rank].format(size=size)}] to multiples of 4, {mode}, {kind} opset={opset}"
    return TextProbe("Pad", label, text, (MULTIPLES, "pads.from", "data.rank", AGAIN))


FORMS = [
    *(to_multiple(rank, size, mode) for rank in DIMS for size in (4, 6) for mode in ("constant", "edge", "reflect")),
    *(to_multiple(4, size, opset=opset, kind=kind) for size in (8, 5) for opset in (13, 18) for kind in ("float", "int32")),
]

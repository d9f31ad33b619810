"""A Concat of one tensor between other nodes, which exporters write for lists with a single entry."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[{dims}] X) => (float[{dims}] Y)'
BODY = "{{ a = Abs(X) [probe] z = Concat<axis = {axis}>(a) Y = Neg(z) }}"
SIZES = (2, 3, 4, 5, 2)


def single(rank: int, axis: int, *, free: str = "", opset: int = 17) -> TextProbe:
    """A Concat of one tensor."""
    dims = ",".join(f"D{at}" if str(at) in free else str(size) for at, size in enumerate(SIZES[:rank]))
    text = f"{HEAD} {BODY}".format(opset=opset, dims=dims, axis=axis)
    return TextProbe("Concat", f"single rank={rank} open={free or 'none'} axis={axis} opset={opset}", text, ("inputs",))


FORMS = [
    *(single(rank, axis) for rank in range(1, 6) for axis in (0, -1)),
    *(single(rank, axis, free=free) for rank, frees in ((2, ("0", "01")), (3, ("0", "01", "2")), (4, ("0", "23", "0123")))
      for free in frees for axis in (0, 1)),
    *(single(3, 1, opset=opset) for opset in (9, 11, 13)),
]  # fmt: skip

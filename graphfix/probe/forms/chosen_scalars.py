"""Where between a tensor and one number, or two tensors: of every dtype and rank, as masked values and indices are exported."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (bool[{dims}] C, {dtype}[{dims}] X) => ({dtype}[{dims}] Y) {{ {body} }}'
DTYPES = {"float": "0.5", "double": "0.5", "int64": "-1", "int32": "-1", "uint8": "3", "bool": "1"}
DIMS = ("1,7", "3,7", "7", "1", "1,1", "1,3,7", "2,3,7", "1,2,3,7", "n,7", "1,t", "n,3,7", "1,2,h,w")
LONG = ("4,4", "5,2", "6,1", "1,3", "8", "9,2,2")
"""Dims of more than one element, where the others have some that are one."""
FACETS = ("T", "Y.rank", "X.rank", "X.dims", AGAIN)


def _chosen(dtype: str, dims: str, side: str, rank: int, opset: int) -> TextProbe:
    """A tensor where a condition of its dims holds, and one number elsewhere, or the other way round."""
    number = f"{dtype}{'[1]' if rank else ''} {{{DTYPES[dtype]}}}"
    operands = "C, X, z" if side == "else" else "C, z, X"
    body = f"z = Constant<value = {number}>() [probe] Y = Where({operands})"
    text = HEAD.format(opset=opset, dims=dims, dtype=dtype, body=body)
    label = f"one number of rank {rank} {side} {dtype} {dims} opset={opset}"
    return TextProbe("Where", label, text, FACETS)


def _of_two(dtype: str, dims: str, opset: int) -> TextProbe:
    """Two tensors of the dims of the condition."""
    text = HEAD.format(opset=opset, dims=dims, dtype=dtype, body="[probe] Y = Where(C, X, Z)")
    text = text.replace(" X) =>", f" X, {dtype}[{dims}] Z) =>")
    return TextProbe("Where", f"two tensors {dtype} {dims} opset={opset}", text, FACETS)


SPREAD = {"3,7": "3,1", "1,3,7": "1,3,1", "2,3,7": "2,1,7", "4,3": "1,3", "5,3,7": "1,3,1", "1,2,3,7": "1,1,3,1", "7": "1"}
"""Dims of a condition, and of data that is spread to them."""


def _spread(dtype: str, dims: str, opset: int) -> TextProbe:
    """Data that is spread to the dims of the condition, and one number elsewhere."""
    body = f"z = Constant<value = {dtype} {{{DTYPES[dtype]}}}>() [probe] Y = Where(C, X, z)"
    text = HEAD.format(opset=opset, dims=dims, dtype=dtype, body=body)
    text = text.replace(f"{dtype}[{dims}] X) =>", f"{dtype}[{SPREAD[dims]}] X) =>")
    return TextProbe("Where", f"one number else, data spread from {SPREAD[dims]} to {dims} {dtype} opset={opset}", text, FACETS)


FORMS = [
    *(_spread(dtype, dims, 17) for dtype in DTYPES for dims in SPREAD),
    *(_of_two(dtype, dims, 17) for dtype in DTYPES for dims in DIMS),
    *(_of_two(dtype, dims, 9) for dtype in ("float", "int64") for dims in DIMS[::2]),
    *(_chosen(dtype, dims, side, 0, 17) for dtype in DTYPES for dims in DIMS for side in ("then", "else")),
    *(_chosen(dtype, dims, "else", 0, 17) for dtype in DTYPES for dims in LONG),
    *(_chosen(dtype, dims, side, 1, 17) for dtype in DTYPES for dims in DIMS[:8:2] for side in ("then", "else")),
    *(_chosen(dtype, dims, "else", 0, 9) for dtype in ("float", "int64") for dims in DIMS[::2]),
]

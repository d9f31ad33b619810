"""DequantizeLinear of a constant weight with a scale for each block, for each channel or for all of it."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

ROWS, COLUMNS = 64, 32
POINTS = {"int4": (-3, 3), "uint4": (5, 9), "int8": (-9, 9), "uint8": (100, 140), "int2": (-1, 1), "uint2": (1, 2)}
BOUNDS = {"int4": (-8, 7), "uint4": (0, 15), "int8": (-128, 127), "uint8": (0, 255), "int2": (-2, 1), "uint2": (0, 3)}
DATA = ("1,64", "n,64", "b,s,64", "1,8,64")
USES = {"MatMul": "Y = MatMul(X, w)", "Gemm": "Y = Gemm(X, w)", "turned": "t = Transpose<perm = [1, 0]>(w) Y = MatMul(X, t)",
        "Gemm turned": "Y = Gemm<transB = 1>(X, w)"}  # fmt: skip


def _weight(
    dtype: str, block: int, data: str, use: str, *, axis: int = 0, pointed: bool = False, scale: str = "float", opset: int = 21
) -> TextProbe:
    """A product with a weight in blocks along an axis; a block of 0 is a scale for each column, and of -1 one for all."""
    shape = [COLUMNS, ROWS] if "turned" in use else [ROWS, COLUMNS]
    fewer = [size // block if at == axis else size for at, size in enumerate(shape)] if block > 0 else [COLUMNS][: block + 1]
    how = f"<axis = {axis}, block_size = {block}>" if block > 0 else f"<axis = {shape.index(COLUMNS)}>" if block == 0 else ""
    made = "w16" if scale == "float16" else "w"
    body = f"[probe] {made} = DequantizeLinear{how}(W, S{', Z' if pointed else ''})"
    body += " w = Cast<to = 1>(w16)" if scale == "float16" else ""
    sizes = ",".join(["out0", "out1", "out2"][: data.count(",") + 1])
    text = f'<ir_version: 10, opset_import: ["": {opset}]> g (float[{data}] X) => (float[{sizes}] Y) {{ {body} {USES[use]} }}'
    narrow = "float16" if scale == "float16" else "float32"
    weights = [("W", dtype, tuple(shape), *BOUNDS[dtype]), ("S", narrow, tuple(fewer), 0.01, 0.1)]
    weights += [("Z", dtype, tuple(fewer), *POINTS[dtype])] if pointed else []
    label = f"{dtype} weight by {block} on axis {axis} for {use} of [{data}], zero point={pointed} scale={scale} opset={opset}"
    return TextProbe("DequantizeLinear", label, text, ("block_size", "foldable", AGAIN), weights=weights)


FORMS = [
    *(_weight(dtype, block, data, "MatMul", pointed=pointed) for dtype, block, data, pointed in product(
        ("int4", "uint4", "int8", "uint8"), (-1, 0, 16, 32), DATA[:3], (False, True))),
    *(_weight(dtype, block, DATA[3], "MatMul", opset=opset) for dtype, block, opset in product(
        ("int4", "uint4", "int8", "uint8"), (2, 64, 32), (21, 23, 25))),
    *(_weight(dtype, block, data, use, axis=1, pointed=pointed) for (dtype, use), (block, data), pointed in product(
        product(("int4", "uint4", "int8", "uint8"), ("turned", "Gemm turned")), ((16, "1,64"), (32, "n,64")), (False, True))),
    *(_weight(dtype, 32, data, use, scale=scale) for dtype, data, use, scale in product(
        ("int4", "uint4", "int8"), ("1,64", "n,64"), ("MatMul", "Gemm"), ("float", "float16"))),
    *(_weight(dtype, block, "n,64", "MatMul", opset=25) for dtype, block in product(("int2", "uint2"), (-1, 0, 16))),
]  # fmt: skip

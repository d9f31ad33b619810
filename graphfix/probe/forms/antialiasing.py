"""Antialiased Resize, which filters only where a dim gets smaller: by scales and by sizes, with every filter and grid."""

from graphfix.probe.form import AGAIN, TextProbe

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g (float[1,2,14,20] X) => (float[] Y) {{ {before} [probe] Y = {node} }}'
OPEN = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => (float[a,b,c,d] Y) {{ {before} [probe] Y = {node} }}'
SCALES = {"both halved": (0.5, 0.5), "both to 0.4": (0.4, 0.4), "one smaller": (1.0, 0.5), "mixed": (2.0, 0.5),
          "both doubled": (2.0, 2.0), "both by 1.5": (1.5, 1.5)}  # fmt: skip
SIZES = {"8 by 8": (8, 8), "7 by 10": (7, 10), "14 by 9": (14, 9), "28 by 40": (28, 40), "14 by 20": (14, 20)}
FILTERS = {
    "linear": 'mode = "linear"', "cubic": 'mode = "cubic"', "cubic -0.5": 'mode = "cubic", cubic_coeff_a = -0.5',
    "nearest": 'mode = "nearest"',
}  # fmt: skip
GRIDS = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")


def _antialiased(kind: str, exclude: int, grid: str, size: str, opset: int) -> TextProbe:
    """A feature map of 14 by 20 resized with antialiasing."""
    if size in SCALES:
        high, wide = SCALES[size]
        before, operands = f"s = Constant<value = float[4] {{1, 1, {high}, {wide}}}>()", "X, , s"
    else:
        rows, columns = SIZES[size]
        before, operands = f"s = Constant<value = int64[4] {{1, 2, {rows}, {columns}}}>()", "X, , , s"
    how = f'{FILTERS[kind]}, antialias = 1, exclude_outside = {exclude}, coordinate_transformation_mode = "{grid}"'
    node = f"Resize<{how}>({operands})"
    text = HEAD.format(opset=opset, before=before, node=node)
    varied = ("antialiased", "mode", "exclude_outside", "coordinate_transformation_mode", "cubic_coeff_a", AGAIN)
    return TextProbe("Resize", f"antialiased {kind} exclude={exclude} {grid} {size} opset={opset}", text, varied)


def _open(kind: str, exclude: int, given: str, opset: int) -> TextProbe:
    """A feature map resized with antialiasing to sizes that are not known beforehand, or from such."""
    inputs, before, operands = "float[1,2,14,20] X", "", "X, , , s"
    feeds: list[tuple[str, tuple[float, ...]]] = []
    if given == "dynamic dims":
        inputs, before = "float[1,2,h,w] X", "s = Constant<value = int64[4] {1, 2, 8, 8}>()"
    elif given == "sizes at run time":
        inputs, feeds = f"{inputs}, int64[4] s", [("s", (1, 2, 8, 8))]
    else:
        inputs, operands, feeds = f"{inputs}, float[4] s", "X, , s", [("s", (1.0, 1.0, 0.5, 0.5))]
    node = f"Resize<{FILTERS[kind]}, antialias = 1, exclude_outside = {exclude}>({operands})"
    text = OPEN.format(opset=opset, inputs=inputs, before=before, node=node)
    varied = ("antialiased", "mode", "exclude_outside", AGAIN)
    return TextProbe("Resize", f"antialiased {kind} exclude={exclude} {given} opset={opset}", text, varied, (), feeds, needs=True)


FORMS = [
    _antialiased(kind, exclude, grid, size, 18)
    for kind in FILTERS
    for exclude in (0, 1)
    for grid in GRIDS
    for size in (*SCALES, *SIZES)
    if (kind != "nearest" or (not exclude and grid == "half_pixel")) and (grid in GRIDS[:2] or size in (*SIZES, "both halved"))
] + [
    _open(kind, exclude, given, opset)
    for kind in ("linear", "cubic") for exclude in (0, 1) for opset in (18, 19)
    for given in ("dynamic dims", "sizes at run time", "scales at run time")
] + [
    _antialiased(kind, exclude, "half_pixel", size, 19)
    for kind in ("linear", "cubic", "cubic -0.5") for exclude in (0, 1) for size in ("both halved", "8 by 8", "28 by 40")
]  # fmt: skip

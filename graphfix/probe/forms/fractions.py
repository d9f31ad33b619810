"""Resize by scales with a fractional output size: ONNX uses the fraction with aligned corners, some compilers do not."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => (float[] Y) {{ {before} [probe] Y = {node} }}'
SIZES = {"0.6": (2, 4), "0.8": (4, 4), "1.4": (3, 3)}
MODES = ("align_corners", "half_pixel", "asymmetric", "pytorch_half_pixel")


def resized(mode: str, corners: str, scale: str, opset: int, source: str) -> TextProbe:
    """A feature map resized in both directions by one scale."""
    height, width = SIZES[scale]
    inputs, before = f"float[1,1,{height},{width}] X", ""
    feeds = [("X", tuple(float(at + 1) for at in range(height * width)))]
    if source == "constant":
        before = f"s = Constant<value = float[4] {{1, 1, {scale}, {scale}}}>()"
    else:
        inputs += ", float[4] s"
        feeds.append(("s", (1.0, 1.0, float(scale), float(scale))))
    node = f'Resize<mode = "{mode}", coordinate_transformation_mode = "{corners}">(X, , s)'
    if opset < 13:
        before += " r = Constant<value = float[0] {}>()"
        node = node.replace("(X, , s)", "(X, r, s)")
    text = HEAD.format(ir=10 if opset > 20 else 8, opset=opset, inputs=inputs, before=before, node=node)
    label = f"scales that leave a fraction of an element; {mode} {corners} {scale} {source} opset={opset}"
    return TextProbe("Resize", label, text, (), (), feeds)


FORMS = [
    resized(mode, corners, scale, opset, source)
    for mode in ("linear", "cubic", "nearest")
    for corners in MODES
    for scale in SIZES
    for opset in (11, 13, 18, 19)
    for source in ("constant", "runtime")
    if opset > 18 or source == "constant"
]

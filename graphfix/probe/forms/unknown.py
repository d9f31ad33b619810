"""Operators that nobody defines, and those of exporters and tools that need a plugin: see tables/unknown_operators.py."""

from collections.abc import Iterator

from graphfix.probe.form import AGAIN, TextProbe

MADE_UP = (
    ("", "GraphfixMystery"), ("", "SwooshV7"), ("graphfix.example", "Mystery"), ("my_ops", "FancyGate"), ("acme.vision", "Blend"),
    ("custom", "TemporalShift"), ("custom_domain", "DeformAttn"), ("local.v2", "Gate"),
)  # fmt: skip
"""Domains and names."""
SHAPES = (("float", "1,3,8,8"), ("float", "n,16"), ("float16", "2,4,6"), ("int64", "5"))
TOOLS = (
    ("aten", "ATen", "(X)", '<operator = "sinc">'),
    ("org.pytorch.aten", "ATen", "(X)", '<operator = "hypot">'),
    ("aten", "angle", "(X)", ""),
    ("aten", "cummax", "(X)", "<dim = 1>"),
    ("prim", "ListConstruct", "(X)", ""),
    ("torchvision", "deform_conv2d", "(X, W)", ""),
    ("torchvision", "roi_pool", "(X, R)", ""),
    ("torchvision", "ps_roi_align", "(X, R)", ""),
    ("mmdeploy", "grid_sampler", "(X, G)", "<interpolation_mode = 0, padding_mode = 0, align_corners = 0>"),
    ("mmdeploy", "MMCVModulatedDeformConv2d", "(X, O, M, W)", ""),
    ("mmcv", "MMCVRoiAlign", "(X, R)", "<output_height = 2, output_width = 2>"),
    ("mmcv", "MMCVCornerPool", "(X)", "<mode = 0>"),
    ("qonnx.custom_op.general", "Quant", "(X, S, Z, S)", '<signed = 1, narrow = 0, rounding_mode = "ROUND">'),
    ("qonnx.custom_op.general", "BipolarQuant", "(X, S)", ""),
    ("onnx.brevitas", "Quant", "(X, S, Z, S)", '<signed = 1, narrow = 0, rounding_mode = "ROUND">'),
    ("finn.custom_op.general", "MultiThreshold", "(X, S)", '<out_dtype = "UINT4">'),
    ("ai.onnx.contrib", "SegmentSum", "(X, R)", ""),
    ("ai.onnx.contrib", "GaussianBlur", "(X, S)", ""),
)
"""Published operators: domain, name, operands and attributes."""
WEIGHTS = (("W", "float32", (4, 4, 3, 3), -1, 1), ("R", "float32", (1, 5), 0, 1), ("G", "float32", (1, 8, 8, 2), -1, 1),
           ("O", "float32", (1, 18, 8, 8), -1, 1), ("M", "float32", (1, 9, 8, 8), 0, 1), ("S", "float32", (1,), 0.5, 1),
           ("Z", "float32", (1,), 0, 0.1))  # fmt: skip


def _form(domain: str, op: str, dtype: str, dims: str, operands: str, rest: str) -> TextProbe:
    own = f', "{domain}": 1' if domain else ""
    text = (
        f'<ir_version: 8, opset_import: ["": 17{own}]> g ({dtype}[{dims}] X) => ({dtype}[{dims}] Y) '
        f"{{ [probe] Y = {domain + '.' if domain else ''}{op} {rest} {operands} }}"
    )
    weights = [one for one in WEIGHTS if one[0] in operands]
    return TextProbe("@unknown", f"{domain or 'ONNX'}::{op}{operands} {dtype}[{dims}] {rest}".strip(), text, ("domain", AGAIN),
                     weights=weights)  # fmt: skip


def _forms() -> Iterator[TextProbe]:
    for domain, op in MADE_UP:
        for dtype, dims in SHAPES:
            yield _form(domain, op, dtype, dims, "(X)", "")
        yield _form(domain, op, "float", "1,4,8,8", "(X, S)", "<scale = 0.5, axis = 1>")
    for domain, op, operands, rest in TOOLS:
        for dims in ("1,4,8,8", "n,4,8,8"):
            yield _form(domain, op, "float", dims, operands, rest)


FORMS = list(_forms())

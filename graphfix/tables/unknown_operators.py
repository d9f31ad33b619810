"""Operators that neither ONNX nor a published set of operators defines: the table of `@unknown` is about all of them.

A compiler looks such an operator up by name. The prober asks about made-up names, and about published ones of exporters and
tools whose operators need a plugin everywhere; what it learns holds for any other name of the same kind.
"""

from __future__ import annotations

UNKNOWN = "@unknown"
"""The pseudo operator that stands for all of them."""
IMPLEMENTED = ("com.microsoft", "com.ms", "ai.onnx", "org.openvinotoolkit", "com.nvidia", "trt", "nvinfer", "pkg")
"""Beginnings of domains of which some compiler implements operators: each operator has probes of its own, or is not measured."""
TOOLS = {
    "aten": "aten", "org.pytorch": "aten", "prim": "aten", "mmdeploy": "openmmlab", "mmcv": "openmmlab", "qonnx": "qonnx",
    "onnx.brevitas": "qonnx", "finn": "qonnx", "ai.onnx.contrib": "extensions", "torchvision": "torchvision",
}  # fmt: skip
"""Beginnings of domains of exporters and tools, and the class of each."""
OLD = frozenset({
    "Affine", "ATen", "ConstantFill", "Crop", "DynamicSlice", "GRUUnit", "GivenTensorFill", "GroupNorm", "ImageScaler",
    "ParametricSoftplus", "Scale", "ScaledTanh", "SimplifiedLayerNormalization", "DeformableConv2D", "DetectionOutput",
    "FakeQuantize", "GenerateProposals", "Normalize", "PriorBox", "PriorBoxClustered", "Swish",
})  # fmt: skip
"""Operators that were once experimental in ONNX's domain, or that a converter wrote into it: some compilers implement them."""
PUBLISHED = ("trt", "plugin", "experimental")
"""What other names in ONNX's domain contain that compilers may implement, such as those of TensorRT's plugins."""


def unknown_class(op: str, domain: str) -> str | None:
    """Return the kind of an operator that has no table; None where its name may be one that a compiler implements.

    standard | aten | aten-call | openmmlab | qonnx | extensions | torchvision | other: whose domain it is in; aten-call is the
    node by which PyTorch's exporter calls any operator of its own.
    """
    name = domain.lower()
    if _is_defined(op):
        return None  # in another domain than ONNX's too, which some converters do not look at
    if not name or name == "ai.onnx":
        return None if op in OLD or any(word in op.lower() for word in PUBLISHED) else "standard"
    for start, kind in TOOLS.items():
        if name == start or name.startswith(f"{start}."):
            return "aten-call" if op == "ATen" else kind
    return None if any(name == start or name.startswith(f"{start}.") for start in IMPLEMENTED) else "other"


def _is_defined(op: str) -> bool:
    """Whether ONNX defines an operator in any version."""
    from graphfix.ir.schemas import NEWEST, since

    return bool(since(op, "", NEWEST))

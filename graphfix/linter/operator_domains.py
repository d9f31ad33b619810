"""Operator domains that ONNX does not define: whose they are, and what to do about a node of one that no table knows."""

from __future__ import annotations

OWNERS = (
    ("com.microsoft.extensions", "onnxruntime-extensions", "keep its nodes outside the model, as pre- or postprocessing"),
    ("ai.onnx.contrib", "onnxruntime-extensions", "keep its nodes outside the model, as pre- or postprocessing"),
    ("com.microsoft.nchwc", "onnxruntime's optimiser", "take the model before onnxruntime optimised it"),
    ("com.ms.internal.nhwc", "onnxruntime's optimiser", "take the model before onnxruntime optimised it"),
    ("com.microsoft", "onnxruntime's contrib operators", "export without onnxruntime's fusions"),
    ("ai.onnx.ml", "ONNX's operators of classical machine learning", "run this part in onnxruntime"),
    ("ai.onnx.training", "ONNX's operators of training", "export the model for inference"),
    ("ai.onnx.preview", "ONNX's operators under trial", "export to an opset that defines it"),
    ("com.nvidia", "NVIDIA's tools and TensorRT plugins", "register the plugin, or export without it"),
    ("trt", "TensorRT plugins", "register the plugin, or export without it"),
    ("nvinfer", "TensorRT plugins", "register the plugin, or export without it"),
    ("mmdeploy", "OpenMMLab's custom operators", "register the plugin of mmdeploy, or export without it"),
    ("mmcv", "OpenMMLab's custom operators", "register the plugin of mmdeploy, or export without it"),
    ("org.openvinotoolkit", "OpenVINO's own operators", "export without it for other compilers"),
    ("org.pytorch", "PyTorch's exporter, which had no ONNX form for it", "export again, by `graphfix lower` or a newer PyTorch"),
    ("aten", "PyTorch's exporter, which had no ONNX form for it", "export again, by `graphfix lower` or a newer PyTorch"),
    ("prim", "PyTorch's exporter, which had no ONNX form for it", "export again, by `graphfix lower` or a newer PyTorch"),
    ("pkg.", "a function of the exporter whose body is not in the model", "export again with the function's body"),
    ("qonnx", "QONNX and Brevitas", "convert it to QuantizeLinear and DequantizeLinear with qonnx"),
    ("onnx.brevitas", "QONNX and Brevitas", "convert it to QuantizeLinear and DequantizeLinear with qonnx"),
    ("finn", "FINN", "take the model before FINN transformed it"),
)
"""Domains, or what they begin with, whose they are, and what to do; the first that fits."""


def owner(domain: str) -> tuple[str, str]:
    """Return whose operators a domain holds, and what to do about one that a compiler was not measured on."""
    name = domain.lower()
    for start, whose, hint in OWNERS:
        if name == start or name.startswith(start if start.endswith(".") else f"{start}."):
            return whose, hint
    return "a custom operator of the exporter", "register a plugin for it with the compiler, or export without it"

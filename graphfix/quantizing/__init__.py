"""Quantising: the form that all targets accept, calibration data, the layers that must stay in float, and proof of the result.

The arithmetic is onnxruntime.quantization's and that of the package `precision`; no compiler is imported in this process, and
nothing is printed.
"""

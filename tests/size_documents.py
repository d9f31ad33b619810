"""The JSON that quantize, prune, precision and fix --precision print, on small models of our own and invented tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import graphfix.quantizing.form_choice
import graphfix.tables.precision
from graphfix.cli.app import main
from graphfix.tables.precision import Arithmetic, Form, FormAnswer, MeasuredForm, PrecisionTable

TEXT = """<ir_version: 9, opset_import: ["": 17]>
layers (float[N, 8] x) => (float[N, 3] y) {
    [first] h = Gemm(x, w)
    r = Relu(h)
    [second] y = Gemm(r, v)
}"""
OVERFLOW = """<ir_version: 9, opset_import: ["": 17]>
shares (float[N, 8] x) => (float[N, 8] y) {
    e = Exp(x)
    s = ReduceSum<keepdims = 1>(e, axes)
    y = Div(e, s)
}"""
QDQ = Form(scheme="qdq", weights="int8", activations="int8", per="channel")
HALF = Form(scheme="float", weights="float16", scope="all")
TABLE = PrecisionTable(
    "demo", "1.0", "demo 1.0", "here", "2026-01-01",
    (Arithmetic("float16", True, "half=1", said="seen"), Arithmetic("float32", False, "half=0", said="seen")),
    tuple(MeasuredForm(form, {"convolution": FormAnswer("supported")}) for form in (QDQ, HALF)),
)  # fmt: skip
COMMANDS = {
    "quantized": "quantize layers.onnx -o small.onnx --data layers.npz",
    "pruned": "prune layers.onnx -o less.onnx --data layers.npz",
    "precisions": "precision shares.onnx --data shares.npz",
    "narrowed": "fix shares.onnx -o half.onnx --precision mixed --data shares.npz --budget snr=30dB",
}
EXITS = {"precisions": 1}


def size_documents(patch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Yield the name of a definition of the schema and the text that a command prints, in the current folder."""
    random = np.random.default_rng(4)
    for name, text, tensors in (
        ("layers", TEXT, {"w": random.standard_normal((8, 6)), "v": random.standard_normal((6, 3))}),
        ("shares", OVERFLOW, {"axes": np.int64([1])}),
    ):
        model = onnx.parser.parse_model(text)
        for key, value in tensors.items():
            if key == "w":
                value[:, 2] = 0
            array = value.astype(np.float32) if value.dtype == np.float64 else value
            model.graph.initializer.append(numpy_helper.from_array(array, key))
        onnx.save(model, f"{name}.onnx")
        np.savez(f"{name}.npz", x=(random.standard_normal((12, 8)) + 12).astype(np.float32))
    patch.setattr(graphfix.quantizing.form_choice, "precision_table", lambda _: replace(TABLE))
    patch.setattr(graphfix.tables.precision, "read_precision", lambda _: TABLE)
    for name, words in COMMANDS.items():
        form = ["--output-format", "json", "--output-file", "size.json", "-t", "demo", "--isolated"]
        assert main([*words.split(), *form]) == EXITS.get(name, 0)
        yield name, Path("size.json").read_text("utf-8")

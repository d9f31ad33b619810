"""A model in one of the forms of the precision tables: what `quantize` writes is what the prober measured.

Static and dynamic quantisation is onnxruntime.quantization's; narrow floats and stored weights are made here.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import onnx
from onnx import ModelProto, NodeProto

from graphfix.errors import UsageError
from graphfix.precision.half_conversion import convert
from graphfix.precision.weight_only import BLOCK, store_weights
from graphfix.tables.precision import Form

Feed = Mapping[str, npt.NDArray[Any]]

CORE = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""The operators that a form of scope `core` quantises."""
BITS_PER_NIBBLE = 4
METHODS = {"minmax": "MinMax", "entropy": "Entropy", "percentile": "Percentile"}
"""The calibration methods of onnxruntime.quantization by their names on the command line."""
PERCENT = 99.99
"""The share of values that the method percentile keeps; onnxruntime.quantization's own 99.999 seldom cuts anything off."""
FLOAT8_METHOD = "Distribution"
"""The only method for float8."""


def options(form: Form) -> dict[str, Any]:
    """Return the arguments of `quantize_static` that make a form of scheme `qdq` or `qoperator`, without data and paths."""
    from onnxruntime.quantization import QuantFormat, QuantType

    types = {
        "int8": QuantType.QInt8, "uint8": QuantType.QUInt8, "int16": QuantType.QInt16, "uint16": QuantType.QUInt16,
        "int4": QuantType.QInt4, "uint4": QuantType.QUInt4, "float8e4m3fn": QuantType.QFLOAT8E4M3FN,
    }  # fmt: skip
    extra: dict[str, Any] = {
        "ActivationSymmetric": form.symmetric,
        "WeightSymmetric": form.weights.startswith("int"),
        "QuantizeBias": form.bias == "int32",
        "DedicatedQDQPair": form.pairs == "dedicated",
        "CalibPercentile": PERCENT,
    }
    if form.domain == "com.microsoft" and form.scheme == "qdq":
        extra["UseQDQContribOps"] = True
    return {
        "quant_format": QuantFormat.QDQ if form.scheme == "qdq" else QuantFormat.QOperator,
        "activation_type": types[form.activations],
        "weight_type": types[form.weights],
        "per_channel": form.per == "channel",
        "op_types_to_quantize": list(CORE) if form.scope == "core" else None,
        "extra_options": extra,
    }


def quantise(
    model: ModelProto, form: Form, feeds: Iterable[Feed] = (), *, exclude: Collection[str] = (), method: str = "minmax"
) -> ModelProto:
    """Return the model in a form; `feeds` calibrate the static schemes, `exclude` holds names of nodes that stay float32.

    The opset is the model's, or what onnxruntime.quantization makes of it. Nodes must have names for `exclude`.
    UsageError where the form cannot be made of the model.
    """
    if form.scheme == "float":
        kept = {output for node in model.graph.node if node.name in exclude or not _changes(form, node) for output in node.output}
        return convert(model, form.weights, keep=kept, interface=form.interface)[0]
    if form.scheme == "weight-only" and form.domain == "":
        return store_weights(model, form.weights, form.per, exclude=exclude)
    try:
        with _quiet():
            return _by_onnxruntime(model, form, list(feeds), exclude, method)
    except Exception as error:
        raise UsageError(f"the form {form.label} cannot be made: {type(error).__name__}: {error}") from error


def _changes(form: Form, node: NodeProto) -> bool:
    """Whether a narrow float form changes a node: with scope `core` only convolutions and products."""
    return form.scope == "all" or node.op_type in CORE


def _by_onnxruntime(model: ModelProto, form: Form, feeds: list[Feed], exclude: Collection[str], method: str) -> ModelProto:
    """Let onnxruntime.quantization make the form."""
    from onnxruntime.quantization import CalibrationMethod, QuantType, quantize_dynamic, quantize_static

    if form.scheme == "weight-only":
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        copied = ModelProto()
        copied.CopyFrom(model)
        quantizer = MatMulNBitsQuantizer(
            copied, bits=BITS_PER_NIBBLE if form.weights.endswith("4") else 8, block_size=BLOCK,
            is_symmetric=form.symmetric, nodes_to_exclude=list(exclude),
        )  # fmt: skip
        quantizer.process()
        made: ModelProto = quantizer.model.model
        return made
    with tempfile.TemporaryDirectory(prefix="graphfix-quantize-") as folder:
        source, result = Path(folder) / "model.onnx", Path(folder) / "quantized.onnx"
        onnx.save(model, str(source))
        if form.scheme == "dynamic":
            kind = QuantType.QInt8 if form.weights == "int8" else QuantType.QUInt8
            quantize_dynamic(
                str(source), str(result), per_channel=form.per == "channel", weight_type=kind, nodes_to_exclude=list(exclude)
            )
        else:
            calibration = FLOAT8_METHOD if form.activations.startswith("float8") else METHODS[method]
            quantize_static(
                str(source), str(result), _Reader(feeds), nodes_to_exclude=list(exclude),
                calibrate_method=getattr(CalibrationMethod, calibration), **options(form),
            )  # fmt: skip
        return onnx.load(str(result))


class _Reader:
    """The calibration data in the form that onnxruntime.quantization reads."""

    def __init__(self, feeds: list[Feed]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> dict[str, Any] | None:
        """Return the next input, None at the end."""
        found = next(self._feeds, None)
        return None if found is None else dict(found)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxruntime.quantization from printing and logging."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)

"""What a compiler computes products in, by default and on request: read from its settings, and told by a model's outputs.

Products of seeded numbers beside float64's are 1e-7 of scale off in float32, about 3e-4 in TF32 and float16, and 2e-3 in
bfloat16; numbers of 1e6 overflow in float16 alone.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from graphfix.backends.base import backend
from graphfix.backends.session import Session
from graphfix.tables.precision import Arithmetic

HINT = "INFERENCE_PRECISION_HINT"
BFLOAT16_CPUS = "avx512_bf16|amx_bf16"
LEAST_ERRORS = (("bfloat16", 8e-4), ("tf32", 2e-5), ("float32", 0.0))
"""The relative error from which each arithmetic is told."""
SIDE = 64
HUGE = 1e6
DEADLINE = 90.0
PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum")


def product(scale: float) -> tuple[ModelProto, Any, Any]:
    """Return a product of an input and constants, an input, and the outputs in float64."""
    random = np.random.default_rng(11)
    weight, given = (random.standard_normal((SIDE, SIDE)).astype(np.float32) for _ in range(2))
    given = (given * np.float32(scale)).astype(np.float32)
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIDE, SIDE]) for name in ("x", "y")]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "product", infos[:1], infos[1:], [numpy_helper.from_array(weight, "w")])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    return made, given, given.astype(np.float64) @ weight.astype(np.float64)


def told(errors: tuple[float, float]) -> str:
    """Return the arithmetic that these relative errors tell, of usual and of huge numbers."""
    usual, huge = errors
    if not np.isfinite(huge):
        return "float16"
    return next(name for name, least in LEAST_ERRORS if usual >= least)


def asked(
    session: Session, model: ModelProto, given: Any, wanted: Any, options: dict[str, Any] | None = None
) -> tuple[dict[str, Any], Any]:
    """Return a compiler's answer on a model of one input `x` and one output, and its output in float64; None without one."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("model.onnx", "inputs.npz", "results.npz")]
        paths[0].write_bytes(model.SerializeToString())
        np.savez(paths[1], **{"in:x": given, "out:y": wanted.astype(np.float32)})
        request: dict[str, Any] = {
            "model": str(paths[0]), "shapes": {}, "values": {}, "inputs": str(paths[1]), "output": None,
            "results": str(paths[2]), "resized": [], "run": True, "options": options or {},
        }  # fmt: skip
        answer = session.send(request, deadline=DEADLINE)
        if not paths[2].is_file():
            return answer, None
        with np.load(paths[2]) as found:
            return answer, found[found.files[0]].astype(np.float64)


def _answer(session: Session, precision: str | None, scale: float) -> tuple[str, float]:
    """Return what the adapter says of the arithmetic, and the relative error of the outputs; NaN where none were returned."""
    model, given, wanted = product(scale)
    answer, got = asked(session, model, given, wanted, {} if precision == "" else {"precision": precision})
    stated = str(answer.get("arithmetic") or "")
    if got is None:
        return stated, float("nan")
    with np.errstate(all="ignore"):
        error = np.sqrt(np.mean(np.square(got - wanted))) / np.sqrt(np.mean(np.square(wanted)))
    return stated, float(error if np.isfinite(error) else np.inf)


def _seen(session: Session, precision: str = "") -> tuple[str, str]:
    """Return the arithmetic told by outputs for a setting, and how it was measured, in words."""
    stated, usual = _answer(session, precision, 1.0)
    _, huge = _answer(session, precision, HUGE)
    name = told((usual, huge))
    return name, f"{f'the compiled model states {stated}; ' if stated else ''}a product of 64 terms is {usual:.0e} of scale off"


def arithmetics(target: str, session: Session) -> tuple[Arithmetic, ...]:
    """Return the arithmetics of a compiler: measured where its models run here, else read from what it makes."""
    if target == "openvino":
        return tuple(_openvino(session))
    if target == "coreml":
        return _coreml(session)
    if target == "tensorrt":
        stated, _ = _answer(session, "default", 1.0)
        flag = "set" if stated == "tf32" else "cleared"
        return (
            Arithmetic(
                "tf32" if stated == "tf32" else "float32", True, "BuilderFlag.TF32", operators=PRODUCTS,
                said=f"a new builder configuration has BuilderFlag.TF32 {flag}; the GPU was not run",
            ),
            Arithmetic("float32", False, "config.clear_flag(BuilderFlag.TF32)", evidence="documented",
                       said="without the flag float32 products are computed in float32"),
            Arithmetic("float16", False, "a model converted with `graphfix fix --precision float16`", evidence="documented",
                       said="networks are strongly typed: a layer computes in the dtype of the model"),
        )  # fmt: skip
    name, how = _seen(session)
    title = backend(target).title
    return (Arithmetic(name, True, "", said=f"{title}: {how}"),)


def _openvino(session: Session) -> list[Arithmetic]:
    """The plugin's own choice here and what it makes of each hint."""
    found = []
    name, how = _seen(session, "default")
    if name == "bfloat16":
        found.append(Arithmetic("bfloat16", True, f"{HINT}=bf16", requires=BFLOAT16_CPUS, said=how))
    exact, how_exact = _seen(session, "f32")
    found.append(Arithmetic(exact, True, f"{HINT}=f32", said=f"with the hint f32: {how_exact}"))
    half, how_half = _seen(session, "f16")
    if half == "float16":
        found.append(Arithmetic("float16", False, f"{HINT}=f16", said=how_half))
    return found


def _coreml(session: Session) -> tuple[Arithmetic, ...]:
    """What the converted program is typed in: it does not run here."""
    names = {"fp16": "float16", "fp32": "float32"}
    usual, exact = (_answer(session, precision, 1.0)[0] for precision in (None, "fp32"))
    return (
        Arithmetic(names.get(usual, usual), True, 'compute_precision="fp16"', said=f"the converted program computes in {usual}"),
        Arithmetic(names.get(exact, exact), False, 'compute_precision="fp32"', said=f"the converted program computes in {exact}"),
    )

"""What a compiler sums the products of a quantised matrix product in, told by three planted products of constants.

Neighbours whose sum exceeds 16 bits show an accumulator of 16 bits that saturates, as multiply-add instructions of x86 have; a
sum that only an integer of 32 bits holds exactly tells int32 from float32; a sum above that shows what happens beyond.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, TensorProto, helper, numpy_helper

from graphfix.backends.session import Session
from graphfix.probe.precision_arithmetic import asked
from graphfix.tables.precision import Accumulation

OPSET = 13
LARGEST = {"int8": 127, "uint8": 255}
PAIRS, HALF, BEYOND = 64, 60_000, 140_000
"""The terms of the products: of the largest neighbours, of each half of one that nearly cancels, and of one above int32."""
ROUNDED = 0.5
"""The difference from which a sum of integers was not computed in integers."""
INT32 = 2**31


@dataclass(frozen=True, slots=True)
class Planted:
    """A product of quantised operands: what is summed, and the exact sum."""

    given: npt.NDArray[Any]
    weight: npt.NDArray[Any]

    @property
    def exact(self) -> int:
        """The sum in integers without bounds."""
        return int(self.given.astype(np.int64) @ self.weight.astype(np.int64))


def planted(activations: str) -> tuple[Planted, Planted, Planted]:
    """Return the products: neighbours beyond 16 bits, a sum whose low bits count, and one beyond 32 bits."""
    largest = LARGEST[activations]
    random = np.random.default_rng(3)
    near = random.integers(largest - 1, largest + 1, 2 * HALF)
    signs = np.repeat([127, -127], HALF)
    count = BEYOND * 127 // largest + 1
    return (
        Planted(np.full(PAIRS, largest), np.full(PAIRS, 127)),
        Planted(near, signs),
        Planted(np.full(count, largest), np.full(count, 127)),
    )


def quantised_product(one: Planted, activations: str) -> ModelProto:
    """Return a product whose operands are quantised at a scale of 1, in the form that the tables call qdq."""
    count = one.given.size
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in (("x", [1, count]), ("y", [1, 1]))]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
        helper.make_node("DequantizeLinear", ["w", "scale", "none"], ["e"]),
        helper.make_node("MatMul", ["d", "e"], ["y"]),
    ]
    constants = {
        "scale": np.float32(1), "zero": np.zeros((), activations), "none": np.int8(0), "w": one.weight.astype(np.int8)[:, None],
    }  # fmt: skip
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "product", infos[:1], infos[1:], tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    made.ir_version = 8
    return made


def accumulations(session: Session) -> tuple[Accumulation, ...]:
    """Return what a compiler whose models run here sums products in; nothing for operands that it rejects."""
    found = []
    for activations in LARGEST:
        products = planted(activations)
        sums = [_sum(session, one, activations) for one in products]
        known = [value for value in sums if value is not None]
        if len(known) == len(products):
            found.append(accumulation(activations, products, known))
    return tuple(found)


def _sum(session: Session, one: Planted, activations: str) -> float | None:
    given = one.given.astype(np.float32)[None]
    _, got = asked(session, quantised_product(one, activations), given, np.asarray([[one.exact]], np.float64))
    return None if got is None else float(got.reshape(-1)[0])


def accumulation(activations: str, products: tuple[Planted, Planted, Planted], sums: list[float]) -> Accumulation:
    """Return what the computed sums of the planted products tell."""
    pairs, near, beyond = (one.exact for one in products)
    name, after = "int32", ""
    if abs(sums[0] - pairs) > ROUNDED:
        name = "int16"
    elif abs(sums[1] - near) > ROUNDED:
        name = "float32"
    else:
        wrapped = (beyond + INT32) % (2 * INT32) - INT32
        wide = abs(beyond) / 2**20  # the output is in float32
        after = "exact" if abs(sums[2] - beyond) < wide else "wraps" if abs(sums[2] - wrapped) < wide else "saturates"
    said = ", ".join(f"{got:.0f} for a sum of {exact}" for got, exact in zip(sums, (pairs, near, beyond), strict=True))
    return Accumulation(f"{activations} and int8", name, after, said)

"""Activations outside the common few, and the shapes exporters write them in when they take them apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphfix.facts import Facts, NodeFacts, Value

EXOTIC = frozenset({"HardSigmoid", "HardSwish", "Mish", "Celu", "Selu", "Softsign", "ThresholdedRelu", "Shrink", "Gelu",
                    "FastGelu", "BiasGelu", "QuickGelu", "Swish"})  # fmt: skip
"""Operators, of ai.onnx and com.microsoft."""
EXOTIC_IN_RNN = frozenset({"hardsigmoid", "softsign", "scaledtanh", "thresholdedrelu", "elu", "affine", "leakyrelu",
                           "softplus", "relu"})  # fmt: skip
"""Activations of LSTM, GRU and RNN, in lower case; relu is common in an RNN and exotic in the gated two."""


@dataclass(frozen=True, slots=True)
class Decomposed:
    """An activation found as a group of nodes: its name, and the node that gives its result."""

    activation: str
    node: NodeFacts


def decomposed(facts: Facts) -> Iterator[Decomposed]:
    """Every activation that stands in the graph as elementary operators; each is named once, by its last node."""
    for node in facts.nodes:
        if node.domain == "" and node.op in ("Mul", "Div", "Clip", "Min"):
            found = _hard_swish(facts, node) or _gelu(facts, node) or _gated(facts, node) or _softsign(facts, node)
            if found:
                yield Decomposed(found, node)


def _maker(facts: Facts, value: Value | None, node: NodeFacts, *ops: str) -> NodeFacts | None:
    """The node that makes an operand, when it is one of `ops`."""
    made = facts.producer(value.name, node.scope) if value is not None else None
    return made if made is not None and made.op in ops and not made.domain else None


def _number(value: Value | None) -> float | None:
    constant = None if value is None else value.constant
    return float(constant.reshape(-1)[0]) if constant is not None and constant.size == 1 else None


def _operands(node: NodeFacts) -> tuple[tuple[Value | None, float | None], ...]:
    return tuple((value, _number(value)) for value in node.inputs[:2])


def _by_constant(node: NodeFacts, number: float) -> Value | None:
    """The other operand of a commutative node, one operand of which is this number."""
    import numpy as np

    for (_, found), (other, _) in zip(_operands(node), reversed(_operands(node)), strict=True):
        if found is not None and np.isclose(found, number, rtol=1e-3):
            return other
    return None


def _relu6_of_shifted(facts: Facts, value: Value | None, node: NodeFacts) -> Value | None:
    """x, where the operand is Clip(x + 3, 0, 6)."""
    clip = _maker(facts, value, node, "Clip", "Min")
    if clip is None:
        return None
    shifted = _maker(facts, clip.inputs[0], clip, "Add", "Max", "Relu")
    if shifted is not None and shifted.op != "Add":
        inner = next((v for v in shifted.inputs if _maker(facts, v, shifted, "Add")), None)
        shifted = _maker(facts, inner, shifted, "Add")
    return _by_constant(shifted, 3.0) if shifted is not None else None


def _hard_swish(facts: Facts, node: NodeFacts) -> str | None:
    """Clip(x + 3, 0, 6) / 6 is hard-sigmoid; times x it is hard-swish."""
    if node.op == "Div" and _number(node.inputs[1]) == 6.0:
        top = node.inputs[0]
        if _relu6_of_shifted(facts, top, node) is not None:
            return "hard-sigmoid"
        product = _maker(facts, top, node, "Mul")
        if product is not None and any(_relu6_of_shifted(facts, v, product) is not None for v in product.inputs):
            return "hard-swish"
    if node.op == "Mul":
        other = _by_constant(node, 1 / 6)
        if other is not None and _relu6_of_shifted(facts, other, node) is not None:
            return "hard-sigmoid"
        if any(_maker(facts, v, node, "HardSigmoid") is not None for v in node.inputs):
            gate = next(g for v in node.inputs if (g := _maker(facts, v, node, "HardSigmoid")) is not None)
            return "hard-swish" if gate.proto.input[0] in node.proto.input else None
    return None


def _gelu(facts: Facts, node: NodeFacts) -> str | None:
    """x/2 * (1 + Erf(x/sqrt 2)), or Tanh in its place, multiplied in any order."""
    if node.op != "Mul":
        return None
    for value in node.inputs:
        sum_ = _maker(facts, value, node, "Add")
        if sum_ is not None and (core := _by_constant(sum_, 1.0)) is not None:
            made = _maker(facts, core, sum_, "Erf", "Tanh")
            if made is not None and _maker(facts, made.inputs[0], made, "Div", "Mul") is not None:
                return "gelu" if made.op == "Erf" else "gelu (tanh form)"
    return None


def _gated(facts: Facts, node: NodeFacts) -> str | None:
    """x * Sigmoid(x) is swish; x * Tanh(Softplus(x)) is mish."""
    if node.op != "Mul" or len(node.proto.input) != 2:
        return None
    for mine, other in ((0, 1), (1, 0)):
        source = node.proto.input[other]
        gate = _maker(facts, node.inputs[mine], node, "Sigmoid", "Tanh")
        if gate is None:
            continue
        if gate.op == "Sigmoid" and gate.proto.input[0] == source:
            return "swish"
        soft = _maker(facts, gate.inputs[0], gate, "Softplus", "Log")
        if gate.op == "Tanh" and soft is not None and (soft.proto.input[0] == source or soft.op == "Log"):
            return "mish"
    return None


def _softsign(facts: Facts, node: NodeFacts) -> str | None:
    """x / (1 + |x|)."""
    if node.op != "Div":
        return None
    sum_ = _maker(facts, node.inputs[1], node, "Add")
    size = _maker(facts, _by_constant(sum_, 1.0), sum_, "Abs") if sum_ is not None else None
    return "softsign" if size is not None and size.proto.input[0] == node.proto.input[0] else None

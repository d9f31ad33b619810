"""Facets of a node's attributes: words and flags unchanged, numbers and lists reduced to a few classes.

A table cannot hold every kernel size there is. What compilers reject is a kind of value (an uneven padding, a
negative axis, a dilation), so lists and numbers are reduced to kinds here, the same way for probes and for models.
"""

from __future__ import annotations

from collections.abc import Sequence

from onnx import AttributeProto

from graphfix.analysis.facts import DTYPES, NodeFacts
from graphfix.analysis.values import Facet as Facet
from graphfix.ir.proto_values import attribute_value
from graphfix.ir.schemas import attribute_names, formal_attributes

FREE = {"hidden_size", "size", "seed", "sample_size", "blocksize", "name", "k", "kernel_shape", "output_shape",
        "output_padding", "axes", "split", "starts", "ends", "scales", "value", "value_float", "value_int", "value_ints",
        "value_floats", "value_string", "value_strings", "sparse_value", "perm", "shape", "repeats", "border",
        "num_outputs", "num_scan_inputs", "height_scale", "width_scale"}  # fmt: skip

IMPLIED = {"AveragePool": "strides", "LpPool": "strides", "MaxPool": "strides", "LogSoftmax": "axis"}
"""Attributes, by operator, whose default was seen not to be what a compiler takes where they are left out."""

TEXTS = {"pattern", "delimiter", "locale"}
"""Attributes with free text, of which only the presence is a facet."""


def attribute_facets(node: NodeFacts) -> dict[str, Facet]:
    """Return the facets of every attribute in the operator's schema, with defaults filled in."""
    given = {item.name: item for item in node.proto.attribute[:]}
    data = node.inputs[0] if node.inputs else None
    rank = None if data is None else data.rank
    out: dict[str, Facet] = {}
    for name, default in formal_attributes(node.op, node.domain, node.since).items():
        out.update(_classify(name, given.get(name), default, rank, node.op))
    implied = IMPLIED.get(node.op)
    if implied is not None:
        out["implied"] = "nothing" if implied in given else implied
    extra = given.keys() - attribute_names(node.op, node.domain, node.since)
    if extra:
        out["unknown-attributes"] = ",".join(sorted(extra))
    return out


def _classify(
    name: str, item: AttributeProto | None, default: AttributeProto | None, rank: int | None, op: str
) -> dict[str, Facet]:
    found = item if item is not None else default
    if name in ("to", "dtype"):
        return {name: DTYPES.get(found.i, "") if found is not None else "absent"}
    if name == "axis":
        return place_of_axis(found, rank)
    if name in ("strides", "dilations"):
        return {name: _steps(list(found.ints) if found is not None else [])}
    if name in ("pads", "paddings"):
        return {name: _pads(list(found.ints) if found is not None else [])}
    if name == "value" and found is not None and found.type == AttributeProto.TENSOR:
        return {"value.dtype": DTYPES.get(found.t.data_type, "")}
    if name == "value" and op == "ConstantOfShape":
        return {"value.dtype": "absent"}  # the operator's default value, which not every compiler implements
    if name in ("axes", "split", "output_shape", "output_padding", "scales", "perm", "kernel_shape"):
        return {name: _listing(name, list(found.ints or found.floats) if found is not None else None, rank)}
    if name == "equation" and found is not None:
        return _equation(found.s.decode("utf-8", "replace"))
    if name in TEXTS:
        return {name: "given" if found is not None and found.s else "absent"}
    if name == "group" or name in FREE:
        return {}
    if found is None:
        return {name: "absent"}
    if found.type == AttributeProto.STRING:
        return {name: found.s.decode("utf-8", "replace")}
    if found.type == AttributeProto.STRINGS and name != "activations":
        return {name: "given" if found.strings else "none"}
    if found.type == AttributeProto.STRINGS:
        return {name: ",".join(word.decode("utf-8", "replace").lower() for word in found.strings)}
    if found.type == AttributeProto.INT:
        return {name: found.i if -1 <= found.i <= 2 else "other"}
    if found.type == AttributeProto.FLOAT:
        same = default is not None and default.type == AttributeProto.FLOAT and default.f == found.f
        return {name: "default" if same else "given"}
    if found.type in (AttributeProto.FLOATS, AttributeProto.INTS):
        return {name: "given" if attribute_value(found) else "none"}
    return {name: "given"}


def _equation(text: str) -> dict[str, Facet]:
    """Return how an Einsum uses its labelled axes: whether it sums, pairs or takes diagonals of them, and orders the rest."""
    terms, arrow, result = text.replace(" ", "").partition("->")
    operands = [term.replace("...", ".") for term in terms.split(",")]
    result = result.replace("...", ".")
    letters = "".join(operands)
    if not arrow:
        result = "." * ("." in letters) + "".join(sorted(letter for letter in set(letters) - {"."} if letters.count(letter) == 1))
    shared = {letter for letter in letters if letter != "." and sum(letter in term for term in operands) > 1}
    gone = set(letters) - set(result)
    order = "".join(dict.fromkeys(letter for letter in letters if letter in result))
    return {
        "equation.diagonal": any(term.count(letter) > 1 for term in operands for letter in term),
        "equation.ellipsis": "." in letters,
        "equation.implicit": not arrow,
        "equation.spaces": " " in text,
        "equation.contracts": min(len(gone & shared), 2),
        "equation.sums": bool(gone - shared),
        "equation.batches": bool(shared - gone),
        "equation.order": "kept" if order == result else "changed",
        "equation.scalar": not result,
    }


def place_of_axis(found: AttributeProto | None, rank: int | None) -> dict[str, Facet]:
    """Return the place of an axis in a tensor of this rank, and whether it is counted from the end."""
    if found is None:
        return {"axis": "absent", "axis.negative": False}
    axis, negative = found.i, found.i < 0
    if rank is None:
        return {
            "axis": "first" if axis == 0 else "last" if axis == -1 else None,
            "axis.negative": negative,
        }
    place = axis + rank if negative else axis
    word = "first" if place == 0 else "last" if place == rank - 1 else "second" if place == 1 else "inner"
    return {"axis": word if place < rank else "end", "axis.negative": negative}


def _steps(values: Sequence[int]) -> str:
    if all(value == 1 for value in values):
        return "ones"
    return "uniform" if len(set(values)) == 1 else "mixed"


def _pads(values: Sequence[int]) -> str:
    if all(value == 0 for value in values):
        return "none"
    if min(values) < 0:
        return "negative"
    half = len(values) // 2
    return "even" if list(values[:half]) == list(values[half:]) else "uneven"


def _listing(name: str, values: Sequence[float] | None, rank: int | None) -> str:
    if values is None:
        return "absent"
    if name == "perm":
        if list(values) == list(range(len(values))):
            return "identity"
        return "keeps-batch" if values and values[0] == 0 else "moves-batch"
    if name == "axes":
        some = "none" if not values else "one" if len(values) == 1 else "all" if len(values) == rank else "several"
        return some + ("-negative" if any(value < 0 for value in values) else "")
    if name == "split":
        return "equal" if len(set(values)) <= 1 else "unequal"
    if name == "output_padding":
        return "none" if not any(values) else "given"
    return "given"

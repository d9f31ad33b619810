"""Which quantised form a model gets: the first one that the measured tables of all targets accept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onnx import ModelProto

from graphfix.errors import UsageError
from graphfix.ir.operator_set import opset_version
from graphfix.ir.traversal import graphs
from graphfix.tables.precision import SUPPORTED, Form, PrecisionTable, common_forms, precision_table

SCHEMES = {"static": ("qdq", "qoperator"), "dynamic": ("dynamic",), "weight-only": ("weight-only",)}
"""The schemes of the command line, with those of the tables that they stand for."""
KINDS = {
    "convolution": ("Conv", "ConvTranspose"),
    "transformer": ("MatMul", "LayerNormalization", "Softmax"),
    "recurrent": ("LSTM", "GRU", "RNN"),
}
"""The operators by which a model is like one of the small models that forms were measured on; each first one decides."""


@dataclass(frozen=True, slots=True)
class FormChoice:
    """The chosen form, the small models whose answers count for this one, and notes on what was not measured."""

    form: Form
    models: tuple[str, ...]
    notes: tuple[str, ...] = ()


def measured_kinds(model: ModelProto) -> tuple[str, ...]:
    """Return the small models that have this model's main operators; `convolution` for one without any."""
    found = {node.op_type for graph in graphs(model.graph) for node in graph.node}
    kinds = tuple(name for name, (main, *_) in KINDS.items() if main in found or (name == "recurrent" and found & {"GRU", "RNN"}))
    return kinds or ("convolution",)


def form_choices(model: ModelProto, targets: Sequence[str], scheme: str, bits: int) -> list[FormChoice]:
    """Return the forms that all targets accept, the best one first.

    Raises:
        UsageError: a target accepts no form of the scheme, or they take none together; the line says which, and what they take.
    """
    known = {target: precision_table(target) for target in targets}
    tables = {target: table for target, table in known.items() if table is not None}
    unmeasured = [target for target in known if target not in tables]
    notes = [f"{target} was not measured for quantised forms, it is not taken into account" for target in unmeasured]
    if not tables:
        raise UsageError(f"no quantised form was measured for {', '.join(targets)}", hint="graphfix table --precision shows them")
    kinds = measured_kinds(model)
    kinds = tuple(kind for kind in kinds if any(kind in one.answers for table in tables.values() for one in table.forms))
    empty = [target for target, table in tables.items() if not _wanted(table.supported(kinds), scheme, bits)]
    if empty:
        raise UsageError(_none(empty, tables, kinds, scheme, bits), hint=_instead(list(tables.values()), kinds, scheme, bits))
    found = _wanted(common_forms(list(tables.values()), kinds), scheme, bits)
    if not found:
        said = f"{', '.join(tables)} accept no {bits}-bit {scheme} form together, each accepts others"
        raise UsageError(said, hint=_instead(list(tables.values()), kinds, scheme, bits))
    opset = opset_version(model, missing=0)
    ranked = sorted(found, key=lambda form: _rank(form, opset))
    return [FormChoice(form, kinds, tuple(notes)) for form in ranked]


def _wanted(forms: Sequence[Form], scheme: str, bits: int) -> list[Form]:
    """Return the forms of a scheme whose weights have so many bits."""
    weights = (f"int{bits}", f"uint{bits}")
    return [form for form in forms if form.scheme in SCHEMES[scheme] and form.weights in weights]


def _rank(form: Form, opset: int) -> tuple[bool, bool, int, bool, bool]:
    """Order forms: the core operators alone, then without a change of the opset, then with a scale for each channel."""
    return form.scope != "core", form.domain != "", max(form.opset - opset, 0), form.per == "tensor", form.pairs != "dedicated"


def _none(empty: Sequence[str], tables: dict[str, PrecisionTable], kinds: Sequence[str], scheme: str, bits: int) -> str:
    """Say which targets accept no form of a scheme, with the compiler's words on the first that it was asked about."""
    target = empty[0]
    said = ""
    for one in tables[target].forms:
        if _wanted([one.form], scheme, bits):
            words = next((answer.said for kind, answer in one.answers.items() if kind in kinds and answer.said), "")
            said = f" (of {one.form.label}: {words[:120]})" if words else ""
            break
    count = sum(bool(_wanted([one.form], scheme, bits)) for one in tables[target].forms)
    measured = f"none of the {count} that were measured" if count else "none was measured"
    return f"{', '.join(empty)} accept{'s' if len(empty) == 1 else ''} no {bits}-bit {scheme} form, {measured}{said}"


def _instead(tables: Sequence[PrecisionTable], kinds: Sequence[str], scheme: str, bits: int) -> str:
    """Say which other schemes all of the targets accept, or which targets to leave out."""
    others = [
        f"--scheme {name} --bits {width}"
        for name in SCHEMES
        for width in (8, 4)
        if (name, width) != (scheme, bits) and _wanted(common_forms(tables, kinds), name, width)
    ]
    if others:
        return f"all of them accept {' and '.join(others)}"
    taking = [table.target for table in tables if _wanted(table.supported(kinds), scheme, bits)]
    return f"leave it to {', '.join(taking)}" if taking else "leave the model in float"


def stores_only(target: str, form: Form) -> str | None:
    """Return what to say where a target stores these bits and computes in float; None where nothing is known to say."""
    table = precision_table(target)
    if form.scheme != "weight-only" or table is None or (table.verdict(form) != SUPPORTED and not table.measured_form(form)):
        return None
    how = "as palettes or with scales" if target == "coreml" else "compressed"
    return f"{target} stores the weights in {form.weights} {how}, and computes in float"

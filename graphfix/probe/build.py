"""From a form and a change, or from a sketch, to a probe: a lawful model, its inputs, what it should compute.

The key of a probe is what `facets` says of the node named "probe" in the finished model, the same function that the
linter asks, so a probe can never claim to be about something the linter would not see.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, helper, parser

from graphfix.analysis.constant_folding import Array
from graphfix.analysis.facets.node import Facets
from graphfix.analysis.facts import DTYPES
from graphfix.analysis.patterns.words import CONFLICT
from graphfix.ir.node_order import in_order
from graphfix.probe.branching import in_branch
from graphfix.probe.change import apply_change, label_of
from graphfix.probe.deviations import deviations
from graphfix.probe.expect import expected
from graphfix.probe.form import NUMBERS_ONLY, RARE, VARIANT, Change, Form, TextProbe
from graphfix.probe.lawful import check
from graphfix.probe.operands import OperandBuilder, convert
from graphfix.probe.output_types import finished as finished
from graphfix.probe.output_types import result_dtype, settle, stated
from graphfix.probe.refusal import Fault, refuses
from graphfix.probe.schemas import default_dtype, history, typed_value
from graphfix.probe.subject import NODE, key_of
from graphfix.probe.text_probe import add_weights, random_inputs, renamed
from graphfix.tables.unknown_operators import UNKNOWN

TYPICAL = 17
"""The opset of a probe where its operator's schema leaves a choice."""

LISTS = {
    onnx.defs.OpSchema.AttrType.INTS: onnx.AttributeProto.INTS,
    onnx.defs.OpSchema.AttrType.FLOATS: onnx.AttributeProto.FLOATS,
    onnx.defs.OpSchema.AttrType.STRINGS: onnx.AttributeProto.STRINGS,
}
"""The types of attributes that are lists, as schemas and as nodes name them."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One question to a compiler: a model, what was varied in it, and what its node looks like to the linter.

    `feeds` are the inputs and `wanted` the outputs by name (None where the numbers are not to be compared).
    """

    op: str
    label: str
    varied: tuple[str, ...]
    model: ModelProto
    facets: Facets
    feeds: dict[str, Array] = field(default_factory=dict)
    wanted: dict[str, Array] | None = None

    @property
    def digest(self) -> str:
        """A short hash of the model, by which evidence is found again."""
        return model_digest(self.model)


def model_digest(model: ModelProto) -> str:
    """A short hash of a model."""
    return hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()[:16]


@dataclass(slots=True)
class Yield:
    """The probes of one operator, how many deviations gave no valid model, and those that failed for another reason."""

    probes: list[Probe]
    dropped: int
    faults: list[Fault] = field(default_factory=list)


def probes(entries: Iterable[Form | TextProbe]) -> Yield:
    """Every distinct probe of the forms and sketches of one operator; a fault in one costs no other."""
    found: dict[str, Probe] = {}
    made = Yield([], 0)
    for entry in entries:
        for probe in _of_sketch(entry) if isinstance(entry, TextProbe) else _of_form(entry):
            if isinstance(probe, Fault):
                made.faults.append(probe)
            elif probe is None:
                made.dropped += 1
            else:
                found.setdefault(probe.digest, probe)
    made.probes = list(found.values())
    return made


def _of_form(form: Form) -> Iterator[Probe | Fault | None]:
    name = table_name(form)
    for change in deviations(form):
        label = label_of(change)
        try:
            yield form_probe(form, change, label, tuple(change))
        except Exception as error:
            yield None if refuses(error) else Fault(name, label, error)


def table_name(form: Form) -> str:
    """Return the name of the table that probes of a form are evidence for."""
    return f"{form.domain}.{form.op}" if form.domain else form.op


def form_probe(form: Form, change: Change, label: str, varied: tuple[str, ...]) -> Probe | None:
    """Return the probe of one change; raises what onnx raises where it makes no valid model."""
    made = changed_model(form, change)
    return None if made is None else probe_of(table_name(form), label, varied, *made, compare=not form.random)


def changed_model(form: Form, change: Change) -> tuple[ModelProto, dict[str, Array]] | None:
    """The checked model of a changed form with its inputs; raises what onnx raises where it is not valid."""
    built = build(form, change)
    if built is None:
        return None
    model = finished(*built)
    if "settled" in change:
        settle(model, built[1])
    if "inside" in change:
        model = in_branch(model, NODE, built[1])
        onnx.checker.check_model(model)
    return model, built[1]


def _of_sketch(sketch: TextProbe) -> Iterator[Probe | Fault | None]:
    try:
        yield sketched(sketch)
    except Exception as error:
        yield None if refuses(error) else Fault(sketch.op, sketch.label, error)


def sketched(sketch: TextProbe) -> Probe | None:
    """The probe of a sketch; raises what onnx raises where it makes no valid model."""
    varied = (*sketch.varied, NUMBERS_ONLY) if sketch.feeds else tuple(sketch.varied)
    return probe_of(sketch.op, sketch.label, varied, *sketched_model(sketch), compare=not sketch.random)


def sketched_model(sketch: TextProbe) -> tuple[ModelProto, dict[str, Array]]:
    """The checked model of a sketch with its inputs; raises what onnx raises where it is not valid."""
    model = renamed(parser.parse_model(sketch.text), dict(sketch.names))
    add_weights(model, sketch.weights)
    feeds = random_inputs(model)
    for name, numbers in sketch.feeds:
        feeds[name] = np.asarray(numbers).astype(feeds[name].dtype).reshape(feeds[name].shape)
        model.graph.doc_string += f"{name} = {list(numbers)} "  # evidence is kept by model, which the numbers are now part of
    stated(model, feeds)
    check(in_order(model))
    return model, feeds


def probe_of(
    op: str, label: str, varied: tuple[str, ...], model: ModelProto, feeds: dict[str, Array], *, compare: bool
) -> Probe | None:
    """The probe of a model; None where it has no node of the operator, or no evaluator computes it.

    Raises:
        Inexpressible: it is a variant, which nobody wrote, and onnxruntime refuses to run it.
    """
    free = op == UNKNOWN or CONFLICT in varied  # nothing computes it
    wanted = {} if free else expected(model, feeds, strict=VARIANT in varied)
    if wanted is None:
        if not _rare(model):
            return None
        wanted = {}  # lawful, though neither evaluator computes in such a dtype
    key = key_of(op, model)
    if key is None:
        return None
    arrays = {name: value for name, value in feeds.items() if isinstance(value, np.ndarray)}  # not sequences
    wanted = wanted if compare and len(arrays) == len(feeds) else None
    return Probe(op, label, varied, model, key, arrays, wanted or None)


def _rare(model: ModelProto) -> bool:
    """Whether a model takes or gives a dtype that evaluators may not know."""
    kinds = [info.type.tensor_type.elem_type for info in (*model.graph.input, *model.graph.output)]
    return any(DTYPES.get(kind, "") in RARE for kind in (*kinds, *(t.data_type for t in model.graph.initializer)))


def schema_at(form: Form, since: int | None) -> tuple[onnx.defs.OpSchema | None, int]:
    """The schema of a form at a since-version (the newest by default), and the opset that probes it."""
    found = [s for s in history(form.op, form.domain) if not s.deprecated or s.since_version == since]
    if not found:
        return None, 1
    chosen = found[-1] if since is None else next(s for s in found if s.since_version == since)
    later = [s.since_version for s in history(form.op, form.domain) if s.since_version > chosen.since_version]
    last = min(later) - 1 if later else max(TYPICAL, chosen.since_version)
    if form.domain:
        return chosen, chosen.since_version
    return chosen, max(chosen.since_version, min(last, TYPICAL))


def build(form: Form, change: Change) -> tuple[ModelProto, dict[str, Array]] | None:
    """The model with its inputs; None when the schema version cannot express the change."""
    operands, attributes, types = apply_change(form, change)
    schema, opset = schema_at(form, change.get("since"))
    supply = OperandBuilder(TYPICAL if form.domain else opset)
    placed: list[str] = []
    spare = dict(attributes)
    if schema is None:
        for given in operands.values():
            placed.append("" if given is None else supply.add(f"x{len(placed)}", given, given.dtype or "float32"))
        outputs: list[str] = []
    else:
        bound = _bound(form, schema, types)
        renamed = _renamed(form, schema)
        usable = {renamed.get(name, name): given for name, given in operands.items()}
        for formal in schema.inputs:
            given = usable.pop(formal.name, None)
            several = given if isinstance(given, (list, tuple)) else [given]
            dtype = bound.get(formal.type_str) or default_dtype(form, schema, formal.type_str)
            for i, one in enumerate(several):
                name = formal.name if len(several) == 1 else f"{formal.name}{i}"
                placed.append("" if one is None else supply.add(name, one, one.dtype or dtype))
        for name, given in usable.items():
            name = name if name in schema.attributes else form.aliases.get(name, name)
            if name in schema.attributes and given is not None:
                if given.source != "constant":
                    return None
                spare[name] = convert(given, "")
            elif given is not None and (name in change or f"{name}.from" in change):
                return None
        for name in list(spare):
            if name not in schema.attributes:
                if name in change and spare[name] is not None:
                    return None
                del spare[name]
            elif spare[name] is not None:
                spare[name] = typed_value(schema.attributes[name], spare[name])
        outputs = [formal.name for formal in schema.outputs]
    while placed and not placed[-1]:
        placed.pop()
    named = _outputs(change.get("outputs", form.outputs), outputs)
    node = helper.make_node(form.op, placed, named, name=NODE, domain=form.domain)
    for name, value in sorted(spare.items()):
        if value is not None:  # an empty list does not tell its type
            kind = LISTS.get(schema.attributes[name].type) if schema is not None else None
            node.attribute.append(helper.make_attribute(name, value, attr_type=kind))
    return _model(form, node, supply, opset), supply.feeds


def _renamed(form: Form, schema: onnx.defs.OpSchema) -> dict[str, str]:
    """Operand names of the newest schema as an older one calls them, by position."""
    newer = [s for s in history(form.op, form.domain) if not s.deprecated]
    fresh, there = [i.name for i in newer[-1].inputs], [i.name for i in schema.inputs]
    return {new: old for new, old in zip(fresh, there, strict=False) if new != old and new not in there and old not in fresh}


def _bound(form: Form, schema: onnx.defs.OpSchema, types: dict[str, str]) -> dict[str, str | None]:
    """The dtypes of a schema's type variables, which the newest schema may call by other names."""
    newer = [s for s in history(form.op, form.domain) if not s.deprecated][-1]
    out = {c.type_param_str: types.get(c.type_param_str) for c in schema.type_constraints}
    for new, old in zip(newer.inputs, schema.inputs, strict=False):
        if new.name == old.name or new.type_str not in out:
            out[old.type_str] = types.get(new.type_str, out.get(old.type_str))
    return out


def _outputs(wanted: Any, formal: list[str]) -> list[str]:
    if isinstance(wanted, int):
        return [f"out{i}" for i in range(wanted)]
    return [f"out_{name}" if name else "" for name in wanted]


def _model(form: Form, node: NodeProto, supply: OperandBuilder, opset: int) -> ModelProto:
    results = [name for name in node.output if name]
    imports = [helper.make_opsetid("", TYPICAL if form.domain else opset)]
    if form.domain:
        found = history(form.op, form.domain)
        imports.append(helper.make_opsetid(form.domain, opset if found else 1))
    after: list[NodeProto] = []
    if not supply.inputs and not form.random:
        after = supply.joined(results[0], result_dtype([*supply.nodes, node], supply.initializers, results[0], imports))
    graph = helper.make_graph([*supply.nodes, node, *after], "g", supply.inputs, [], supply.initializers)
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in [after[-1].output[0] if after else results[0], *results[1:]])
    version = max(8, helper.find_min_ir_version_for(imports, ignore_unknown=True))
    return helper.make_model(graph, opset_imports=imports, ir_version=version, producer_name="graphfix")

"""Converting a model to float16 or bfloat16, wholly or within a budget, in a form that the targets take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from onnx import ModelProto

from graphfix.errors import UsageError
from graphfix.ir.operator_set import opset_version
from graphfix.precision.half_conversion import convert
from graphfix.precision.judge import inlined
from graphfix.precision.mixed import mixture
from graphfix.precision.output_errors import OutputError, errors_of
from graphfix.precision.quantised_form import CORE
from graphfix.precision.range_rewrites import apply_range_rewrites
from graphfix.precision.simulation import Feed, simulation
from graphfix.precision.troubles import range_troubles
from graphfix.tables.precision import SUPPORTED, UNMEASURED, Form, PrecisionTable
from graphfix.verify.budget import Budget
from graphfix.verify.runtime import session

USUAL = Budget(snr=40.0)
"""The budget of `mixed` where the user gives none."""
MIXED = "mixed"
PRECISIONS = ("float16", "bfloat16", MIXED)
RECURRENT = ("LSTM", "GRU", "RNN")


@dataclass(slots=True)
class Narrowed:
    """A converted model.

    `kept` are the nodes that stay in float32 to hold the budget, `wide` those that have no narrow form. `whole` are the
    outputs' errors with every node narrow, `errors` those of the model, both simulated; `runs` tells that onnxruntime runs the
    model. `unmeasured` are targets of which no form was measured.
    """

    model: ModelProto
    dtype: str
    budget: Budget | None
    form: Form
    kept: list[str]
    wide: list[str]
    nodes: int
    whole: list[OutputError]
    errors: list[OutputError]
    runs: bool
    rewrites: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    unmeasured: list[str] = field(default_factory=list)


def kinds(model: ModelProto) -> list[str]:
    """Return the small models of the tables that a model is like, by its operators."""
    ops = {node.op_type for node in model.graph.node}
    found = [
        name
        for name, marks in (("convolution", ("Conv", "ConvTranspose")), ("recurrent", RECURRENT))
        if not ops.isdisjoint(marks)
    ]
    return found or ["transformer"]


def chosen_form(model: ModelProto, dtype: str, tables: Sequence[PrecisionTable], interface: str) -> Form:
    """Return the widest form in `dtype` that every table supports; UsageError with the compiler's words where there is none."""
    opset = opset_version(model)
    like = kinds(model)
    refusal = ""
    for scope in ("all", "core"):
        verdicts = []
        for known in tables:
            forms = [
                one
                for one in known.forms
                if (one.form.scheme, one.form.weights, one.form.scope, one.form.interface) == ("float", dtype, scope, interface)
            ]
            nearest = min(forms, key=lambda one: abs(one.form.opset - opset), default=None)
            verdict = nearest.verdict(like) if nearest is not None else UNMEASURED
            verdicts.append(verdict)
            if nearest is not None and verdict not in (SUPPORTED, UNMEASURED):
                said = next((nearest.answers[name].said for name in like if nearest.answers[name].said), verdict)
                refusal = f"{known.target} {known.version} supports no {dtype} form of such a model: {said}"
        if all(verdict in (SUPPORTED, UNMEASURED) for verdict in verdicts):
            return Form(scheme="float", weights=dtype, activations=dtype, scope=scope, interface=interface, opset=opset)
    raise UsageError(refusal, hint=f"`graphfix table --precision --target {tables[0].target}` shows what it supports")


def narrow_model(
    model: ModelProto, precision: str, feeds: Sequence[Feed], budget: Budget | None, tables: Sequence[PrecisionTable]
) -> Narrowed:
    """Return the model in `float16`, `bfloat16` or a mixture of float16 and float32.

    Raises:
        UsageError: a target takes no such form.
        ModelError: no mixture is within the budget.
    """
    dtype = "float16" if precision == MIXED else precision
    budget = USUAL if budget is None and precision == MIXED else budget
    model = inlined(model)
    form = chosen_form(model, dtype, tables, "float32")
    with simulation(model, dtype) as simulated:
        troubles = [one for one in range_troubles(model, simulated, feeds, dtype) if one.kind != "error"]
        spoilt = {simulated.made.nodes[one.place].output[0] for one in troubles}
        exact = [simulated.run(feed, ()) for feed in feeds]
        whole = errors_of(simulated.outputs, [(old, simulated.run(feed, None)) for feed, old in zip(feeds, exact, strict=True)])
    rewritten, rewrites = apply_range_rewrites(model, spoilt) if spoilt else (model, [])
    outside = {name for node in rewritten.graph.node if form.scope == "core" and node.op_type not in CORE for name in node.output}
    with simulation(rewritten, dtype) as simulated:
        found = mixture(simulated, feeds, budget)
        nodes = simulated.made.nodes
        labels = [node.name or node.output[0] for node in nodes]
        keep = {name for at in found.keep for name in nodes[at].output}
        narrow = [at for at, node in enumerate(nodes) if at not in found.keep and node.output[0] not in outside]
        pairs = [(old, simulated.run(feed, narrow)) for feed, old in zip(feeds, exact, strict=True)]
        errors = errors_of(simulated.outputs, pairs)
    made, wide = convert(rewritten, dtype, keep=keep | outside, interface="float32")
    return Narrowed(
        made, dtype, budget, form, [labels[at] for at in sorted(found.keep)], wide, len(labels), whole, errors,
        _runs(made, feeds),
        rewrites, [known.target for known in tables if not any(one.form.weights == dtype for one in known.forms)],
    )  # fmt: skip


def _runs(model: ModelProto, feeds: Sequence[Feed]) -> bool:
    """Whether onnxruntime runs a converted model; where it lacks a narrow kernel it computes in float32, so no error is told."""
    try:
        with session(model) as running:
            for feed in feeds:
                running.run(None, dict(feed))
    except Exception:  # it has no kernel for an operator in bfloat16
        return False
    return True

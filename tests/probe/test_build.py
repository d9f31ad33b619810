"""Probes are lawful models whose keys are what the linter sees."""

from __future__ import annotations

import functools
from itertools import combinations

import onnx
import pytest

from graphfix.analysis.facets.model import model_facets
from graphfix.analysis.facets.node import facets
from graphfix.analysis.facts import Facts
from graphfix.ir.node_order import in_order
from graphfix.probe.branching import in_branch
from graphfix.probe.build import Probe, build, finished, probes
from graphfix.probe.choice import distinct
from graphfix.probe.deviations import deviations
from graphfix.probe.distil import key
from graphfix.probe.expect import expected
from graphfix.probe.form import Change, Form, TextProbe, aged, data, numbers, scalar
from graphfix.probe.forms import forms
from graphfix.probe.subject import NODE

QUICK = ("Conv", "Relu", "@model", "com.microsoft.FusedConv")
LONG = ("ReduceMean", "Clip", "Squeeze", "LSTM", "If", "Range")
SAMPLE = [*QUICK, *(pytest.param(op, marks=pytest.mark.slow) for op in LONG)]


@functools.cache
def built(op: str) -> list[Probe]:
    """The probes of an operator, built once for all that is asked of them."""
    return probes(forms()[op]).probes


@pytest.mark.parametrize("op", SAMPLE)
def test_probes_are_lawful_and_distinct(op: str) -> None:
    found = built(op)
    assert len(found) > 3
    assert len({probe.digest for probe in found}) == len(found)
    for probe in found:
        onnx.checker.check_model(in_order(probe.model))


@pytest.mark.parametrize("op", SAMPLE)
def test_the_key_of_a_probe_is_what_the_linter_sees_in_its_file(op: str) -> None:
    for probe in built(op)[:40]:
        facts = Facts.of(onnx.load_from_string(probe.model.SerializeToString()))
        if op == "@model":
            assert probe.facets == model_facets(facts)
        else:
            assert probe.facets in [facets(node) for node in facts.nodes]


@pytest.mark.parametrize("op", ["Relu", "com.microsoft.FusedConv", pytest.param("Clip", marks=pytest.mark.slow)])
def test_building_twice_gives_the_same_models(op: str) -> None:
    assert [probe.digest for probe in built(op)] == [probe.digest for probe in probes(forms()[op]).probes]


def test_expected_numbers_come_with_every_probe_that_has_numbers() -> None:
    relu = next(probe for probe in built("Relu") if probe.label == "usual")
    assert relu.wanted is not None
    given = relu.feeds["X"]
    assert (relu.wanted["out0"] == given.clip(0)).all()


def changed(form: Form, change: dict[str, object]) -> onnx.ModelProto:
    made = build(form, change)
    assert made is not None
    return finished(*made)


CLIP = Form("Clip", {"input": data(2, 3), "min": scalar(0.0), "max": scalar(1.0)})


def node_of(model: onnx.ModelProto) -> onnx.NodeProto:
    return next(node for node in model.graph.node if node.name == NODE)


def test_an_older_schema_takes_operands_as_attributes() -> None:
    node = node_of(changed(CLIP, {"since": 6}))
    assert list(node.input) == ["input"]
    assert {item.name: item.f for item in node.attribute} == {"min": 0.0, "max": 1.0}


def test_a_change_that_a_schema_version_cannot_express_gives_no_probe() -> None:
    assert build(CLIP, {"since": 6, "min.from": "runtime"}) is None


@pytest.mark.parametrize("source", ["constant", "folded", "fixed-shape", "shape", "cast-shape", "runtime"])
def test_operands_come_from_where_the_change_says(source: str) -> None:
    form = Form("Reshape", {"data": data(2, 3, 4), "shape": numbers(2, 12)})
    model = changed(form, {"shape.from": source, "dims": "batch"})
    node = next(node for node in Facts.of(model).nodes if node.label == NODE)
    assert facets(node)["shape.from"] == source


@pytest.mark.parametrize(("source", "told"), [(True, True), ("fixed-shape", "fixed-shape")])
def test_every_operand_can_come_from_constants_or_from_fixed_dims(source: object, told: object) -> None:
    node = next(n for n in Facts.of(changed(Form("Neg", {"X": data(2, 3)}), {"foldable": source})).nodes if n.label == NODE)
    assert facets(node)["foldable"] is told or facets(node)["foldable"] == told


@pytest.mark.parametrize("dims", ["batch", "spatial", "sequence", "dynamic"])
def test_dims_are_as_open_as_the_change_says(dims: str) -> None:
    model = changed(Form("Relu", {"X": data(2, 3, 4, 5)}), {"dims": dims})
    assert facets(Facts.of(model).nodes[0])["X.dims"] == dims


def test_the_usual_form_comes_first_and_every_version_is_tried() -> None:
    changes = list(deviations(CLIP))
    assert changes[0] == {}
    assert {6, 11, 12} <= {change["since"] for change in changes if "since" in change}


def test_a_malformed_sketch_is_counted_not_raised() -> None:
    found = probes([TextProbe("If", "broken", "not a model")])
    assert (found.probes, found.dropped) == ([], 1)


def test_every_form_has_an_operator_that_onnx_or_onnxruntime_defines() -> None:
    known = {schema.name for schema in onnx.defs.get_all_schemas()}
    more = {"@model", "@unknown", "Scatter", "SimplifiedLayerNormalization", "Upsample"}
    assert [op for op in forms() if "." not in op and op not in known | more] == []


@pytest.mark.parametrize("op", ["Softmax", "Conv", "Split", "Reshape", "Constant"])
def test_the_usual_form_is_tried_inside_a_branch(op: str) -> None:
    form = next(entry for entry in forms()[op] if isinstance(entry, Form))
    assert {"inside": "branch"} in list(deviations(form))
    built = build(form, {})
    assert built is not None
    model = in_branch(finished(*built), NODE, built[1])
    onnx.checker.check_model(model)
    subject = next(node for node in Facts.of(model).nodes if node.label == NODE)
    assert (subject.op, facets(subject)["inside"]) == (op, "branch")
    assert facets(next(n for n in Facts.of(finished(*built)).nodes if n.label == NODE))["inside"] == "nothing"
    assert expected(model, built[1])


def facets_of(form: Form, change: dict[str, object]) -> dict[str, object]:
    node = next(node for node in Facts.of(changed(form, change)).nodes if node.label == NODE)
    return dict(facets(node))


MOVE = Form("Transpose", {"data": data(2, 3, 4)}, {"perm": [0, 2, 1]})


@functools.cache
def moves() -> dict[str, Probe]:
    """The probes of that form by their labels."""
    return {probe.label: probe for probe in probes([MOVE]).probes}


@pytest.mark.parametrize("dtype", ["string", "complex64", "float8e5m2fnuz", "float4e2m1", "int4", "uint2"])
def test_dtypes_that_no_evaluator_knows_are_probed_without_numbers(dtype: str) -> None:
    probe = moves()[f"T={dtype}"]
    assert probe.facets["T"] == dtype
    onnx.checker.check_model(probe.model, full_check=True)


def test_an_unlawful_change_in_a_common_dtype_gives_no_probe() -> None:
    form = Form("Reshape", {"data": data(2, 3, 4), "shape": numbers(2, 12)}, changes=[{"shape": numbers(5, 5)}])
    assert not any(probe.label == "shape=(5,5)" for probe in probes([form]).probes)


def test_data_may_be_empty_or_read_from_dims() -> None:
    assert facets_of(MOVE, {"empty": 1})["data.dims"] == "empty"
    for source in ("shape", "cast-shape"):
        assert {"derived": source} in list(deviations(MOVE))
        assert facets_of(MOVE, {"derived": source})["foldable"] == source


@pytest.mark.parametrize("rank", range(8))
def test_every_rank_is_built(rank: int) -> None:
    assert facets_of(Form("Relu", {"X": data(2, 3, 4)}), {"rank": rank})["X.rank"] == rank


def test_far_probes_are_asked_only_for_pairs_of_values_not_seen_before() -> None:
    far = [
        {"rank": 4, "dims": dims, "T": dtype, "perm": perm}
        for dims in ("batch", "dynamic")
        for dtype in ("float16", "int64", "bool")
        for perm in ([0, 2, 1, 3], [3, 0, 1, 2])
    ]
    found = probes([Form("Transpose", {"data": data(2, 3, 4)}, {"perm": [0, 2, 1]}, changes=far)]).probes
    wanted = {pair for p in found if "since" not in p.varied for pair in combinations(key(p.facets), 2)}
    kept = distinct(found)
    assert wanted <= {pair for p in kept for pair in combinations(key(p.facets), 2)}
    asked = sum(len(p.varied) == len(far[0]) for p in kept)
    assert 0 < asked < sum(len(p.varied) == len(far[0]) for p in found)


def test_a_deviation_that_begins_with_a_version_is_asked_in_that_version() -> None:
    words: list[Change] = [{"axis": 1}, {"axis": 0}]
    form = Form("Softmax", {"input": data(2, 3, 4)}, {"axis": -1}, changes=[*words, *aged(11, changes=words)])
    asked = [(probe.facets["since"], probe.facets["axis"]) for probe in distinct(probes([form]).probes)]
    assert {(11, "first"), (11, "second"), (13, "first"), (13, "second")} <= set(asked)
    ended = Form("Softmax", {"input": data(2, 3, 4)}, {"axis": -1}, changes=[*words, *({**one, "since": 11} for one in words)])
    asked = [(probe.facets["since"], probe.facets["axis"]) for probe in distinct(probes([ended]).probes)]
    assert (11, "first") not in asked  # an older version of what the newest shows is no question of its own


@pytest.mark.parametrize(
    ("equation", "wanted"),
    [
        ("ij,jk->ik", {"contracts": 1, "diagonal": False, "sums": False, "order": "kept"}),
        ("ij , jk -> ki", {"contracts": 1, "order": "changed", "spaces": True}),
        ("...ii->...i", {"diagonal": True, "ellipsis": True, "contracts": 0}),
        ("ij->", {"sums": True, "scalar": True}),
        ("bij,bjk", {"implicit": True, "contracts": 2, "batches": False}),
        ("bij,bjk->bik", {"batches": True, "contracts": 1}),
    ],
)
def test_einsum_is_told_by_what_it_does_and_not_by_its_letters(equation: str, wanted: dict[str, object]) -> None:
    shapes = {"i": 3, "j": 3, "k": 5, "b": 2}
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    inputs = [data(*(shapes[letter] for letter in term.replace("...", "b"))) for term in terms]
    form = Form("Einsum", {"Inputs": inputs}, {"equation": equation})
    found = facets_of(form, {})
    assert {name: found[f"equation.{name}"] for name in wanted} == wanted

"""A model gets the form that all targets accept, keeps layers in float that cost too much, and computes nearly the same."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
from layered import NIBBLES, QDQ, UNSIGNED, WEIGHTS, feeds, invented, layered

import graphfix.quantizing.confirmed
import graphfix.quantizing.form_choice
import graphfix.quantizing.methods
import graphfix.quantizing.on_targets
from graphfix.backends.compile.paired_runs import PairedRun
from graphfix.errors import UsageError
from graphfix.quantizing.confirmed import quantize_confirmed
from graphfix.quantizing.form_choice import form_choices
from graphfix.quantizing.fusing import fused
from graphfix.quantizing.methods import calibrated_bytes, tried_methods
from graphfix.quantizing.qdq_layers import only_layers, quantised_layers
from graphfix.quantizing.quantize import NothingLeft, QuantizeOptions, compared, left_out_for
from graphfix.quantizing.sensitivity import most_sensitive_first
from graphfix.quantizing.variants import Variants
from graphfix.tables.precision import Form, PrecisionTable
from graphfix.verify.budget import Budget
from graphfix.verify.metrics import OutputMetrics
from graphfix.verify.sample_runs import run_samples


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch) -> dict[str, PrecisionTable]:
    """The tables of three invented targets, which tests may change."""
    found = {
        "one": invented("one", UNSIGNED, QDQ, WEIGHTS),
        "two": invented("two", QDQ, NIBBLES, rejected=(UNSIGNED,)),
        "three": invented("three", WEIGHTS, NIBBLES, rejected=(QDQ, UNSIGNED)),
    }
    monkeypatch.setattr(graphfix.quantizing.form_choice, "precision_table", found.get)
    return found


def test_the_form_is_one_that_all_targets_take() -> None:
    model = layered()
    assert form_choices(model, ["one"], "static", 8)[0].form == UNSIGNED
    assert [choice.form for choice in form_choices(model, ["one", "two"], "static", 8)] == [QDQ]
    assert [choice.form for choice in form_choices(model, ["two", "three"], "weight-only", 4)] == [NIBBLES]


def test_the_target_that_takes_none_is_named_with_what_all_take() -> None:
    with pytest.raises(UsageError, match=r"three accepts no 8-bit static form, none of the 2 .*three says no") as caught:
        form_choices(layered(), ["one", "three"], "static", 8)
    assert caught.value.hint == "all of them accept --scheme weight-only --bits 8"
    with pytest.raises(UsageError, match="two accepts no 8-bit weight-only form, none was measured"):
        form_choices(layered(), ["one", "two"], "weight-only", 8)
    with pytest.raises(UsageError, match="no quantised form was measured for four"):
        form_choices(layered(), ["four"], "static", 8)
    assert "four was not measured" in form_choices(layered(), ["one", "four"], "static", 8)[0].notes[0]


def test_forms_that_each_takes_and_not_all_are_said(tables: dict[str, PrecisionTable]) -> None:
    tables["five"] = invented("five", replace(QDQ, per="tensor"))
    with pytest.raises(UsageError, match="two, five accept no 8-bit static form together, each accepts others"):
        form_choices(layered(), ["two", "five"], "static", 8)


def test_a_normalisation_goes_into_the_layer_before_it() -> None:
    model = layered()
    made = fused(model)
    assert [node.op_type for node in made.graph.node] == ["Conv", "Relu", "Conv", "Relu", "GlobalAveragePool", "Flatten", "Gemm"]
    assert all(node.name for node in made.graph.node)
    for old, new in zip(run_samples(model, feeds(2)), run_samples(made, feeds(2)), strict=True):
        assert np.allclose(old[0], new[0], rtol=1e-4, atol=1e-5)


def test_layers_are_quantised_one_by_one_from_one_calibration() -> None:
    model = fused(layered())
    variants = Variants(model, QDQ, feeds())
    assert len(variants.layers) == 3
    assert all(node.op_type != "DequantizeLinear" for node in variants.without(variants.layers).graph.node)
    exact = run_samples(model, feeds(2))
    for old, new in zip(exact, run_samples(variants.without(variants.layers), feeds(2)), strict=True):
        assert np.array_equal(old[0], new[0])
    for layer in variants.layers:
        single = variants.single(layer)
        onnx.checker.check_model(single, full_check=True)
        assert quantised_layers(single) == [layer]
        assert any(not np.array_equal(old[0], new[0]) for old, new in zip(exact, run_samples(single, feeds(2)), strict=True))


def test_no_pair_stands_between_a_layer_and_its_activation() -> None:
    variants = Variants(fused(layered()), QDQ, feeds())
    made = variants.without([])
    readers = {name: node.op_type for node in made.graph.node for name in node.input}
    assert all(readers[node.output[0]] == "Relu" for node in made.graph.node if node.op_type == "Conv")
    assert [info.name for info in made.graph.output] == ["y"]
    assert next(node for node in made.graph.node if "y" in node.output).op_type == "Gemm"


def test_pairs_that_layers_share_are_undone_for_one_of_them() -> None:
    variants = Variants(fused(layered()), replace(QDQ, pairs="shared", scope="all"), feeds())
    made = only_layers(variants.whole, variants.model, variants.layers[1:])
    onnx.checker.check_model(made, full_check=True)
    assert quantised_layers(made) == variants.layers[1:]


def options(targets: tuple[str, ...] = ("one", "two"), **more: Any) -> QuantizeOptions:
    """Options for these targets."""
    return QuantizeOptions(targets, **more)


def test_the_budget_keeps_sensitive_layers_in_float() -> None:
    whole = quantize_confirmed(layered(), feeds(), options(), ask=False).quantized
    assert not whole.left_out
    snr = whole.metrics["y"].to_json()["snr_db"]
    assert snr is not None
    assert 15 < snr < 60
    found = quantize_confirmed(layered(), feeds(), options(budget=Budget(snr=snr + 2)), ask=False).quantized
    assert 0 < len(found.left_out) < 3
    cost = {one.layer: one.snr for one in found.layers}
    assert found.left_out[0] == min(cost, key=lambda name: cost[name] or 0.0)
    assert [one.layer for one in found.layers if not one.quantised] == [one for one in cost if one in found.left_out]
    assert (found.metrics["y"].to_json()["snr_db"] or 0) >= snr + 2


def test_a_budget_that_no_layer_fits_writes_nothing() -> None:
    with pytest.raises(NothingLeft, match="no layer can be quantised within the budget"):
        quantize_confirmed(layered(), feeds(), options(budget=Budget(largest=1e-9)), ask=False)


@pytest.mark.parametrize(("form", "bits"), [(WEIGHTS, 8), (NIBBLES, 4)])
def test_weights_alone_are_stored_without_data(form: Any, bits: int) -> None:
    wanted = options(("three",), scheme="weight-only", bits=bits)
    found = quantize_confirmed(layered(), feeds(2), wanted, ask=False).quantized
    assert found.form == form
    assert len(found.layers) == 3
    assert all(one.snr is not None for one in found.layers)
    types = {tensor.data_type for tensor in found.model.graph.initializer}
    assert (onnx.TensorProto.INT8 if bits == 8 else onnx.TensorProto.INT4) in types


def test_ranges_at_run_time_need_no_data(tables: dict[str, PrecisionTable]) -> None:
    dynamic = Form(scheme="dynamic", weights="int8", activations="uint8", symmetric=False)
    tables["six"] = invented("six", dynamic)
    wanted = options(("six",), scheme="dynamic")
    found = quantize_confirmed(layered(), feeds(2), wanted, ask=False).quantized
    assert [one.operator for one in found.layers] == ["Conv", "Conv", "Gemm"]
    assert any(node.op_type == "DynamicQuantizeLinear" for node in found.model.graph.node)
    snr = found.metrics["y"].to_json()["snr_db"] or 0.0
    tighter = options(("six",), scheme="dynamic", budget=Budget(snr=snr + 1))
    assert 0 < len(quantize_confirmed(layered(), feeds(2), tighter, ask=False).quantized.left_out) < 3


def test_versions_are_compared_on_inputs_taken_evenly() -> None:
    many = [{"x": np.asarray([place])} for place in range(100)]
    assert [int(feed["x"][0]) for feed in compared(many)] == list(range(0, 100, 4))
    assert compared(many[:5]) == many[:5]


def test_the_next_form_is_tried_where_a_compiler_rejects_one(
    monkeypatch: pytest.MonkeyPatch, tables: dict[str, PrecisionTable]
) -> None:
    tables["one"] = invented("one", UNSIGNED, QDQ)
    asked: list[bool] = []

    def runs(pair: Any, targets: Any, begin: Any) -> list[PairedRun]:
        unsigned = any(tensor.data_type == onnx.TensorProto.UINT8 for tensor in pair.changed.graph.initializer)
        asked.append(unsigned)
        return [PairedRun("one", "1", not unsigned, "no" if unsigned else "")]

    monkeypatch.setattr(graphfix.quantizing.confirmed, "paired_runs", runs)
    found = quantize_confirmed(layered(), feeds(), options(("one",)), ask=True)
    assert asked == [True, False]
    assert found.quantized.form == QDQ
    assert "was tried: one rejects it (no)" in found.quantized.notes[0]


def test_a_target_that_rejects_the_original_decides_no_form(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def runs(pair: Any, targets: Any, begin: Any) -> list[PairedRun]:
        asked.append("")
        return [PairedRun("one", "1", False, "no such operator", original=False)]

    monkeypatch.setattr(graphfix.quantizing.confirmed, "paired_runs", runs)
    found = quantize_confirmed(layered(), feeds(), options(("one",)), ask=True)
    assert found.quantized.form == UNSIGNED
    assert len(asked) == 1


@pytest.mark.parametrize("blamed", [0, 2])
def test_the_layers_that_a_compiled_model_computes_worst_stay_in_float(monkeypatch: pytest.MonkeyPatch, blamed: int) -> None:
    asked: list[tuple[str, ...]] = []
    layers = quantised_layers(Variants(fused(layered()), UNSIGNED, feeds()).whole)

    def metrics(changed: onnx.ModelProto) -> dict[str, OutputMetrics]:
        found = OutputMetrics()
        count = len(quantised_layers(changed))
        off = 0.01 * count + (0.5 if layers[blamed] in quantised_layers(changed) else 0.0)
        found.add(np.asarray([[1.0, 2.0]]), np.asarray([[1.0, 2.0 + off]]))
        return {"y": found}

    def runs(pair: Any, targets: Any, begin: Any) -> list[PairedRun]:
        asked.append(tuple(targets))
        exact = {"y": OutputMetrics()}
        return [PairedRun(one, "1", True, "", metrics(pair.changed) if one == "two" else exact) for one in targets]

    class Compiled(contextlib.AbstractContextManager["Compiled"]):
        def __init__(self, pair: Any, target: str) -> None:
            asked.append((target,))

        def __exit__(self, *_: object) -> None:
            asked.append(())

        def of(self, changed: onnx.ModelProto, most: int = 8) -> PairedRun:
            return PairedRun("two", "1", True, "", metrics(changed))

    monkeypatch.setattr(graphfix.quantizing.confirmed, "paired_runs", runs)
    monkeypatch.setattr(graphfix.quantizing.on_targets, "CompiledRuns", Compiled)
    wanted = options(("one", "two"), budget=Budget(largest=0.25))
    monkeypatch.setattr(graphfix.quantizing.form_choice, "precision_table", {
        "one": invented("one", UNSIGNED), "two": invented("two", UNSIGNED)}.get)  # fmt: skip
    found = quantize_confirmed(layered(), feeds(), wanted, ask=True)
    assert found.quantized.left_out == [layers[blamed]]
    assert not found.beyond
    assert asked == [("one", "two"), ("two",), (), ("one", "two")]
    assert [run.target for run in found.runs] == ["one", "two"]
    told = {one.layer: one.to_json()["on_targets"] for one in found.quantized.layers}
    assert min(told, key=lambda name: told[name]["two"]) == layers[blamed]


def test_other_ranges_are_tried_where_the_usual_ones_leave_layers_in_float() -> None:
    samples = feeds(40)
    samples[1]["x"][0, 0, 0, 0] = 80.0  # one of those that calibrate and are not compared
    chosen, budget = ("percentile", "entropy"), Budget(snr=31)

    def run(method: str) -> Any:
        return quantize_confirmed(layered(), samples, options(budget=budget, method=method), ask=False).quantized

    usual, best = run("minmax"), run("auto")
    assert usual.left_out
    assert len(best.left_out) == min(len(run(method).left_out) for method in ("minmax", *chosen))
    assert len(best.left_out) < len(usual.left_out)
    assert best.variants.method in chosen
    assert budget.exceeded(best.metrics) is None


def test_methods_that_hold_all_activations_are_not_tried_beyond_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fused(layered())
    wide = calibrated_bytes(model, feeds()[0])
    assert wide == 4 * 2 * (3 * 64 + 2 * 6 * 64 + 8 * 64 + 8 + 5)
    given = [(method, len(some)) for method, some in tried_methods(model, feeds(24), "auto", "static", Budget(snr=9))]
    assert given == [("minmax", 24), ("percentile", 24), ("entropy", 24)]
    monkeypatch.setattr(graphfix.quantizing.methods, "MOST_BYTES", 12 * wide)
    given = [(method, len(some)) for method, some in tried_methods(model, feeds(24), "auto", "static", Budget(snr=9))]
    assert given == [("minmax", 24), ("percentile", 12), ("entropy", 12)]
    monkeypatch.setattr(graphfix.quantizing.methods, "MOST_BYTES", 7 * wide)
    for method, budget in (("auto", Budget(snr=9)), ("auto", None), ("minmax", None)):
        assert [name for name, _ in tried_methods(model, feeds(24), method, "static", budget)] == ["minmax"]


def test_large_layers_are_quantised_again_where_the_budget_holds_with_them() -> None:
    found = quantize_confirmed(layered(), feeds(), options(), ask=False).quantized
    names = [one.layer for one in found.layers]
    sizes = {name: found.variants.weight_bytes(name) for name in names}
    assert sorted(sizes.values()) == [4 * 45, 4 * 48, 4 * 168]
    ranked = most_sensitive_first(found.layers)
    asked: list[list[str]] = []

    def trial(left_out: Sequence[str]) -> str | None:
        asked.append(list(left_out))
        return None if ranked[1] in left_out else "beyond"

    assert left_out_for(found, trial) == [ranked[1]]
    assert asked[:3] == [[], ranked[:1], ranked[:2]]
    first, *_ = sorted(ranked[:2], key=lambda name: -sizes[name])
    assert asked[3] == [name for name in ranked[:2] if name != first]

"""What ONNX refuses is no probe; any other error while one is built is said by the probe's name, and costs no other."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, shape_inference

from graphfix.backends.verdict import Verdict
from graphfix.cli.app import main
from graphfix.probe import build as building
from graphfix.probe import drift, parallel, survey
from graphfix.probe import run as running
from graphfix.probe.build import Probe, Yield, build, finished, probes
from graphfix.probe.deviations import deviations
from graphfix.probe.form import Form, Tensor, TextProbe, data, numbers
from graphfix.probe.forms import forms
from graphfix.probe.operands import COMPUTED_DIMS, OperandBuilder
from graphfix.probe.refusal import Fault, FaultError, Inexpressible, refuses
from graphfix.probe.subject import NODE

NEG = Form("Neg", {"X": data(2, 3)}, ranks=(1, 3))


def node_of(model: ModelProto) -> onnx.NodeProto:
    found: onnx.NodeProto = next(node for node in model.graph.node if node.name == NODE)
    return found


def test_an_unexpected_error_is_named_and_costs_no_other_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = probes([NEG])
    assert usual.faults == []

    def broken(model: ModelProto, feeds: dict[str, Any]) -> ModelProto:
        if next(iter(feeds.values())).ndim == 3:
            raise IndexError("list index out of range")
        return finished(model, feeds)

    monkeypatch.setattr(building, "finished", broken)
    found = probes([NEG])
    assert [str(fault) for fault in found.faults] == ["Neg (rank=3): IndexError: list index out of range"]
    assert {probe.digest for probe in usual.probes} - {probe.digest for probe in found.probes}
    assert len(found.probes) == len(usual.probes) - 1
    assert found.dropped == usual.dropped


def test_an_unexpected_error_in_a_sketch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(model: ModelProto) -> dict[str, Any]:
        raise KeyError("X")

    monkeypatch.setattr(building, "random_inputs", broken)
    text = '<ir_version: 8, opset_import: ["": 17]> g (float[2] X) => (float[2] Y) { [probe] Y = Neg(X) }'
    found = probes([TextProbe("Neg", "sketched", text)])
    assert [(fault.op, fault.label, type(fault.error)) for fault in found.faults] == [("Neg", "sketched", KeyError)]
    assert (found.probes, found.dropped) == ([], 0)


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (onnx.checker.ValidationError("Bad node spec for node. Name: probe OpType: Cast"), True),
        (onnx.checker.ValidationError("Bad node spec for node. Name: beside_cast OpType: Cast"), False),
        (shape_inference.InferenceError("(op_type:And, node name: probe): A typestr: T, has unsupported type"), True),
        (shape_inference.InferenceError("(op_type:Add, node name: beside_A): A typestr: T, has unsupported type"), False),
        (onnx.parser.ParseError("no model"), True),
        (Inexpressible("Expand of 2 operands in opset 1"), True),
        (ValueError("Could not infer attribute `axes` type from empty iterator"), False),
        (TypeError("unsupported"), False),
        (NotImplementedError("strings"), False),
        (AssertionError(), False),
    ],
)
def test_only_what_onnx_says_of_the_probe_s_own_node_is_a_refusal(error: Exception, refused: bool) -> None:
    assert refuses(error) is refused


class Willing:
    """A compiler that takes everything."""

    version = "1.2.3"

    def ask(self, model: Path, **_: Any) -> Verdict:
        return Verdict(True, "ok")


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(*_: Any, **__: Any) -> Iterator[Willing]:
        yield Willing()

    def made(entries: Any) -> Yield:
        found = probes(entries)
        if entries is forms()["Elu"]:
            found.faults.append(Fault("Elu", "T=int4", IndexError("tuple index out of range")))
        return found

    for module in (running, drift):
        monkeypatch.setattr(module, "open_backend", opened)
    for place in (drift, parallel, survey):
        monkeypatch.setattr(place, "probes", made)


WORDS = r"1 probes could not be built: Elu \(T=int4\): IndexError: tuple index out of range"


@pytest.mark.usefixtures("faulty")
def test_a_run_fails_by_the_probe_s_name_once_all_else_is_measured(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match=WORDS):
        running.run("tract", ["Elu", "Selu"], home=tmp_path)
    folder = tmp_path / "tract" / "1.2.3"
    assert {path.stem for path in folder.glob("*.json")} == {"Elu", "Selu"}
    with pytest.raises(FaultError, match=WORDS):
        drift.check("tract", ["Elu", "Selu"], home=tmp_path)
    faults: list[Fault] = []
    digests = [("Elu", probe.digest) for probe in probes(forms()["Elu"]).probes]
    assert len(survey.selected_probes("tract", "Elu", digests, faults)) == len(digests)
    assert [fault.label for fault in faults] == ["T=int4"]


def test_a_fault_survives_the_way_from_another_process() -> None:
    class Odd(Exception):
        def __init__(self, one: str, two: str) -> None:
            super().__init__(f"{one} {two}")

    fault = pickle.loads(pickle.dumps(Fault("Elu", "usual", Odd("no", "good"))))
    assert str(fault) == "Elu (usual): RuntimeError: Odd: no good"


CAST = Form("Cast", {"input": data(2, 3)}, {"to": TensorProto.INT64})


def test_cast_writes_a_dtype_s_name_in_the_opsets_that_want_it() -> None:
    built = build(CAST, {"since": 1})
    assert built is not None
    assert node_of(built[0]).attribute[0].s == b"INT64"
    newer = build(CAST, {"since": 6})
    assert newer is not None
    assert node_of(newer[0]).attribute[0].i == TensorProto.INT64


@pytest.mark.parametrize("change", [{"axes": numbers(), "since": 11}, {"axes": numbers(), "since": 1}])
def test_an_attribute_that_is_an_empty_list_has_its_type(change: dict[str, Any]) -> None:
    built = build(Form("ReduceSum", {"data": data(2, 3), "axes": numbers(1)}), change)
    assert built is not None
    (axes,) = (item for item in node_of(built[0]).attribute if item.name == "axes")
    assert (axes.type, list(axes.ints)) == (onnx.AttributeProto.INTS, [])


@pytest.mark.parametrize("since", [6, 7, 9])
@pytest.mark.parametrize("source", ["fixed-shape", "shape"])
def test_what_is_filled_in_at_sizes_is_made_in_every_opset_that_can(since: int, source: str) -> None:
    operands = OperandBuilder(since)
    name = operands.add("scale", Tensor((4,), source), "float32")
    made = next(node for node in operands.nodes if node.output[0] == name)
    assert made.op_type == {6: "Tile", 7: "Tile", 9: "ConstantOfShape"}[since]
    with pytest.raises(Inexpressible):
        OperandBuilder(5).add("scale", Tensor((4,), source), "float32")


def test_batch_normalisation_of_opset_8_has_a_filled_scale() -> None:
    form = next(form for form in forms()["BatchNormalization"] if isinstance(form, Form))
    found = probes([Form(form.op, form.operands, oldest=7, changes=[{"scale.from": "shape", "since": 7}])]).probes
    (probe,) = (probe for probe in found if probe.label == "scale.from=shape since=7")
    assert probe.facets["scale.from"] == "shape"
    assert probe.wanted


def test_booleans_are_added_to_as_booleans() -> None:
    built = build(Form("Not", {"X": data(2, 3)}), {"dims": COMPUTED_DIMS[1]})
    assert built is not None
    model = finished(*built)
    assert [node.op_type for node in model.graph.node][-2:] == ["Or", "Not"]


def test_strings_are_never_computed_from_sizes() -> None:
    for source in ("shape", "fixed-shape"):
        with pytest.raises(Inexpressible):
            OperandBuilder(17).add("X", Tensor((2,), source, dtype="string"), "string")
    with pytest.raises(Inexpressible):
        OperandBuilder(17).add("X", Tensor((2, 3), dims=COMPUTED_DIMS[1], dtype="string"), "string")


def test_a_result_that_cast_does_not_take_is_joined_by_its_sizes() -> None:
    one = onnx.helper.make_tensor("one", TensorProto.COMPLEX64, [2], np.asarray([1, 0], np.complex64))
    built = build(Form("Constant", {}, {"value": one}), {})
    assert built is not None
    assert [node.op_type for node in finished(*built).graph.node] == ["Constant", "Shape", "Cast", "Add"]


def test_older_topk_is_told_how_many_by_an_attribute() -> None:
    form = next(form for form in forms()["TopK"] if isinstance(form, Form))
    built = build(form, {"since": 1})
    assert built is not None
    assert {item.name: item.i for item in node_of(built[0]).attribute}["k"] == 3


QUICK = ("Cast", "TopK", "Not", "Constant", "StringConcat", "RandomNormal", "ConcatFromSequence")


SAMPLED = 8
"""Of the changes of each form, one of so many is tried where an operator has thousands."""


@pytest.mark.parametrize("op", QUICK)
def test_no_form_fails_for_another_reason_than_onnx_s(op: str) -> None:
    assert [str(fault) for fault in probes(forms()[op]).faults] == []


@pytest.mark.slow
@pytest.mark.parametrize("op", [op for op in forms() if op not in QUICK])
def test_no_form_of_a_sample_fails_for_another_reason_than_onnx_s(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = forms()[op]
    monkeypatch.setattr(
        building, "deviations", lambda form: islice(deviations(form), entries.index(form) % SAMPLED, None, SAMPLED)
    )
    sketches = [entry for entry in entries if isinstance(entry, TextProbe)][::SAMPLED]
    assert [str(fault) for fault in probes([*(e for e in entries if isinstance(e, Form)), *sketches]).faults] == []


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("op", [op for op in forms() if op not in QUICK])
def test_no_form_at_all_fails_for_another_reason_than_onnx_s(op: str) -> None:
    assert [str(fault) for fault in probes(forms()[op]).faults] == []


def test_every_probe_of_an_operator_is_a_probe() -> None:
    found = list(building._of_form(NEG))
    assert len(found) == len(list(deviations(NEG)))
    assert all(one is None or isinstance(one, Probe) for one in found)


def test_the_command_says_the_fault_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise FaultError([Fault("Elu", "T=int4", IndexError("tuple index out of range"))])

    monkeypatch.setattr(running, "run", broken)
    monkeypatch.setattr("graphfix.backends.toolchain.find", lambda *_: type("There", (), {"python": "", "version": "1"})())
    assert main(["probe", "--target", "tract"]) == 2
    assert "Elu (T=int4): IndexError: tuple index out of range" in capsys.readouterr().err

"""What becomes of a verdict, and how answers are kept."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphfix.backends.asking import compare
from graphfix.backends.verdict import Verdict
from graphfix.probe.build import Probe, probes
from graphfix.probe.form import Form, Tensor, TextProbe, data, numbers
from graphfix.probe.measure import MAX_MESSAGE, ask_probe, evidence_of, measure, read_evidence, stable_message


@functools.cache
def probe(**change: Any) -> Probe:
    """The probe of a Reshape with that change, or the usual one."""
    form = Form("Reshape", {"data": data(2, 3, 4), "shape": numbers(2, 12)}, changes=[change] if change else [])
    found = probes([form]).probes
    return next((p for p in found if set(change) <= set(p.varied) and p.varied == tuple(change)), found[0])


class Answering:
    """A session that gives one verdict and counts how often it was asked."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict, self.asked = verdict, 0

    def ask(self, model: Path, **_: Any) -> Verdict:
        assert Path(model).exists()
        self.asked += 1
        return self.verdict


def test_verdicts_become_works_rejected_and_wrong() -> None:
    one = probe()
    assert evidence_of(one, Verdict(True, "ok")).verdict == "works"
    assert evidence_of(one, Verdict(False, "convert", "no")).verdict == "rejected"
    assert evidence_of(one, Verdict(True, "ok", numerics="match")).verdict == "works"
    wrong = evidence_of(one, Verdict(True, "ok", numerics="differ", error=0.51234))
    assert (wrong.verdict, wrong.error) == ("wrong", 0.512)


def test_a_refusal_of_what_stands_beside_the_node_is_told_apart() -> None:
    one = probe(**{"shape.from": "folded"})
    unlike = Verdict(True, "ok", numerics="differ", error=float("inf"), differs="returns [1] for [2]")
    assert (evidence_of(one, unlike).said, evidence_of(one, unlike).error) == ("returns [1] for [2]", None)
    assert evidence_of(one, Verdict(False, "convert", "no", nodes=("beside_shape",))).verdict == "elsewhere"
    assert evidence_of(one, Verdict(False, "convert", "no", nodes=("probe", "beside_shape"))).verdict == "rejected"
    assert evidence_of(one, Verdict(False, "convert", "input 'data' has a dynamic dimension")).verdict == "elsewhere"
    assert evidence_of(one, Verdict(False, "compile", "Having zero graph inputs is not supported")).verdict == "elsewhere"
    assert evidence_of(one, Verdict(False, "convert", "node 'probe' with input 'data'")).verdict == "rejected"


def test_only_a_definition_that_a_runtime_puts_in_place_of_the_node_is_left_in_parts() -> None:
    (composed,) = [p for p in probes([Form("Mish", {"X": data(2, 3)})]).probes if p.label == "usual"]
    partly = Verdict(False, "partly", "Softplus `Softplus_1` stays on the CPU")
    assert evidence_of(composed, partly).stage == "partly"
    assert evidence_of(composed, replace(partly, message="Mish `probe` stays on the CPU")).stage == "delegate"
    assert evidence_of(probe(), replace(partly, message="Reshape `probe` stays on the CPU")).stage == "delegate"
    assert evidence_of(probe(), partly).stage == "delegate"  # Reshape has no definition


def test_a_size_that_cannot_be_handed_over_is_not_a_wrong_result() -> None:
    said = "TractError: Unsupported DatumType in the public API TDim"
    assert evidence_of(probe(), Verdict(True, "ok", said, numerics="error")).verdict == "works"


def test_words_lose_what_changes_from_run_to_run() -> None:
    said = stable_message("failed at 0x7f3a9bc01234 in /tmp/graphfix-x1/probe.onnx: " + "why " * 100)
    assert "0x7f3a9bc01234" not in said
    assert "/tmp/" not in said
    assert len(said) == MAX_MESSAGE


def test_a_long_message_keeps_its_innermost_cause() -> None:
    said = stable_message(f'Failed analyse for node #5 "probe" {"X" * 300} Caused by: 0: Infering facts 1: rank must be 2')
    assert said == "rank must be 2"


def test_answers_are_kept_and_not_asked_for_again(tmp_path: Path) -> None:
    path = tmp_path / "evidence" / "Reshape.jsonl"
    session = Answering(Verdict(True, "ok"))
    found = probes([Form("Relu", {"X": data(2, 3)})]).probes[:5]
    first = measure(found, session, "tract", path)  # type: ignore[arg-type]
    again = measure(found, session, "tract", path)  # type: ignore[arg-type]
    assert session.asked == 5
    assert first == again == read_evidence(path)


def test_kept_answers_take_the_facets_of_today(tmp_path: Path) -> None:
    path = tmp_path / "Relu.jsonl"
    session = Answering(Verdict(True, "ok"))
    found = probes([Form("Relu", {"X": data(2, 3)})]).probes[:1]
    measure(found, session, "tract", path)  # type: ignore[arg-type]
    path.write_text(path.read_text().replace('"X.rank":2', '"X.rank":"two"'))
    assert measure(found, session, "tract", path)[0].facets["X.rank"] == 2  # type: ignore[arg-type]


class Simplifying:
    """A session of a compiler that takes models only after its simplifier; the answers without it are given."""

    def __init__(self, alone: Verdict) -> None:
        self.alone = alone

    def ask(self, model: Path, **told: Any) -> Verdict:
        assert Path(model).exists()
        return Verdict(True, "ok") if told["options"]["onnxsim"] else self.alone


def test_evidence_says_that_only_a_simplifier_made_a_probe_work(tmp_path: Path) -> None:
    one = probe(**{"shape.from": "folded"})
    session = Simplifying(Verdict(False, "convert", "shape must be constant", nodes=("probe",)))
    (row,) = measure([one], session, "tflite", tmp_path / "x.jsonl")  # type: ignore[arg-type]
    assert (row.verdict, row.aided, row.stage, row.said) == ("works", True, "convert", "shape must be constant")
    assert read_evidence(tmp_path / "x.jsonl")[0].aided


def test_a_simplifier_that_only_cures_what_stands_beside_the_node_is_no_aid(tmp_path: Path) -> None:
    session = Simplifying(Verdict(False, "runtime", "custom op: ONNX_CONCAT", nodes=("Concat",)))
    (row,) = measure([probe(**{"shape.from": "folded"})], session, "tflite", tmp_path / "x.jsonl")  # type: ignore[arg-type]
    assert (row.verdict, row.aided) == ("works", False)


def test_without_anything_to_fold_the_simplifier_is_not_asked(tmp_path: Path) -> None:
    session = Simplifying(Verdict(False, "convert", "no", nodes=("probe",)))
    (row,) = measure([probe()], session, "tflite", tmp_path / "x.jsonl")  # type: ignore[arg-type]
    assert (row.verdict, row.aided) == ("rejected", False)


def test_a_failure_of_a_run_is_told_apart_from_a_wrong_result() -> None:
    found = evidence_of(probe(), Verdict(True, "ok", "RuntimeError: no kernel", numerics="error"))
    assert (found.verdict, found.said, found.error) == ("fails", "RuntimeError: no kernel", None)


@pytest.mark.parametrize(
    "said", ["StopIteration: ", "KeyError: 'probe'", "ValueError: operands could not be broadcast", "no answer within 60 s"]
)
def test_an_error_of_the_prober_is_no_evidence(said: str) -> None:
    assert evidence_of(probe(), Verdict(True, "ok", said, numerics="error")).verdict == "works"


def test_a_size_that_cannot_be_handed_over_is_evidence_about_the_model() -> None:
    said = "TractError: Unsupported DatumType in the public API TDim"
    whole = replace(probe(), op="@model")
    assert evidence_of(whole, Verdict(True, "ok", said, numerics="error")).verdict == "fails"


def test_an_operand_that_cannot_be_filled_is_no_evidence_about_the_node() -> None:
    form = Form("Relu", {"X": Tensor((2, 3), "fixed-shape")})
    one = probes([form]).probes[0]
    said = "RuntimeError: Fill only supports int8.Node number 2 (FILL) failed to invoke."
    assert evidence_of(one, Verdict(True, "ok", said, numerics="error")).verdict == "elsewhere"
    assert evidence_of(probe(), Verdict(True, "ok", said, numerics="error")).verdict == "fails"
    unloaded = "fill.cc:96 output->params.scale != value->params.scale. Node number 1 (FILL) failed to prepare."
    assert evidence_of(one, Verdict(False, "runtime", unloaded)).verdict == "elsewhere"
    assert evidence_of(probe(), Verdict(False, "runtime", unloaded)).verdict == "rejected"


class Computing:
    """A session whose compiled models compute given outputs."""

    def __init__(self, outputs: dict[str, Any]) -> None:
        self.outputs, self.asked = outputs, 0

    def ask(self, _: Path, *, inputs: Path, **__: Any) -> Verdict:
        self.asked += 1
        with np.load(inputs) as arrays:
            agree = all(compare(got, arrays[f"out:{name}"])[0] for name, got in self.outputs.items())
        return Verdict(True, "ok", numerics="match" if agree else "differ", error=0.0 if agree else 1.0)


def test_what_onnx_leaves_open_is_not_wrong(tmp_path: Path) -> None:
    """The mask of a Dropout of version 10: onnxruntime gives false, the reference evaluator true."""
    form = Form("Dropout", {"data": data(2, 3)}, changes=[{"since": 10, "outputs": ("output", "mask")}])
    one = next(p for p in probes([form]).probes if "outputs" in p.varied and "since" in p.varied)
    assert one.wanted is not None
    outputs = {**one.wanted, "out_mask": ~one.wanted["out_mask"]}
    session = Computing(outputs)
    assert ask_probe(one, session, "openvino", tmp_path).verdict == "works"  # type: ignore[arg-type]
    assert session.asked == 2
    other = Computing({**outputs, "out_output": outputs["out_output"] + 1})
    assert ask_probe(one, other, "openvino", tmp_path).verdict == "wrong"  # type: ignore[arg-type]


def test_elements_that_are_replaced_several_times_are_not_compared() -> None:
    operands = {"data": data(4, 4), "indices": Tensor((4, 1), "constant", (0, 1, 0, 1)), "updates": data(4, 4)}
    assert probes([Form("ScatterND", operands)]).probes[0].wanted is None
    once = {**operands, "indices": Tensor((4, 1), "constant", (0, 1, 2, 3))}
    assert probes([Form("ScatterND", once)]).probes[0].wanted is not None


@pytest.mark.parametrize(
    ("missing", "verdict"),
    [
        ("Gather", "elsewhere"),
        ("Div", "rejected"),
        ("Concat", "rejected"),
        ("Constant", "rejected"),
        ("pnnx.Expression", "rejected"),
    ],
)
def test_a_layer_that_a_runtime_lacks_is_about_the_node_of_that_operator(missing: str, verdict: str) -> None:
    text = (
        '<ir_version: 8, opset_import: ["": 17]> g (float[n,3] X) => (float[n,3] Y) '
        "{ s = Shape(X) i = Constant<value = int64 {0}>() a = Gather(s, i) b = Cast<to = 1>(a) [probe] Y = Div(X, b) }"
    )
    (one,) = probes([TextProbe("Div", "by a size", text, ("B.from",))]).probes
    said = f"layer {missing} not exists or registered"
    assert evidence_of(one, Verdict(False, "runtime", said)).verdict == verdict

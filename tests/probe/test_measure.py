"""What becomes of a verdict, and how answers are kept."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from graphfix.backends.verdict import Verdict
from graphfix.probe.build import Probe, probes
from graphfix.probe.form import Form, data, numbers
from graphfix.probe.measure import MAX_MESSAGE, evidence_of, measure, read_evidence, stable_message


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
    assert evidence_of(one, Verdict(False, "convert", "no", nodes=("beside_shape",))).verdict == "elsewhere"
    assert evidence_of(one, Verdict(False, "convert", "no", nodes=("probe", "beside_shape"))).verdict == "rejected"
    assert evidence_of(one, Verdict(False, "convert", "input 'data' has a dynamic dimension")).verdict == "elsewhere"
    assert evidence_of(one, Verdict(False, "convert", "node 'probe' with input 'data'")).verdict == "rejected"


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

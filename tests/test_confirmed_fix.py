"""`fix` with the compilers: what they say before and after, what is withdrawn, and what it exits with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto

import graphfix.rewriting.registry
from graphfix.backends.base import backend
from graphfix.backends.compile import case, verify_on_target
from graphfix.backends.compile.verify_on_target import distance, target_measure
from graphfix.cli.app import main
from graphfix.linter.diagnostics import Finding, Result, Severity
from graphfix.linter.example import Example
from graphfix.rewriting.confirmation import comparable_samples
from graphfix.rewriting.confirmed_findings import add_confirmed
from graphfix.rewriting.fix_options import FixOptions
from graphfix.rewriting.graph_rewrite import NodeRewrite
from graphfix.rewriting.measurement import Confirmed, Grade, Measure, Measurement, is_worse
from graphfix.rewriting.pipeline import FixResult, fix_model
from graphfix.rewriting.refused_results import with_measured_fixes
from graphfix.rewriting.rewrite import FixRule, Safety
from graphfix.verify.edge_samples import ReferenceSample
from graphfix.verify.reference import Reference

Write = Callable[..., Path]
RIGHT, WRONG = Measurement(True, ("right",)), Measurement(True, ("wrong",), 0.3)
FAILS, REJECTED, TAKEN = Measurement(True, ("fails",)), Measurement(), Measurement(True)


def model(body: str) -> ModelProto:
    text = f'<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x) => (float[N, 4] y) {{ {body} }}'
    return onnx.parser.parse_model(text)


def rejects(*ops: str, target: str = "demo") -> Callable[[ModelProto], list[Result]]:
    def verdicts(graph: ModelProto) -> list[Result]:
        nodes = graph.graph.node
        found = [
            Finding("GF101", "x", Severity.ERROR, target, "no", (), n.name or n.output[0], n.op_type, "", n.output[0], "operator")
            for n in nodes if n.op_type in ops
        ]  # fmt: skip
        return [Result("", target, "1", len(nodes), found)]

    return verdicts


def rewrite(title: str, of: str, text: str) -> NodeRewrite:
    class Made(NodeRewrite):
        """Made."""

        name = title
        safety = Safety.EXACT
        fixes = (FixRule(of),)
        before, after = f"y = {of}(x)", text

        def constants(self, node: Any, surgery: Any) -> dict[str, Any]:
            return {"k": np.asarray(-1, np.float32)}

    return Made()


@pytest.fixture
def rewrites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rewrites of a Neg, of which the first is preferred, and one of an Abs."""
    made = (
        rewrite("a-mul", "Neg", "y = Mul(x, k)"),
        rewrite("b-div", "Neg", "z = Div(x, k)  y = Identity(z)"),
        rewrite("c-abs", "Abs", "w = Mul(x, k)  y = Max(x, w)"),
    )
    monkeypatch.setattr(graphfix.rewriting.registry, "registry", lambda: {each.name: each for each in made})


class Compiler:
    """An invented compiler that judges by the operators of a model; the last rule that fits counts."""

    def __init__(self, **rules: Measurement):
        self.rules, self.asked, self.samples = rules, 0, 0

    def __call__(
        self, given: ModelProto, samples: Sequence[ReferenceSample], targets: Collection[str]
    ) -> Mapping[str, Measurement]:
        self.asked, self.samples = self.asked + 1, len(samples)
        ops = {node.op_type for node in given.graph.node}
        said = [found for op, found in self.rules.items() if op in ops]
        return dict.fromkeys(targets, said[-1] if said else RIGHT)


def fixed(body: str, compiler: Measure, *rejected: str) -> FixResult:
    return fix_model(model(body), rejects(*rejected), FixOptions(measure=compiler))


def applied(result: FixResult) -> list[str]:
    return [change.rewrite for change in result.changes if change.applied]


@pytest.mark.usefixtures("rewrites")
def test_what_the_compiler_computes_right_is_not_changed_whatever_the_table_says() -> None:
    given = model("y = Neg(x)")
    result = fix_model(given, rejects("Neg"), FixOptions(measure=Compiler()))
    assert result.model is given
    assert (applied(result), result.confirmed["demo"].to_json()["before"]) == ([], "right")


@pytest.mark.usefixtures("rewrites")
def test_a_rewrite_that_makes_the_target_compute_something_else_gives_way_to_the_next() -> None:
    result = fixed("y = Neg(x)", Compiler(Neg=REJECTED, Mul=WRONG), "Neg")
    assert applied(result) == ["b-div"]
    (mul,) = [change for change in result.changes if change.rewrite == "a-mul"]
    assert mul.declined == "skipped: demo itself computes something else (0.3 of scale) after it"
    assert [result.confirmed["demo"].to_json()[key] for key in ("before", "after")] == ["rejected", "right"]


@pytest.mark.usefixtures("rewrites")
def test_only_the_rewrite_that_made_it_worse_is_withdrawn() -> None:
    result = fixed(
        "a = Abs(x)  b = Relu(a)  y = Neg(b)", Compiler(Neg=REJECTED, Abs=REJECTED, Div=WRONG, Max=WRONG), "Neg", "Abs"
    )
    assert applied(result) == ["a-mul"]


@pytest.mark.usefixtures("rewrites")
def test_the_original_is_kept_where_every_way_is_worse() -> None:
    given = model("y = Neg(x)")
    result = fix_model(given, rejects("Neg"), FixOptions(measure=Compiler(Neg=REJECTED, Mul=WRONG, Div=WRONG)))
    assert result.model is given
    assert (applied(result), result.confirmed["demo"].last.word) == ([], "rejected")


@pytest.mark.parametrize(("said", "word"), [(REJECTED, "rejected"), (RIGHT, "right")])
def test_sizes_that_were_asked_for_are_confirmed_though_no_rewrite_follows(said: Measurement, word: str) -> None:
    compiler = Compiler(Neg=said)
    result = fix_model(model("y = Neg(x)"), rejects(), FixOptions(measure=compiler, shapes={"x": (2, 4)}))
    assert applied(result) == ["freeze-dims"]
    assert result.confirmed["demo"].last.word == word
    assert compiler.asked == 1


@pytest.mark.usefixtures("rewrites")
def test_an_accepted_model_is_not_compiled_and_sizes_are_two() -> None:
    compiler = Compiler(Neg=REJECTED)
    assert fixed("y = Neg(x)", compiler).confirmed == {}
    assert compiler.asked == 0
    assert applied(fixed("y = Neg(x)", compiler, "Neg")) == ["a-mul"]
    assert (compiler.asked, compiler.samples) == (2, 2)


@pytest.mark.usefixtures("rewrites")
def test_a_note_on_wrong_numerics_is_decided_by_the_compiler() -> None:
    note = Finding("GF301", "wrong-numerics", Severity.NOTE, "demo", "for halves", (), "y", "Neg", "", "y", "numerics")
    compiler = Compiler(Neg=WRONG)
    result = fix_model(model("y = Neg(x)"), lambda _: [Result("", "demo", "1", 1, [note])], FixOptions(measure=compiler))
    assert (applied(result), compiler.asked, result.confirmed["demo"].last.word) == ([], 1, "wrong")


@pytest.mark.usefixtures("rewrites")
def test_without_an_answer_the_tables_decide() -> None:
    unknown = Measurement(reason="demo is not installed")
    result = fixed("y = Neg(x)", Compiler(Neg=unknown, Mul=unknown), "Neg")
    assert (applied(result), result.confirmed["demo"].to_json()["reason"]) == (["a-mul"], "demo is not installed")


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (RIGHT, WRONG, True), (RIGHT, REJECTED, True), (RIGHT, FAILS, True), (REJECTED, WRONG, True), (WRONG, REJECTED, True),
        (FAILS, WRONG, True), (REJECTED, RIGHT, False), (REJECTED, FAILS, False), (WRONG, WRONG, False), (WRONG, RIGHT, False),
        (TAKEN, REJECTED, True), (REJECTED, TAKEN, False), (RIGHT, Measurement(reason="late"), False),
        (Measurement(reason="late"), WRONG, False),
    ],
)  # fmt: skip
def test_wrong_is_no_gain_over_rejected_nor_the_reverse(before: Measurement, after: Measurement, *, worse: bool) -> None:
    assert is_worse(before, after) is worse


@pytest.mark.parametrize(
    ("samples", "word"),
    [((), "accepted"), (("right", "fails"), "fails"), (("fails", "wrong"), "wrong"), (("right", ""), "accepted")],
)
def test_one_word_sums_up_the_samples(samples: tuple[Grade, ...], word: str) -> None:
    found = Measurement(True, samples)
    assert (found.word, found.right) == (word, False)


def test_differences_are_shares_of_the_outputs_scale() -> None:
    ten = np.full(3, 10.0, np.float32)
    assert distance([ten + 1], [ten]) == pytest.approx(0.1)
    assert distance([ten / 1e4 * 1.5], [ten / 1e4]) == pytest.approx(0.5)
    assert distance([ten[:2]], [ten]) == distance([ten * np.nan], [ten]) == np.inf


def sample(given: ModelProto) -> ReferenceSample:
    x = np.ones((2, 4), np.float32)
    return ReferenceSample({"x": x}, [[np.maximum(x, 0)]])


@pytest.mark.usefixtures("picky")
def test_compilers_are_measured_within_the_limit() -> None:
    given = model("y = Relu(x)")
    with target_measure(60) as measure:
        found = measure(given, [sample(given)], ["demo"])["demo"]
        assert (found.word, found.samples, found.error) == ("right", ("right",), 0.0)
        assert found.method == "1 input against onnxruntime"
        assert measure(given, [], ["demo"])["demo"].word == "accepted"
        assert measure(given, [sample(given)], ["demo@0.1"])["demo@0.1"].reason == "demo@0.1 is not installed"
        for name, word in (("wrong", "wrong"), ("broken", "fails"), ("bad", "rejected")):
            found = measure(model(f"[{name}] y = Relu(x)"), [sample(given)], ["demo"])["demo"]
            assert found.word == word
            assert [finding.code for finding in found.findings] == [{"rejected": "GF111"}.get(word, "GF301")]
    with target_measure(0) as measure:
        assert "limit of 0 s" in measure(given, [], ["demo"])["demo"].reason


@pytest.mark.parametrize(("said", "verdict"), [(TAKEN, "accepted"), (RIGHT, "accepted"), (FAILS, "undecided")])
def test_what_the_table_leaves_undecided_its_compiler_decides(said: Measurement, verdict: str) -> None:
    doubt = Finding("GF108", "undecided", Severity.NOTE, "demo", "may reject", (), "y", "Relu", "", "y", "undecided")
    result = Result("", "demo", "1", 1, [doubt])
    assert result.verdict == "undecided"
    add_confirmed([result], {"demo": Confirmed(REJECTED, said)})
    assert result.verdict == verdict


@pytest.mark.usefixtures("picky")
@pytest.mark.parametrize(("by", "most", "word"), [(0.6, 2.0, "right"), (0.4, 2.0, "wrong"), (0.6, 0.03, "wrong")])
def test_a_compiled_model_may_be_off_as_far_as_a_rounding_moves_the_original(
    monkeypatch: pytest.MonkeyPatch, by: float, most: float, word: str
) -> None:
    monkeypatch.setattr(verify_on_target, "MOST_ROUNDED", most)
    moves = replace(sample(model("y = Relu(x)")), moved=lambda: [[[np.full((2, 4), 1 + by, np.float32)]]])
    with target_measure(60) as measure:
        found = measure(model("[wrong] y = Relu(x)"), [moves], ["demo"])["demo"]
    assert (found.word, found.error) == (word, 1.0)
    assert [finding.code for finding in found.findings] == ([] if word == "right" else ["GF301"])


@pytest.mark.usefixtures("picky")
def test_a_result_that_is_off_by_what_a_rounding_moves_is_told(
    monkeypatch: pytest.MonkeyPatch, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify_on_target, "_rounded", lambda _: 2.0)
    code, result = run(capsys, write(Example(MISH.format("wrong"))))
    assert (code, result["confirmed"]["demo"]["after"], result["confirmed"]["demo"]["rounded"]) == (0, "right", True)


def test_samples_know_how_far_a_rounding_moves_the_original() -> None:
    (first, *_) = comparable_samples(Reference(model("y = Neg(x)")))
    assert first.moved is not None
    moved = [distance(outputs, first.outputs) for runs in first.moved() for outputs in runs]
    assert len(moved) == 2
    assert all(0 < one < 1e-5 for one in moved)


@pytest.mark.usefixtures("picky")
def test_a_compiler_that_only_builds_is_given_sizes_at_which_the_model_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    builder, asked = replace(backend("demo"), runs_here=False, needs_sizes=True), []
    monkeypatch.setattr(verify_on_target, "backend", lambda _: builder)
    monkeypatch.setattr(case, "shape_profile", lambda _, shapes, sizes: asked.append(dict(sizes)))
    given = model("y = Relu(x)")
    with target_measure(60) as measure:
        assert measure(given, [sample(given)], ["demo"])["demo"].word == "accepted"
        measure(given, [], ["demo"])
    assert asked == [{"x": (2, 4)}, {}]


def run(capsys: pytest.CaptureFixture[str], path: Path, *more: str) -> tuple[int, dict[str, Any]]:
    given = ["fix", str(path), "-t", "demo", "-o", str(path.parent / "out.onnx"), "--force", "--isolated", *more]
    code = main([*given, "--output-format", "json"])
    result: dict[str, Any] = json.loads(capsys.readouterr().out)["results"][0]
    return code, result


MISH = "h = Mish(x)\n[{}] y = Relu(h)"


@pytest.mark.usefixtures("picky")
def test_the_exit_code_and_the_report_follow_the_compiler(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = run(capsys, write(Example(MISH.format("wrong"))))
    assert (code, result["unfixed"], result["confirmed"]["demo"]["after"]) == (1, "computes something else", "wrong")
    code, result = run(capsys, write(Example(MISH.format("bad"))))
    assert (code, result["unfixed"], result["confirmed"]["demo"]["after"]) == (1, "rejected", "rejected")
    code, result = run(capsys, write(Example(MISH.format("broken"))))
    assert (code, result["unfixed"]) == (1, "compiles, but does not run on 1 of 1 inputs")
    assert result["findings"][0]["code"] == "GF301"
    code, result = run(capsys, write(Example(MISH.format("good"))))
    assert (code, result["unfixed"], result["verdict"], result["confirmed"]["demo"]["after"]) == (0, None, "accepted", "right")
    assert result["confirmed"]["demo"]["unchanged"]
    assert (result["findings"][0]["code"], result["compiler"]["predicted"]) == ("GF902", "rejected")
    code, result = run(capsys, write(Example(MISH.format("good"))), "--no-confirm")
    assert (code, result["compiler"], "confirmed" in result) == (0, None, False)
    assert [change["rewrite"] for change in result["changes"] if change["applied"]]


@pytest.mark.usefixtures("picky")
def test_wrong_numerics_that_the_compiler_does_not_show_are_a_note_without_a_fix(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    ceil = "[{}] y = MaxPool<kernel_shape = [2, 2], ceil_mode = 1>(x)"
    for name, severity, unfixed in (("good", "note", None), ("wrong", "warning", "computes something else")):
        code, result = run(capsys, write(Example(ceil.format(name), inputs="float[1,1,5,5] x")))
        (found,) = [finding for finding in result["findings"] if finding["evidence"] == "demo/MaxPool/ceil-mode"]
        assert (code, found["severity"], result["unfixed"]) == (int(name == "wrong"), severity, unfixed)
        assert name != "good" or ("not so here" in found["message"] and found["rewrite"] is None)


@pytest.mark.usefixtures("picky")
def test_the_text_says_what_was_confirmed_and_what_is_not_fixed(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(Example(MISH.format("wrong")))
    assert main(["fix", str(path), "-t", "demo", "-o", str(path.parent / "out.onnx"), "--isolated"]) == 1
    text = capsys.readouterr().out
    assert "  confirmed by demo " in text
    assert "computes something else, as before" in text
    assert "  not fixed for demo: computes something else\n" in text


@pytest.mark.usefixtures("picky")
def test_an_accepted_model_is_fixed_without_a_compiler(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    code, result = run(capsys, write(Example("[wrong] y = Relu(x)")))
    assert (code, "confirmed" in result) == (0, False)
    assert time.monotonic() - started < 10


def test_a_bidirectional_lstm_that_tract_computes_right_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tract")
    random, hidden, size = np.random.default_rng(0), 5, 4
    shapes = {"w": (2, 4 * hidden, size), "r": (2, 4 * hidden, hidden), "b": (2, 8 * hidden)}
    weights = [onnx.numpy_helper.from_array((random.standard_normal(s) / 2).astype(np.float32), n) for n, s in shapes.items()]
    node = onnx.helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"], "both", hidden_size=hidden, direction="bidirectional")
    x = onnx.helper.make_tensor_value_info("x", 1, [6, 1, size])
    y = onnx.helper.make_tensor_value_info("y", 1, [6, 2, 1, hidden])
    graph = onnx.helper.make_graph([node], "g", [x], [y], weights)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    given = ["fix", str(tmp_path / "m.onnx"), "-t", "tract", "-o", str(tmp_path / "out.onnx"), "--isolated"]
    assert main(given) == 0
    assert "nothing to change" in capsys.readouterr().out
    assert onnx.load(tmp_path / "out.onnx") == onnx.load(tmp_path / "m.onnx")


def named(op: str, output: str) -> Measurement:
    """The rejection of a compiler that names a node."""
    said = Finding("GF111", "compiler-rejection", Severity.ERROR, "demo", "no", (), op, op, "", output, "rejection")
    return Measurement(findings=(said,))


@pytest.mark.usefixtures("rewrites")
def test_what_the_compiler_refuses_and_the_table_accepts_is_fixed_at_the_nodes_that_it_names() -> None:
    result = fixed("a = Abs(x)  y = Neg(a)", Compiler(Neg=REJECTED, Abs=named("Abs", "a")), "Neg")
    assert applied(result) == ["a-mul", "c-abs"]
    assert (result.results[0].verdict, result.confirmed["demo"].last.word) == ("accepted", "right")


@pytest.mark.usefixtures("rewrites")
def test_a_compiler_that_names_one_node_after_the_other_is_followed() -> None:
    body = "a = Abs(x)  b = Neg(a)  c = Relu(b)  y = Abs(c)"
    result = fixed(body, Compiler(Neg=REJECTED, Abs=named("Abs", "y"), Max=named("Abs", "a")), "Neg")
    assert applied(result) == ["a-mul"], "two of three are fixed, and the compiler still refuses it"
    assert result.confirmed["demo"].last.word == "rejected"


@pytest.mark.usefixtures("rewrites")
def test_fixes_of_what_a_compiler_names_are_withdrawn_where_it_still_refuses_the_model() -> None:
    compiler = Compiler(Neg=REJECTED, Abs=named("Abs", "a"), Max=named("Max", "none"))
    result = fixed("a = Abs(x)  y = Neg(a)", compiler, "Neg")
    assert applied(result) == ["a-mul"]
    assert [result.results[0].verdict, result.confirmed["demo"].last.word] == ["accepted", "rejected"]
    assert not [finding for finding in result.results[0].findings if finding.code == "GF111"]


def test_the_fix_that_was_measured_for_most_nodes_like_the_one_named_is_tried_first() -> None:
    given = model("y = HardSwish(x)")
    said = Finding("GF111", "compiler-rejection", Severity.ERROR, "coreml", "no", (), "y", "HardSwish", "", "y", "rejection")
    mish = Example("y = Mish(x)", inputs="float[2,3] x").model
    (finding,) = with_measured_fixes([replace(said, op="Mish")], mish, "coreml")
    assert finding.rewrite is not None
    assert finding.rewrite.fixed
    assert with_measured_fixes([replace(said, output="none")], given, "coreml") == []
    (unknown,) = with_measured_fixes([said], given, "demo")
    assert unknown.rewrite is None


@pytest.mark.usefixtures("rewrites")
def test_a_rejection_that_the_table_does_not_predict_is_explained() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 4] x, float[2] size) => (float[A, B] z) {
                y = Neg(x)
                s = Cast<to = 7>(size)
                [scale] z = Resize(y, "", "", s) }"""
    said = Finding("GF111", "compiler-rejection", Severity.ERROR, "demo", "no", (), "scale", "Resize", "", "z", "rejection")
    rejected = Measurement(findings=(said,))
    options = FixOptions(measure=Compiler(Neg=rejected, Mul=rejected), explain=True)
    result = fix_model(onnx.parser.parse_model(text), rejects("Neg"), options)
    assert applied(result) == ["a-mul"]
    (why,) = result.why
    assert (why.code, why.op, why.nodes) == ("GF111", "Resize", ("scale",))
    assert why.advice.startswith(
        "no rewrite exists for it; give the values from which its sizes are computed, with --set size=VALUE, or"
    )

"""The next step that lint and fix print: one line that works as it stands, with everything that was given."""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import shlex
from pathlib import Path
from typing import Any

import onnx
import pytest

import graphfix
from graphfix.analysis.facts import Facts
from graphfix.cli.app import main
from graphfix.cli.next_command import complete_steps
from graphfix.linter.deciding_options import SizeOption, _sum, example_sizes, sizes_matter
from graphfix.linter.diagnostics import WRONG, Finding, Fix, NextStep, Result, Severity
from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.linter.finding_order import in_order_of_decision, need
from graphfix.linter.fitting_sizes import fitting_sizes
from graphfix.linter.input_options import text_parts
from graphfix.linter.next_options import PLACEHOLDER
from graphfix.linter.next_step import MEASURED_NODES, advise
from graphfix.linter.selection_fixes import with_selection_fixes
from graphfix.linter.settled import settled_places
from graphfix.report import text
from graphfix.report.step_notes import step_notes
from graphfix.report.verdict_matrix import fixes, rejected_nodes
from graphfix.rewriting.pipeline import FixResult
from graphfix.rewriting.remaining import advise_remaining
from graphfix.rewriting.rewrite import Safety
from graphfix.rewriting.transaction import Change
from graphfix.verify.reference import Verification

RATE = Example(
    "c = Equal(sr, k)\ny = If(c) <then_branch = a () => (float[2,3] p) { p = Relu(x) }, "
    "else_branch = b () => (float[2,3] q) { q = Neg(x) }>",
    inputs="float[2,3] x, int64 sr",
    weights="int64 k = {16000}",
)
FLAG = Example(
    "y = If(mono) <then_branch = a () => (float[2,3] p) { p = Relu(x) }, else_branch = b () => (float[2,3] q) { q = Neg(x) }>",
    inputs="float[2,3] x, bool mono",
)
STEPS = Example(
    "y = Loop(n, t, x) <body = b (int64 i, bool c, float[2,3] s) => (bool d, float[2,3] r) { d = Identity(c) r = Relu(s) }>",
    inputs="float[2,3] x, int64 n",
    weights="bool t = {1}",
)
IMAGE = Example("y = Conv(x, w)", inputs="float[batch,C,h,w0] x", weights="float[4,3,1,1] w = {" + ",".join("1" * 12) + "}")
PLAIN = Example("y = Mish(x)")
SIDE = Example("y = Relu(x)\nz = NonZero(x)", outputs="float[2,3] y, int64[2,m] z")
CASES = {
    "rate": (RATE, "coreml", ["--set", "sr=16000"]),
    "flag": (FLAG, "coreml", ["--set", "mono=true"]),
    "image": (IMAGE, "coreml", ["--shape", "x=1x3x224x224"]),
    "rewrite": (PLAIN, "coreml,tract", None),
    "output": (SIDE, "tensorrt", ["--drop-output", "z"]),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, whose models have names that a shell must be given in quotes."""
    monkeypatch.chdir(tmp_path)
    Path("my models").mkdir()
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The first result of a command."""
    main([*words, "--output-format", "json"])
    result: dict[str, Any] = json.loads(capsys.readouterr().out)["results"][0]
    return result


def saved(example: Example) -> str:
    onnx.save(example.model, "my models/a model.onnx")
    return "my models/a model.onnx"


def errors(result: dict[str, Any]) -> int:
    return sum(finding["severity"] == "error" for finding in result["findings"])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("here")
def test_the_printed_line_works_as_it_stands(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    example, targets, options = CASES[name]
    path = saved(example)
    main(["lint", path, "--target", targets, "--isolated"])
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "graphfix fix" in line and "try first" in line]
    before = told(capsys, "lint", path, "--target", targets, "--isolated")
    words = shlex.split(line.removeprefix("  try first "))
    if options is not None:
        assert before["next"]["options"] == options
    assert words == shlex.split(before["next"]["command"])
    assert words[:5] == ["graphfix", "fix", path, "--target", targets]
    assert PLACEHOLDER not in words
    assert "--isolated" in words
    after = told(capsys, *words[1:])
    assert errors(before)
    assert errors(after) == 0
    assert after["verdict"] == "accepted"
    assert "next" not in after
    assert words[words.index("-o") + 1] == "a model.fixed.onnx"
    again = told(capsys, "lint", path, "--target", targets)
    assert "a model.fixed-2.onnx" in shlex.split(again["next"]["command"]), "what is there is not overwritten"


@pytest.mark.usefixtures("here")
def test_what_cannot_be_written_gets_the_rewrite_by_name_until_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(Example("y = Gelu(x)", opset=20))
    lint = ["lint", path, "--target", "tract", "--isolated"]
    words = shlex.split(told(capsys, *lint)["next"]["command"])
    assert words[5:] == ["--rewrite", "decompose-gelu", "--isolated", "-o", "a model.fixed.onnx"]
    assert "next" not in told(capsys, *lint, "--ignore", "GF113")
    after = told(capsys, *words[1:])
    assert ("next" not in after, after["findings"]) == (True, [])
    warning = Finding("GF113", "", Severity.WARNING, "tract", "", op="Gelu", cure="--rewrite decompose-gelu")
    for asked, left in (([], True), (["decompose-gelu:Gelu"], False)):
        result = Result("m.onnx", "tract", "1", 1, [warning], next=NextStep(rewrites=("decompose-gelu",)))
        given = argparse.Namespace(rewrite=asked, target="tract", set=[], shape=[])
        complete_steps([result], given, lambda parser: None)
        assert (result.next is not None) == left


@pytest.mark.usefixtures("here")
def test_models_of_one_name_are_written_to_files_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    Path("other").mkdir()
    onnx.save(PLAIN.model, "other/a model.onnx")
    main(["lint", saved(PLAIN), "other/a model.onnx", "--target", "coreml", "--isolated", "--output-format", "json"])
    commands = [shlex.split(one["next"]["command"]) for one in json.loads(capsys.readouterr().out)["results"]]
    assert [words[words.index("-o") + 1] for words in commands] == ["a model.fixed.onnx", "a model.fixed-2.onnx"]


def test_a_chain_with_sizes_and_an_approximate_rewrite_needs_both_options() -> None:
    error = Finding("GF101", "", Severity.ERROR, "demo", "no", op="Conv", output="y", kind="operator")
    sized = dataclasses.replace(error, rewrite=Fix("freeze-dims", "approximate", ("freeze-dims", "gelu-to-tanh"), 5, 5))
    rest = dataclasses.replace(error, rewrite=Fix("gelu-to-tanh", "approximate", ("gelu-to-tanh",), 5, 5))
    result = Result("", "demo", "1", 1, [sized])
    advise(IMAGE.model, [result], lambda model, targets: [Result("", "demo", "1", 1, [rest])])
    assert result.next is not None
    assert result.next.words == ["--shape", "x=1x3x224x224", "--allow", "approximate"]
    assert result.findings[0].rewrite == sized.rewrite, "sizes lead to a fix"


def test_a_warning_with_a_fix_gets_a_next_step_and_a_note_none() -> None:
    warning = Finding("GF301", "", Severity.WARNING, "demo", "", op="Conv", output="y", kind=WRONG, rewrite=Fix("a", "exact"))
    for finding, stepped in ((warning, True), (dataclasses.replace(warning, severity=Severity.NOTE), False)):
        result = Result("", "demo", "1", 1, [finding])
        advise(PLAIN.model, [result], lambda model, targets: [])
        assert (result.next is not None) == stepped


@pytest.mark.parametrize(("words", "ends"), [("StringNormalizer(x)", ("t",)), ("own.Words(x)", ())])
def test_numbers_behind_text_are_begun_at_only_where_their_rank_is_known(words: str, ends: tuple[str, ...]) -> None:
    counts = (
        'mode = "TF", min_gram_length = 1, max_gram_length = 1, max_skip_count = 0, ngram_counts = [0], ngram_indexes = [0, 1]'
    )
    model = onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 17, "own" : 1]> g (string[2] x) => (float[1, 2] y) <int64[2] s = {{1, 2}}> {{
             a = {words}
             t = TfIdfVectorizer<{counts}, ngram_indexes = [0, 1], pool_strings = ["a", "b"]>(a)
             y = Reshape(t, s) }}"""
    )
    assert text_parts(Facts.of(model))[1] == ends


def test_what_has_its_size_from_a_selection_is_fixed_with_it() -> None:
    def error(op: str, output: str, fix: Fix | None = None, kind: str = "dynamic") -> Finding:
        return Finding("GF106", "", Severity.ERROR, "demo", "", op=op, output=output, kind=kind, rewrite=fix)

    model = Example("i = NonZero(x)\ns = Shape(i)\nt = Relu(x)\ny = Add(x, t)", inputs="float[2,3] x").model
    fix = Fix("count-selected", "exact")
    found = [error("Shape", "s"), error("Relu", "t"), error("NonZero", "i", fix, "operand"), error("Shape", "s", kind="dtype")]
    named = [finding.rewrite for finding in with_selection_fixes(found, Facts.of(model))]
    assert named == [fix, None, fix, None]
    padded = [dataclasses.replace(finding, rewrite=None) for finding in found]
    padded[2] = error("NonZero", "i", Fix("padded-outputs", "interface"))
    assert with_selection_fixes(padded, Facts.of(model)) == padded


@pytest.mark.parametrize(("output", "named"), [("float[k, 2] y", True), ("float[n, 2] y", False)])
def test_padded_outputs_are_advised_only_for_sizes_that_no_input_has(output: str, *, named: bool) -> None:
    nodes = "i = NonZero(m)\nt = Transpose<perm = [1, 0]>(i)\na = GatherND(x, t)\n"
    nodes += "y = Identity(a)" if named else "s = ReduceSum<keepdims = 0>(a)\ny = Add(x, s)"
    model = Example(nodes, inputs="float[n, 2] x, float[n] m", outputs=output).model
    (result,) = graphfix.lint(model, "tensorrt").results
    assert (result.next is not None and result.next.padded) == named


@pytest.mark.usefixtures("here")
def test_nothing_that_was_given_is_advised_again_and_all_of_it_is_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(IMAGE)
    partly = told(
        capsys,
        "lint",
        path,
        "--target",
        "coreml",
        "--shape",
        "batchx3xhx8",
        "--isolated",
        "--exporter",
        "trace",
        "--fail-on",
        "never",
    )
    words = shlex.split(partly["next"]["command"])
    assert words[5:] == ["--shape", "x=1x3x224x8", "--isolated", "--exporter", "trace", "-o", "a model.fixed.onnx"]
    path = saved(RATE)
    assert told(capsys, "lint", path, "--target", "coreml", "--set", "sr=16000").get("next", {}).get("options", []) == []
    command = ["fix", path, "--target", "coreml", "--set", "sr=8000", "-o", "out.onnx"]
    assert "next" not in told(capsys, *command)


@pytest.mark.usefixtures("here")
def test_fix_advises_what_it_was_not_given_and_no_rewrite_that_it_tried(capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(RATE)
    command = ["fix", path, "--target", "coreml,tract", "--isolated", "--allow", "interface", "-o", "out.onnx"]
    result = told(capsys, *command)
    assert result["verdict"] == "rejected"
    assert all(
        f["rewrite"] is None or f["rewrite"]["safety"] == "approximate" for f in result["findings"] if f["severity"] == "error"
    )
    words = shlex.split(result["next"]["command"])
    assert words[5:] == ["--allow", "interface", "--set", "sr=16000", "--isolated", "-o", "out.onnx", "--force"]
    assert told(capsys, *words[1:])["verdict"] == "accepted"


@pytest.mark.usefixtures("here")
def test_a_model_fixed_in_place_is_not_asked_to_take_its_options_again(capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(IMAGE)
    result = told(capsys, "fix", path, "--target", "coreml", "--shape", "x=batchx3x16xW", "--in-place")
    words = shlex.split(result["next"]["command"])
    assert words[5:] == ["--shape", "x=1x3x16x224", "--in-place"]


@pytest.mark.usefixtures("here")
def test_a_value_that_only_the_user_knows_is_a_placeholder_that_the_text_explains(capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(STEPS)
    main(["lint", path, "--target", "tract"])
    out = capsys.readouterr().out
    assert f"--set n={PLACEHOLDER}" in out
    assert f"put the value of `n` that you use in place of {PLACEHOLDER}" in out


def test_sizes_are_not_given_up_where_exact_rewrites_fix_all(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[1, 3, H, W] x) => (float[1, 3, K, L] y)
              <float[4] s = {1, 1, 0.5, 0.5}> { y = Resize<mode = "linear">(x, , s) }"""
    onnx.save(onnx.parser.parse_model(text), tmp_path / "half.onnx")
    main(["lint", str(tmp_path / "half.onnx"), "--target", "tract"])
    told = capsys.readouterr().out
    assert "try first graphfix fix" in told
    assert "--shape" not in told
    main(["lint", str(tmp_path / "half.onnx"), "--target", "tract,coreml"])
    assert "--shape x=1x3x224x224" in capsys.readouterr().out


def test_an_option_that_removes_no_error_is_not_advised() -> None:
    idle = Example("y = Mish(x)", inputs="float[n,m] x", outputs="float[n,m] y")
    (result,) = graphfix.lint(idle.model, "tract").results
    assert result.next is None or result.next.shapes == ()
    judged = judge(IMAGE.model, ["coreml"])
    advise(IMAGE.model, judged, lambda model, targets: judge(IMAGE.model, targets))  # whose findings no option changes
    assert judged[0].next is None


def test_a_large_model_is_judged_once_and_the_provenance_of_its_conditions_decides() -> None:
    results = judge(RATE.model, ["coreml"])

    def never(model: onnx.ModelProto, targets: object) -> list[Result]:
        raise AssertionError

    advise(RATE.model, results, never, most_nodes=0)
    assert results[0].next is not None
    assert results[0].next.values == (("sr", "16000"),)
    assert results[0].next.after is None


def test_errors_that_need_a_size_or_a_value_come_first_and_those_without_a_fix_next() -> None:
    mixed = Example(
        "a = Mish(x)\nb = Det(a)\nc = Equal(sr, k)\ny = If(c) <then_branch = t () => (float p) { p = Relu(b) }, "
        "else_branch = e () => (float q) { q = Neg(b) }>",
        inputs="float[3,3] x, int64 sr", outputs="float y", weights="int64 k = {16000}",
    )  # fmt: skip
    report = graphfix.lint(mixed.model, "coreml")
    ranks = [need(finding) for finding in report.findings if finding.severity == "error"]
    assert len(set(ranks)) > 1
    assert ranks == sorted(ranks)
    assert "sr" in report.findings[0].cure


def test_within_a_rank_the_order_is_the_graphs() -> None:
    model = Example("a = Mish(x)\nb = Mish(a)\nc = Mish(b)\ny = Mish(c)").model

    def one(output: str, fix: Fix | None = None, kind: str = "operator") -> Finding:
        return Finding("GF101", "", Severity.ERROR, "demo", "", op="Mish", output=output, rewrite=fix, kind=kind)

    exact = Fix("decompose-mish", "exact")
    found = [one("y", exact), one("c"), one("a", exact), one("y", None, "dynamic"), one("b")]
    note = Finding("GF201", "", Severity.NOTE, "demo", "")
    ordered = in_order_of_decision([*found, note], Facts.of(model))
    assert [finding.output for finding in ordered] == ["y", "b", "c", "a", "y", ""]
    assert ordered[0].kind == "dynamic"


def test_what_a_run_of_fix_has_tried_is_not_named_after_it_and_what_it_may_not_do_is() -> None:
    model = PLAIN.model
    fixes = {"exact": "expand-function", "approximate": "approximate-mish", "interface": "freeze-dims"}
    found = [
        Finding("GF101", "", Severity.ERROR, "demo", "", op="Mish", output=name, kind="operator", rewrite=Fix(name, safety))
        for safety, name in fixes.items()
    ]
    proof = Verification(0, 0.0, 0.0, 1.0, True, "")
    allow = Change("approximate-mish", Safety.APPROXIMATE, "y", False, "approximate; allow with --allow approximate")
    withdrawn = dataclasses.replace(allow, declined="does not resolve any finding")
    for changes, allowed, left in (
        ((allow,), (), [None, "approximate-mish", "freeze-dims"]),
        ((withdrawn,), (), [None, None, "freeze-dims"]),
        ((), ("approximate",), [None, None, "freeze-dims"]),
    ):
        result = Result("m.onnx", "tract", "1", 1, list(found))
        advise_remaining(FixResult(model, changes, proof, (result,)), judge, allowed)
        names = {finding.output: finding.rewrite and finding.rewrite.name for finding in result.findings}
        assert [names[name] for name in fixes.values()] == left


def test_the_first_output_is_never_dropped() -> None:
    model = dataclasses.replace(SIDE, outputs="int64[2,m] z, float[2,3] y").model
    (result,) = graphfix.lint(model, "tensorrt").results
    assert result.verdict == "rejected"
    assert result.next is not None
    assert result.next.words == ["--padded-outputs"]


def test_sizes_follow_from_weights_names_and_places() -> None:
    example = Example(
        "a = Conv(x, w)\nb = MatMul(v, u)\nc = Relu(p)\nd = Relu(s)",
        inputs="float[n,channels,9,wide] x, float[d,e] v, float[4,unknown,6] p, float[batch,seq] s",
        outputs="float a",
        weights="float[4,2,1,1] w = {1,1,1,1,1,1,1,1}, float[5,1] u = {1,1,1,1,1}",
    )
    found = {size.input: size for size in example_sizes(Facts.of(example.model))}
    assert found["x"].text == "x=1x2x9x224"
    assert found["v"].dims[1] == 5
    assert found["p"].dims == (4, 1, 6)
    assert found["s"].dims == (1, 64)
    assert _sum("seq + 2", {"seq": 64}) == 66
    assert _sum("past + seq", {"seq": 64}) is None
    assert "channels" not in found["x"].examples
    assert "wide" in found["x"].examples


def test_the_words_of_a_step_put_what_decides_first() -> None:
    step = NextStep((("sr", "1"),), (("x", (1, 2)),), ("z",), ("approximate",))
    assert step.words == ["--set", "sr=1", "--shape", "x=1x2", "--drop-output", "z", "--allow", "approximate"]


def test_the_effect_of_options_is_a_sentence_for_every_count() -> None:
    shapes = (("x", (1, 2)),)
    said = {
        (1, 0): "`--shape` fixes the error",
        (2, 0): "`--shape` fixes both errors",
        (7, 0): "`--shape` fixes all 7 errors",
        (7, 2): "`--shape` fixes 5 of 7 errors",
    }
    for (before, after), note in said.items():
        assert step_notes(NextStep(shapes=shapes, before=before, after=after)) == [note]
    step = NextStep((("n", "1"),), shapes, examples=("h",), before=3, after=1)
    assert step_notes(step)[0] == "`--set` and `--shape` fix 2 of 3 errors"
    assert step_notes(step)[1] == "the size of h is an example: replace it with your own"


def test_an_error_about_subgraphs_is_settled_with_all_control_flow_and_not_before() -> None:
    about = Finding("GF110", "", Severity.ERROR, "demo", "", traits=("subgraphs",))
    branches = RATE.nodes.partition("If(c)")[2]
    settled = Example("y = If(yes)" + branches, inputs="float[2,3] x", weights="bool yes = {1}")
    half = Example("z = If(yes)" + branches + "\ny = If(no)" + branches.replace("Relu(x)", "Relu(z)"),
                   inputs="float[2,3] x, bool no", weights="bool yes = {1}")  # fmt: skip
    assert settled_places(Facts.of(settled.model)).covers(about)
    assert not settled_places(Facts.of(half.model)).covers(about)
    assert not settled_places(Facts.of(settled.model)).covers(dataclasses.replace(about, traits=("inputs.ranks",)))


def test_values_and_sizes_are_advised_together_where_each_fixes_some() -> None:
    both = Example(FLAG.nodes.replace("2,3", "n,3"), inputs="float[n,3] x, bool mono", outputs="float[n,3] y")
    (result,) = graphfix.lint(both.model, "coreml").results
    assert result.next is not None
    assert result.next.words == ["--set", "mono=true", "--shape", "x=1x3"]
    assert result.next.after == 0


def test_a_large_model_whose_errors_sizes_fixed_in_probes_gets_sizes() -> None:
    error = Finding("GF103", "", Severity.ERROR, "demo", "", op="Conv", output="y", kind="attribute")
    facts = Facts.of(IMAGE.model)
    assert not sizes_matter(facts, [error])
    assert sizes_matter(facts, [dataclasses.replace(error, rewrite=Fix("freeze-dims", "interface"))])
    assert not sizes_matter(facts, [dataclasses.replace(error, rewrite=Fix("decompose-mish", "exact"))])


def test_an_accepted_model_that_a_target_computes_wrong_gets_a_next_step_too() -> None:
    wrong = Finding("GF301", "", Severity.ERROR, "demo", "", op="Conv", output="y", kind=WRONG)
    result = Result("", "demo", "1", 1, [wrong])
    assert result.verdict == "accepted"
    advise(IMAGE.model, [result], lambda model, targets: [Result("", "demo", "1", 1, [])])
    assert result.next is not None
    assert result.next.shapes == (("x", (1, 3, 224, 224)),)
    (fixed,) = result.findings
    assert fixed.cure == "--shape x=1x3x224x224"
    assert fixes(result) == "--shape"
    assert rejected_nodes(result) == "none; 1 wrong"
    refused = dataclasses.replace(wrong, code="GF101", kind="operator", output="z")
    assert rejected_nodes(Result("", "demo", "1", 3, [wrong, refused])) == "1 of 3; 1 wrong"
    assert rejected_nodes(Result("", "demo", "1", 3, [refused])) == "1 of 3"


@pytest.mark.parametrize(
    ("there", "named"),
    [("`K` computed from dynamic dims (Shape(`p`))", False), ("`K` computed from fixed dims (Shape(`p`))", True)],
)
def test_sizes_that_leave_a_node_in_its_form_are_not_its_fix(there: str, named: bool) -> None:
    def result(message: str) -> Result:
        error = Finding("GF105", "", Severity.ERROR, "demo", message, op="TopK", output="y", kind="operand", cure="--shape x=<h>")
        return Result("", "demo", "1", 1, [dataclasses.replace(error, rewrite=Fix("freeze-dims", "interface", fixed=7, of=7))])

    before = result("`K` computed from dynamic dims (Shape(`p`) → Gather, from dims 0 (h) and 1 of input `x`)")
    advise(IMAGE.model, [before], lambda model, targets: [result(there)])
    (finding,) = before.findings
    assert (finding.rewrite is not None, bool(finding.cure)) == (named, named)


def test_the_heading_counts_what_is_rejected_and_what_is_wrong() -> None:
    refused = Finding("GF101", "", Severity.ERROR, "demo", "", op="Conv", output="y", kind="operator")
    wrong = dataclasses.replace(refused, code="GF301", kind=WRONG, output="z")
    out = io.StringIO()
    text.render([Result("m", "demo", "1", 3, [refused, wrong])], out)
    assert out.getvalue().startswith("m: rejected by demo 1, 1 of 3 nodes; 1 wrong\n")


@pytest.mark.parametrize("target", ["9, -1, 4", "n, 9, 4", "36, 1"])
def test_a_size_that_the_graph_holds_as_a_constant_is_advised_in_place_of_an_example(target: str) -> None:
    numbers = target.replace("n", "1")
    baked = Example("y = Reshape(x, s)", inputs="float[b,time,4] x", outputs="float y",
                    weights=f"int64[{len(numbers.split(','))}] s = {{{numbers}}}")  # fmt: skip
    facts = Facts.of(baked.model)
    (given,) = example_sizes(facts)
    assert (given.dims, given.examples) == ((1, 64, 4), ("b", "time"))
    (found,) = fitting_sizes(baked.model, facts, [given])
    if target == "36, 1":  # 9 is in no target
        assert found == given
    else:
        assert (found.dims, found.examples) == ((1, 9, 4), ("b",))
    free = Example("y = Reshape(x, s)", inputs="float[b,time,4] x", outputs="float y", weights="int64[3] s = {0, -1, 4}")
    assert fitting_sizes(free.model, Facts.of(free.model), [given]) == [given]


def test_a_size_that_an_operator_takes_only_is_no_example() -> None:
    held = Example(
        "n = Shape<start = 1, end = 2>(x)\nheads = Mul(n, two)\n"
        "target = Concat<axis = 0>(first, heads, last)\ny = Reshape(x, target)",
        inputs="float[time,b,8] x", outputs="float y",
        weights="int64[1] first = {9}, int64[1] two = {2}, int64[1] last = {4}",
    )  # fmt: skip
    (found,) = example_sizes(Facts.of(held.model))
    assert (found.dims, found.examples) == ((9, 1, 8), ("b",))


def test_the_step_has_the_size_that_the_graph_holds() -> None:
    baked = Example("y = Reshape(x, s)\nz = Mish(y)", inputs="float[b,time,4] x", outputs="float z",
                    weights="int64[3] s = {9, -1, 4}")  # fmt: skip
    (result,) = graphfix.lint(baked.model, "coreml").results
    assert result.next is not None
    assert result.next.shapes == (("x", (1, 9, 4)),)
    assert result.next.examples == ("b",)


def test_a_table_of_class_names_and_a_map_of_scores_are_named_with_the_options_that_remove_them() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 2]> g (float[1, 3] x)
           => (string[1] label, seq(map(string, float)) scores) <string[3] names = {"a", "b", "c"}> {
             s = Softmax<axis = 1>(x)
             i = ArgMax<axis = 1, keepdims = 0>(s)
             label = Gather(names, i)
             scores = ai.onnx.ml.ZipMap<classlabels_strings = ["a", "b", "c"]>(s) }"""
    )
    (result,) = graphfix.lint(model, "coreml").results
    assert result.next is not None
    assert result.next.words == ["--drop-output", "label", "--tensor-outputs"]
    about = [finding.rewrite for finding in result.findings if finding.op == "ZipMap"]
    assert about
    assert all(fix is not None and fix.name == "tensor-outputs" for fix in about)


def test_sizes_at_which_a_concat_joins_unequal_operands_are_replaced_by_a_part_of_them() -> None:
    squeezed = Example(
        "a = AveragePool <kernel_shape = [6, 1], strides = [6, 1]> (x)\nb = ReduceMean <axes = [2]> (a)\n"
        "y = Concat <axis = 1> (a, b)",
        inputs="float[n,3,h,w] x", outputs="float y", opset=13,
    )  # fmt: skip
    facts = Facts.of(squeezed.model)
    given = SizeOption("x", (1, 3, 24, 24), ("n", "h", "w"))
    (found,) = fitting_sizes(squeezed.model, facts, [given])
    assert found == SizeOption("x", (1, 3, 6, 24), ("n", "h", "w"))  # 24 rows give 4 beside 1
    assert fitting_sizes(squeezed.model, facts, [found]) == [found]


@pytest.mark.parametrize(
    ("inputs", "nodes", "wanted"),
    [
        ("float[batch_size, N] waveforms", "y = Relu(waveforms)", (1, 16000)),
        ("float[b, 1, samples] audio", "y = Relu(audio)", (1, 1, 16000)),
        ("float[b, m] x, float[400] w", "y = STFT(x, hop, w)", (1, 16000)),
        ("float[b, m] x", "y = Relu(x)", (1, 512)),
        ("float[b, 80, time] audio_signal", "y = Relu(audio_signal)", (1, 80, 64)),
        ("float[b, frames, 80] speech", "y = Relu(speech)", (1, 64, 80)),
        ("float[2, N, 64] state", "y = Relu(state)", (2, 1, 64)),
        ("float[b, N, 64] points", "y = Relu(points)", (1, 64, 64)),
    ],
)
def test_examples_are_a_second_of_sound_for_samples_and_no_batch_behind_a_batch(
    inputs: str, nodes: str, wanted: tuple[int, ...]
) -> None:
    option, *_ = example_sizes(Facts.of(Example(nodes, inputs=inputs, weights="int64 hop = {160}").model))
    assert option.dims == wanted


def test_question_marks_are_no_names_of_dims() -> None:
    model = Example("y = Relu(x)", inputs="float[b,3,h,w] x").model
    for dim in list(model.graph.input[0].type.tensor_type.shape.dim)[2:]:
        dim.dim_param = "?"
    facts = Facts.of(model)
    (option,) = example_sizes(facts)
    assert (option.dims, option.examples) == ((1, 3, 224, 224), ("b", "dim 2 of x", "dim 3 of x"))
    assert fitting_sizes(model, facts, [option]) == [option]


def test_outputs_of_a_size_known_at_run_time_are_named_with_the_option_that_pads_them() -> None:
    model = Example("y = NonZero(x)", inputs="float[4] x", outputs="int64[1, K] y").model
    (result,) = graphfix.lint(model, "tensorrt").results
    assert result.next is not None
    assert result.next.words == ["--padded-outputs"]
    (finding,) = [finding for finding in result.findings if finding.op == "NonZero"]
    assert finding.rewrite is not None
    assert (finding.rewrite.name, finding.cure) == ("padded-outputs", "--padded-outputs")
    assert finding.to_json()["rewrite"] is None, "fix does not run it by itself"
    inside = Example("n = NonZero(x)\ns = Size(n)\ny = Reshape(s, r)", inputs="float[4] x", outputs="int64[1] y",
                     weights="int64[1] r = {1}")  # fmt: skip
    (result,) = graphfix.lint(inside.model, "tensorrt").results
    assert result.next is None or "--padded-outputs" not in result.next.words


@pytest.mark.parametrize("target", ["tensorrt", "openvino", "coreml", "tract", "tflite"])
def test_the_first_numbers_behind_text_are_named_as_the_place_to_begin_at(target: str) -> None:
    text = """<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]> g (string[4] words, float[2] x) => (float[4, 2] y%s)
              <float[2, 2] table = {1, 2, 3, 4}> {
                low = StringNormalizer<case_change_action = "LOWER">(words)
                ids = ai.onnx.ml.LabelEncoder<keys_strings = ["a"], values_int64s = [1], default_int64 = 0>(low)
                rows = Gather(table, ids)
                y = Add(rows, x)
                %s }"""
    (result,) = graphfix.lint(onnx.parser.parse_model(text % ("", "")), target).results
    assert result.next is not None
    assert result.next.words == ["--input-at", "ids"]
    stuck = [finding for finding in result.findings if finding.severity is Severity.ERROR]
    assert stuck
    assert {(finding.cure, finding.rewrite and finding.rewrite.name) for finding in stuck} == {("--input-at ids", "inner-inputs")}
    also = onnx.parser.parse_model(text % (", string[4] z", "z = Identity(low)"))
    (result,) = graphfix.lint(also, target).results
    assert result.next is None or "--input-at" not in result.next.words


PATCHES = """p = Conv<strides = [8, 8]>(x, w)
             f = Reshape(p, flat)
             t = Transpose<perm = [0, 2, 1]>(f)
             s = Concat<axis = 1>(token, t)
             e = Add(s, rows)
             y = Mish(e)"""


@pytest.mark.parametrize(("rows", "side"), [(17, 32), (50, 56), (18, 224)])
def test_the_example_size_of_an_image_fits_the_table_of_positions(rows: int, side: int) -> None:
    weights = f"float[2,3,8,8] w = {{{','.join('1' * 384)}}}, float[1,1,2] token = {{1, 2}}, int64[3] flat = {{0, 0, -1}}"
    weights += f", float[1,{rows},2] rows = {{{','.join('1' * 2 * rows)}}}"
    model = Example(PATCHES, inputs="float[1,3,height,width] x", outputs="float[A,B,2] y", weights=weights).model
    (result,) = graphfix.lint(model, "coreml").results
    assert result.next is not None
    assert result.next.shapes == (("x", (1, 3, side, side)),)
    assert result.next.examples == (() if side < 224 else ("height", "width"))
    assert result.next.unfit is (side == 224)
    assert ("the model does not run at these sizes" in " ".join(step_notes(result.next))) is (side == 224)


def test_the_example_size_of_an_oblong_image_fits_the_table_of_positions() -> None:
    weights = f"float[2,3,8,8] w = {{{','.join('1' * 384)}}}, float[1,1,2] token = {{1, 2}}, int64[3] flat = {{0, 0, -1}}"
    weights += f", float[1,7,2] rows = {{{','.join('1' * 14)}}}"
    model = Example(PATCHES, inputs="float[1,3,height,width] x", outputs="float[A,B,2] y", weights=weights).model
    (result,) = graphfix.lint(model, "coreml").results
    assert result.next is not None
    assert (result.next.shapes, result.next.examples, result.next.unfit) == ((("x", (1, 3, 16, 24)),), (), False)


ATTENTION = """t = Reshape(x, flat)
               u = Transpose<perm = [0, 2, 1]>(t)
               s = MatMul(u, t)
               y = Softmax<axis = 2>(s)
               z = Mish(y)"""


def test_the_example_size_of_an_image_leaves_attention_over_its_pixels_small_enough_to_run() -> None:
    weights = "int64[3] flat = {0, 0, -1}"
    model = Example(ATTENTION, inputs="float[1,4,height,width] x", outputs="float[1,A,A] z", weights=weights).model
    (result,) = graphfix.lint(model, "coreml").results
    assert result.next is not None
    assert result.next.shapes == (("x", (1, 4, 56, 56)),)
    assert result.next.examples == ("height", "width")


def test_a_reshape_to_a_built_in_number_of_patches_gives_the_size_of_the_image() -> None:
    weights = f"float[2,3,8,8] w = {{{','.join('1' * 384)}}}, int64[3] flat = {{0, 0, -1}}, int64[4] heads = {{1, 6, 1, 2}}"
    text = """p = Conv<strides = [8, 8]>(x, w)
              f = Reshape(p, flat)
              t = Transpose<perm = [0, 2, 1]>(f)
              h = Reshape(t, heads)
              y = Mish(h)"""
    model = Example(text, inputs="float[1,3,height,width] x", outputs="float[A,B,C,2] y", weights=weights).model
    (result,) = graphfix.lint(model, "coreml").results
    assert result.next is not None
    assert result.next.shapes == (("x", (1, 3, 16, 24)),)


def test_the_example_length_fits_the_table_of_positions() -> None:
    learned = Example("e = Add(x, rows)\ny = Mish(e)", inputs="float[1,time,2] x", outputs="float[1,time,2] y",
                      weights="float[1,9,2] rows = {" + ",".join("1" * 18) + "}")  # fmt: skip
    (result,) = graphfix.lint(learned.model, "coreml").results
    assert result.next is not None
    assert result.next.shapes == (("x", (1, 9, 2)),)
    assert result.next.examples == ()


def test_sizes_of_images_fit_in_graphs_of_many_nodes_too() -> None:
    many = "\n".join(f"r{at + 1} = Relu (r{at})" for at in range(MEASURED_NODES + 10))
    model = Example(
        f"r0 = Neg (x)\n{many}\na = AveragePool <kernel_shape = [56, 1], strides = [56, 1]> (r{MEASURED_NODES + 10})\n"
        "b = ReduceMean <axes = [2]> (a)\ny = Concat <axis = 1> (a, b)",
        inputs="float[n,3,h,w] x", outputs="float y", opset=13,
    ).model  # fmt: skip
    (result,) = graphfix.lint(model, "coreml").results
    assert result.next is not None
    assert result.next.words == ["--shape", "x=1x3x56x224"]
    assert not result.next.unfit
    flat = "s = Constant<value = int64[2] {7, 11}> ()\ny = Reshape (a, s)"
    model = Example(
        f"r0 = Neg (x)\n{many}\na = Mish (r{MEASURED_NODES + 10})\n{flat}", inputs="float[n,3,h,w] x", outputs="float y"
    ).model
    (result,) = graphfix.lint(model, "coreml").results
    assert result.next is not None
    assert result.next.unfit

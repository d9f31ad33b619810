"""The verdict on single nodes: found by name, explained by facets, table and evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from graphfix.errors import UsageError
from graphfix.linter.engine import judge, lint_file
from graphfix.linter.example import Example
from graphfix.linter.explain_verdict import explained
from graphfix.linter.node_verdicts import keyed
from graphfix.linter.timings import StageTimer

Write = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("demo")
BRANCHES = Example(
    "c = Equal(sr, k)\n[pick] y = If(c) <then_branch = a () => (float[2,3] p) { [inner] p = Mish(x) }, "
    "else_branch = b () => (float[2,3] q) { q = Neg(x) }>",
    inputs="float[2,3] x, int64 sr",
    weights="int64 k = {16000}",
)
CUBIC = Example('[up] y = Resize<mode = "cubic">(x, , s)', inputs="float[1,3,8] x", weights="float[3] s = {1.0, 1.0, 2.0}")


def test_every_node_at_every_depth_has_a_key() -> None:
    assert [key for key, _ in keyed(BRANCHES.model.graph)] == [
        ("<node_0>",),
        ("pick", "then_branch", "inner"),
        ("pick", "else_branch", "<node_0>"),
        ("pick",),
    ]


def test_detail_gives_the_verdict_on_every_node() -> None:
    (result,) = judge(BRANCHES.model, ["demo"], detail=True)
    verdicts = {told.key: told for told in result.rulings}
    assert verdicts["pick", "then_branch", "inner"].verdict == "rejected"
    assert verdicts["pick", "then_branch", "inner"].evidence == "demo/Mish/unsupported"
    assert len(verdicts) == 4
    assert not judge(BRANCHES.model, ["demo"])[0].rulings


def test_an_explained_verdict_names_facets_entry_and_evidence() -> None:
    told = "\n".join(explained(CUBIC.model, "demo", "up"))
    assert "verdict   rejected" in told
    assert 'cubic-needs-4d (attribute): `mode="cubic"` and' in told
    assert '* `mode="cubic"`' in told, "the facet that decided is marked"
    assert "probes of demo 1.0" in told


def test_an_explained_verdict_on_an_unmeasured_operator_says_that_nothing_was_tried() -> None:
    told = "\n".join(explained(Example("y = Cos(x)").model, "demo", "y"))
    assert "unmeasured" in told
    assert "!" not in told.partition("probed with this value)")[2], "without an entry there is nothing to point at"
    assert "has no entry for it in demo 1.0" in told


def test_a_value_that_was_never_probed_is_pointed_at_and_numbers_are_in_order() -> None:
    told = "\n".join(explained(Example("y = Relu(x)", inputs="float16[2,3] x", outputs="float16 y").model, "demo", "y"))
    assert "unmeasured: no probe with dtype float16" in told
    assert "! dtype float16   (probed: " in told
    assert "in its opset 14 form" in told


def test_an_inner_node_is_found_by_its_path() -> None:
    assert "rejected" in "\n".join(explained(BRANCHES.model, "demo", "then_branch of pick / inner"))


def test_the_model_as_a_whole_is_explained() -> None:
    told = "\n".join(explained(Example("y = Softmax(x)", inputs="float[n,m] x").model, "demo", "@model"))
    assert "the model as a whole on Demo 1.0" in told
    assert "verdict   supported" in told
    assert "  dynamic dims in the inputs   (probed: a dynamic batch dim, dynamic dims, fixed dims, unranked)" in told


def test_an_unknown_node_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean `pick`"):
        list(explained(BRANCHES.model, "demo", "pik"))


def test_the_clock_knows_each_stage(write: Write) -> None:
    clock = StageTimer()
    lint_file(write(CUBIC), ["demo"], clock=clock)
    assert {"reading", "facts", "facets", "looking up demo"} <= set(clock.spent)
    assert all(seconds >= 0 for seconds in clock.spent.values())
    assert clock.lines()[-1].endswith("in all")


def test_places_that_written_out_functions_have_moved_are_not_told() -> None:
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["" : 18, "own" : 1]>
        main (float[2,3] x) => (float[2,3] y)
        {
            a = own.twice(x)
            [last] b = Mish(a)
            y = Relu(b)
        }
        <domain: "own", opset_import: ["" : 18]>
        twice (p) => (r)
        {
            q = Neg(p)
            r = Neg(q)
        }
        """
    )
    (result,) = judge(model, ["demo"], detail=True)
    assert result.nodes == 4
    assert [(told.key, told.op) for told in result.rulings if told.key == ("last",)] == [(("last",), "Mish")]
    assert not [told for told in result.rulings if told.key[-1].startswith("<node_")], "the third node is no longer third"

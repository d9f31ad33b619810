"""What no output depends on, what is computed beforehand, and the compilers that never look at either."""

from __future__ import annotations

import shutil
from pathlib import Path

import onnx
import pytest

from graphfix.analysis.facts import Facts
from graphfix.analysis.reachability import folded_nodes, unreachable_nodes, untaken_nodes
from graphfix.backends.base import onnx_backends
from graphfix.backends.connect import open_backend
from graphfix.backends.toolchain import find
from graphfix.linter.engine import judge
from graphfix.linter.example import Example
from graphfix.tables.table import Table

RULES = Path(__file__).parent.parent / "fixtures" / "rules"
IDLE = Example("d = example.Foo(x)\ne = Neg(d)\ny = Relu(x)")


def test_what_only_idle_nodes_read_is_idle_too() -> None:
    nodes = (
        "a = Abs(x)\nb = Neg(a)\n"
        "z = If(c) <then_branch = t () => (float[2,3] p) { p = Relu(a) }, else_branch = e () => (float[2,3] q) { q = Neg(x) }>\n"
        "k = Exp(x)\n"
        "y = If(c) <then_branch = t () => (float[2,3] r) { r = Relu(k) }, else_branch = e () => (float[2,3] s) { s = Neg(x) }>"
    )
    found = Facts.of(Example(nodes, inputs="float[2,3] x, bool c").model)
    assert [found.nodes[at].proto.output[0] for at in sorted(unreachable_nodes(found))] == ["a", "b", "p", "q", "z"]


@pytest.mark.parametrize(("word", "accepted"), [("dropped", True), ("read", False)])
def test_idle_nodes_count_only_where_the_compiler_reads_them(tmp_path: Path, word: str, accepted: bool) -> None:
    home = tmp_path / "rules"
    shutil.copytree(RULES, home)
    about = home / "demo" / "target.toml"
    about.write_text(about.read_text() + f'\nunreached = "{word}"\n')
    (result,) = judge(IDLE.model, ["demo"], home=home)
    codes = {finding.code for finding in result.findings if finding.op == "Foo"}
    assert "GF201" in codes
    assert (codes == {"GF201"}) is accepted


@pytest.mark.compiler
@pytest.mark.parametrize("target", sorted(onnx_backends()))
def test_a_table_says_of_idle_nodes_what_the_compiler_does(tmp_path: Path, target: str) -> None:
    found = find(target, None)
    if found is None:
        pytest.skip(f"{target} is not installed")
    model = tmp_path / "idle.onnx"
    onnx.save(IDLE.model, model)
    with open_backend(target, python=found.python) as session:
        options = {"onnxsim": False} if target == "tflite" else {}
        assert session.ask(model, options=options).accepted is Table.open(target).drops_unreached


BRANCHED = (
    "{before}z = If(c) <then_branch = t () => (float[2,3] p) {{ p = {then} }},"
    " else_branch = e () => (float[2,3] q) {{ q = {other} }}>\ny = Neg(z)"
)


def branched(then: str, other: str, *, known: str) -> Example:
    """An If whose condition is true: a constant, folded from constants, or open."""
    before = "c = Equal(k, three)\n" if known == "folded" else ""
    weights = {"constant": "bool c = {1}", "folded": "int64 k = {3}, int64 three = {3}", "open": "int64 k = {3}"}[known]
    inputs = "float[2,3] x, bool c" if known == "open" else "float[2,3] x"
    return Example(BRANCHED.format(before=before, then=then, other=other), inputs=inputs, weights=weights)


@pytest.mark.parametrize(("known", "folded", "left"), [
    ("constant", False, ["q"]), ("constant", True, ["q"]), ("folded", False, []), ("folded", True, ["q"]), ("open", True, []),
])  # fmt: skip
def test_a_branch_is_ruled_out_by_a_condition_that_is_known(known: str, folded: bool, left: list[str]) -> None:
    found = Facts.of(branched("Relu(x)", "Abs(x)", known=known).model)
    assert [found.nodes[at].proto.output[0] for at in sorted(untaken_nodes(found, folded=folded))] == left


@pytest.mark.parametrize(("word", "known", "quiet"), [
    ("always", "folded", True), ("constant", "folded", False), ("constant", "constant", True), ("never", "constant", False),
])  # fmt: skip
def test_branches_never_taken_count_where_the_compiler_reads_them(tmp_path: Path, word: str, known: str, quiet: bool) -> None:
    home = tmp_path / "rules"
    shutil.copytree(RULES, home)
    about = home / "demo" / "target.toml"
    about.write_text(about.read_text() + f'\nuntaken = "{word}"\n')
    (result,) = judge(branched("Relu(x)", "example.Foo(x)", known=known).model, ["demo"], home=home)
    assert any(finding.op == "Foo" for finding in result.findings) is not quiet


@pytest.mark.compiler
@pytest.mark.parametrize("target", sorted(set(onnx_backends()) - {"coreml"}))  # Core ML takes no If at all
def test_a_table_says_of_branches_never_taken_what_the_compiler_does(tmp_path: Path, target: str) -> None:
    found = find(target, None)
    if found is None:
        pytest.skip(f"{target} is not installed")
    taken = []
    with open_backend(target, python=found.python) as session:
        for known in ("constant", "folded"):
            model = tmp_path / f"{known}.onnx"
            onnx.save(branched("Relu(x)", "example.Foo(x)", known=known).model, model)
            taken.append(session.ask(model).accepted)
    says = {"always": [True, True], "constant": [True, False], "never": [False, False]}
    assert taken == says[Table.open(target).drops_untaken]


SIZED = Example(
    "s = Shape(x)\nn = ReduceProd <keepdims = 0> (s)\nf = Cast <to = 1> (n)\nk = Add(c, c)\ng = Mul(f, k)\ny = Mul(x, g)",
    weights="float c = {1}",
)
"""The number of elements of an input, computed from its fixed dims."""


@pytest.mark.parametrize(("inputs", "sizes", "folded"), [
    ("float[2,3] x", True, ["s", "n", "f", "k", "g"]), ("float[2,3] x", False, ["k"]), ("float[n,3] x", True, ["k"]),
])  # fmt: skip
def test_what_is_computed_beforehand_depends_on_constants_or_fixed_dims(inputs: str, sizes: bool, folded: list[str]) -> None:
    found = Facts.of(Example(SIZED.nodes, inputs=inputs, weights=SIZED.weights).model)
    assert [found.nodes[at].proto.output[0] for at in sorted(folded_nodes(found, sizes=sizes))] == folded


def test_a_constant_that_the_model_returns_is_not_computed_beforehand() -> None:
    found = Facts.of(Example("y = Shape(x)", outputs="int64[2] y").model)
    assert folded_nodes(found, sizes=True) == set()


def test_a_constant_of_a_dtype_that_is_seldom_folded_is_not_computed_beforehand() -> None:
    found = Facts.of(
        Example("e = EyeLike <dtype = 9> (c)\ny = Where(e, x, x)", weights="float[2,3] c = {1, 1, 1, 1, 1, 1}").model
    )
    assert folded_nodes(found, sizes=True) == set()


@pytest.mark.parametrize(("word", "op", "quiet"), [
    ("always", "ReduceProd", True), ("always", "Add", True), ("constant", "ReduceProd", False), ("constant", "Add", True),
    ("never", "Add", False),
])  # fmt: skip
def test_computed_constants_are_judged_where_the_compiler_sees_them(tmp_path: Path, word: str, op: str, quiet: bool) -> None:
    home = tmp_path / "rules"
    shutil.copytree(RULES, home)
    about = home / "demo" / "target.toml"
    about.write_text(about.read_text() + f'\nfolded = "{word}"\n')
    (result,) = judge(SIZED.model, ["demo"], home=home)
    assert any(finding.op == op and finding.target == "demo" for finding in result.findings) is not quiet


FOLDED = (
    ("constant", "n = Neg(c)"),
    ("constant", "n = ReduceLogSum(c)"),
    ("constant", 'n = Resize <mode = "cubic"> (i, , two)'),
    ("always", "s = Shape(x)\nm = Size(s)\nn = Cast <to = 1> (m)"),
    ("always", "s = Shape(x)\nm = Mod(s, one)\nr = ReduceMax(m)\nn = Cast <to = 1> (r)"),
    ("always", "s = Shape(x)\na = Slice(s, one, one)\nb = Concat <axis = 0> (a, s)\nr = ReduceMax(b)\nn = Cast <to = 1> (r)"),
)
"""Numbers computed from constants alone, or from fixed dims."""


@pytest.mark.compiler
@pytest.mark.parametrize("target", [name for name in sorted(onnx_backends()) if Table.open(name).folds != "never"])
@pytest.mark.parametrize(("on", "made"), FOLDED)
def test_a_table_says_of_computed_constants_what_the_compiler_does(tmp_path: Path, target: str, on: str, made: str) -> None:
    found = find(target, None)
    if found is None:
        pytest.skip(f"{target} is not installed")
    weights = "float[1] c = {2}, float[1,1,1,1] i = {3}, float[4] two = {1, 1, 2, 2}, int64[1] one = {1}"
    model = tmp_path / "folded.onnx"
    onnx.save(Example(f"{made}\nt = ReduceSum(n)\nf = Reshape(t, one)\ny = Mul(x, f)", weights=weights).model, model)
    with open_backend(target, python=found.python) as session:
        if on == "constant" or Table.open(target).folds == "always":
            assert session.ask(model).accepted

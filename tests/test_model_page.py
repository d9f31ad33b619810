"""The page of `lint --html` and `fix --html` without a browser: clusters, the data it embeds, writing, and the layout library."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from large_graph import large_model

from graphfix.cli.app import main
from graphfix.linter.diagnostics import Finding, Fix, NextStep, NodeVerdict, Result, Severity
from graphfix.linter.engine import lint_file
from graphfix.linter.example import Example
from graphfix.report import standalone_page
from graphfix.report.graph_clusters import MOST, ClusterTree, cluster_tree
from graphfix.report.graph_data import GraphData
from graphfix.report.model_page import model_page, page_data
from graphfix.report.page_findings import fix_command
from graphfix.report.support_page import Strings

ROOT = Path(__file__).parent.parent
HOSTILE = "</script><img src=x onerror=alert(1)>{{script}}"
TEXT = "(float[1, 4] x) => (float[1, 4] y) { m = Mish(x) n = Neg(m) y = Relu(n) }"
BRANCHES = """(bool c, float[2] x) => (float[2] y) {
  a = Abs (x)
  y = If (c) <then_branch = one () => (float[2] p) { p = Neg (a) }, else_branch = two () => (float[2] q) { q = Relu (x) }>
}"""


def embedded(page: str) -> dict[str, Any]:
    """The data in a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def example() -> Example:
    return Example("y = Mish(x)", inputs="float[1, 4] x", outputs="float[1, 4] y")


def model_of(text: str) -> onnx.ModelProto:
    return onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["" : 22]> g {text}')


def sizes(tree: ClusterTree) -> list[int]:
    """The number of members of each cluster."""
    members = [0] * len(tree.labels)
    for parent in [*tree.parents[1:], *tree.of_node]:
        members[parent] += 1
    return members


def path_of(tree: ClusterTree, node: int) -> list[str]:
    labels, at = [], tree.of_node[node]
    while at:
        labels.append(tree.labels[at])
        at = tree.parents[at]
    return labels[::-1]


def test_clusters_follow_module_paths() -> None:
    paths = [("enc", "0", "conv"), ("enc", "0", "conv"), ("enc", "0"), ("enc", "1"), ("enc", "1"), ("head",), ()]
    tree = cluster_tree(paths)
    assert path_of(tree, 0) == ["enc", "enc.0", "conv"]
    assert path_of(tree, 3) == ["enc", "enc.1"]
    assert path_of(tree, 5) == [], "one node is no cluster"
    assert path_of(tree, 6) == []
    assert all(parent < at for at, parent in enumerate(tree.parents))


def test_a_cluster_around_a_single_cluster_is_merged_with_it() -> None:
    tree = cluster_tree([("model", "layers", "0"), ("model", "layers", "0"), ("model", "layers", "1"), ("model", "layers", "1")])
    assert path_of(tree, 0) == ["model.layers", "layers.0"]


@pytest.mark.parametrize("count", [MOST, MOST + 1, 1_999, 20_000])
def test_no_cluster_holds_too_many(count: int) -> None:
    for paths in ([()] * count, [("layers", str(at // 2)) for at in range(count)]):
        tree = cluster_tree(paths)
        assert max(sizes(tree)) <= MOST
        assert sum(sizes(tree)) == count + len(tree.labels) - 1
    assert "nodes 1 to" in "".join(cluster_tree([()] * 100).labels)


def test_edges_lead_through_branches_and_shapes_are_told() -> None:
    data = GraphData.of(model_of(BRANCHES))
    at = {name: index for index, name in enumerate(data.names) if data.keys[index]}
    pairs = {(start, end) for start, end, _ in data.edges}
    assert (at["a"], at["p"]) in pairs, "a branch reads a value from outside"
    assert {(at["p"], at["y"]), (at["q"], at["y"])} <= pairs, "the If reads the results of its branches"
    assert data.paths[at["p"]] == ("y then_branch",)
    assert data.results[at["a"]] == "a: float32[2]"
    assert [data.ops[0], data.ops[-1]] == ["input", "output"]


def test_a_constant_stands_beside_its_first_reader() -> None:
    data = GraphData.of(
        model_of("(float[1] x) => (float[1] y) { c = Constant<value = float[1] {1.0}>() m = Abs(x) y = Add(m, c) }")
    )
    for index, name in enumerate(("/first/c", "/enc/m", "/enc/y"), 1):
        data.paths[index] = tuple(name.split("/")[1:-1])
    strings = Strings()
    view = data.to_json(strings)
    assert len(set(view["clusters"][1:4])) == 1
    assert list(strings.all)[view["labels"][view["clusters"][1]]] == "enc"


def test_clusters_in_a_branch_have_no_part_of_the_path_twice() -> None:
    model = model_of(BRANCHES)
    (branch,) = (item.g for item in model.graph.node[1].attribute if item.name == "then_branch")
    model.graph.node[1].name = "/enc/If_0"
    branch.node[0].name = "If_0_then_branch__Inline_0__/enc/gate/Neg"
    data = GraphData.of(model)
    assert data.paths[data.names.index(branch.node[0].name)] == ("enc", "If_0 then_branch", "gate")


def test_verdicts_and_findings_find_their_nodes(demo: None, write: Callable[..., Path]) -> None:
    path = write(example())
    results = lint_file(path, ["demo"], detail=True)
    data = page_data("m", [("", onnx.load(path), results)])
    view = data["views"][0]
    (target,) = view["targets"]
    mish = [data["strings"][op] for op in view["ops"]].index("Mish")
    assert target["letters"][mish] == "r"
    assert target["letters"][0] == target["letters"][-1] == "-"
    group = next(group for group in target["groups"] if group["severity"] == "error")
    assert group["nodes"] == [mish]
    assert data["strings"][group["message"]] in [finding.message for finding in results[0].findings]


def test_the_command_of_a_fix_names_model_target_and_option() -> None:
    finding = Finding("GF101", "unsupported-operator", Severity.ERROR, "demo", "m", rewrite=Fix("a", "approximate"))
    result = Result("my model.onnx", "demo", "1.0", called="demo@1.0")
    command = fix_command(finding, result)
    assert command == "graphfix fix 'my model.onnx' --target demo@1.0 --allow approximate -o fixed.onnx"
    assert fix_command(Finding("GF1", "n", Severity.NOTE, "demo", "m"), result) == ""
    result.next = NextStep(command="graphfix fix 'my model.onnx' --shape x=1x4 -o out.onnx")
    assert fix_command(finding, result) == result.next.command
    result.next = None
    assert "--set sr=16000" in fix_command(Finding("GF1", "n", Severity.NOTE, "demo", "m", cure="--set sr=16000"), result)


def test_hostile_names_stay_inside_the_data() -> None:
    model = model_of(TEXT)
    model.graph.node[0].name = HOSTILE
    finding = Finding("GF101", "unsupported-operator", Severity.ERROR, "t", HOSTILE, node=HOSTILE, op="Mish", output="m")
    result = Result(HOSTILE, "t", "1", findings=[finding], rulings=[NodeVerdict((HOSTILE,), "Mish", "rejected", HOSTILE)])
    page = model_page(HOSTILE, [("", model, [result])])
    assert page.count("</script>") == 2
    assert "<img" not in page
    data = embedded(page)
    assert HOSTILE in data["strings"]
    assert data["model"] == HOSTILE


def test_errors_of_a_fix_that_are_not_finite_can_be_written() -> None:
    fixed = {"changes": [], "output": None, "verification": {"method": "m", "inputs": 3, "max_abs_error": float("inf")}}
    data = embedded(model_page("m", [("Before", model_of(TEXT), [Result("m", "t", "1")])], fixed))
    assert data["fixed"]["verification"]["max_abs_error"] == "inf"


def test_a_fix_marks_what_differs_between_before_and_after() -> None:
    before, after = model_of(TEXT), model_of("(float[1, 4] x) => (float[1, 4] y) { m = Abs(x) n = Neg(m) y = Relu(n) }")
    result = Result("m", "t", "1")
    views = page_data("m", [("Before", before, [result]), ("After", after, [result])])["views"]
    assert [view["differs"] for view in views] == [[1], [1]]


def test_lint_writes_a_page_and_replaces_nothing_unasked(
    demo: None, write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "page.html"
    words = ["lint", str(write(example())), "--target", "demo", "--isolated", "--html", str(out)]
    out.write_text("mine")
    assert main(words) == 2
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main([*words, "--force"]) == 1
    page = out.read_text()
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert embedded(page)["views"][0]["targets"][0]["verdict"] == "rejected"
    assert {path.name for path in tmp_path.iterdir()} == {"page.html", "model.onnx"}


def test_a_page_is_about_one_model(
    demo: None, write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [str(write(example(), name)) for name in ("a.onnx", "b.onnx")]
    assert main(["lint", *models, "--target", "demo", "--isolated", "--html", str(tmp_path / "page.html")]) == 2
    assert "one model" in capsys.readouterr().err


def test_fix_writes_a_page_with_both_models(demo: None, write: Callable[..., Path], tmp_path: Path) -> None:
    page, out = tmp_path / "page.html", tmp_path / "out.onnx"
    words = ["fix", str(write(example())), "--target", "demo", "--isolated", "-o", str(out), "--html", str(page)]
    assert main(words) == 0
    data = embedded(page.read_text())
    assert [view["title"] for view in data["views"]] == ["Before", "After"]
    assert [view["targets"][0]["verdict"] for view in data["views"]] == ["rejected", "accepted"]
    assert "r" in data["views"][0]["targets"][0]["letters"]
    assert set(data["views"][1]["targets"][0]["letters"]) == {"-", "s"}
    assert any(change["applied"] for change in data["fixed"]["changes"])
    assert data["fixed"]["output"] == str(out)
    assert main(words) == 2, "neither output is replaced unasked"


def test_a_difference_alone_has_no_page(demo: None, write: Callable[..., Path], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert main(["fix", str(write(example())), "--target", "demo", "--isolated", "--diff", "--html", str(page)]) == 2
    assert not page.exists()


def test_a_page_without_the_layout_library_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standalone_page, "VENDOR", "vendor/nothing.js")
    page = model_page("m", [("", model_of(TEXT), [Result("m", "t", "1")])])
    assert "dagre.layout = " not in page
    assert "var dagre=" not in page
    assert "const Layers" in page


def test_data_grow_in_proportion_to_nodes() -> None:
    lengths = []
    for count in (500, 2_000):
        model = large_model(count)
        lengths.append(len(json.dumps(page_data("m", [("", model, [Result("m", "t", "1")])]))))
    assert lengths[1] < 4.6 * lengths[0]


def tool() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "layout_library.py"))


def test_another_archive_than_the_pinned_one_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = tool()
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\necho other > "$4/a.tgz"\n')
    npm.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(npm))
    with pytest.raises(names["Unavailable"], match="sha256"):
        names["fetch"](tmp_path)
    names["provide"](tmp_path)  # goes without
    assert not (tmp_path / names["VENDOR"] / "dagre.min.js").exists()
    monkeypatch.setenv(names["REQUIRED"], "1")
    with pytest.raises(SystemExit):
        names["provide"](tmp_path)


@pytest.mark.slow
def test_a_wheel_holds_every_module_the_tables_and_the_layout_library_with_its_licence(tmp_path: Path) -> None:
    pytest.importorskip("hatchling")
    names = tool()
    try:
        names["fetch"]()
    except names["Unavailable"] as error:
        pytest.skip(str(error))
    source = tmp_path / "source"
    # Without the library in it: building fetches it.
    ignored = shutil.ignore_patterns(
        "build", ".venv", ".git", "*.egg-info", "__pycache__", "tests", "fixtures", ".*_cache", "vendor"
    )
    shutil.copytree(ROOT, source, ignore=ignored)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        str(source),
    ]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        script = archive.read("graphfix/report/web/vendor/dagre.min.js").decode()
    tables = {f"graphfix/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "rules").rglob("*") if path.is_file()}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "graphfix").rglob("*.py")}
    assert held >= tables | modules | {
        "graphfix/py.typed",
        "graphfix/report/report.schema.json",
        "graphfix/probe/contexts.jsonl.xz",
    }
    assert "graphfix/report/web/vendor/LICENSE.dagre.txt" in held
    assert "graphfix/report/web/model.js" in held
    assert "Permission is hereby granted" in script
    assert "sourceMappingURL" not in script

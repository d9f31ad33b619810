"""Islands: which supported nodes hang together when the others are taken away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from graphfix.analysis.facts import Facts
from graphfix.analysis.partitions import islands, node_graph
from graphfix.cli.app import main
from graphfix.linter.example import Example

CHAIN = Example("a = Relu(x)\nb = Neg(a)\nc = Mish(b)\nd = Relu(c)\ny = Add(d, k)", weights="float k = {2.0}")


def test_edges_run_from_makers_to_readers() -> None:
    graph = node_graph(Facts.of(CHAIN.model).nodes)
    assert sorted(graph.edges) == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_a_rejected_node_splits_the_graph_in_islands() -> None:
    assert islands(Facts.of(CHAIN.model).nodes, [0, 1, 3, 4]) == [[0, 1], [3, 4]]


def test_what_a_branch_reads_ties_the_if_to_its_maker() -> None:
    nodes = Facts.of(
        Example(
            "a = Relu(x)\ny = If(c) <then_branch = t () => (float[2,3] p) { p = Neg(a) }, "
            "else_branch = e () => (float[2,3] q) { q = Abs(a) }>",
            inputs="float[2,3] x, bool c",
        ).model
    ).nodes
    main_graph = [i for i, node in enumerate(nodes) if not node.scope]
    assert islands(nodes, main_graph) == [main_graph]


def test_a_lone_constant_is_no_island() -> None:
    nodes = Facts.of(Example("k = Constant<value_float = 2.0>()\nc = Mish(x)\ny = Mul(c, k)").model).nodes
    assert islands(nodes, [0]) == []


@pytest.mark.usefixtures("demo")
def test_lint_counts_them_on_request(write: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["lint", str(write(CHAIN)), "--target", "demo", "--isolated", "--statistics"]
    assert main([*words, "--output-format", "json"]) == 1
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["statistics"] == {"nodes": 5, "supported": 4, "islands": [2, 2], "placement": "Demo runs nothing."}
    main(words)
    assert "4 of 5 nodes are supported, in 2 partitions" in capsys.readouterr().out

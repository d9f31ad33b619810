"""Probes of ATen operators: their forms and changes, the run that asks about them, and the tables that it wrote."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graphfix.analysis.facets import aten
from graphfix.errors import UsageError
from graphfix.probe.aten import run as probing
from graphfix.probe.aten.form import Form, Size, calls, data, index, weight
from graphfix.probe.aten.forms import aten_forms
from graphfix.probe.write import entry, read_archive
from graphfix.tables.entry import Entry
from graphfix.tables.evidence import DELEGATE
from graphfix.tables.table import Table
from graphfix.tables.versions import torch_targets

# Facets


def node(value: Any = None, name: str = "x") -> Any:
    """A node of a graph with a value."""
    return SimpleNamespace(name=name, meta={"val": value}, all_input_nodes=[], op="placeholder")


def tensor(*shape: Any, dtype: str = "float32") -> Any:
    return SimpleNamespace(shape=shape, dtype=f"torch.{dtype}")


def called(op: str, overload: str, arguments: dict[str, tuple[str, Any]], result: Any, **named: Any) -> Any:
    """A call of an operator: the type and the value of each argument by its name."""
    schema = SimpleNamespace(
        name=f"aten::{op}", overload_name=overload,
        arguments=[SimpleNamespace(name=name, type=kind, default_value=None) for name, (kind, _) in arguments.items()],
    )  # fmt: skip
    values = [value for _, value in arguments.values()]
    return SimpleNamespace(target=SimpleNamespace(_schema=schema), args=values, kwargs=named, meta={"val": result})


def test_operands_are_told_by_dtype_rank_dims_and_source() -> None:
    x, w = node(tensor("s0", 3, 4)), node(tensor(4), "w")
    found = aten.node_facets(
        called("add", "Tensor", {"self": ("Tensor", x), "other": ("Tensor", w)}, tensor(2, 3, 4)), {"w": "constant"}
    )
    assert found == {
        "overload": "Tensor", "self.from": "runtime", "self.dtype": "float32", "self.rank": 3, "self.dims": "batch",
        "other.from": "constant", "other.dtype": "float32", "other.rank": 1, "other.dims": "static", "broadcast": "ranks",
        "result.dtype": "float32",
    }  # fmt: skip


def test_axes_numbers_and_windows_are_classes() -> None:
    x, w = node(tensor(2, 4, 8, 8)), node(tensor(4, 1, 3, 3), "w")
    arguments = {
        "input": ("Tensor", x), "weight": ("Tensor", w), "bias": ("Optional[Tensor]", None), "stride": ("List[int]", [2, 2]),
        "padding": ("List[int]", [1, 0]), "groups": ("int", 4),
    }  # fmt: skip
    found = aten.node_facets(called("convolution", "default", arguments, tensor(2, 4, 3, 3)), {})
    told = {name: found[name] for name in ("bias.from", "stride", "stride.length", "padding", "groups")}
    assert told == {"bias.from": "absent", "stride": 2, "stride.length": 2, "padding": "mixed", "groups": "depthwise"}
    for given, wanted in (([-1, 2], "-2,-1"), ([0, 1, 2, 3], "all"), ([], "none"), ([1], "-3")):
        found = aten.node_facets(called("mean", "dim", {"self": ("Tensor", x), "dim": ("List[int]", given)}, tensor(2)), {})
        assert found["dim"] == wanted
    for given, wanted in (
        ([0, 2, 3, 1], "channels"),
        ([0, 1, 3, 2], "swap-last"),
        ([1, 0, 2, 3], "moves-batch"),
        ([0, 1, 2, 3], "identity"),
    ):
        found = aten.node_facets(
            called("permute", "default", {"self": ("Tensor", x), "dims": ("List[int]", given)}, tensor(2)), {}
        )
        assert found["dims"] == wanted
    pool = {"self": ("Tensor", x), "kernel_size": ("List[int]", [2, 2]), "stride": ("List[int]", [3, 3])}
    assert aten.node_facets(called("max_pool2d", "default", pool, tensor(2)), {})["gaps"] is True
    for place, wanted in ((1, "second"), (-1, "last"), (4, "end"), (0, "first"), (2, "inner")):
        assert aten.node_facets(called("f", "", {"self": ("Tensor", x), "dim": ("int", place)}, tensor(2)), {})["dim"] == wanted


def test_lists_of_tensors_are_told_together() -> None:
    one, other = node(tensor(2, 3)), node(tensor(2, "s1", dtype="int64"), "y")
    found = aten.node_facets(
        called("cat", "default", {"tensors": ("List[Tensor]", [one, other])}, tensor(2, 6)), {"y": "constant"}
    )
    assert (found["inputs"], found["tensors.dtype"], found["tensors.dims"], found["tensors.from"]) == (
        2,
        "mixed",
        "dynamic",
        "runtime",
    )
    many = aten.node_facets(called("cat", "default", {"tensors": ("List[Tensor]", [one] * 7)}, tensor(2, 6)), {})
    assert (many["inputs"], many["tensors.rank"]) == ("many", 2)


def test_what_is_computed_from_weights_alone_is_folded() -> None:
    w, x = node(name="w"), node(name="x")
    turned = SimpleNamespace(name="t", op="call_function", all_input_nodes=[w])
    product = SimpleNamespace(name="mm", op="call_function", all_input_nodes=[x, turned])
    assert aten.sources(SimpleNamespace(nodes=[w, x, turned, product]), ["w"]) == {"w": "constant", "t": "folded"}


# Forms


def test_every_form_has_a_usual_call_and_changes_one_thing_at_a_time() -> None:
    assert len(aten_forms()) > 150
    for forms in aten_forms().values():
        for form in forms:
            usual, *others = calls(form)
            assert (usual.label, usual.varied, usual.dtype) == ("usual", (), form.dtypes[0])
            assert all(json.dumps(one.to_json()) for one in others)


def test_changes_reach_the_data_and_leave_weights_and_given_dtypes() -> None:
    form = Form(
        "aten.f.default", (data(2, 3, 4), weight(4), index(3, most=2), Size(0)), ranks=(2,), changes=[("more", {"5": 7, "n": 1})]
    )
    found = {one.label: one for one in calls(form)}
    assert [one["shape"] for one in found["rank 2"].to_json()["args"][:3]] == [[3, 4], [4], [3]]
    assert [one["dynamic"] for one in found["batch"].to_json()["args"][:3]] == [[0], [], [0]]
    assert found["empty"].to_json()["args"][0]["shape"] == [0, 3, 4]
    assert (found["int64"].dtype, found["int64"].to_json()["args"][2]["dtype"]) == ("int64", "int64")
    assert (found["more"].args[4:], found["more"].named) == ((None, 7), {"n": 1})
    assert found["constant 0"].to_json()["args"][0]["source"] == "constant"


# The run


class Asked:
    """A session that takes relu in float32 and loses its worker where a call has int8."""

    version = "9.9"

    def __init__(self, *_: Any, **__: Any) -> None:
        self.sent: list[int] = []

    def __enter__(self) -> Asked:
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def send(self, request: dict[str, Any], *, deadline: float) -> dict[str, Any]:
        if "calls" not in request:
            return {"stage": "ok", "known": ["relu.default"]}
        self.sent.append(len(request["calls"]))
        if any(call["dtype"] == "int8" for call in request["calls"]):
            return {"stage": "crash", "message": "lost"}
        return {"stage": "ok", "answers": [self.answer(call) for call in request["calls"]]}

    @staticmethod
    def answer(call: dict[str, Any]) -> dict[str, Any]:
        facets = {"overload": "default", "self.dtype": call["dtype"], "self.rank": len(call["args"][0]["shape"])}
        if call["dtype"] == "float32":
            return {"facets": facets, "verdict": "works", "stage": "ok", "said": "", "error": 0.0}
        return {"facets": facets, "verdict": "rejected", "stage": DELEGATE, "said": "invalid dtype"}


def test_a_run_writes_tables_goes_on_from_its_answers_and_outlives_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Asked()
    monkeypatch.setattr(probing, "Session", lambda *_, **__: session)
    options: dict[str, Any] = {"python": "python", "home": tmp_path, "evidence": tmp_path / "answers"}
    outcome = probing.measure_aten("executorch-xnnpack", ["aten.relu", "aten.cummax"], **options)
    assert (outcome.version, outcome.tables) == ("9.9", 2)
    assert outcome.dropped == 1, "the call that ends the worker alone"
    assert session.sent[-1] <= session.sent[0]
    table = Entry.read(tmp_path / "executorch-xnnpack" / "9.9" / "aten.relu.json")
    facets = {"overload": "default", "self.dtype": "int64", "self.rank": 3}
    assert table.rule(facets).verdict == "rejected"
    assert table.rule({**facets, "self.dtype": "float32"}).verdict == "supported"
    unlisted = Entry.read(tmp_path / "executorch-xnnpack" / "9.9" / "aten.cummax.json")
    assert [(one.stage, one.said) for one in unlisted.rejects] == [(DELEGATE, "the partitioner does not list the operator")]
    session.sent.clear()
    assert probing.measure_aten("executorch-xnnpack", ["aten.relu"], **options).probes == table.probes
    assert session.sent == [], "all answers were kept"
    with pytest.raises(UsageError, match="no form describes"):
        probing.measure_aten("executorch", ["aten.rellu"], **options)


# The tables


@pytest.mark.parametrize("target", torch_targets())
def test_tables_are_what_their_evidence_says(target: str) -> None:
    table = Table.open(target)
    rows: dict[str, list[Any]] = {}
    for row in read_archive(table.folder):
        rows.setdefault(row.op, []).append(row)
    assert len(rows) > 40
    for op, group in rows.items():
        stored = json.loads((table.folder / f"{op}.json").read_text())
        fresh = json.loads(json.dumps(entry(op, group, "", "")))
        for part in ("axes", "rejects", "wrong", "exceptions"):
            assert stored[part] == fresh[part], op
        known = Entry.read(table.folder / f"{op}.json")
        for row in group:
            assert known.rule(row.facets).verdict == ("rejected" if row.verdict == "rejected" else "supported"), (op, row.label)

"""Deployment targets: their names, their tables of what differs, and what a compiler is asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graphfix.backends import connect
from graphfix.backends.base import backend
from graphfix.backends.session import Session
from graphfix.backends.toolchain import find
from graphfix.backends.verdict import Verdict
from graphfix.cli.app import main
from graphfix.errors import UsageError
from graphfix.probe import deployed, run
from graphfix.probe.deployed import measure_deployed, read_differing
from graphfix.probe.write import entry, read_archive, trials_of
from graphfix.tables.deployment import default_deployment, deployed_target, deployment_targets, parted
from graphfix.tables.entry import Entry
from graphfix.tables.table import Table
from graphfix.tables.versions import measured_versions, rules_home, targets

OLD, DEFAULT = "iOS15", "iOS17"


class Aging:
    """A compiler that takes everything but float64, and for an old system nothing of float16 either."""

    def __init__(self, refused: set[int], version: str = "1.1.0"):
        self.refused, self.version = refused, version

    def ask(self, model: Path, **_: Any) -> Verdict:
        import onnx

        inputs = onnx.load(model).graph.input
        refused = any(value.type.tensor_type.elem_type in self.refused for value in inputs)
        return Verdict(not refused, "ok" if not refused else "convert", "no such dtype")


def compilers(monkeypatch: pytest.MonkeyPatch, old: set[int]) -> None:
    """Put compilers in place of Core ML's: one for the default system, one that refuses the dtypes `old` for an old one."""

    @contextmanager
    def opened(name: str, **_: Any) -> Iterator[Aging]:
        yield Aging(old, "1.1.0-ios15") if "@" in name else Aging({11})

    monkeypatch.setattr(run, "open_backend", opened)
    monkeypatch.setattr(deployed, "open_backend", opened)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of tables of a target with deployment targets, none of them measured."""
    (tmp_path / "coreml").mkdir()
    for name in ("target.toml", "deployment.toml"):
        shutil.copy(rules_home() / "coreml" / name, tmp_path / "coreml" / name)
    return tmp_path


def test_a_version_names_a_compiler_a_deployment_target_or_both() -> None:
    known = [parted("coreml", given) for given in ("", "1.1.0", "ios15", "macOS12", "1.1.0-iOS16", "ios17", "1.1.0-macos14")]
    assert known == [("", ""), ("1.1.0", ""), ("", OLD), ("", OLD), ("1.1.0", "iOS16"), ("", ""), ("1.1.0", "")]
    assert parted("tract", "0.23-dev") == ("0.23-dev", "")
    with pytest.raises(UsageError, match="coreml has no deployment target `ios5`"):
        parted("coreml", "ios5")
    assert deployment_targets("tract") == []
    assert default_deployment("coreml") in deployment_targets("coreml")


def test_an_option_and_a_target_name_one_deployment_target_together() -> None:
    assert deployed_target("coreml", "macOS13") == "coreml@macos13"
    assert deployed_target("coreml@1.1.0", "iOS16") == "coreml@1.1.0-ios16"
    for target, name, says in (
        ("tract", "ios15", "tract has no deployment targets"),
        ("coreml", "ios5", "no deployment target `ios5`"),
        ("coreml@ios16", "ios15", "names a deployment target already"),
    ):
        with pytest.raises(UsageError, match=says):
            deployed_target(target, name)


def test_a_table_of_what_differs_lies_over_the_compiler_s_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compilers(monkeypatch, {10, 11})
    run.run("coreml", ["Elu", "Not"], home=home)
    assert [(one.op, one.differing > 0) for one in measure_deployed("coreml@ios15", ["Elu", "Not"], home=home)] == [
        ("Elu", True), ("Not", False),
    ]  # fmt: skip
    own, old = Table.open("coreml", home=home), Table.open("coreml@macos12", home=home)
    assert (own.version, old.version, old.folder, old.deployment) == ("1.1.0", "1.1.0-ios15", own.folder, OLD)
    assert old.title.endswith("1.1.0-ios15")
    assert old.measured_on == own.measured_on
    assert old.differing is not None
    assert [path.name for path in sorted(old.differing.glob("*.json"))] == ["Elu.json"]
    half = read_archive(old.differing)[0].facets
    assert [table.rule("Elu", "", half).verdict for table in (own, old)] == ["supported", "rejected"]
    assert old.entry("Not") == own.entry("Not") is not None
    assert {row.op for row in read_archive(old.differing)} == {"Elu"}
    assert len(read_differing(own.folder, OLD)) == len(read_archive(own.folder))
    assert measured_versions("coreml", home=home) == ["1.1.0"]
    assert Table.open("coreml@ios16", home=home).rule("Elu", "", half).verdict == "supported"


def test_what_no_longer_differs_is_removed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compilers(monkeypatch, {10, 11})
    run.run("coreml", ["Elu"], home=home)
    measure_deployed("coreml@ios15", ["Elu"], home=home)
    compilers(monkeypatch, {11})
    assert [one.differing for one in measure_deployed("coreml@ios15", ["Elu"], home=home)] == [0]
    assert list((home / "coreml" / "1.1.0" / "deployment" / "ios15").iterdir()) == []


def test_nothing_is_compared_without_evidence_of_the_compiler(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compilers(monkeypatch, {11})
    with pytest.raises(UsageError, match=r"no evidence of coreml 1\.1\.0 to compare ios15 with"):
        measure_deployed("coreml@ios15", ["Elu"], home=home)


def test_the_compiler_is_asked_for_the_deployment_target(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    class Silent:
        def __init__(self, *_: Any) -> None:
            self.versions = {"onnx2coreml": "1.1.0"}

    monkeypatch.setattr("graphfix.backends.session.WorkerProcess", Silent)
    monkeypatch.setattr(connect, "available", lambda _: "1.1.0")
    monkeypatch.setattr(Session, "send", lambda _, request, **__: asked.append(request) or {"stage": "ok", "seconds": 0.1})
    for name, version in (("coreml@ios15", "1.1.0-ios15"), ("coreml", "1.1.0"), ("coreml@1.1.0-iOS17", "1.1.0")):
        session = connect.open_backend(name)
        session.ask(__file__, options={"precision": "fp32"})
        assert session.version == version
    assert [request["options"] for request in asked] == [
        {"deployment_target": OLD, "precision": "fp32"}, {"precision": "fp32"}, {"precision": "fp32"},
    ]  # fmt: skip
    assert backend("coreml@ios15") is backend("coreml")
    assert find("coreml", "ios15") == find("coreml")


def test_commands_name_deployment_targets(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["targets"]) == 0
    assert f"  for {DEFAULT}; for iOS15, iOS16, iOS18, iOS26 as coreml@ios15\n" in capsys.readouterr().out
    model = "fixtures/models/relu.onnx"
    for words, says in (
        (["lint", model, "--target", "coreml@ios5", "--isolated"], "coreml has no deployment target `ios5`"),
        (["lint", model, "--target", "tract@ios15", "--isolated"], "`ios15` is no version of tract"),
        (["probe", "--target", "coreml@ios15", "--active"], "coreml@ios15 is measured as what differs"),
        (
            ["compile", model, "-t", "tract", "--deployment-target", "ios15", "-o", str(tmp_path / "x")],
            "tract has no deployment targets",
        ),
        (
            ["compile", model, "-t", "coreml", "--deployment-target", "ios15", "--exporter", "direct", "-o", str(tmp_path / "x")],
            "leave out --deployment-target",
        ),
    ):
        assert main(words) == 2
        assert says in capsys.readouterr().err


MEASURED = [
    (target, name)
    for target in targets()
    for name in deployment_targets(target)
    if (rules_home() / target / Table.open(target).version / "deployment" / name.lower()).is_dir()
]


@pytest.mark.parametrize(("target", "name"), MEASURED)
def test_tables_of_what_differs_are_what_their_evidence_distils_to(target: str, name: str) -> None:
    table = Table.open(f"{target}@{name}")
    assert table.differing is not None
    paths = sorted(table.differing.glob("*.json"))
    rows, other = read_differing(table.folder, name), {(row.op, row.digest) for row in read_archive(table.differing)}
    assert {path.stem for path in paths} == {op for op, _ in other}
    for path in paths:
        stored = json.loads(path.read_text())
        about = [row for row in rows if row.op == path.stem]
        trials = {d: t for d, t in trials_of(table.folder, path.stem).items() if (path.stem, d) not in other}
        active = Entry.read(table.folder / path.name).active
        fresh = entry(path.stem, about, stored["measured"]["compiler"], stored["measured"]["on"], trials, active=active)
        assert json.loads(json.dumps(fresh)) == stored, path.stem

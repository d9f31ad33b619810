"""Agreement of the tables with what engines said of ONNX's conformance models, as scripts without graphfix recorded it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

from graphfix.backends import toolchain
from graphfix.probe.trials import read_trials
from graphfix.tables.agreement import Agreement, recorded_agreement
from graphfix.tables.entry import Entry
from graphfix.tables.floor import FLOOR
from graphfix.tables.table import Table
from graphfix.tables.versions import is_preview, targets

HOME = Path(__file__).parent.parent / "fixtures" / "conformance"
BARS = {"ncnn": 0.96}
BAR = 0.98
"""The share of right verdicts from which a target is no preview."""
SAMPLE, ASKED = 25, 250
"""One in so many models is judged, or asked about, by default."""
MARGIN = 0.04
"""By how much the share among the sample may be less than among all."""
FILES = sorted((HOME / "verdicts").glob("*.txt"))
NAMES = ["@".join(file.stem.rsplit("-", 1)) for file in FILES]


def script(name: str) -> ModuleType:
    """One of the scripts beside the verdicts, as a module."""
    spec = importlib.util.spec_from_file_location(f"conformance_{name}", HOME / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


score = script("score")


def agreement(name: str) -> Agreement:
    """The agreement that is recorded beside the tables of `target@version`."""
    found = recorded_agreement(Table.open(name).folder)
    assert found is not None, name
    return found


def sample(file: Path, step: int) -> dict[str, str]:
    """The recorded verdicts on one in `step` models."""
    return {name: said for at, (name, said) in enumerate(sorted(score.recorded(file).items())) if at % step == 0}


def judged(folder: Path, target: str, told: Iterable[tuple[str, str]]) -> list[str]:
    """How lint judges models by what the engine said of them: `right`, or how it is wrong."""
    return [score.judged(folder / f"{one}.onnx", target, "accepted" if said == "ok" else "rejected")[0] for one, said in told]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the models in the samples."""
    folder = tmp_path_factory.mktemp("conformance")
    with warnings.catch_warnings(action="ignore"):
        script("make").write(folder, frozenset(name for file in FILES for name in sample(file, SAMPLE)))
    return folder


@pytest.mark.parametrize(("file", "name"), list(zip(FILES, NAMES, strict=True)), ids=NAMES)
def test_a_target_is_a_preview_until_it_agrees_its_fixes_were_tried_and_no_entry_is_thin(file: Path, name: str) -> None:
    target, found, table = name.partition("@")[0], agreement(name), Table.open(name)
    assert found.models == len(score.recorded(file)) > 1000
    assert table.version == Table.open(target).version
    met = found.right >= BARS.get(target, BAR) * found.models
    entries = [Entry.read(path) for path in table.folder.glob("*.json")]
    thin = sum(rule.supports < FLOOR for entry in entries for rule in (*entry.rejects, *entry.wrong))
    assert is_preview(target) is not (met and len(read_trials(table.folder)) > 1000 and not thin), (found, thin)


def test_every_preview_has_verdicts_to_score_it_by() -> None:
    assert {f"{target}@{Table.open(target).version}" for target in targets() if is_preview(target)} <= set(NAMES)


@pytest.mark.parametrize(("file", "name"), list(zip(FILES, NAMES, strict=True)), ids=NAMES)
def test_lint_agrees_with_the_verdicts_on_a_sample_as_on_all(file: Path, name: str, models: Path) -> None:
    told = sample(file, SAMPLE)
    kinds, found = judged(models, name, told.items()), agreement(name)
    assert kinds.count("right") / len(kinds) >= found.right / found.models - MARGIN, kinds


@pytest.mark.slow
@pytest.mark.parametrize(("file", "name"), list(zip(FILES, NAMES, strict=True)), ids=NAMES)
def test_the_recorded_agreement_is_that_of_the_tables(file: Path, name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):
        script("make").write(tmp_path)
    kinds = judged(tmp_path, name, score.recorded(file).items())
    assert kinds.count("right") == agreement(name).right


@pytest.mark.compiler
@pytest.mark.parametrize(("file", "name"), list(zip(FILES, NAMES, strict=True)), ids=NAMES)
def test_engines_still_say_of_a_sample_what_was_recorded(file: Path, name: str, tmp_path: Path) -> None:
    target, _, version = name.partition("@")
    there = toolchain.find(target, version)
    if there is None:
        pytest.skip(f"{name} is not installed: graphfix backends install {name}")
    told, folder = sample(file, ASKED), tmp_path / "models"
    with warnings.catch_warnings(action="ignore"):
        script("make").write(folder, frozenset(told))
    subprocess.run([there.python or sys.executable, HOME / "ask.py", target, folder, tmp_path], check=True)
    assert score.recorded(tmp_path / file.name) == told

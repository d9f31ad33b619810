"""The index of remedies: it says what the rewrites say, is read where it holds, and is never believed where it does not."""

from __future__ import annotations

import itertools
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import onnx
import pytest

from graphfix.linter import fix_index
from graphfix.linter.diagnostics import Fix
from graphfix.linter.fix_index import Index, changed_since, fix_for, index, made, sources
from graphfix.linter.fix_rules import FixRule
from graphfix.rewriting.registry import in_preference_order, registry, rewrites_for
from graphfix.version import IMPORTED

Sources = tuple[Path, Path]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sources]:
    """A copy of two sources that the index is made from, a second old; the user's cache is beside it."""
    folders = tmp_path / "graphfix", tmp_path / "graphfix" / "rewrites"
    folders[1].mkdir(parents=True)
    for folder, source in zip(folders, ("linter/fix_rules.py", "rewrites/cleanup/drop_identity.py"), strict=True):
        shutil.copy2(fix_index.PACKAGE / source, folder)
    monkeypatch.setattr(fix_index, "PACKAGE", folders[0])
    monkeypatch.setattr(fix_index, "GRAIN", -3600.0)  # these sources are older than this process
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr("sys.pycache_prefix", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    index.cache_clear()
    yield folders
    index.cache_clear()


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> list[Index]:
    """The indexes that were made, each of which cost the import of every rewrite."""
    found: list[Index] = []

    def counted() -> Index:
        found.append(Index([(f"made-{len(found)}", "exact")], {"*": [(0, {})]}))
        return found[-1]

    monkeypatch.setattr(fix_index, "made", counted)
    return found


def again() -> str:
    """The name that the index gives now, as a new process would see it."""
    index.cache_clear()
    found = index().first("Relu", "operator", "GF101")
    assert found is not None
    return found.name


def test_the_index_holds_what_every_rewrite_declares() -> None:
    found = made()
    able = [rewrite for rewrite in in_preference_order(registry().values()) if not rewrite.last_resort]
    assert found.remedies == [(rewrite.name, rewrite.safety.value) for rewrite in able]
    listed = [(place, FixRule(op, **terms)) for op, fixes in found.fixes.items() for place, terms in fixes]
    assert set(listed) == {(place, cure) for place, rewrite in enumerate(able) for cure in rewrite.fixes}


def test_the_index_names_the_rewrite_that_is_asked_first() -> None:
    found = made()
    declared = {cure for rewrite in registry().values() for cure in rewrite.fixes}
    for cure in declared | {FixRule(op) for op in ("Mish", "", "Unheard")}:
        for kind, code in itertools.product((*cure.kinds, *cure.unless, "operator"), (*cure.codes, "GF101")):
            able = [rewrite for rewrite in rewrites_for(cure.op, kind, code) if not rewrite.last_resort]
            said = Fix(able[0].name, able[0].safety.value) if able else None
            assert found.first(cure.op, kind, code) == said, (cure.op, kind, code)


def test_the_index_is_the_same_when_it_was_read(package: Sources) -> None:
    fresh = index()
    index.cache_clear()
    kept = index()
    assert fresh is not kept
    for op, kind in (("HardSigmoid", "operator"), ("Mish", "dtype"), ("Reshape", "operand"), ("Exp", "operator"), ("", "form")):
        assert kept.first(op, kind, "GF101") == fresh.first(op, kind, "GF101")
    assert kept.first("HardSigmoid", "operator", "GF101") == Fix("decompose-hard-sigmoid", "exact")


def test_no_remedy_is_promised_where_only_a_last_resort_is_left() -> None:
    assert rewrites_for("Exp", "operator", "GF101")
    assert fix_for("Exp", "operator", "GF101") is None


def test_what_was_not_measured_needs_no_remedy() -> None:
    assert fix_for("HardSigmoid", "operator", "GF101") is not None
    assert fix_for("HardSigmoid", "unmeasured", "GF109") is None


def test_an_index_is_made_once(package: Sources, times: list[Index]) -> None:
    assert [again(), again(), again()] == ["made-0"] * 3
    assert len(times) == 1
    assert (package[1] / "__pycache__" / "remedies.json").is_file()
    assert not list(package[1].glob("__pycache__/remedies.json?*"))


def test_contents_are_read_once_as_long_as_no_file_changes(
    package: Sources, times: list[Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    plain = fix_index.digest

    def counted() -> str:
        reads.append(plain())
        return reads[-1]

    monkeypatch.setattr(fix_index, "digest", counted)
    assert [again(), again()] == ["made-0"] * 2
    assert len(reads) == 1
    path = next(package[1].glob("*.py"))
    path.touch()
    assert [again(), again()] == ["made-0"] * 2, "what is only touched is the same"
    assert len(reads) == 2


def test_a_copy_of_the_package_needs_no_index_of_its_own(
    package: Sources, times: list[Index], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert again() == "made-0"
    shutil.copytree(package[0], tmp_path / "copy")
    monkeypatch.setattr(fix_index, "PACKAGE", tmp_path / "copy")
    assert [again(), again()] == ["made-0"] * 2


@pytest.mark.parametrize("which", [0, 1], ids=["what rewrites are made of", "a rewrite"])
def test_other_contents_are_seen_at_the_same_size_and_time(package: Sources, times: list[Index], which: int) -> None:
    path = next(package[which].glob("*.py"))
    assert again() == "made-0"
    before = path.stat()
    path.write_text(path.read_text().replace("the", "eht", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert again() == "made-1"


def test_a_rewrite_that_comes_goes_or_is_renamed_is_seen(package: Sources, times: list[Index]) -> None:
    assert again() == "made-0"
    new = package[1] / "another.py"
    shutil.copy(package[1] / "drop_identity.py", new)
    assert again() == "made-1"
    new.rename(package[1] / "yet_another.py")
    assert again() == "made-2"
    (package[1] / "yet_another.py").unlink()
    assert again() == "made-3"


def test_a_rewrite_in_a_folder_of_its_own_is_seen_to_come_change_move_and_go(package: Sources, times: list[Index]) -> None:
    assert again() == "made-0"
    deep = package[1] / "shapes" / "slices"
    deep.mkdir(parents=True)
    new = deep / "another.py"
    shutil.copy(package[1] / "drop_identity.py", new)
    assert [again(), again()] == ["made-1"] * 2
    new.write_text(new.read_text().replace("the", "eht", 1))
    assert again() == "made-2"
    new.rename(deep.parent / "another.py")
    assert again() == "made-3", "the same name in another folder"
    (deep.parent / "another.py").unlink()
    assert again() == "made-4"


def test_what_stands_above_the_rewrites_makes_no_other_index(package: Sources, times: list[Index]) -> None:
    assert again() == "made-0"
    for name in fix_index.APART - {"__pycache__"}:
        (package[0] / name).mkdir()
        (package[0] / name / "another.py").write_text("other = 1")
    assert again() == "made-0"


def test_only_folders_above_the_rewrites_are_left_out_of_what_the_index_is_made_from() -> None:
    package = fix_index.PACKAGE
    left_out = set(package.rglob("*.py")) - set(map(Path, sources()))
    assert {path.relative_to(package).parts[0] for path in left_out} <= fix_index.APART


def test_another_onnx_makes_another_index(package: Sources, times: list[Index], monkeypatch: pytest.MonkeyPatch) -> None:
    assert again() == "made-0"
    monkeypatch.setattr(onnx, "__version__", "99.0")
    assert again() == "made-1"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"{}", b"\xff"], ids=repr)
def test_what_is_no_index_is_replaced(package: Sources, times: list[Index], content: bytes) -> None:
    assert again() == "made-0"
    (package[1] / "__pycache__" / "remedies.json").write_bytes(content)
    assert [again(), again()] == ["made-1"] * 2


def test_the_users_cache_stands_in_for_a_folder_that_takes_no_files(package: Sources, times: list[Index]) -> None:
    (package[1] / "__pycache__").write_text("in the way")
    assert [again(), again()] == ["made-0"] * 2
    assert len(list((package[0].parent / "cache" / "graphfix").iterdir())) == 1


def test_who_wants_no_bytecode_beside_sources_gets_no_index_there(
    package: Sources, times: list[Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    assert [again(), again()] == ["made-0"] * 2
    assert not (package[1] / "__pycache__").exists()


def test_where_no_file_can_be_written_every_process_asks_the_rewrites(package: Sources, times: list[Index]) -> None:
    (package[1] / "__pycache__").write_text("in the way")
    (package[0].parent / "cache").write_text("in the way")
    assert [again(), again()] == ["made-0", "made-1"]


def test_sources_that_cannot_be_read_are_no_hindrance(
    package: Sources, times: list[Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fix_index, "PACKAGE", package[0] / "archive.zip")
    assert [again(), again()] == ["made-0", "made-1"]


def test_an_index_is_not_kept_once_sources_may_have_changed_under_the_process(
    package: Sources, times: list[Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fix_index, "GRAIN", 1.0)  # the copies are younger than this process
    assert [again(), again()] == ["made-0", "made-1"]
    assert not list(package[1].glob("__pycache__/*"))


def test_a_change_shows_whatever_time_the_file_is_given(package: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fix_index, "GRAIN", 0.0)
    assert not changed_since(time.time() + 1)
    moment = min(os.stat(path).st_ctime for path in sources()) - 1
    os.utime(next(package[1].glob("*.py")), (0, 0))
    assert changed_since(moment)
    assert time.time() > IMPORTED

"""Loading and saving whole models, in particular what a crash in between leaves behind."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, helper, numpy_helper, parser

from graphfix.errors import ModelError, OutputError
from graphfix.ir import io as models
from graphfix.ir.atomic_write import PendingFile
from graphfix.ir.io import load_model, save_model, writable
from graphfix.ir.skeleton import read_skeleton

TEXT = """<ir_version: 9, opset_import: ["": 18, "l": 1], producer_name: "tests">
main (float[8] x, bool c) => (float[8] y) {
    h = l.f(x)
    y = If(c) <then_branch = t () => (float[8] a) { a = Relu(h) }, else_branch = e () => (float[8] a) { a = Abs(h) }>
}
<domain: "l", opset_import: ["": 18]> f (a) => (b) { b = Neg(a) }"""


def model(seed: int = 0, size: int = 3000) -> ModelProto:
    made = parser.parse_model(TEXT)
    values = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    made.graph.initializer.append(numpy_helper.from_array(values, "w"))
    made.graph.initializer.append(numpy_helper.from_array(values[:4], "few"))
    inside = helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(values[::-1].copy(), "k"))
    made.graph.node[1].attribute[0].g.node.insert(0, inside)
    made.graph.initializer.append(helper.make_tensor("typed", 1, [size], values.tolist()))
    made.graph.initializer.append(helper.make_tensor("words", 8, [2], [b"a", b"b"]))
    return made


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    before = model()
    save_model(before, tmp_path / "m.onnx")
    assert load_model(tmp_path / "m.onnx") == before
    assert names(tmp_path) == ["m.onnx"]


def test_large_tensors_can_be_set_apart(tmp_path: Path) -> None:
    before = model()
    copy = ModelProto.FromString(before.SerializeToString())
    save_model(before, tmp_path / "m.onnx", external=True)
    assert before == copy
    data = next(name for name in names(tmp_path) if name != "m.onnx")
    assert data.startswith("m.")
    assert data.endswith(".data")
    assert len(data) == len("m..data") + 12
    assert (tmp_path / "m.onnx").stat().st_size < 2000
    onnx.checker.check_model(tmp_path / "m.onnx")
    typed = before.graph.initializer[2]
    typed.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(typed), "typed"))  # in a file all data is raw
    assert load_model(tmp_path / "m.onnx") == before
    theirs = onnx.load(tmp_path / "m.onnx").graph.initializer
    assert [tensor.raw_data for tensor in theirs] == [tensor.raw_data for tensor in before.graph.initializer]


def test_different_data_never_shares_a_file(tmp_path: Path) -> None:
    save_model(model(1), tmp_path / "m.onnx", external=True)
    old = names(tmp_path)
    save_model(model(2), tmp_path / "m.onnx", external=True, force=True)
    assert len(names(tmp_path)) == 3
    assert set(old) < set(names(tmp_path))
    save_model(model(2), tmp_path / "m.onnx", external=True, force=True)
    assert len(names(tmp_path)) == 3


def test_a_model_too_large_for_one_file_is_set_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_MOST_PAYLOAD", 10_000)
    save_model(model(), tmp_path / "m.onnx")
    assert len(names(tmp_path)) == 2


def test_a_skeleton_cannot_be_saved(tmp_path: Path) -> None:
    save_model(model(), tmp_path / "m.onnx")
    with pytest.raises(ValueError, match="no payload"):
        save_model(read_skeleton(tmp_path / "m.onnx"), tmp_path / "n.onnx")
    assert names(tmp_path) == ["m.onnx"]


def refusal(path: Path | str, *, force: bool = False) -> str:
    with pytest.raises(OutputError) as checked:
        writable(path, force=force)
    with pytest.raises(OutputError) as saved:
        save_model(model(), path, force=force)
    assert str(checked.value) == str(saved.value)
    assert "; " in str(saved.value)
    return str(saved.value)


def test_an_existing_file_is_only_replaced_with_force(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"mine")
    assert "`--force`" in refusal(path)
    assert path.read_bytes() == b"mine"
    save_model(model(), path, force=True)
    assert load_model(path) == model()


def test_places_that_take_no_file_are_refused(tmp_path: Path) -> None:
    assert "there is no folder" in refusal(tmp_path / "absent" / "m.onnx")
    assert "is a folder" in refusal(tmp_path, force=True)
    assert "not a regular file" in refusal("/dev/null", force=True)
    (tmp_path / "file").write_bytes(b"")
    assert "there is no folder" in refusal(tmp_path / "file" / "m.onnx")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be written: Permission denied" in refusal(tmp_path / "m.onnx")


def test_a_full_disk_leaves_the_old_model_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.onnx"
    save_model(model(1), path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PendingFile, "write", full)
    for external in (False, True):
        with pytest.raises(OutputError, match="No space left"):
            save_model(model(2), path, force=True, external=external)
    assert names(tmp_path) == ["m.onnx"]
    assert load_model(path) == model(1)


def test_an_interruption_before_the_swap_leaves_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.onnx"
    save_model(model(1), path)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_model(model(2), path, force=True)
    assert names(tmp_path) == ["m.onnx"]
    assert load_model(path) == model(1)


def test_rights_and_links_survive_a_replacement(tmp_path: Path) -> None:
    real, link = tmp_path / "real.onnx", tmp_path / "link.onnx"
    save_model(model(1), real)
    real.chmod(0o640)
    link.symlink_to("real.onnx")
    save_model(model(2), link, force=True)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert load_model(real) == model(2)


def test_a_new_file_gets_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        save_model(model(), tmp_path / "m.onnx")
    finally:
        os.umask(old)
    assert (tmp_path / "m.onnx").stat().st_mode & 0o777 == 0o640


def test_loading_refuses_what_reading_refuses(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(model().SerializeToString()[:-2000])
    for read in (read_skeleton, load_model):
        with pytest.raises(ModelError):
            read(tmp_path / "m.onnx")


WRITERS = """
import os, sys
from graphfix.ir.io import load_model, save_model

target, how, *sources = sys.argv[1:]
whole = [load_model(source) for source in sources]
for _ in sys.stdin:
    writer = os.fork()
    while not writer:
        for made in whole:
            save_model(made, target, force=True, external=how == "apart")
    print(writer, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(writer, 0)[1]), flush=True)
"""
"""A process that forks, for each line it reads, one that saves without end; a fork of the tests' own takes longer than a save."""


@pytest.mark.parametrize("how", ["whole", "apart"])
def test_a_kill_at_any_time_leaves_a_complete_model(tmp_path: Path, how: str) -> None:
    whole = [model(seed, 300_000) for seed in range(2)]
    target, sources = tmp_path / "m.onnx", [tmp_path / "0.onnx", tmp_path / "1.onnx"]
    for made, source in zip(whole, sources, strict=True):
        del made.graph.initializer[2]
        save_model(made, source)
    start = time.perf_counter()
    for made in whole:
        save_model(made, target, force=True, external=how == "apart")
    both = time.perf_counter() - start
    chance, seen = random.Random(0), set[int]()
    command = [sys.executable, "-c", WRITERS, str(target), how, *map(str, sources)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        for turn in range(400):
            if turn >= 50 and len(seen) == 2:  # a busy machine may need more turns, and longer ones, to get beyond the first
                break
            print(file=writers.stdin, flush=True)
            writer = int(writers.stdout.readline())
            time.sleep(chance.uniform(0, 1.5 * both * (1 + turn / 50)))
            os.kill(writer, signal.SIGKILL)
            assert int(writers.stdout.readline()) == -signal.SIGKILL
            found = load_model(target)
            assert found in whole
            seen.add(whole.index(found))
    assert seen == {0, 1}

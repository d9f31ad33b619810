"""Files that change while they are fixed, and what killed runs leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from graphfix.cli.app import main
from graphfix.errors import ChangedError
from graphfix.ir import atomic_write
from graphfix.ir.atomic_write import PendingFile, file_state
from graphfix.ir.io import save_model
from graphfix.rewriting import pipeline


def model(op: str = "Shrink", size: int = 4) -> onnx.ModelProto:
    value = onnx.numpy_helper.from_array(__import__("numpy").ones((size, 64), "float32"), "w")
    nodes = [helper.make_node("Add", ["x", "w"], ["s"]), helper.make_node(op, ["s"], ["y"], name="act")]
    inputs, outputs = ([helper.make_tensor_value_info(name, TensorProto.FLOAT, [size, 64])] for name in "xy")
    graph = helper.make_graph(nodes, "g", inputs, outputs, [value])
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])


@pytest.fixture
def exported_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A model that another program writes again while it is being fixed."""
    path = tmp_path / "m.onnx"
    onnx.save(model(), path)
    real = pipeline.fix_model

    def fix(*given: Any) -> Any:
        found = real(*given)
        onnx.save(model("Relu"), path)
        return found

    monkeypatch.setattr(pipeline, "fix_model", fix)
    return path


@pytest.mark.parametrize("words", [["fix", "--in-place", "--no-confirm"], ["lint", "--fix", "--no-confirm"]], ids=lambda w: w[0])
def test_a_model_that_was_written_meanwhile_is_not_overwritten(
    words: list[str], exported_anew: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([words[0], str(exported_anew), "--target", "coreml", *words[1:]])
    said = capsys.readouterr().err
    assert code != 0
    assert "m.onnx: was written by another program meanwhile; it is left as it is now" in said
    assert "m.fixed.onnx" in said
    assert [node.op_type for node in onnx.load(exported_anew).graph.node] == ["Add", "Relu"]
    beside = onnx.load(exported_anew.with_name("m.fixed.onnx"))
    assert "Shrink" not in {node.op_type for node in beside.graph.node}


def test_a_result_beside_replaces_no_other_file(exported_anew: Path) -> None:
    other = exported_anew.with_name("m.fixed.onnx")
    other.write_bytes(b"somebody's")
    main(["fix", str(exported_anew), "--target", "coreml", "--in-place", "--no-confirm"])
    assert other.read_bytes() == b"somebody's"
    assert exported_anew.with_name("m.fixed-2.onnx").is_file()


def test_a_state_is_that_of_a_file_not_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    assert file_state(path) is None
    onnx.save(model(), path)
    before = file_state(path)
    save_model(model("Relu"), path, force=True, expected=before)
    with pytest.raises(ChangedError, match="meanwhile"):
        save_model(model(), path, force=True, expected=before)
    with pytest.raises(ChangedError, match="meanwhile"):
        save_model(model(), path, force=True, external=True, expected=before)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.onnx"]
    assert onnx.load(path).graph.node[1].op_type == "Relu"


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\nfrom graphfix.ir.atomic_write import PendingFile\n"
        "with PendingFile(sys.argv[1]) as file:\n file.write(b'half')\n os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert atomic_write.LEFTOVER.fullmatch(left.name)
    mine = PendingFile(str(tmp_path))
    other = tmp_path / f".graphfix-00000000-{left.name.split('-')[2]}-{'0' * 16}.tmp"
    other.touch()  # of another host, whose processes are not known here
    with PendingFile(str(tmp_path)) as file:
        file.write(b"whole")
        assert not left.exists()
        file.put(str(tmp_path / "done"))
    with mine:
        mine.put(str(tmp_path / "mine"))
    assert sorted(file.name for file in tmp_path.iterdir()) == [other.name, "done", "mine"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no signals to send")
@pytest.mark.slow
def test_kills_at_any_time_leave_a_whole_model_and_its_weights(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    for at in range(12):
        for file in tmp_path.iterdir():
            file.unlink()
        save_model(model(size=4096), path, external=True)
        words = [sys.executable, "-m", "graphfix", "fix", str(path), "--in-place", "--target", "coreml", "--no-confirm"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=0.4 + 0.15 * at)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert [node.name for node in onnx.load(path).graph.node]
        onnx.checker.check_model(str(path), full_check=True)

"""A whole disk that is really full, and interrupted commands that change files: one line each, and nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.test_interrupted_commands import TRACT, ended, group, reached, start
from tests.test_meanwhile import model

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="file systems and processes of Linux are asked")
SIZE = "size=600k"
"""A file system that holds the model of 512 KiB, and no second one."""


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own, on which a model stands and no other has room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", SIZE, "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        filled = model(size=2048)
        noise = np.random.default_rng(1).random((2048, 64), dtype=np.float32)  # which no archive makes smaller
        filled.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(noise, "w"))
        onnx.save(filled, folder / "m.onnx")
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize(
    "words",
    [
        ("fix", "{model}", "-t", "coreml", "--no-confirm", "--in-place"),
        ("fix", "{model}", "-t", "coreml", "--no-confirm", "-o", "{folder}/out.onnx"),
        pytest.param(("compile", "{model}", "-t", "tract", "-o", "{folder}/out.nnef.tgz"), marks=[TRACT, pytest.mark.compiler]),
    ],
    ids=["in-place", "output", "compile"],
)
def test_a_file_system_without_room_is_one_line_and_keeps_the_model(words: tuple[str, ...], full_disk: Path) -> None:
    path = full_disk / "m.onnx"
    before = path.read_bytes()
    line = [word.format(model=path, folder=full_disk) for word in words]
    code, _, err = ended(start(*line, "--isolated"))
    assert code == 2, err
    (said,) = [line for line in err.splitlines() if "cannot be written" in line]
    assert "No space left on device" in said
    assert "Traceback" not in err
    assert path.read_bytes() == before
    assert [file.name for file in full_disk.iterdir()] == ["m.onnx"]


def test_a_new_file_has_the_mode_that_the_umask_gives_it(tmp_path: Path) -> None:
    path, out = tmp_path / "m.onnx", tmp_path / "out.onnx"
    onnx.save(model(), path)
    words = ("fix", path, "-o", out, "-t", "coreml", "--no-confirm", "--isolated")
    code, _, err = ended(start(*words, preexec_fn=lambda: os.umask(0o027)))
    assert code in (0, 1), err
    assert out.stat().st_mode & 0o777 == 0o640


def test_an_interrupted_fix_ends_with_130_and_keeps_the_model(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    onnx.save(model(size=2048), path)
    before = path.read_bytes()
    process = start("fix", path, "--in-place", "-t", "all", "--no-confirm", "--isolated")
    reached(lambda: len(group(process.pid)) > 1)
    os.killpg(process.pid, signal.SIGINT)
    code, _, err = ended(process)
    assert (code, err.strip()) == (130, "graphfix: interrupted")
    reached(lambda: not group(process.pid))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.onnx"]

"""Files that hold code: opened by graphfix they run none of it, unless they are trusted by name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hostile import WAYS, bare_pickle, checkpoint

from graphfix.cli.app import main

pytestmark = pytest.mark.framework
INPUT = {".pt2": (), ".pt": ("--input", "1x3"), ".keras": ("--input", "1x4"), ".h5": ("--input", "1x4")}
TORCH = [*(f"{way}.pt2" for way in WAYS), f"{checkpoint.__name__}.pt", f"{bare_pickle.__name__}.pt"]
KERAS = ["layer.keras", "layer.h5"]


def built(framework: str, folder: Path) -> Mapping[str, bool]:
    """Which files run code when their framework opens them by itself, built by a process of their own."""
    words = [sys.executable, str(Path(__file__).with_name("hostile.py")), framework, str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def torch_folder(torch_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of torch, each of which is proven to run code in careless hands."""
    folder = tmp_path_factory.mktemp("torch")
    assert built("torch", folder) == {name: name != "sound.pt2" for name in ("sound.pt2", *TORCH)}
    return folder


@pytest.fixture(scope="module")
def keras_folder(tensorflow_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of Keras."""
    folder = tmp_path_factory.mktemp("keras")
    assert built("keras", folder) == dict.fromkeys(KERAS, True)
    return folder


def opened(path: Path, *words: str) -> tuple[int, bool]:
    """The exit code of linting a file, and whether its code ran."""
    marker = path.with_name("ran")
    marker.unlink(missing_ok=True)
    code = main(["lint", str(path), "--target", "tract", "--isolated", *INPUT[path.suffix], *words])
    return code, marker.exists()


@pytest.mark.parametrize("name", TORCH)
def test_torch_file_is_refused_and_its_code_does_not_run(
    torch_folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert opened(torch_folder / name) == (2, False)
    said = capsys.readouterr()
    assert "--trust" in said.out + said.err
    assert "Traceback" not in said.out + said.err


def test_sound_exported_program_is_opened(torch_folder: Path) -> None:
    assert opened(torch_folder / "sound.pt2") == (0, False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sample-inputs.pt2", "checkpoint.pt"])
def test_what_is_trusted_runs(torch_folder: Path, name: str) -> None:
    assert opened(torch_folder / name, "--trust")[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", KERAS)
def test_keras_layer_of_python_is_refused(keras_folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert opened(keras_folder / name) == (2, False)
    said = capsys.readouterr()
    assert "--trust" in said.out + said.err


def test_weights_that_hold_code_are_refused(torch_here: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint(tmp_path / "weights.pt", tmp_path / "ran")
    program = Path(__file__).parent / "programs" / "embedding.py"
    words = ["lint", f"{program}:make", "--target", "tract", "--isolated", "--weights", str(tmp_path / "weights.pt")]
    assert main(words) == 2
    assert not (tmp_path / "ran").exists()
    assert "--trust" in capsys.readouterr().err

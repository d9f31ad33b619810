"""Backends are found by walking the package, and described without importing any compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import graphfix.backends
from graphfix.backends.base import available, backend, backends
from graphfix.backends.toolchain import pinned
from graphfix.errors import UsageError
from graphfix.tables.versions import targets


def test_the_compiler_of_every_target_is_found() -> None:
    assert set(targets()) <= set(backends())
    assert {"coreml", "openvino", "tensorrt", "tflite", "tract"} <= set(targets())


@pytest.mark.parametrize("name", sorted(backends()))
def test_every_backend_describes_itself(name: str) -> None:
    found = backend(name)
    assert found.adapter.is_file()
    assert found.artifact.startswith(".")
    assert found.pythons[0] <= found.pythons[1]
    version, requires = pinned(found, None)
    assert requires == found.requires
    assert any(one == f"{found.distributions[0]}=={version}" for one in requires)


def test_another_compiler_is_one_more_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = backend("tract").adapter.read_text().replace('NAME = "tract"', 'NAME = "sixth"')
    (tmp_path / "sixth_adapter.py").write_text(source)
    known = len(backends())
    monkeypatch.setattr(graphfix.backends, "__path__", [*graphfix.backends.__path__, str(tmp_path)])
    backends.cache_clear()
    try:
        assert backend("sixth").adapter == tmp_path / "sixth_adapter.py"
        assert len(backends()) == known + 1
    finally:
        backends.cache_clear()
        sys.modules.pop("graphfix.backends.sixth_adapter", None)


def test_an_unknown_backend_gets_a_hint() -> None:
    with pytest.raises(UsageError, match=r"`opnvino`; did you mean `openvino`\?"):
        backend("opnvino")


def test_looking_for_compilers_imports_none() -> None:
    script = (
        "import sys; from graphfix.backends.base import available, backends\n"
        "[available(name) for name in backends()]\n"
        "print([m for m in ('openvino', 'tract', 'onnx2tf', 'onnx2coreml', 'tensorrt_rtx_bindings', 'numpy')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_compiler_counts_only_with_all_its_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib import metadata

    there = {"onnx2tf": "2.6.9"}

    def version(name: str) -> str:
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(metadata, "version", version)
    assert available("tflite") is None
    there["ai-edge-litert"] = "2.1.2"
    assert available("tflite") == "2.6.9"

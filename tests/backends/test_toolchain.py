"""Which interpreter has a compiler, and making one that does."""

from __future__ import annotations

import ensurepip
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from graphfix.backends import interpreters, toolchain
from graphfix.backends.base import Backend, backend
from graphfix.backends.toolchain import MARKER, Toolchain
from graphfix.errors import BackendError

BUNDLED = ensurepip.version()  # pip is in every new environment: it needs no network


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """A backend whose compiler is pip itself, with a cache folder of its own, not in this interpreter."""
    found = replace(
        backend("tract"),
        name="demo",
        title="Demo",
        distributions=("pip",),
        requires=(f"pip=={BUNDLED}",),
        pythons=(sys.version_info[:2], sys.version_info[:2]),
        adapter=Path(__file__).with_name("misbehaving.py"),
    )
    monkeypatch.setattr(toolchain, "backend", lambda name: found)
    monkeypatch.setattr(toolchain, "available", lambda name: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRAPHFIX_DEMO_PYTHON", raising=False)
    return found


def finished(version: str) -> Path:
    """A toolchain folder that looks finished."""
    folder = toolchain.home() / f"demo-{version}"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text("")
    (folder / MARKER).write_text(f'{{"version": "{version}"}}')
    return folder


def test_nothing_is_found_where_nothing_is(demo: Backend) -> None:
    assert toolchain.find("demo") is None


def test_this_interpreter_comes_first(demo: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    finished("1.0")
    monkeypatch.setattr(toolchain, "available", lambda name: "2.0")
    assert toolchain.find("demo") == Toolchain(sys.executable, "2.0")
    found = toolchain.find("demo", "1.0")
    assert found is not None
    assert found.version == "1.0"


def test_the_environment_names_an_interpreter(demo: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    finished("1.0")
    monkeypatch.setenv("GRAPHFIX_DEMO_PYTHON", sys.executable)
    found = toolchain.find("demo")
    assert found is not None
    assert found == Toolchain(sys.executable, interpreters.packages(sys.executable, ("pip",))["pip"])


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
def test_an_interpreter_without_the_compiler_is_an_error(demo: Backend, monkeypatch: pytest.MonkeyPatch, python: str) -> None:
    monkeypatch.setenv("GRAPHFIX_DEMO_PYTHON", python)
    with pytest.raises(BackendError, match=f"GRAPHFIX_DEMO_PYTHON names {python}, which has no pip"):
        toolchain.find("demo")


def test_the_newest_finished_toolchain_is_taken(demo: Backend) -> None:
    finished("1.9")
    finished("1.10")
    (finished("2.0") / MARKER).unlink()
    found = toolchain.find("demo")
    assert found is not None
    assert found.version == "1.10"
    assert toolchain.find("demo", "2.0") is None


@pytest.mark.parametrize(("asked", "found"), [("1.9", "1.9.0"), ("1", "1.10.2"), ("1.10.2", "1.10.2"), ("1.1", None)])
def test_a_shorter_version_means_its_newest_release(demo: Backend, asked: str, found: str | None) -> None:
    finished("1.9.0")
    finished("1.10.2")
    there = toolchain.find("demo", asked)
    assert (there.version if there else None) == found


def test_another_version_exchanges_the_pins_of_its_distributions() -> None:
    version, requires = toolchain.pinned(backend("tensorrt"), "1.8.0")
    assert version == "1.8.0"
    assert requires == ("tensorrt-rtx-cu12-bindings==1.8.0", "tensorrt-rtx-cu12-libs==1.8.0", "numpy")


def test_a_missing_python_is_said_with_its_cure(demo: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "find_python", lambda low, high: None)
    with pytest.raises(BackendError, match=r"Demo needs a Python from .*, none was found; install one"):
        toolchain.install("demo", None, lambda line: None)
    assert toolchain.find("demo") is None


@pytest.mark.slow
def test_an_installation_that_was_killed_is_taken_up(demo: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def die(line: str) -> None:
        said.append(line)
        if "already satisfied" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toolchain.install("demo", None, die)
    assert toolchain.find("demo") is None

    said.clear()
    monkeypatch.setattr(interpreters, "find_python", lambda low, high: None)  # the environment must not be made again
    found = toolchain.install("demo", None, said.append)
    assert found == toolchain.find("demo") == Toolchain(found.python, BUNDLED)
    assert any("already satisfied" in line for line in said)

    said.clear()
    assert toolchain.install("demo", None, said.append) == found
    assert len(said) == 1
    assert "already in" in said[0]


@pytest.mark.slow
def test_a_package_that_cannot_be_had_is_said(demo: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = replace(demo, requires=(f"pip=={BUNDLED}", "./no-such-package-folder"))
    monkeypatch.setattr(toolchain, "backend", lambda name: missing)
    with pytest.raises(BackendError, match=r"`-m pip install` failed: ERROR"):
        toolchain.install("demo", None, lambda line: None)
    assert toolchain.find("demo") is None


def test_an_interpreter_is_found_by_running_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = (sys.version_info.major, sys.version_info.minor)
    assert interpreters.find_python(here, here) is not None
    shim = tmp_path / "python3.4"
    shim.write_text("#!/bin/sh\nexit 1\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert str(shim) in interpreters.candidates(4)
    assert interpreters.find_python((3, 4), (3, 4)) is None

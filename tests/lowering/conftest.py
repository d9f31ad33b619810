"""What the tests of lowering share: each program lowered once by every exporter, each compiler opened once."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from trips import Lower, Trip, journey, lower_program

from graphfix.backends.connect import open_target
from graphfix.backends.session import Session
from graphfix.backends.toolchain import find
from graphfix.lowering.lowered import Lowered


@pytest.fixture(scope="session")
def torch_here() -> None:
    """Skip where torch is not installed; nothing is imported."""
    if any(importlib.util.find_spec(name) is None for name in ("torch", "onnxscript")):
        pytest.skip("torch is not installed: pip install 'graphfix[torch]'")


@pytest.fixture(scope="session")
def tensorflow_here() -> None:
    """Skip where TensorFlow is not installed; nothing is imported."""
    if any(importlib.util.find_spec(name) is None for name in ("tensorflow", "tf2onnx")):
        pytest.skip("tensorflow is not installed: pip install 'graphfix[tensorflow]'")


@pytest.fixture(scope="session")
def lowered(torch_here: None, tmp_path_factory: pytest.TempPathFactory) -> Lower:
    """A function that lowers a program by all three exporters, with the dims of its SHAPES free on demand."""

    @functools.cache
    def once(name: str, dims: str) -> Lowered:
        return lower_program(name, dims, tmp_path_factory.mktemp(f"{name}-{dims}"))

    return lambda name, dims="fixed": once(name, dims)


@pytest.fixture(scope="session")
def travel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path, str], Trip]]:
    """A function that takes a model to a target: lint, fix, lint, compile; each compiler is started once."""
    with ExitStack() as stack:

        @functools.cache
        def session(target: str) -> Session | None:
            return stack.enter_context(open_target(target, deadline=60)) if find(target) is not None else None

        def travel(model: Path, target: str) -> Trip:
            compiler = session(target)
            if compiler is None:
                pytest.skip(f"{target} is not installed: graphfix backends install {target}")
            return journey(model, target, compiler, tmp_path_factory.mktemp("trip"))

        yield travel

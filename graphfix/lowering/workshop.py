"""Worker processes that lower sources: one for each framework, started at its first request."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from graphfix.backends.session import Session
from graphfix.errors import BackendError, UsageError
from graphfix.lowering.instructions import Instructions

DISTRIBUTIONS = {
    "torch": (("torch",), ("onnxscript",)),
    "tensorflow": (("tensorflow", "tensorflow-cpu", "tensorflow-macos"), ("tf2onnx",)),
}
"""What the worker of each framework needs: one distribution of each group."""
MODULES = {"torch": "torch", "torchvision": "torch", "tensorflow": "tensorflow", "keras": "tensorflow", "tf_keras": "tensorflow"}
"""The framework that a module belongs to."""
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow"}


@dataclass(slots=True)
class FrameworkWorkers:
    """The pool of worker processes of one lowering, one for each framework; close it, or use it in `with`.

    Where nothing is exported to ONNX, what `exports` needs beside the framework need not be installed.
    """

    instructions: Instructions
    exports: bool = True
    _sessions: dict[str, Session] = field(default_factory=dict)

    def has(self, framework: str) -> bool:
        """Return whether the framework is installed for the chosen interpreter; nothing is imported.

        Raises:
            UsageError: there is no such interpreter.
        """
        return self._missing_distribution(framework) is None

    def ask(self, framework: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the worker's answer to a request; the worker is started where it is not running yet.

        Raises:
            BackendError: the framework is missing or cannot be imported; the error says how to install it.
        """
        self.start(framework)
        common = {"cwd": os.getcwd(), "trust": self.instructions.trust, "network": self.instructions.network}
        return self._sessions[framework].send({**common, **request}, deadline=self.instructions.deadline)

    def start(self, framework: str) -> None:
        """Start the worker, which imports the framework, where it is not running yet.

        Raises:
            BackendError: the framework is missing or cannot be imported; the error says how to install it.
        """
        if framework not in self._sessions:
            missing = self._missing_distribution(framework)
            cure = self._cure(framework)
            if missing is not None:
                raise BackendError(f"{TITLES[framework]} is needed to open it, and {missing} is not installed", hint=cure)
            self._sessions[framework] = Session(
                Path(__file__).with_name(f"{framework}_worker.py"),
                python=self._python,
                deadline=self.instructions.deadline,
                memory_gib=self.instructions.memory_gib,
                hint=cure,
            )

    def require_framework(self, module: str | None, text: str) -> None:
        """Raise BackendError where a program imports a framework that is not installed; `module` is the missing module."""
        framework = MODULES.get((module or "").partition(".")[0])
        if framework is not None and not self.has(framework):
            message = f"it imports `{module}`, which is not installed"
            raise BackendError(message, path=text, hint=self._cure(framework))

    def _cure(self, framework: str) -> str:
        return f"install it with `pip install 'graphfix[{framework}]'`, or name an interpreter that has it with --python"

    def version_of(self, distribution: str) -> str | None:
        """Return the version of a distribution in the chosen interpreter, None where it is not installed; imports nothing."""
        if self.instructions.python is not None:
            from graphfix.backends.interpreters import packages

            return packages(self._python, (distribution,)).get(distribution)
        return importlib.metadata.version(distribution) if _installed(distribution) else None

    def versions(self, framework: str) -> dict[str, str]:
        """Return the versions of a running worker's distributions; empty where it is not running."""
        return self._sessions[framework].versions if framework in self._sessions else {}

    @property
    def _python(self) -> str:
        return self.instructions.python or sys.executable

    def _missing_distribution(self, framework: str) -> str | None:
        """Return the first distribution that a framework's worker lacks, or None."""
        groups = DISTRIBUTIONS[framework][: None if self.exports else 1]
        if self.instructions.python is not None:
            from graphfix.backends.interpreters import packages

            if shutil.which(self._python) is None:
                raise UsageError(f"there is no program {self._python}", hint="name an interpreter with --python, or leave it out")
            found = packages(self._python, tuple(name for group in groups for name in group))
            return next((group[0] for group in groups if not any(name in found for name in group)), None)
        return next((group[0] for group in groups if not any(map(_installed, group))), None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for session in self._sessions.values():
            session.close()


def installed_versions(framework: str) -> dict[str, str]:
    """Return the versions of a framework's distributions in this interpreter, those that export first."""
    groups = DISTRIBUTIONS[framework] if framework == "torch" else reversed(DISTRIBUTIONS[framework])
    return {name: importlib.metadata.version(name) for group in groups for name in group if _installed(name)}


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True

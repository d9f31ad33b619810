"""A compatibility linter and graph rewriter over ONNX: what five compilers will reject, why, and the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphfix.version import VERSION

if TYPE_CHECKING:
    from graphfix.api import compile, fix, lint, lower, paths
    from graphfix.backends.compile.compile import Compiled
    from graphfix.errors import GraphfixError
    from graphfix.linter.diagnostics import Finding, Result, Severity
    from graphfix.report.python_results import Fixed, Paths, Report

__version__ = VERSION
__all__ = [
    "Compiled", "Finding", "Fixed", "GraphfixError", "Paths", "Report", "Result", "Severity", "__version__", "compile", "fix",
    "lint", "lower", "paths",
]  # fmt: skip

_HOMES = {
    "compile": "api", "fix": "api", "lint": "api", "lower": "api", "paths": "api",
    "Fixed": "report.python_results", "Paths": "report.python_results", "Report": "report.python_results",
    "Compiled": "backends.compile.compile", "GraphfixError": "errors",
    "Finding": "linter.diagnostics", "Result": "linter.diagnostics", "Severity": "linter.diagnostics",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line pays only for what it needs."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"graphfix.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names only, for completion in a prompt; those not used yet are listed as well."""
    return sorted({*__all__, "__all__", "__doc__", "__file__", "__name__", "__path__"})

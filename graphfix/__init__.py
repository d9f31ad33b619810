"""A compatibility linter and graph rewriter over ONNX: what five compilers will reject, why, and the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphfix.version import VERSION

if TYPE_CHECKING:
    from graphfix.api import Fixed, Report, compile, fix, lint, lower
    from graphfix.backends.compile.compile import Compiled
    from graphfix.errors import GraphfixError
    from graphfix.linter.diagnostics import Finding, Result, Severity

__version__ = VERSION
__all__ = [
    "Compiled", "Finding", "Fixed", "GraphfixError", "Report", "Result", "Severity", "__version__", "compile", "fix", "lint",
    "lower",
]  # fmt: skip

_HOMES = {
    "compile": "api", "fix": "api", "lint": "api", "lower": "api", "Fixed": "api", "Report": "api",
    "Compiled": "backends.compile.compile", "GraphfixError": "errors",
    "Finding": "linter.diagnostics", "Result": "linter.diagnostics", "Severity": "linter.diagnostics",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line pays only for what it needs."""
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(f"graphfix.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""An adapter that has onnxsim in memory and runs, in a fork, the code for which `simplify` starts a process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

for name in ("torch", "sympy", "rich"):  # without which it is imported faster, as the code itself knows
    sys.modules[name] = None  # type: ignore[assignment]

import onnxsim  # noqa: E402, F401

NAME = "simplifying"
DISTRIBUTIONS = ("onnxsim",)


def respond(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run `code` with `words` as its arguments; what it raises is the worker's to tell."""
    sys.argv = request["words"]
    exec(request["code"], {"__name__": "__main__"})
    yield {"stage": "ok", "message": "", "last": True}

"""The GPU generations that an artifact is built for, as options for the compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphfix.errors import UsageError, nearest

if TYPE_CHECKING:
    from graphfix.backends.base import Backend


CAPABILITIES = "8.0,8.6,8.9,12.0"
"""GPUs to build for when none is named: Ampere to Blackwell; Turing (7.5) has no float32 matrix product."""


def gpu_options(capability: str | None, backend: Backend) -> dict[str, Any]:
    """The option that names the GPUs to build for, of a backend that builds for GPUs; UsageError for an unknown one."""
    if capability is None:
        return {"capabilities": CAPABILITIES} if backend.capabilities else {}
    if not backend.capabilities:
        raise UsageError(f"{backend.name} builds for no particular GPU", hint="leave out the compute capability")
    asked = [one.strip() for one in capability.split(",")]
    for one in asked:
        if one not in backend.capabilities:
            raise UsageError(f"no GPU of compute capability `{one}` is built for", hint=nearest(one, backend.capabilities))
    return {"capabilities": ",".join(dict.fromkeys(asked))}

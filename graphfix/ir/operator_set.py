"""The standard operators of ONNX: their domain, which files and graph libraries write in three ways, and their version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # commands that read no model do not import onnx
    from onnx import FunctionProto, ModelProto

STANDARD = frozenset({None, "", "ai.onnx"})
"""What stands for the domain of the standard operators; None in graphsurgeon's nodes."""


class HasDomain(Protocol):
    """A node, an operator set or a function of onnx, or a node of graphsurgeon."""

    @property
    def domain(self) -> str | None:
        """Return the name of the domain."""
        ...


def is_standard(one: HasDomain) -> bool:
    """Return whether a node is one of ONNX's own operators, or an operator set is theirs."""
    return one.domain in STANDARD


def opset_version(model: ModelProto | FunctionProto, *, missing: int = 1) -> int:
    """Return the version of the standard operators that a model imports; `missing` where it imports none."""
    return next((entry.version for entry in model.opset_import if is_standard(entry)), missing)

"""The base of the rules about what a target's documentation asks of an image classifier's inputs and outputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from graphfix.linter.check import Check, LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.tables.image_interface import ImageInterface, image_interface

if TYPE_CHECKING:
    from graphfix.analysis.values import Value

INTERFACE = "interface"
"""The kind of finding on inputs and outputs that a target does not take, whatever its compiler makes of the operators."""


class ImageCheck(Check):
    """A rule about the interface of a target that takes image classifiers only; on other targets it finds nothing."""

    severity: ClassVar[Severity] = Severity.ERROR
    kind = INTERFACE

    @abstractmethod
    def asked(self, look: LintContext, rules: ImageInterface) -> Iterator[Finding]:
        """Yield the findings on a model for a target that asks for this interface."""

    def check(self, look: LintContext) -> Iterator[Finding]:
        """Yield the findings where the target asks for an interface."""
        rules = image_interface(look.table.about)
        if rules is not None:
            yield from self.asked(look, rules)

    def on(self, look: LintContext, rules: ImageInterface, value: str, message: str, **more: Any) -> Finding:
        """Return a finding about an input or output, with the page that asks for it."""
        return self.at(look, None, message, output=value, measured=f"asked by {rules.source}", **more)

    def unknown(self, look: LintContext, rules: ImageInterface, value: str) -> Finding:
        """Return a note on an input or output whose dims are not known, so that nothing is decided."""
        said = f"the dims of `{value}` are not known"
        return self.on(look, rules, value, said, severity=Severity.NOTE, kind="undecided")


def title(look: LintContext) -> str:
    """Return the target's own name for people, without the part in parentheses."""
    return str(look.table.about.get("title", look.table.target)).partition(" (")[0]


def images(look: LintContext, rules: ImageInterface) -> list[tuple[Value, str]]:
    """Return the inputs that may be the image, each with its layout."""
    found = ((value, rules.layout(value.shape)) for value in look.facts.inputs if value.shape is not None)
    return [(value, layout) for value, layout in found if layout]


def dims_text(shape: tuple[int | str | None, ...]) -> str:
    """Return dims in words: `1x3x224x224`, with `?` for dims without a name."""
    return "x".join(str(dim) if dim is not None else "?" for dim in shape) or "no dims"

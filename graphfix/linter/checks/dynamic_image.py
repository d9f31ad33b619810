"""GF603: the target takes images of one size, and the model's input has dynamic dims."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import LintContext
from graphfix.linter.diagnostics import Finding, Fix
from graphfix.linter.example import Example
from graphfix.linter.image_check import ImageCheck, dims_text, images, title
from graphfix.linter.measured_fix import FREEZE
from graphfix.linter.option_hints import sizes
from graphfix.tables.image_interface import ImageInterface


class DynamicImage(ImageCheck):
    """An image input with dynamic dims, for a target that scales every image to the size that the file states.

    A dynamic batch is set to 1 by `graphfix fix` for the target, since no other size is possible. Height and width are yours.

    Why: the target reads the size of the image from the model and scales to it; a dynamic dim states none.
    Instead: fix the dims, `--shape x=1x3x224x224`.
    """

    code = "GF603"
    name = "dynamic-image"
    fix = Fix(FREEZE, "interface")
    valid = (
        Example("y = Relu(x)", inputs="float[1,3,8,8] x", target="demo-image"),
        Example("y = Relu(x)", inputs="float[n,3,h,w] x"),
    )
    invalid = (
        Example(
            "y = Relu(x)", inputs="float[n,3,8,8] x", target="demo-image", says="`x` is nx3x8x8, and Demo reads the image's size"
        ),
    )

    def asked(self, look: LintContext, rules: ImageInterface) -> Iterator[Finding]:
        """Yield a finding on every image input with dynamic dims."""
        for value, _ in images(look, rules):
            dims = value.shape or ()
            if not all(isinstance(dim, int) for dim in dims):
                said = f"input `{value.name}` is {dims_text(dims)}, and {title(look)} reads the image's size from the model"
                yield self.on(look, rules, value.name, said, cure=sizes(look.facts))

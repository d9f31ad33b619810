"""GF602: the target runs a model on one image at a time, and the model takes several."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import LintContext
from graphfix.linter.diagnostics import Finding
from graphfix.linter.example import Example
from graphfix.linter.image_check import ImageCheck, dims_text, images, title
from graphfix.tables.image_interface import ImageInterface


class ImageBatch(ImageCheck):
    """An image input whose batch has a fixed size other than 1, for a target that gives one image at a time.

    Why: the target's API does not fill a batch of several images.
    Instead: export with a batch of 1, or free the batch with `graphfix fix --free-batch` and set it to 1 with `--shape`.
    """

    code = "GF602"
    name = "image-batch"
    valid = (
        Example("y = Relu(x)", inputs="float[1,3,8,8] x", target="demo-image"),
        Example("y = Relu(x)", inputs="float[2,3,8,8] x"),
    )
    invalid = (
        Example("y = Relu(x)", inputs="float[2,3,8,8] x", target="demo-image", says="`x` is 2x3x8x8: a batch of 2, and Demo"),
    )

    def asked(self, look: LintContext, rules: ImageInterface) -> Iterator[Finding]:
        """Yield a finding on every image input with a batch of another size."""
        for value, _ in images(look, rules):
            dims = value.shape or ()
            if isinstance(dims[0], int) and dims[0] != rules.batch:
                said = f"input `{value.name}` is {dims_text(dims)}: a batch of {dims[0]}"
                yield self.on(look, rules, value.name, f"{said}, and {title(look)} gives {rules.batch} image at a time")

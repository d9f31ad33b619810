"""GF601: the target gives a model one image, and the model takes something else."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import LintContext
from graphfix.linter.diagnostics import Finding
from graphfix.linter.example import Example
from graphfix.linter.image_check import ImageCheck, dims_text, images, title
from graphfix.tables.image_interface import ImageInterface


class ImageInput(ImageCheck):
    """Inputs other than one image of four dims with three channels, for a target that takes image classifiers only.

    An image is batch x height x width x channels. Channels first are fine: the converter turns them.

    Why: the target's API prepares one RGB image and has nothing to feed to any other input.
    Instead: bind inputs that are constants with `--set`, drop unused ones with `graphfix fix --drop-unused`, and export the
    part of the model that takes the image.
    """

    code = "GF601"
    name = "image-input"
    valid = (
        Example("y = Relu(x)", inputs="float[1,3,8,8] x", target="demo-image"),
        Example("y = Relu(x)", inputs="uint8[1,8,8,3] x", target="demo-image"),
        Example("y = Add(x, b)", inputs="float[2,3] x, float[2,3] b"),
    )
    invalid = (
        Example("y = Relu(x)", target="demo-image", says="`x` is 2x3, and Demo gives a model one image, 1xHxWx3"),
        Example("y = Relu(x)", inputs="float[1,4,8,8] x", target="demo-image", says="`x` is 1x4x8x8"),
        Example(
            "y = Add(x, b)",
            inputs="float[1,3,8,8] x, float[1,3,8,8] b",
            target="demo-image",
            says="has 2 inputs, `x` and `b`, and Demo gives a model one image",
        ),
    )

    def asked(self, look: LintContext, rules: ImageInterface) -> Iterator[Finding]:
        """Yield a finding on several inputs or none, else one on an input that is no image."""
        inputs = look.facts.inputs
        image = f"{title(look)} gives a model one image, {rules.batch}xHxWx{rules.channels}"
        if len(inputs) != 1:
            names = f", {' and '.join(f'`{value.name}`' for value in inputs)}" if inputs else ""
            said = f"the model has {len(inputs)} inputs{names}, and {image}"
            yield self.on(look, rules, inputs[-1].name if inputs else "", said)
        elif inputs[0].shape is None:
            yield self.unknown(look, rules, inputs[0].name)
        elif not images(look, rules):
            yield self.on(look, rules, inputs[0].name, f"input `{inputs[0].name}` is {dims_text(inputs[0].shape)}, and {image}")

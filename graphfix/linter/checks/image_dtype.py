"""GF604: the image comes in a dtype that the target does not give, or in one that needs mean and deviation in the file."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.image_check import ImageCheck, images, title
from graphfix.tables.image_interface import ImageInterface

OPTION = "--normalize MEAN,STD"


class ImageDtype(ImageCheck):
    """An image input of a dtype that the target does not feed (an error), or of floats, whose scaling the file must state.

    The scaling is a warning: `graphfix compile --normalize MEAN,STD` writes it into the file's metadata, and `graphfix fix
    --normalize MEAN,STD` moves it into the graph, which then takes bytes.

    Why: the target's API has bytes and turns them to floats only by the mean and deviation that the metadata state.
    Instead: give the mean and deviation that the model was trained with, in units of a byte.
    """

    code = "GF604"
    name = "image-dtype"
    valid = (
        Example("y = Relu(x)", inputs="uint8[1,3,8,8] x", target="demo-image"),
        Example("y = Relu(x)", inputs="float16[1,3,8,8] x"),
    )
    invalid = (
        Example("y = Relu(x)", inputs="float16[1,3,8,8] x", target="demo-image", says="`x` is float16, and Demo gives uint8 or"),
        Example("y = Relu(x)", inputs="float[1,3,8,8] x", target="demo-image", says="`x` is float32: Demo scales bytes to it by"),
    )

    def asked(self, look: LintContext, rules: ImageInterface) -> Iterator[Finding]:
        """Yield a finding on every image input whose dtype is not fed, or fed only by a scaling."""
        for value, _ in images(look, rules):
            if value.dtype not in rules.inputs:
                said = f"input `{value.name}` is {value.dtype}, and {title(look)} gives {' or '.join(rules.inputs)}"
                yield self.on(look, rules, value.name, said)
            elif value.dtype in rules.normalised:
                said = (
                    f"input `{value.name}` is {value.dtype}: {title(look)} scales bytes to it by mean and deviation in the file"
                )
                more = f"{said}; `graphfix fix {OPTION}` scales inside, `graphfix compile {OPTION}` writes them"
                yield self.on(look, rules, value.name, more, severity=Severity.WARNING, cure=OPTION)

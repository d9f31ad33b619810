"""GF605: the outputs are not the scores of an image's classes."""

from __future__ import annotations

from collections.abc import Iterator

from graphfix.linter.check import LintContext
from graphfix.linter.diagnostics import Finding, Severity
from graphfix.linter.example import Example
from graphfix.linter.image_check import ImageCheck, dims_text, title
from graphfix.tables.image_interface import ImageInterface


class ClassScores(ImageCheck):
    """An output other than one score for each class, 1xN or 1x1x1xN, for a target that takes image classifiers only.

    That is asked of every output, as the target's runtime checks each when it opens the file. More outputs than one are a
    warning: its documentation supports models with one alone, and may give unexpected results for others.

    Why: the target's API reads the scores of the classes and gives out the best ones with their labels.
    Instead: end the model at its classifier, and drop other outputs with `graphfix fix --drop-output NAME`.
    """

    code = "GF605"
    name = "class-scores"
    valid = (
        Example("y = Relu(x)", inputs="float[1,10] x", target="demo-image"),
        Example("y = Relu(x)", inputs="float[1,1,1,10] x", target="demo-image"),
        Example("y = Relu(x)", inputs="float[2,3,4] x", outputs="float y"),
    )
    invalid = (
        Example("y = Relu(x)", inputs="float[1,3,8,8] x", target="demo-image", says="`y` is 1x3x8x8, and Demo reads one score"),
        Example(
            "y = Relu(x)", inputs="int64[1,3] x", outputs="int64 y", target="demo-image", says="`y` is int64, and Demo reads"
        ),
        Example(
            "y = Relu(x)\nz = Neg(x)",
            inputs="float[1,3] x",
            outputs="float y, float z",
            target="demo-image",
            says="has 2 outputs, and Demo supports one",
        ),
        Example(
            "y = Relu(x)\nz = Unsqueeze(x, a)",
            inputs="float[1,3] x",
            weights="int64[1] a = {0}",
            outputs="float y, float z",
            target="demo-image",
            says="`z` is 1x1x3, and Demo reads one score",
        ),
        Example(
            "y = Relu(x)\nz = Cast<to = 2>(x)",
            inputs="float[1,3] x",
            outputs="float y, uint8 z",
            target="demo-image",
            says="the outputs are of several dtypes, and Demo reads uint8 or float32 for all of them",
        ),
    )

    def asked(self, look: LintContext, rules: ImageInterface) -> Iterator[Finding]:
        """Yield findings on the dims and the dtype of every output, and on the number of outputs."""
        name = title(look)
        names = [output.name for output in look.facts.model.graph.output]
        values = [value for value in map(look.facts.value, names) if value is not None]
        for value in values:
            if value.shape is None:
                yield self.unknown(look, rules, value.name)
            elif not self._open(value.shape) and not rules.holds_scores(value.shape):
                scores = f"{name} reads one score for each class, 1xN or 1x1x1xN"
                yield self.on(look, rules, value.name, f"output `{value.name}` is {dims_text(value.shape)}, and {scores}")
            if value.dtype not in rules.outputs:
                scores = f"{name} reads {' or '.join(rules.outputs)}"
                yield self.on(look, rules, value.name, f"output `{value.name}` is {value.dtype}, and {scores}")
        if len({value.dtype for value in values if value.dtype in rules.outputs}) > 1:
            said = f"the outputs are of several dtypes, and {name} reads {' or '.join(rules.outputs)} for all of them"
            yield self.on(look, rules, values[-1].name, said)
        if len(names) > 1:
            said = f"the model has {len(names)} outputs, and {name} supports one"
            yield self.on(look, rules, names[1], said, severity=Severity.WARNING)

    @staticmethod
    def _open(shape: tuple[int | str | None, ...]) -> bool:
        """Whether dims are those of scores but for a batch that is not fixed yet, which is a finding on the input."""
        return len(shape) in (2, 4) and not isinstance(shape[0], int) and all(dim == 1 for dim in shape[1:-1])

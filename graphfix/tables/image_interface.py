"""What a target asks of the inputs and outputs of an image classifier, as its target.toml quotes it from documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphfix.ir.records import dataclass

NHWC, NCHW = "nhwc", "nchw"
"""Layouts of an image input: channels last, and channels first, which the converter turns to channels last."""


@dataclass(frozen=True, slots=True)
class ImageInterface:
    """The inputs and outputs of an image classifier: one image in, the scores of its classes out.

    `source` is the page that asks for it. The image has `batch` pictures of `channels` channels, in one of the dtypes `inputs`;
    for those that are `normalised` the file must state mean and deviation. `outputs` are the dtypes of the scores.
    """

    source: str
    batch: int
    channels: int
    inputs: tuple[str, ...]
    normalised: tuple[str, ...]
    outputs: tuple[str, ...]

    def layout(self, dims: Sequence[object]) -> str:
        """Return the layout of an input with these dims: where its channels are; empty where they are nowhere.

        Channels first are assumed where the sizes of both places are not fixed.
        """
        if len(dims) != len(NHWC):
            return ""
        first, last = dims[NCHW.index("c")], dims[NHWC.index("c")]
        if first == self.channels or (not isinstance(first, int) and last != self.channels):
            return NCHW
        return NHWC if last == self.channels or not isinstance(last, int) else ""

    def holds_scores(self, dims: Sequence[object]) -> bool:
        """Whether dims are those of the scores of one image: 1xN or 1x1x1xN, with N of a fixed size."""
        return len(dims) in (2, 4) and all(dim == self.batch for dim in dims[:-1]) and isinstance(dims[-1], int)


def image_interface(about: Mapping[str, Any]) -> ImageInterface | None:
    """Return what a target asks, from its target.toml; None for a target that takes any model."""
    asked = about.get("interface")
    if asked is None:
        return None
    return ImageInterface(
        asked["source"], asked["batch"], asked["channels"],
        *(tuple(asked[name]) for name in ("inputs", "normalised", "outputs")),
    )  # fmt: skip

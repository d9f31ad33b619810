"""The metadata of an image classifier: written and read by the fields of the published metadata_schema.fbs (M001)."""

from __future__ import annotations

from typing import Any

from flatbuffers import number_types
from flatbuffers.builder import Builder

from graphfix.backends.compile.flatbuffer import Fields, Number, finished, put
from graphfix.errors import ModelError
from graphfix.ir.records import dataclass

IDENTIFIER = b"M001"
PARSER = "1.0.0"
"""The oldest parser that understands what is written here."""
MODEL_NAME, MODEL_DESCRIPTION, MODEL_GRAPHS, MODEL_PARSER = 0, 1, 3, 7
GRAPH_INPUTS, GRAPH_OUTPUTS = 2, 3
TENSOR_NAME, TENSOR_DESCRIPTION, TENSOR_CONTENT, TENSOR_STEPS, TENSOR_STATS, TENSOR_FILES = 0, 1, 3, 4, 5, 6
CONTENT_TYPE, CONTENT = 0, 1
FEATURE, IMAGE = 1, 2
"""The kinds of content: numbers, and an image."""
COLOR_SPACE, RGB = 0, 1
STEP_TYPE, STEP, NORMALIZATION = 0, 1, 1
MEAN, STD = 0, 1
STATS_MAX, STATS_MIN = 0, 1
FILE_NAME, FILE_DESCRIPTION, FILE_TYPE = 0, 1, 2
AXIS_LABELS = 2
"""The type of a file with a label for every element of an output."""
BYTE = number_types.Int8Flags
LARGEST = 255.0
"""The largest value of a byte, of which an image consists before it is scaled."""


@dataclass(frozen=True, slots=True)
class ClassifierMetadata:
    """What the metadata of an image classifier say.

    `scores` are the names of the outputs, each of which must be there. `mean` and `std` turn a byte x of the image to
    (x - mean) / std, one value or one for each channel; `labels_file` is the file with the names of the classes of the first
    output, empty where there is none.
    """

    name: str
    image: str
    scores: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    labels_file: str = ""

    def to_bytes(self) -> bytes:
        """Return the metadata as a flatbuffer."""
        scaled = [[(x - mean) / std for mean, std in zip(self.mean, self.std, strict=True)] for x in (0.0, LARGEST)]
        image = {
            TENSOR_NAME: self.image,
            TENSOR_DESCRIPTION: "The image to classify, in RGB.",
            TENSOR_CONTENT: {CONTENT_TYPE: Number(BYTE, IMAGE), CONTENT: {COLOR_SPACE: Number(BYTE, RGB)}},
            TENSOR_STEPS: [{STEP_TYPE: Number(BYTE, NORMALIZATION), STEP: {MEAN: list(self.mean), STD: list(self.std)}}],
            TENSOR_STATS: {STATS_MAX: list(map(max, *scaled)), STATS_MIN: list(map(min, *scaled))},
        }  # fmt: skip
        labels = {
            FILE_NAME: self.labels_file,
            FILE_DESCRIPTION: "The names of the classes, one a line.",
            FILE_TYPE: Number(BYTE, AXIS_LABELS),
        }
        scores: list[dict[int, Any]] = [
            {
                TENSOR_NAME: name,
                TENSOR_DESCRIPTION: "The scores of the classes.",
                TENSOR_CONTENT: {CONTENT_TYPE: Number(BYTE, FEATURE), CONTENT: {}},
            }
            for name in self.scores
        ]
        if self.labels_file:
            scores[0][TENSOR_FILES] = [labels]
        model: dict[int, Any] = {
            MODEL_NAME: self.name,
            MODEL_DESCRIPTION: "An image classifier.",
            MODEL_GRAPHS: [{GRAPH_INPUTS: [image], GRAPH_OUTPUTS: scores}],
            MODEL_PARSER: PARSER,
        }
        builder = Builder(4096)
        return finished(builder, put(builder, model), IDENTIFIER)

    @classmethod
    def from_bytes(cls, data: bytes) -> ClassifierMetadata:
        """Read the metadata of an image classifier; ModelError where they are none of it."""
        if data[4:8] != IDENTIFIER:
            raise ModelError("its metadata are of another form than M001")
        model = Fields.root(data)
        graph = model.tables(MODEL_GRAPHS)[0]
        image, scores = graph.tables(GRAPH_INPUTS)[0], graph.tables(GRAPH_OUTPUTS)
        steps = [step for step in image.tables(TENSOR_STEPS) if step.number(STEP_TYPE, BYTE) == NORMALIZATION]
        content, scaling = image.table(TENSOR_CONTENT), steps[0].table(STEP) if steps else None
        if content is None or content.number(CONTENT_TYPE, BYTE) != IMAGE or scaling is None:
            raise ModelError("its metadata describe no image with a mean and a deviation")
        files = [file for file in scores[0].tables(TENSOR_FILES) if file.number(FILE_TYPE, BYTE) == AXIS_LABELS]
        mean, std = (tuple(scaling.numbers(field, number_types.Float32Flags)) for field in (MEAN, STD))
        return cls(
            model.text(MODEL_NAME), image.text(TENSOR_NAME), tuple(one.text(TENSOR_NAME) for one in scores), mean, std,
            files[0].text(FILE_NAME) if files else "",
        )  # fmt: skip

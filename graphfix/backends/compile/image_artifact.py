"""Image classifiers for targets that ask for metadata: what is written into the compiled file, and its check.

A compiled .tflite must have the interface that the target asks for; then metadata with the scaling of the image are put into
it and the labels are appended as an archive, and everything is read back.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphfix.backends.compile.image_metadata import ClassifierMetadata
from graphfix.backends.compile.tflite_file import Tensor, interface_of, metadata_of, with_metadata
from graphfix.errors import ModelError, OutputError, UsageError
from graphfix.ir.bind_inputs import interface
from graphfix.ir.dtypes import NAMES
from graphfix.ir.records import dataclass
from graphfix.tables.image_interface import NHWC, ImageInterface, image_interface
from graphfix.tables.table import table

if TYPE_CHECKING:
    from onnx import ModelProto

LABELS = "labels.txt"
"""The name of the labels in the compiled file."""
Scaling = tuple[tuple[float, ...], tuple[float, ...]]
IDENTITY: Scaling = ((0.0,), (1.0,))
"""The scaling of an image whose bytes the model takes as they are."""


@dataclass(frozen=True, slots=True)
class ClassifierFile:
    """What is written into the compiled file of an image classifier: the labels, and the mean and deviation of its image."""

    rules: ImageInterface
    target: str
    labels: tuple[str, ...] = ()
    scaling: Scaling = IDENTITY

    def trouble(self, data: bytes) -> str:
        """Return what of a compiled file's interface is not what the target asks for; empty where it is all."""
        inputs, outputs = interface_of(data)
        image = inputs[0] if len(inputs) == 1 else None
        if image is None or not outputs:
            return f"it has {len(inputs)} inputs and {len(outputs)} outputs"
        if self.rules.layout(image.dims) != NHWC or image.dims[0] != self.rules.batch or min(image.dims) < 1:
            return f"its input is {_dims(image)}, no image 1xHxWx{self.rules.channels}"
        dtypes = {scores.dtype for scores in outputs}
        if image.dtype not in self.rules.inputs or len(dtypes) > 1 or not dtypes.issubset(self.rules.outputs):
            return f"its input is {image.dtype} and its output {' and '.join(sorted(dtypes))}"
        other = next((one for one in outputs if not self.rules.holds_scores(one.dims) or min(one.dims) < 1), None)
        return "" if other is None else f"its output is {_dims(other)}, no scores"

    def write(self, path: Path) -> dict[str, Any]:
        """Put the metadata and the labels into a compiled file, read them back, and return what they say.

        UsageError where the number of labels is not that of the classes, OutputError where the file reads back otherwise.
        """
        data = path.read_bytes()
        (image,), outputs = interface_of(data)
        classes = outputs[0].dims[-1]
        if self.labels and len(self.labels) != classes:
            raise UsageError(
                f"{len(self.labels)} labels are given for the model's {classes} classes", hint="one line for each class"
            )
        mean, std = (tuple(float(np.float32(number)) for number in numbers) for numbers in self.scaling)
        scores = tuple(one.name for one in outputs)
        said = ClassifierMetadata(path.name, image.name, scores, mean, std, LABELS if self.labels else "")
        path.write_bytes(with_metadata(data, said.to_bytes()))
        if self.labels:
            with zipfile.ZipFile(path, "a") as archive:
                archive.writestr(LABELS, "".join(f"{label}\n" for label in self.labels))
        if read_classifier(path) != (said, self.labels) or interface_of(path.read_bytes()) != interface_of(data):
            raise OutputError("its metadata read back otherwise than they were written", path=path)
        return {
            "input": {"name": image.name, "dims": list(image.dims), "dtype": image.dtype}, "classes": classes,
            "labels": len(self.labels), "mean": list(mean), "std": list(std),
        }  # fmt: skip


def read_classifier(path: Path) -> tuple[ClassifierMetadata, tuple[str, ...]]:
    """Return the metadata and the labels of a compiled image classifier; ModelError where it has none."""
    found = metadata_of(path.read_bytes())
    if found is None:
        raise ModelError("has no metadata", path=path)
    said = ClassifierMetadata.from_bytes(found)
    if not said.labels_file:
        return said, ()
    with zipfile.ZipFile(path) as archive:
        return said, tuple(archive.read(said.labels_file).decode().splitlines())


def classifier_file(
    target: str, model: ModelProto, labels: Sequence[str], scaling: Scaling | None
) -> tuple[ClassifierFile | None, Mapping[str, Any]]:
    """Return what is to be written for a target that asks for metadata, None for others, and the options of its compiler.

    Raises UsageError for labels or a scaling that the target or the model has no use for, and for floats without a scaling.
    """
    rules = image_interface(table(target).about)
    name = target.partition("@")[0]
    if rules is None:
        if labels or scaling is not None:
            raise UsageError(f"{name} has no place for labels and a scaling", hint="they are for --target mlkit")
        return None, {}
    inputs = interface(model)
    dtypes = {NAMES[info.type.tensor_type.elem_type] for info in inputs}
    floats = not dtypes.isdisjoint(rules.normalised)
    if floats and scaling is None:
        hint = "add --normalize MEAN,STD, or scale inside: graphfix fix --normalize MEAN,STD"
        raise UsageError("the input is float32, and nothing says how bytes are scaled to it", hint=hint)
    if scaling is not None and not floats:
        raise UsageError("the input takes bytes, and nothing scales them", hint="leave out --normalize")
    scaling = IDENTITY if scaling is None else _scaling_of(rules.channels, *scaling)
    last = [info.name for info in inputs if rules.layout([d.dim_value for d in info.type.tensor_type.shape.dim]) == NHWC]
    return ClassifierFile(rules, name, tuple(labels), scaling), {"channels_last": last}


def _scaling_of(channels: int, mean: tuple[float, ...], std: tuple[float, ...]) -> Scaling:
    """Return a mean and a deviation with as many numbers each; UsageError where they do not fit the channels."""
    count = max(len(mean), len(std))
    if {len(mean), len(std), count} - {1, channels}:
        given = f"{len(mean)} and {len(std)} numbers" if len(mean) != len(std) else f"{count} numbers"
        raise UsageError(
            f"{given} are given for an image's {channels} channels", hint="write one number, or one for each channel"
        )
    if 0.0 in std:
        raise UsageError("a deviation of 0 divides nothing", hint="write --normalize MEAN,STD")
    return tuple(numbers * (count // len(numbers)) for numbers in (mean, std))  # type: ignore[return-value]


def read_labels(path: Path | None) -> tuple[str, ...]:
    """Return the labels in a text file, one a line; none without a file. ModelError for an unreadable or empty one."""
    if path is None:
        return ()
    try:
        labels = tuple(line.strip() for line in path.read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"no text file of labels can be read ({error})", path=path) from None
    while labels and not labels[-1]:
        labels = labels[:-1]
    if not labels:
        raise ModelError("has no labels", path=path, hint="write one a line")
    return labels


def _dims(tensor: Tensor) -> str:
    return "x".join("?" if dim < 0 else str(dim) for dim in tensor.dims)

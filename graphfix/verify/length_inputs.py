"""The inputs that hold the lengths of sequences: whole numbers up to the size of the dim that they are about.

Small numbers would leave most of a sequence masked, and outputs that are the same for all inputs prove nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from onnx import ValueInfoProto

from graphfix.verify.feed_adapter import Array, Feed

LENGTHS = re.compile(r"(?i)(?P<of>.*?)_?(?:seq_?|sequence_?)?(?:len|lens|length|lengths)$")
"""Names of such inputs, and what stands before: the name of the input that has the dim, or nothing."""


def length_values(inputs: Sequence[ValueInfoProto], feed: Mapping[str, Array], seed: int) -> Feed:
    """Return the lengths for the inputs that hold some: the whole dim with an even seed, else at least half of it.

    `feed` are arrays for all inputs. The dim is one of the input of the same name without `_lens`, else of the first other
    input of rank 2 or 3: a dynamic dim behind the batch where there is one, else the largest.
    """
    found: Feed = {}
    random = np.random.default_rng(seed)
    for info in inputs:
        array, match = feed[info.name], LENGTHS.match(info.name)
        if match is None or array.dtype.kind not in "iu" or array.ndim > 1:
            continue
        others = [one for one in inputs if one.name != info.name and 1 < feed[one.name].ndim < 4]
        others.sort(key=lambda one, of=match["of"]: one.name != of)  # type: ignore[misc]
        longest = _length(others[0], feed[others[0].name]) if others else 0
        if longest > 1:
            least = longest if seed % 2 == 0 else -(-longest // 2)
            drawn = random.integers(least, longest + 1, array.shape)
            found[info.name] = np.asarray(np.minimum(drawn, np.iinfo(array.dtype).max)).astype(array.dtype)
    return found


def _length(info: ValueInfoProto, array: Array) -> int:
    """Return the size of the dim of an input that is a sequence."""
    dims = info.type.tensor_type.shape.dim
    dynamic = [size for dim, size in zip(dims, array.shape, strict=False) if not dim.HasField("dim_value")]
    behind = dynamic[1:] if dims and not dims[0].HasField("dim_value") else dynamic
    return int(max(behind or array.shape[1:]))

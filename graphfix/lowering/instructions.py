"""How a source is to be lowered: example inputs, shapes, the exporter and limits."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphfix.errors import UsageError, nearest
from graphfix.ir.bind_inputs import parse_shape
from graphfix.lowering.options import EXPORTERS as EXPORTERS

DTYPES = (
    "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool",
    "complex64", "complex128",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """One example input as `--input` states it: dims are sizes or symbols; name and dtype may be empty."""

    dims: tuple[int | str, ...]
    name: str = ""
    dtype: str = ""

    @classmethod
    def parse(cls, text: str) -> Example:
        """Parse `ids=1x16:int64`, `1x3x224x224`, `x=Nx80` and so on; UsageError for anything else."""
        start, equals, rest = text.rpartition("=")  # a name may hold a colon
        written, colon, dtype = rest.partition(":")
        if colon and dtype not in DTYPES:
            raise UsageError(f"`{text}` has the unknown dtype `{dtype}`", hint=nearest(dtype, DTYPES))
        name, dims = parse_shape(f"{start}{equals}{written}")
        return cls(tuple(dims), name or "", dtype)


@dataclass(frozen=True, slots=True)
class Instructions:
    """How to lower a source.

    `examples`, `shapes` (dims by input name; a symbol stays dynamic) and `data` (.npz) state the example inputs. `exporter`
    is one of EXPORTERS. `ends` are the inputs and outputs of a frozen graph. `weights` is a file of weights for the model
    that a factory returns. `trust` allows pickles that hold code, `network` leaves the network on. `python` is the
    interpreter that has the framework. `deadline` is in seconds for each attempt. `rtol` and `atol` replace the default
    tolerance, which is 1e-3 of each value and 1e-4 of its output's scale (1e-2 of both in float16).
    """

    examples: tuple[Example, ...] = ()
    shapes: Mapping[str, Sequence[int | str | None]] = field(default_factory=dict)
    data: Path | None = None
    exporter: str = "auto"
    opset: int | None = None
    ends: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    weights: Path | None = None
    trust: bool = False
    network: bool = False
    python: str | None = None
    deadline: float = 300.0
    memory_gib: float = 8.0
    rtol: float | None = None
    atol: float | None = None


def parse_instructions(given: argparse.Namespace, shapes: Mapping[str, Any]) -> Instructions:
    """Return the options of a command line as Instructions; UsageError where they contradict each other or are misspelt."""
    examples = tuple(map(Example.parse, given.input))
    check_consistent(given, examples)
    return Instructions(
        examples=examples,
        shapes=shapes,
        data=getattr(given, "data", None),
        exporter=given.exporter,
        opset=given.opset,
        ends=(split_names(given.inputs), split_names(given.outputs)),
        weights=given.weights,
        trust=given.trust,
        network=given.network,
        python=given.python,
        deadline=given.deadline,
        memory_gib=given.memory_gib,
        rtol=getattr(given, "rtol", None),
        atol=getattr(given, "atol", None),
    )


def check_consistent(given: argparse.Namespace, examples: Sequence[Example]) -> None:
    """Raise UsageError for options that contradict each other or are incomplete."""
    if examples and getattr(given, "data", None) is not None:
        raise UsageError("--input and --data both give the example inputs", hint="leave one of them out")
    seen: set[str] = set()
    for one in examples:
        if not one.name and any(seen):
            raise UsageError("an --input without a name follows one that has one", hint="name them all, or put it first")
        if one.name and one.name in seen:
            raise UsageError(f"--input says twice what `{one.name}` is", hint="leave one of them out")
        seen.add(one.name)
    if bool(split_names(given.inputs)) != bool(split_names(given.outputs)):
        lacking = "--outputs" if split_names(given.inputs) else "--inputs"
        raise UsageError("a frozen graph is cut out between two ends", hint=f"add {lacking} NAME[,...]")
    if given.opset is not None and given.opset < 1:
        raise UsageError(f"--opset {given.opset} is no opset", hint="leave it out, or give one such as 18")
    for option in ("deadline", "memory_gib", "rtol", "atol"):
        value = getattr(given, option, None)
        if value is not None and (value < 0 or (value == 0 and option[0] in "dm")):
            raise UsageError(f"--{option.replace('_', '-')} {value:g} is too small", hint="give more than 0")


def split_names(text: str | None) -> tuple[str, ...]:
    """Return the comma-separated names of an option."""
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())

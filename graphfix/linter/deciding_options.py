"""Inputs whose value or size may decide a verdict, with plausible values for `--set` and example sizes for `--shape`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from graphfix.analysis.input_names import AUDIO
from graphfix.analysis.required_sizes import REQUIRING, required_sizes
from graphfix.ir.records import dataclass
from graphfix.linter.diagnostics import UNDECIDED, Finding, Severity
from graphfix.linter.input_options import INPUT_RANKS, takes_vectors
from graphfix.linter.measured_fix import FREEZE
from graphfix.linter.next_options import PLACEHOLDER
from graphfix.linter.option_hints import compared_with

if TYPE_CHECKING:
    from graphfix.analysis.facts import Facts, NodeFacts, Value
    from graphfix.analysis.values import Shape

INPUT_SIZING = "inputs.sizing"
"""The facet of a model by which a target rejects sizes that are numbers of an input."""
MOST_SIZES = 3
"""The most numbers of an input that are the sizes of an image."""
SIZES = {"Resize": (3,), "Reshape": (1,), "Expand": (1,), "ConstantOfShape": (0,)}
"""Operators of which an operand is the sizes of the result, and its place."""
CONTROL_FLOW = {"If": 1, "Loop": 2}
"""The operators whose first operands decide which nodes run, and the number of these operands."""
IMAGE, SEQUENCE, SAMPLES, SOUND = 224, 64, 512, 16_000
"""Example sizes: of an image's sides, of a sequence, of a row of numbers, and of a second of sound."""
BATCH = re.compile(r"(?i)^(n|b|bs)$|batch")
SIDE = re.compile(r"(?i)^(h|w)$|height|width")
LENGTH = re.compile(r"(?i)time|seq|len|frame|token")
SUM = re.compile(r"^(\w+)\s*\+\s*(\w+)$")


@dataclass(frozen=True, slots=True)
class SizeOption:
    """Sizes for one input: a size for each dim, and the names of the dims whose sizes are only examples."""

    input: str
    dims: tuple[int, ...]
    examples: tuple[str, ...]

    @property
    def text(self) -> str:
        """The option's argument: `x=1x3x224x224`."""
        return f"{self.input}={'x'.join(map(str, self.dims))}"


def deciding_values(facts: Facts, findings: Iterable[Finding]) -> dict[str, str]:
    """Return the small inputs that decide which branches run, or what operands of these findings are.

    Where a target rejects inputs of rank 0, these are also those with a known value, and all where they cannot be taken as
    vectors. The text of a value is `true` for a bool, a constant that the input is compared with, or else `PLACEHOLDER`; of an
    input of several numbers it is an example.
    """
    small = {value.name: value for value in facts.inputs if value.shape is not None and value.shape in ((), (1,))}
    sizes = {value.name: count for value in facts.inputs if (count := _number_of_sizes(value))}
    if not small and not sizes:
        return {}
    from graphfix.analysis.provenance import Provenance

    trace = Provenance.of(facts)
    findings = list(findings)
    about = {trait for f in findings if not f.op and f.severity is Severity.ERROR for trait in f.traits or ()}
    if INPUT_RANKS in about and not takes_vectors(facts):
        return {name: _plausible(facts, value) for name, value in small.items()}
    keys = {(finding.scope, finding.output) for finding in findings if finding.kind in ("operand", *UNDECIDED)}
    decisive: set[str] = set()
    sizing: set[str] = set()
    for node in facts.nodes:
        for name in _deciding_operands(node, keys):
            decisive.update(root.input for root in trace.value_roots(name, node.scope) if root.dim is None)
        for name in _sizing_operands(node, keys, every=INPUT_SIZING in about) if sizes else ():
            sizing.update(root.input for root in trace.value_roots(name, node.scope) if root.dim is None)
    plausible = {name: _plausible(facts, value) for name, value in small.items()}
    known = INPUT_RANKS in about
    found = {name: text for name, text in plausible.items() if name in decisive or (known and text != PLACEHOLDER)}
    return found | {name: ",".join([str(IMAGE)] * count) for name, count in sizes.items() if name in sizing}


def _number_of_sizes(value: Value) -> int:
    """Return how many numbers an input holds that may be the sizes of an image: a row of a few; 0 for other inputs."""
    count = value.shape[0] if value.shape is not None and len(value.shape) == 1 else None
    fits = isinstance(count, int) and 1 < count <= MOST_SIZES and value.dtype not in ("", "bool", "string")
    return count if fits and isinstance(count, int) else 0


def _sizing_operands(node: NodeFacts, keys: set[tuple[tuple[str, ...], str]], *, every: bool) -> Sequence[str]:
    """Return the operands of a node of a finding, or of every node, that are sizes of its result."""
    if node.domain or not (every or any((node.scope, output) in keys for output in node.proto.output)):
        return []
    return [node.proto.input[at] for at in SIZES.get(node.op, ()) if at < len(node.proto.input)]


def _deciding_operands(node: NodeFacts, keys: set[tuple[tuple[str, ...], str]]) -> Sequence[str]:
    if node.op in CONTROL_FLOW and not node.domain:
        return [name for name in node.proto.input[: CONTROL_FLOW[node.op]] if name]
    if keys and any((node.scope, output) in keys for output in node.proto.output):
        return [value.name for value in node.inputs if value is not None and value.source == "runtime"]
    return ()


def _plausible(facts: Facts, value: Value) -> str:
    return "true" if value.dtype == "bool" else compared_with(facts, value.name) or PLACEHOLDER


def sizes_matter(facts: Facts, findings: Sequence[Finding]) -> bool:
    """Whether an error is about dynamic dims, or about operands computed from them, or sizes fixed a finding in probes."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if any(finding.kind == "dynamic" for finding in errors):
        return True
    if any(f.rewrite is not None and f.rewrite.name == FREEZE and f.severity is not Severity.NOTE for f in findings):
        return True
    keys = {(finding.scope, finding.output) for finding in errors if finding.kind == "operand"}
    nodes = (node for node in facts.nodes if keys and any((node.scope, output) in keys for output in node.proto.output))
    return any(value is not None and value.source in ("shape", "cast-shape") for node in nodes for value in node.inputs)


def example_sizes(facts: Facts) -> list[SizeOption]:
    """Return sizes for every input with dynamic dims, without those whose dims follow from the sizes before them.

    A size is known where a weight fixes it, or an operator that runs at no other; every other size is an example.
    """
    known, required = dict(_sizes_by_weights(facts)), dict(_sizes_by_operators(facts))
    symbols: dict[str, int] = {}
    options = []
    for value in facts.inputs:
        dims = named_dims(value)
        moving = [axis for axis, dim in enumerate(dims) if not isinstance(dim, int)]
        if all(dims[axis] in symbols for axis in moving):
            continue
        sizes: list[int] = []
        examples: list[str] = []
        for axis, dim in enumerate(dims):
            if isinstance(dim, int):
                sizes.append(dim)
                continue
            size = symbols.get(dim or "") or known.get((value.name, axis)) or required.get(dim or "")
            size = size or _sum(dim, symbols)
            if size is None:
                size = SOUND if axis == len(dims) - 1 and is_sound(value, facts) else _example(value, axis)
                examples.append(dim or f"dim {axis} of {value.name}")
            if dim:
                symbols[dim] = size
            sizes.append(size)
        options.append(SizeOption(value.name, tuple(sizes), tuple(examples)))
    return options


def named_dims(value: Value) -> Shape:
    """Return the dims of an input, None for those without a name: exporters of Paddle write a question mark for each."""
    return tuple(None if dim == "?" else dim for dim in value.shape or ())


def _sizes_by_weights(facts: Facts) -> Iterator[tuple[tuple[str, int], int]]:
    """Yield the sizes of input dims that the weights of the nodes reading them fix: channels and features."""
    ranks = {value.name: value.rank for value in facts.inputs}
    for node in facts.of_operator("Conv", "Gemm", "MatMul"):
        if node.domain or len(node.inputs) < 2:
            continue
        name, weight = node.proto.input[0], node.inputs[1]
        rank = ranks.get(name)
        if rank is None or weight is None or weight.shape is None or not weight.fixed:
            continue
        attributes = {item.name: item.i for item in node.proto.attribute}
        dims = [dim for dim in weight.shape if isinstance(dim, int)]
        if node.op == "Conv" and len(dims) == rank:
            yield (name, 1), dims[1] * attributes.get("group", 1)
        elif node.op == "MatMul" and len(dims) > 1:
            yield (name, rank - 1), dims[-2]
        elif node.op == "Gemm" and len(dims) == 2 and not attributes.get("transA"):
            yield (name, rank - 1), dims[1] if attributes.get("transB") else dims[0]


def _sizes_by_operators(facts: Facts) -> Iterator[tuple[str, int]]:
    """Yield the dims by name that an operator takes one size of only: a Reshape to a size that the export holds."""
    for node in facts.of_operator(*REQUIRING):
        for place, axis, size in required_sizes(node):
            value = node.inputs[place]
            dim = value.shape[axis] if value is not None and value.shape is not None else None
            if isinstance(dim, str):
                yield dim, size


def _sum(dim: int | str | None, sizes: Mapping[str, int]) -> int | None:
    """Return the size of a dim named as a sum, such as `past + sequence`, where its parts have sizes."""
    match = SUM.match(dim) if isinstance(dim, str) else None
    parts = [sizes.get(word) or (int(word) if word.isdigit() else None) for word in match.groups()] if match else []
    known = [part for part in parts if part is not None]
    return sum(known) if parts and len(known) == len(parts) else None


def is_sound(value: Value, facts: Facts) -> bool:
    """Whether an input is a row of samples of sound, or a row a channel: by its name, or where the graph has an STFT."""
    dims = value.shape or ()
    rows = 0 < len(dims) < 4 and all(not isinstance(dim, int) or dim <= 2 for dim in dims[:-1])
    return rows and value.dtype.startswith("float") and bool(AUDIO.search(value.name) or facts.of_operator("STFT"))


def _example(value: Value, axis: int) -> int:
    """Return an example size for a dim, by its name, its place and the rank."""
    dims = value.shape or ()
    name = dims[axis]
    if isinstance(name, str):
        if BATCH.search(name) and not (axis and BATCH.search(str(dims[0]))):  # behind a batch, N is a number of something else
            return 1
        for words, size in ((SIDE, IMAGE), (LENGTH, SEQUENCE)):
            if words.search(name):
                return size
    if axis == 0 and len(dims) > 1:
        return 1
    if len(dims) == 3 and axis == 1 and all(isinstance(dim, int) for dim in (dims[0], dims[2])):
        return 1  # the state of a recurrent node: [layers, batch, features]
    if len(dims) == 4:
        return 3 if axis == 1 and not isinstance(dims[3], int) else IMAGE
    return SAMPLES if len(dims) == 2 and value.dtype.startswith("float") else SEQUENCE if len(dims) < 4 else 16

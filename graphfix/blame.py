"""From a compiler's words to nodes of ours: whom a message means, by the names and operators it mentions.

Compilers rename: they append to names, put scopes before them, flatten what is not a letter, number versions of
operators and shout. So a word is looked for as a node's name, then as a value it makes, then as its operator, each
time first as it stands and then by its letters and digits alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from graphfix.facts import Facts, NodeFacts

QUOTED = re.compile(r"\"([^\"]+)\"|'([^']+)'|`([^`]+)`|<[\w.]+(?:\([\w.]+\))?: ([^>]+)>")
MARKED = re.compile(
    r"\bNode number \d+ \(([\w.]+)\)"
    r"|(?i:\b(?:operation name|custom op|op|op_type|operator|operation|node|layer|tensor|type|converting)\b[ :=]+|\(op )"
    r"['\"`]?([\w./:;$-]+)"
    r"|^([\w.:]+): |\| ([\w.:]+): |\(\S*?Layer (\S+?)[ :)]|Invalid Node - (\S+)"
)
WORD = re.compile(r"[A-Za-z_][\w.]*")
ENGLISH = {
    "Add", "And", "Compress", "Constant", "Equal", "Expand", "If", "Identity", "Input", "Less", "Loop", "Max", "Mean", "Min",
    "Mod", "Not", "Or", "Pad", "Range", "Round", "Scan", "Shape", "Sign", "Size", "Split", "Sum", "Transpose", "Where",
}  # fmt: skip
"""Operators that a sentence may hold without meaning them."""
DTYPE = re.compile(r"(?i)\b(?:u?int(?:8|16|32|64)|float(?:16|32|64)|double|bfloat16|bool|string|[IUF](?:8|16|32|64))\b")
SHORT = re.compile(r"^([iuf])(\d+)$")
WIDE = {"i": "int", "u": "uint", "f": "float"}

ALIASES = {
    "averagepool2d": ("AveragePool",), "batchmatmul": ("MatMul",), "broadcastto": ("Expand",), "concatenation": ("Concat",),
    "conv2d": ("Conv",), "depthwiseconv2d": ("Conv",), "fullyconnected": ("Gemm", "MatMul"), "maxpool2d": ("MaxPool",),
    "mean": ("ReduceMean",), "multibroadcastto": ("Expand",), "sdpa": ("Attention",), "select": ("Where",),
    "stridedslice": ("Slice",), "sum": ("ReduceSum",),
    "sumpool": ("AveragePool",), "transposeconv": ("ConvTranspose",), "conditional": ("If",),
}  # fmt: skip
"""What compilers call operators, by letters and digits, where it is not ONNX's name for them."""


@dataclass(frozen=True, slots=True)
class Blamed:
    """Whom a message means: `nodes` innermost first, `around` those that only hold them, `inputs` of the model."""

    nodes: Sequence[NodeFacts] = ()
    around: Sequence[NodeFacts] = ()
    inputs: Sequence[str] = ()


def blame(message: str, named: Iterable[str], facts: Facts) -> Blamed:
    """The nodes that a message means; `named` are the words its adapter already picked out of it."""
    index = Index.of(facts)
    found = _meant(index, named, operators=True)
    if not found:
        marked, quoted = list(_groups(MARKED, message)), list(_groups(QUOTED, message))
        found = _meant(index, quoted + marked, operators=False) or _meant(index, marked + quoted, operators=True)
    inputs = [] if found else [value.name for value in facts.inputs if value.name in set(_groups(QUOTED, message))]
    if not found and not inputs:
        spelled = {node.op for node in facts.nodes} - ENGLISH
        found = _meant(index, (word for word in WORD.findall(message) if word in spelled), operators=True)
    nodes = _narrowed([node for node, _ in found], message)
    named_ones = [node for node, by_name in found if by_name]
    around = [node for node in named_ones if any(_holds(node, other) for other in named_ones)]
    return Blamed(tuple(node for node in reversed(nodes) if node not in around), tuple(around), tuple(inputs))


@dataclass(frozen=True, slots=True)
class Index:
    """The nodes of a model by everything they may be called."""

    names: dict[str, list[NodeFacts]] = field(default_factory=dict)
    flat: dict[str, list[NodeFacts]] = field(default_factory=dict)
    operators: dict[str, list[NodeFacts]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts) -> Index:
        """The index of a model's nodes at every depth."""
        made = cls()
        for node in facts.nodes:
            for name in filter(None, (node.proto.name, *node.proto.output)):
                made.names.setdefault(name, []).append(node)
                made.flat.setdefault(flattened(name), []).append(node)
            for name in {node.op, f"{node.domain}::{node.op}", f"{node.domain}.{node.op}"}:
                made.operators.setdefault(flattened(name), []).append(node)
        return made

    def node(self, word: str) -> list[NodeFacts]:
        """The nodes of that name or that make that value, also where something was added after or before it."""
        found = self.names.get(word)
        if found:
            return found
        if flattened(word) in self.operators:
            return []
        found = self.flat.get(flattened(word)) if len(flattened(word)) > 2 else None
        if found:
            return found
        cut = word
        while match := re.match(r"(.+)[./:;#_]", cut):
            cut = match.group(1)
            if cut in self.names and (len(cut) > 2 or word[len(cut)] == "."):
                return self.names[cut]
        return self.names.get(word.removeprefix("node_of_"), [])

    def operator(self, word: str) -> list[NodeFacts]:
        """The nodes with that operator, whatever its version, case, prefix or name at this compiler."""
        for form in (word, re.sub(r"[-_]?\d+$", "", word), word.removeprefix("ONNX_"), word.removeprefix("ai.onnx.")):
            flat = flattened(form)
            found = [node for name in (flat, *map(str.lower, ALIASES.get(flat, ()))) for node in self.operators.get(name, ())]
            if found:
                return found
        return []


def flattened(word: str) -> str:
    """Letters and digits in lower case: what survives a compiler's idea of a lawful name."""
    return re.sub(r"[\W_]+", "", word).lower()


def _meant(index: Index, words: Iterable[str], *, operators: bool) -> list[tuple[NodeFacts, bool]]:
    """Each word's nodes and whether it is their name, in the order of the words and without repetition."""
    found: dict[int, tuple[NodeFacts, bool]] = {}
    for word in words:
        named = index.node(word)
        for node in named or (index.operator(word) if operators else ()):
            found.setdefault(id(node), (node, bool(named)))
    return list(found.values())


def _groups(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for match in pattern.finditer(text):
        yield from (word.strip() for word in match.groups() if word and word.strip())


def _narrowed(nodes: list[NodeFacts], message: str) -> list[NodeFacts]:
    """Of several nodes of one operator, those with an operand of a dtype that the message mentions, if there are."""
    if len(nodes) < 2 or len({node.op for node in nodes}) > 1:
        return nodes
    dtypes = {SHORT.sub(lambda m: WIDE[m[1]] + m[2], word.lower()) for word in DTYPE.findall(message)}
    dtypes |= {"float64"} if "double" in dtypes else set()
    some = [n for n in nodes if {v.dtype for v in (*n.inputs, *n.outputs) if v is not None} & dtypes]
    return some or nodes


def _holds(outer: NodeFacts, inner: NodeFacts) -> bool:
    depth = len(outer.scope)
    if len(inner.scope) <= depth or inner.scope[:depth] != outer.scope:
        return False
    return inner.scope[depth].partition(" of ")[2] in (outer.label, outer.proto.name)

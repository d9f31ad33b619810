"""The nodes that a compiler's message refers to, found by the names and operators it mentions.

Compilers change names: they add suffixes and scope prefixes, replace punctuation, append version numbers to operators
and change letter case. So a word is looked up as a node's name, then as the name of its output, then as its operator,
each time first unchanged and then by its letters and digits alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from graphfix.analysis.facts import Facts, NodeFacts

QUOTED = re.compile(r"\"([^\"]+)\"|'([^']+)'|`([^`]+)`|<[\w.]+(?:\([\w.]+\))?: ([^>]+)>")
LABELLED = re.compile(
    r"\bNode number \d+ \(([\w.]+)\)"
    r"|(?i:\b(?:operation name|custom op|op|op_type|operator|operation|node|layer|tensor|type|converting)\b[ :=]+|\(op )"
    r"['\"`]?([\w./:;$-]+)"
    r"|^([\w.:]+): |\| ([\w.:]+): |\(\S*?Layer (\S+?)[ :)]|Invalid Node - (\S+)"
)
WORD = re.compile(r"[A-Za-z_][\w.]*")
AMBIGUOUS = {
    "Add", "And", "Compress", "Constant", "Equal", "Expand", "If", "Identity", "Input", "Less", "Loop", "Max", "Mean", "Min",
    "Mod", "Not", "Or", "Pad", "Range", "Round", "Scan", "Shape", "Sign", "Size", "Split", "Sum", "Transpose", "Where",
}  # fmt: skip
"""Operators whose names are also English words, so that a sentence may contain them by chance."""
DTYPE = re.compile(r"(?i)\b(?:u?int(?:8|16|32|64)|float(?:16|32|64)|double|bfloat16|bool|string|[IUF](?:8|16|32|64))\b")
SHORT_DTYPE = re.compile(r"^([iuf])(\d+)$")
DTYPE_KINDS = {"i": "int", "u": "uint", "f": "float"}

ALIASES = {
    "averagepool2d": ("AveragePool",), "batchmatmul": ("MatMul",), "broadcastto": ("Expand",), "concatenation": ("Concat",),
    "conv2d": ("Conv",), "depthwiseconv2d": ("Conv",), "fullyconnected": ("Gemm", "MatMul"), "maxpool2d": ("MaxPool",),
    "mean": ("ReduceMean",), "multibroadcastto": ("Expand",), "sdpa": ("Attention",), "select": ("Where",),
    "stridedslice": ("Slice",), "sum": ("ReduceSum",),
    "sumpool": ("AveragePool",), "transposeconv": ("ConvTranspose",), "conditional": ("If",),
}  # fmt: skip
"""ONNX operators by the compilers' own names for them, in lower case without punctuation."""


@dataclass(frozen=True, slots=True)
class BlamedNodes:
    """What a message refers to: `nodes`, the innermost first; `enclosing` nodes whose subgraphs contain them; model `inputs`."""

    nodes: Sequence[NodeFacts] = ()
    enclosing: Sequence[NodeFacts] = ()
    inputs: Sequence[str] = ()


def blame(message: str, named: Iterable[str], facts: Facts) -> BlamedNodes:
    """Return the nodes that a message refers to; `named` are the names that the adapter found in it."""
    index = NodeIndex.of(facts)
    found = _lookup(index, named, operators=True)
    if not found:
        marked, quoted = list(_captured_words(LABELLED, message)), list(_captured_words(QUOTED, message))
        found = _lookup(index, quoted + marked, operators=False) or _lookup(index, marked + quoted, operators=True)
    inputs = [] if found else [value.name for value in facts.inputs if value.name in set(_captured_words(QUOTED, message))]
    if not found and not inputs:
        spelled = {node.op for node in facts.nodes} - AMBIGUOUS
        found = _lookup(index, (word for word in WORD.findall(message) if word in spelled), operators=True)
    nodes = _with_mentioned_dtype([node for node, _ in found], message)
    named_ones = [node for node, by_name in found if by_name]
    enclosing = [node for node in named_ones if any(_encloses(node, other) for other in named_ones)]
    return BlamedNodes(tuple(node for node in reversed(nodes) if node not in enclosing), tuple(enclosing), tuple(inputs))


@dataclass(frozen=True, slots=True)
class NodeIndex:
    """The nodes of a model by their names, the names of their outputs, and their operators."""

    names: dict[str, list[NodeFacts]] = field(default_factory=dict)
    normalized_names: dict[str, list[NodeFacts]] = field(default_factory=dict)
    operators: dict[str, list[NodeFacts]] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts) -> NodeIndex:
        """The index of a model's nodes at every depth."""
        index = cls()
        for node in facts.nodes:
            for name in filter(None, (node.proto.name, *node.proto.output)):
                index.names.setdefault(name, []).append(node)
                index.normalized_names.setdefault(normalized(name), []).append(node)
            for name in {node.op, f"{node.domain}::{node.op}", f"{node.domain}.{node.op}"}:
                index.operators.setdefault(normalized(name), []).append(node)
        return index

    def node(self, word: str) -> list[NodeFacts]:
        """Return the nodes with that name or that output, also where the word has an added prefix or suffix."""
        found = self.names.get(word)
        if found:
            return found
        if normalized(word) in self.operators:
            return []
        found = self.normalized_names.get(normalized(word)) if len(normalized(word)) > 2 else None
        if found:
            return found
        cut = word
        while match := re.match(r"(.+)[./:;#_]", cut):
            cut = match.group(1)
            if cut in self.names and (len(cut) > 2 or word[len(cut)] == "."):
                return self.names[cut]
        return self.names.get(word.removeprefix("node_of_"), [])

    def operator(self, word: str) -> list[NodeFacts]:
        """Return the nodes with that operator, without regard to version, case, prefix and the compiler's own name for it."""
        for form in (word, re.sub(r"[-_]?\d+$", "", word), word.removeprefix("ONNX_"), word.removeprefix("ai.onnx.")):
            key = normalized(form)
            found = [node for name in (key, *map(str.lower, ALIASES.get(key, ()))) for node in self.operators.get(name, ())]
            if found:
                return found
        return []


def normalized(word: str) -> str:
    """Return the letters and digits of a name in lower case, which are what compilers keep of it."""
    return re.sub(r"[\W_]+", "", word).lower()


def _lookup(index: NodeIndex, words: Iterable[str], *, operators: bool) -> list[tuple[NodeFacts, bool]]:
    """Return each word's nodes with whether the word is their name, in the order of the words and without duplicates."""
    found: dict[int, tuple[NodeFacts, bool]] = {}
    for word in words:
        named = index.node(word)
        for node in named or (index.operator(word) if operators else ()):
            found.setdefault(id(node), (node, bool(named)))
    return list(found.values())


def _captured_words(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """The non-empty groups of every match of a pattern."""
    for match in pattern.finditer(text):
        yield from (word.strip() for word in match.groups() if word and word.strip())


def _with_mentioned_dtype(nodes: list[NodeFacts], message: str) -> list[NodeFacts]:
    """Of several nodes of one operator, keep those with a value of a dtype that the message mentions, if there are any."""
    if len(nodes) < 2 or len({node.op for node in nodes}) > 1:
        return nodes
    dtypes = {SHORT_DTYPE.sub(lambda m: DTYPE_KINDS[m[1]] + m[2], word.lower()) for word in DTYPE.findall(message)}
    dtypes |= {"float64"} if "double" in dtypes else set()
    some = [n for n in nodes if {v.dtype for v in (*n.inputs, *n.outputs) if v is not None} & dtypes]
    return some or nodes


def _encloses(outer: NodeFacts, inner: NodeFacts) -> bool:
    """Whether a subgraph of one node contains another node."""
    depth = len(outer.scope)
    if len(inner.scope) <= depth or inner.scope[:depth] != outer.scope:
        return False
    return inner.scope[depth].partition(" of ")[2] in (outer.label, outer.proto.name)

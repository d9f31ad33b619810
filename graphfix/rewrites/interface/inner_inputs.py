"""f(g(text)) becomes f(ids): a value inside the model is taken as an input, without what computes it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from graphfix.errors import nearest
from graphfix.rewriting.interface_rewrite import InterfaceRewrite, Reformed
from graphfix.rewriting.rewrite import Case, Declined, FixRule
from graphfix.verify.feed_adapter import Adapted

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, ValueInfoProto

ON_TEXT = (
    "StringNormalizer",
    "StringConcat",
    "StringSplit",
    "RegexFullMatch",
    "LabelEncoder",
    "TfIdfVectorizer",
    "CategoryMapper",
)


class InnerInputs(InterfaceRewrite):
    """Take values inside the model as inputs, by `--input-at NAME`, and remove what computes them.

    Why: a model may begin with a part that no compiler has, such as the operators that turn text to ids. That part runs in the
    application, and the network behind it on the target.
    """

    name = "inner-inputs"
    fixes = tuple(FixRule(op) for op in ON_TEXT)
    before = "graphfix fix model.onnx --input-at ids"
    ask = "needs the value to begin at: --input-at NAME"
    declines: ClassVar[tuple[Case, ...]] = (
        Case(
            """<ir_version: 8, opset_import: ["" : 17]> g (string[3] x) => (string[3] y) { y = StringNormalizer(x) }""",
            because=ask,
        ),
    )

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = tuple(dict.fromkeys(names))

    @property
    def asked(self) -> bool:
        return bool(self.names)

    def reform(self, model: ModelProto) -> Reformed | Declined:
        from onnx import ModelProto, helper

        from graphfix.ir.value_names import ValueNames
        from graphfix.rewrites.interface.drop_unused import prune, unread

        there = [name for node in model.graph.node for name in node.output if name]
        for name in self.names:
            if name not in there:
                return Declined(f"no node of the main graph computes `{name}`; {nearest(name, there)}", at=name)
        declared = [_declaration(model, name) for name in self.names]
        for name, info in zip(self.names, declared, strict=True):
            if info is None:
                return Declined(f"the dtype and the rank of `{name}` are not known", at=name)
        made, begin = ModelProto(), ModelProto()
        made.CopyFrom(model)
        begin.CopyFrom(model)
        del begin.graph.output[:]
        begin.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in self.names)
        prune(begin)
        names = ValueNames.of(made.graph)
        for node in made.graph.node:
            node.output[:] = [names.fresh(name) if name in self.names else name for name in node.output]
        made.graph.input.extend(info for info in declared if info is not None)
        prune(made)
        gone = unread(made) - unread(model)
        if gone & set(self.names):
            return Declined("no output depends on it", at=min(gone & set(self.names)))
        kept = [info for info in made.graph.input if info.name not in gone]
        del made.graph.input[:]
        made.graph.input.extend(kept)
        del made.graph.value_info[:]

        def adapt(given: Adapted) -> Adapted:
            from graphfix.verify.runtime import running

            (old,) = given.old
            with running(begin) as session:
                taken = {each.name for each in session.get_inputs()}
                inner = session.run(None, {name: array for name, array in old.items() if name in taken})
            kept = {name: array for name, array in given.new.items() if name not in gone}
            return dataclasses.replace(
                given, new=kept | {name: np.asarray(array) for name, array in zip(self.names, inner, strict=True)}
            )

        return Reformed(made, self.names, adapt)


def _declaration(model: ModelProto, name: str) -> ValueInfoProto | None:
    """Return the declaration of a value inside the model as an input; None where too little is known of it."""
    from onnx import helper

    from graphfix.analysis.cache import facts_of
    from graphfix.ir.dtypes import CODES

    facts, source = facts_of(model), name
    value = facts.value(name, ())
    if value is None or value.shape is None or value.dtype not in CODES:
        return None
    makers = {output: node for node in model.graph.node for output in node.output}
    while source in makers and _word_by_word(makers[source]):
        source = makers[source].input[0]
    like = facts.value(source, ())
    dims = like.shape if like is not None and like.shape is not None else value.shape
    return helper.make_tensor_value_info(name, CODES[value.dtype], list(dims))


def _word_by_word(node: NodeProto) -> bool:
    """Whether a node gives one element for each word, which shape inference does not know of these operators."""
    attributes = {item.name for item in node.attribute}
    return node.op_type == "LabelEncoder" or (node.op_type == "StringNormalizer" and "stopwords" not in attributes)

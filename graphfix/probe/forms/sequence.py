"""Sequences of tensors and optional values, as small models."""

from graphfix.probe.form import Sketch

HEAD = '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {{ {body} }}'
BODIES = {
    "SequenceConstruct": ("float[2,3] A, float[2,3] B", "float[2,3] Y",
        "i = Constant<value = int64 {0}>() S = SequenceConstruct(A, B) Y = SequenceAt(S, i)"),
    "SequenceAt": ("float[2,3] A, float[2,3] B, int64 i", "float[2,3] Y", "S = SequenceConstruct(A, B) Y = SequenceAt(S, i)"),
    "SequenceEmpty": ("float[2,3] A", "float[2,3] Y",
        "i = Constant<value = int64 {0}>() E = SequenceEmpty() S = SequenceInsert(E, A) Y = SequenceAt(S, i)"),
    "SequenceInsert": ("float[2,3] A, float[2,3] B", "float[2,3] Y",
        "i = Constant<value = int64 {0}>() R = SequenceConstruct(A) S = SequenceInsert(R, B, i) Y = SequenceAt(S, i)"),
    "SequenceErase": ("float[2,3] A, float[2,3] B", "float[2,3] Y",
        "i = Constant<value = int64 {0}>() R = SequenceConstruct(A, B) S = SequenceErase(R, i) Y = SequenceAt(S, i)"),
    "SequenceLength": ("float[2,3] A, float[2,3] B", "int64 Y", "S = SequenceConstruct(A, B) Y = SequenceLength(S)"),
    "ConcatFromSequence": ("float[2,3] A, float[2,3] B", "float[4,3] Y",
        "S = SequenceConstruct(A, B) Y = ConcatFromSequence<axis = 0>(S)"),
    "SplitToSequence": ("float[4,3] A", "float[2,3] Y",
        """i = Constant<value = int64 {0}>() k = Constant<value = int64 {2}>()
           S = SplitToSequence<axis = 0>(A, k) Y = SequenceAt(S, i)"""),
}  # fmt: skip

FORMS = [
    Sketch(op, f"{op} opset={opset}", HEAD.format(opset=opset, inputs=inputs, output=output, body=body))
    for op, (inputs, output, body) in BODIES.items()
    for opset in (11, 13, 17)
]

"""Sequences that start empty and grow by SequenceInsert, as exporters write lists that a model collects."""

from graphfix.probe.form import TextProbe

READ = {
    "joined": ("float[]", "Y = ConcatFromSequence<axis = 1>(R)"),
    "stacked": ("float[]", "Y = ConcatFromSequence<axis = 0, new_axis = 1>(R)"),
    "read": ("float[]", "l = Constant<value = int64 {-1}>() Y = SequenceAt(R, l)"),
    "read first": ("float[]", "l = Constant<value = int64 {0}>() Y = SequenceAt(R, l)"),
    "measured": ("int64", "Y = SequenceLength(R)"),
}
PLACES = {"at the end": ("", ""), "first": ("o = Constant<value = int64 {0}>()", ", o")}
GROWN = {
    "by one": "[probe] R = SequenceInsert(E, X{place})",
    "by two, the first": "[probe] S = SequenceInsert(E, X{place}) t = Neg(X) R = SequenceInsert(S, t)",
    "by two, the last": "S = SequenceInsert(E, X) t = Neg(X) [probe] R = SequenceInsert(S, t{place})",
    "by three": "S = SequenceInsert(E, X) t = Neg(X) T = SequenceInsert(S, t) u = Relu(X) "
    "[probe] R = SequenceInsert(T, u{place})",
}


def _grown(shape: str, grown: str, place: str, read: str, opset: int) -> TextProbe:
    """An empty sequence that grows so and is read so."""
    dtype, after = READ[read]
    before, operand = PLACES[place]
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{shape}] X) => ({dtype} Y) '
        f"{{ {before} E = SequenceEmpty<dtype = 1>() {GROWN[grown].format(place=operand)} {after} }}"
    )
    return TextProbe("SequenceInsert", f"[{shape}] {grown} {place} {read} opset={opset}", text, ("input_sequence.from", "again"))


FORMS = [
    _grown(shape, grown, place, read, opset)
    for shape in ("1,4", "n,4", "1,8,1,1", "2,3,4")
    for grown in GROWN
    for place in PLACES
    for read in READ
    for opset in ((13, 17) if shape == "1,4" else (17,))
]

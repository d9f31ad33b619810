"""Loops whose body takes tensors from a sequence outside of it, one an iteration, and collects them or adds them up."""

from graphfix.probe.form import TextProbe

TEXT = """<ir_version: 8, opset_import: ["": {opset}]> g (float[3,4] X) => ({outputs}) {{
    n = Constant<value = int64 {{3}}>() c = Constant<value = bool {{1}}>() {before}
    [probe] {results} = Loop(n, c, {carried})<body = b (int64 i, bool k, {given}) => (bool q, {made}) {{
        q = Identity(k) {body} }}> {after} }}"""
SEQUENCE = "[beside_split] s = SplitToSequence<axis = 0, keepdims = 0>(X) "
EMPTY = "[beside_empty] e = SequenceEmpty<dtype = 1>() "
SUM = "a = Constant<value = float[4] {{0, 0, 0, 0}}>() "
READ = {"a sequence": (SEQUENCE, "f = SequenceAt(s, i)"), "rows": ("", "f = Gather<axis = 0>(X, i)")}
WORK = {"as it is": "g = Identity(f)", "computed": "g = Neg(f)"}
KEPT = {
    "collected": (EMPTY, "L", "e", "seq(float[4]) p", "seq(float[4]) r", "r = SequenceInsert(p, g)",
                  "[beside_joined] Y = ConcatFromSequence<axis = 0>(L)", "float[] Y"),
    "added": (SUM, "Y", "a", "float[4] p", "float[4] r", "r = Add(p, g)", "", "float[4] Y"),
    "both": (EMPTY + SUM, "Z, L", "a, e", "float[4] p, seq(float[4]) o", "float[4] r, seq(float[4]) t",
             "r = Add(p, g) t = SequenceInsert(o, r)", "[beside_joined] Y = ConcatFromSequence<axis = 0>(L)",
             "float[] Y, float[4] Z"),
}  # fmt: skip


def picked(read: str, work: str, kept: str, opset: int) -> TextProbe:
    """A loop over the tensors of a sequence, or over the rows of one tensor."""
    source, take = READ[read]
    start, results, carried, given, made, step, after, outputs = KEPT[kept]
    text = TEXT.format(
        opset=opset, outputs=outputs, before=source + start.replace("{{", "{").replace("}}", "}"), results=results,
        carried=carried, given=given, made=made, body=f"{take} {WORK[work]} {step}", after=after,
    )  # fmt: skip
    return TextProbe("Loop", f"picks {read} {work}, {kept} opset={opset}", text, ("picks", "sequences"))


FORMS = [picked(read, work, kept, opset) for read in READ for work in WORK for kept in KEPT for opset in (13, 16, 21)]

"""Loops whose bodies return their inputs unchanged, and loops whose bodies count or end by themselves.

Scans are left out: onnxruntime returns uninitialized memory where a Scan's body returns an input unchanged.
"""

from graphfix.probe.form import TextProbe

LOOP = (
    '<ir_version: 8, opset_import: ["": {opset}]> g ({inputs}) => ({outputs}) <{held}> '
    "{{ [probe] {results} = Loop({operands})"
    "<body = b (int64 i, bool k, {given}) => ({made}) <float ten = {{10}}> {{ {body} }}> }}"
)
OPSETS = (11, 13, 16, 19, 21, 23)
PASSED = {
    "nothing": ("bool q, float[2] a, float[2] r", "q = Identity(k) a = Add(h, p) r = Identity(p)"),
    "a state": ("bool q, float[2] a, float[2] p", "q = Identity(k) a = Add(h, p)"),
    "both states": ("bool q, float[2] h, float[2] p", "q = Identity(k)"),
    "states in turn": ("bool q, float[2] p, float[2] a", "q = Identity(k) a = Add(h, p)"),
    "the condition": ("bool k, float[2] a, float[2] r", "a = Add(h, p) r = Identity(p)"),
    "all": ("bool k, float[2] h, float[2] p", ""),
}
STACKED = {
    "a state, stacked": ("bool q, float[2] a, float[2] h", "q = Identity(k) a = Add(h, h)"),
    "nothing, stacked": ("bool q, float[2] a, float[2] r", "q = Identity(k) a = Add(h, h) r = Identity(h)"),
}
ENDS = {
    "kept": "q = Identity(k)",
    "constant": "q = Constant<value = bool {1}>()",
    "counted": "c1 = Constant<value = int64 {4}>() q = Less(i, c1)",
    "computed": "c1 = ReduceMax<keepdims = 0>(h0) q = Less(c1, ten)",
}
COUNTS = {"constant": ("", "int64 M = {3}"), "runtime": (", int64 M", ""), "absent": ("", "")}


def _passed(label: str, *, count: str = "constant", opset: int = 17) -> TextProbe:
    more, held = COUNTS[count]
    if label in STACKED:
        made, body = STACKED[label]
        inputs, given, results, operands = "float[2] X", "float[2] h", "Y, Z", "X"
        outputs = "float[2] Y, float[a,2] Z"
    else:
        made, body = PASSED[label]
        inputs, given, results, operands = "float[2] X, float[2] V", "float[2] h, float[2] p", "Y, Z", "X, V"
        outputs = "float[2] Y, float[2] Z"
    text = LOOP.format(
        opset=opset, inputs=inputs + more, outputs=outputs, held=", ".join(filter(None, ("bool c = {1}", held))),
        results=results, operands=f"M, c, {operands}", given=given, made=made, body=body,
    )  # fmt: skip
    return TextProbe("Loop", f"passes {label}, M={count} opset={opset}", text, ("passes", "counts", "carried"))


def _ended(until: str, carried: int, count: str, *, stacked: bool) -> TextProbe:
    """A loop over some states, with or without scan outputs."""
    names = range(carried)
    more, held = COUNTS[count]
    body = " ".join([ENDS[until], *(f"r{at} = Add(h{at}, h{at})" for at in names), *(["s = Mul(h0, h0)"] if stacked else [])])
    text = LOOP.format(
        opset=17, inputs=", ".join(f"float[2] X{at}" for at in names) + more,
        outputs=", ".join([*(f"float[2] Y{at}" for at in names), *(["float[a,2] Z"] if stacked else [])]),
        held=", ".join(filter(None, ("bool c = {1}", held))),
        results=", ".join([*(f"Y{at}" for at in names), *(["Z"] if stacked else [])]),
        operands=", ".join(["" if count == "absent" else "M", "c", *(f"X{at}" for at in names)]),
        given=", ".join(f"float[2] h{at}" for at in names),
        made=", ".join(["bool q", *(f"float[2] r{at}" for at in names), *(["float[2] s"] if stacked else [])]), body=body,
    )  # fmt: skip
    label = f"ends {until}, M={count} carried={carried} stacked={stacked}"
    return TextProbe("Loop", label, text, ("until", "counts", "M.from", "stacked", "outputs"))


ENTRIES = {
    "Gather": "e = Gather<axis = 0>({data}, j)",
    "Slice": "o = Constant<value = int64[1] {{1}}>() u = Add(j, o) e = Slice({data}, j, u)",
}


def _entered(by: str, count: str, condition: str, opset: int, *, captured: bool, stacked: bool) -> TextProbe:
    """A loop whose body gathers the entry of its iteration, from an outer value or from its own constant."""
    more, held = COUNTS[count]
    begin = "d = Constant<value = float[5] {1, 2, 3, 4, 5}>() " if not captured else ""
    wide = "j = Unsqueeze<axes = [0]>(i)" if opset < 13 else "z = Constant<value = int64[1] {0}>() j = Unsqueeze(i, z)"
    work = f"{begin}q = Identity(k) {wide} {ENTRIES[by].format(data='D' if captured else 'd')} a = Add(h, e)"
    known = condition == "constant"
    text = LOOP.format(
        opset=opset, inputs="float[1] X" + ("" if known else ", bool c") + (", float[5] D" if captured else "") + more,
        outputs="float[1] Y" + (", float[n,1] Z" if stacked else ""),
        held=", ".join(filter(None, ("bool c = {1}" if known else "", held))) or "int64 unread = {0}",
        results="Y, Z" if stacked else "Y", operands="M, c, X", given="float[1] h",
        made="bool q, float[1] a" + (", float[1] s" if stacked else ""), body=work + (" s = Identity(a)" if stacked else ""),
    )  # fmt: skip
    label = f"entry by {by}, M={count} cond={condition} captured={captured} stacked={stacked} opset={opset}"
    return TextProbe("Loop", label, text, ("counts", "carried", "captures", "stacked"))


LISTS = {
    "grown": ("e = SequenceEmpty()", "r = SequenceInsert(p, r0)", "Y = ConcatFromSequence<axis = 0>(L)"),
    "read": (
        "e = SequenceConstruct(X0, X0)", "z = Constant<value = int64 {0}>() t = SequenceAt(p, z) r = SequenceInsert(p, t)",
        "Y = ConcatFromSequence<axis = 0>(L)",
    ),
}  # fmt: skip


def _listed(label: str, tensors: int, count: str, until: str) -> TextProbe:
    """A loop that carries some tensors and a sequence."""
    begin, work, end = LISTS[label]
    more, held = COUNTS[count]
    names = range(tensors)
    states = " ".join(f"r{at} = Add(h{at}, h{at})" for at in names)
    node = LOOP.format(
        opset=17, inputs=", ".join(f"float[2] X{at}" for at in names) + more,
        outputs=", ".join(["float[n] Y", *(f"float[2] Y{at}" for at in names)]),
        held=", ".join(filter(None, ("bool c = {1}", held))),
        results=", ".join([*(f"Y{at}" for at in names), "L"]), operands=", ".join(["M", "c", *(f"X{at}" for at in names), "e"]),
        given=", ".join([*(f"float[2] h{at}" for at in names), "seq(float[2]) p"]),
        made=", ".join(["bool q", *(f"float[2] r{at}" for at in names), "seq(float[2]) r"]),
        body=f"{ENDS[until]} {states} {work}",
    )  # fmt: skip
    text = node.replace("{ [probe]", f"{{ {begin} [probe]").removesuffix("}") + f"{end} }}"
    return TextProbe("Loop", f"carries {tensors} tensors and a sequence {label}, M={count} {until}", text, ("sequences", "V"))


FORMS = [
    *(_listed(label, tensors, count, until)
      for label in LISTS for tensors in (1, 2) for count in ("constant", "runtime") for until in ("kept", "counted")),
    *(_entered(by, count, condition, opset, captured=captured, stacked=stacked)
      for by in ENTRIES for count in ("constant", "runtime") for condition in ("constant", "runtime") for opset in (11, 13, 17)
      for captured in (False, True) for stacked in (False, True)),
    *(_passed(label, count=count) for label in (*PASSED, *STACKED) for count in ("constant", "runtime")),
    *(_passed(label, opset=opset) for label in ("nothing", "a state", "the condition") for opset in OPSETS),
    *(_ended(until, carried, count, stacked=stacked)
      for until in ENDS for carried in (1, 2, 3) for count in COUNTS for stacked in (False, True)
      if count != "absent" or until in ("counted", "computed")),
]  # fmt: skip

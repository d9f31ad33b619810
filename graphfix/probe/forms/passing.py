"""Loops whose bodies give back what they were given, and loops whose bodies count or end by themselves.

Scans are left out: onnxruntime gives back what was in memory where a Scan's body hands on what it was given.
"""

from graphfix.probe.form import Sketch

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


def _passed(label: str, *, count: str = "constant", opset: int = 17) -> Sketch:
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
    return Sketch("Loop", f"passes {label}, M={count} opset={opset}", text, ("passes", "counts", "carried"))


def _ended(until: str, carried: int, count: str, *, stacked: bool) -> Sketch:
    """A loop over some states, stacking or not."""
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
    return Sketch("Loop", label, text, ("until", "counts", "M.from", "stacked", "outputs"))


FORMS = [
    *(_passed(label, count=count) for label in (*PASSED, *STACKED) for count in ("constant", "runtime")),
    *(_passed(label, opset=opset) for label in ("nothing", "a state", "the condition") for opset in OPSETS),
    *(_ended(until, carried, count, stacked=stacked)
      for until in ENDS for carried in (1, 2, 3) for count in COUNTS for stacked in (False, True)
      if count != "absent" or until in ("counted", "computed")),
]  # fmt: skip

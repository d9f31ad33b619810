"""Models that pass sequences on, whose elements have a declared rank or not."""

from graphfix.probe.form import TextProbe

ELEMENTS = ("float[]", "float[2]", "float[n]", "float[2,3]", "float[n,m]", "int64[]", "int64[2]", "int32[]", "float16[]",
            "bool[]")  # fmt: skip


def passed(element: str, opset: int, *, beside: bool = False) -> TextProbe:
    """An Identity of a sequence, alone or beside a tensor."""
    more, result, node = (", float[2] X", ", float[2] Y", " Y = Relu(X)") if beside else ("", "", "")
    text = (f'<ir_version: 8, opset_import: ["": {opset}]> g (seq({element}) S{more}) => (seq({element}) T{result}) '
            f"{{ T = Identity(S){node} }}")  # fmt: skip
    label = f"sequence of {element}{' beside a tensor' if beside else ''}, opset={opset}"
    return TextProbe("@model", label, text, ("inputs.elements",))


FORMS = [passed(element, opset, beside=beside) for element in ELEMENTS for opset in (14, 17) for beside in (False, True)]

"""Optional, OptionalHasElement and OptionalGetElement over tensors and sequences."""

from graphfix.probe.form import TextProbe

HEAD = '<ir_version: {ir}, opset_import: ["": {opset}]> g ({inputs}) => ({output}) {{ {body} }}'
DTYPES = (
    "float16",
    "bfloat16",
    "double",
    "int64",
    "int32",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "uint32",
    "uint64",
    "bool",
    "string",
)
KINDS = ("float[2,3]", "float", "float[4]", "float[n,3]", "float[1,2,3,4]", *(f"{dtype}[2,3]" for dtype in DTYPES))
SINCE = (15, 18, 28)
ADD = "i = Constant<value = int64 {0}>() Y = SequenceAt(S, i)"


def _text(op: str, label: str, inputs: str, output: str, body: str, opset: int) -> TextProbe:
    ir = 8 if opset < 18 else 13
    text = HEAD.format(ir=ir, opset=opset, inputs=inputs, output=output, body=body)
    return TextProbe(op, f"{label} opset={opset}", text, ("V", "O"))


def _of_tensor(kind: str, opset: int) -> list[TextProbe]:
    """The three operators over an optional tensor that is produced in the model, and one that is an input."""
    read, asked = f"{kind} Y", "bool Y"
    made = "O = Optional(X) "
    return [
        _text("Optional", f"of {kind}, read", f"{kind} X", read, "[probe] O = Optional(X) Y = OptionalGetElement(O)", opset),
        _text("Optional", f"of {kind}, asked", f"{kind} X", asked, "[probe] O = Optional(X) Y = OptionalHasElement(O)", opset),
        _text("OptionalGetElement", f"of {kind}", f"{kind} X", read, made + "[probe] Y = OptionalGetElement(O)", opset),
        _text("OptionalHasElement", f"of {kind}", f"{kind} X", asked, made + "[probe] Y = OptionalHasElement(O)", opset),
        _text(
            "OptionalGetElement", f"of input {kind}", f"optional({kind}) O", read, "[probe] Y = OptionalGetElement(O)", opset
        ),
        _text(
            "OptionalHasElement", f"of input {kind}", f"optional({kind}) O", asked, "[probe] Y = OptionalHasElement(O)", opset
        ),
    ]


def _of_nothing(kind: str, opset: int) -> list[TextProbe]:
    """An empty optional value."""
    made = f"O = Optional<type = {kind}>() "
    found = [
        _text(
            "Optional",
            f"empty {kind}",
            "float[2] X",
            "bool Y, float[2] Z",
            f"[probe] {made}Y = OptionalHasElement(O) Z = Relu(X)",
            opset,
        ),
        _text(
            "OptionalHasElement",
            f"empty {kind}",
            "float[2] X",
            "bool Y, float[2] Z",
            f"{made}[probe] Y = OptionalHasElement(O) Z = Relu(X)",
            opset,
        ),
    ]
    if opset >= 18:
        found += [
            _text(
                "OptionalHasElement",
                "without operand",
                "float[2] X",
                "bool Y, float[2] Z",
                "[probe] Y = OptionalHasElement() Z = Relu(X)",
                opset,
            ),
            _text(
                "OptionalHasElement",
                "of no value",
                "float[2] X",
                "bool Y, float[2] Z",
                '[probe] Y = OptionalHasElement("") Z = Relu(X)',
                opset,
            ),
        ]
    return found


def _of_sequence(dtype: str, opset: int) -> list[TextProbe]:
    """The same over sequences."""
    kind, out = f"{dtype}[2,3]", f"{dtype}[2,3] Y"
    made = "R = SequenceConstruct(X, X) "
    return [
        _text(
            "Optional",
            f"of sequence {kind}",
            f"{kind} X",
            out,
            f"{made}[probe] O = Optional(R) S = OptionalGetElement(O) {ADD}",
            opset,
        ),
        _text(
            "OptionalGetElement",
            f"of sequence {kind}",
            f"{kind} X",
            out,
            f"{made}O = Optional(R) [probe] S = OptionalGetElement(O) {ADD}",
            opset,
        ),
        _text(
            "OptionalHasElement",
            f"of sequence {kind}",
            f"{kind} X",
            "bool Y",
            f"{made}O = Optional(R) [probe] Y = OptionalHasElement(O)",
            opset,
        ),
        _text(
            "OptionalGetElement",
            f"of input sequence {kind}",
            f"optional(seq({kind})) O",
            out,
            f"[probe] S = OptionalGetElement(O) {ADD}",
            opset,
        ),
        _text(
            "OptionalHasElement",
            f"of input sequence {kind}",
            f"optional(seq({kind})) O",
            "bool Y",
            "[probe] Y = OptionalHasElement(O)",
            opset,
        ),
    ]


def _plain(kind: str, opset: int) -> list[TextProbe]:
    """From version 18 both operators also accept a tensor or a sequence."""
    return [
        _text(
            "OptionalGetElement",
            f"of plain {kind}",
            f"{kind} X",
            f"{kind} Y",
            "[probe] Y = OptionalGetElement(X)",
            opset,
        ),
        _text("OptionalHasElement", f"of plain {kind}", f"{kind} X", "bool Y", "[probe] Y = OptionalHasElement(X)", opset),
    ]


def _plain_sequence(opset: int) -> list[TextProbe]:
    made = "R = SequenceConstruct(X, X) "
    return [
        _text(
            "OptionalGetElement",
            "of plain sequence",
            "float[2,3] X",
            "float[2,3] Y",
            f"{made}[probe] S = OptionalGetElement(R) {ADD}",
            opset,
        ),
        _text(
            "OptionalHasElement", "of plain sequence", "float[2,3] X", "bool Y", f"{made}[probe] Y = OptionalHasElement(R)", opset
        ),
    ]


def _same(opset: int) -> list[TextProbe]:
    """Identity over values other than tensors."""
    return [
        _text(
            "Identity",
            "of sequence",
            "float[2,3] X",
            "float[2,3] Y",
            f"R = SequenceConstruct(X, X) [probe] S = Identity(R) {ADD}",
            opset,
        ),
        _text("Identity", "of input sequence", "seq(float[2,3]) R", "seq(float[2,3]) S", "[probe] S = Identity(R)", opset),
        _text(
            "Identity",
            "of optional",
            "float[2,3] X",
            "float[2,3] Y",
            "O = Optional(X) [probe] P = Identity(O) Y = OptionalGetElement(P)",
            opset,
        ),
        _text(
            "Identity", "of input optional", "optional(float[2,3]) O", "optional(float[2,3]) P", "[probe] P = Identity(O)", opset
        ),
        _text(
            "Identity",
            "of optional sequence",
            "float[2,3] X",
            "float[2,3] Y",
            f"R = SequenceConstruct(X, X) O = Optional(R) [probe] P = Identity(O) S = OptionalGetElement(P) {ADD}",
            opset,
        ),
    ]


FORMS = [
    *(probe for kind in KINDS for opset in SINCE for probe in _of_tensor(kind, opset)),
    *(probe for kind in ("float[2,3]", "int64", "seq(float[2])") for opset in SINCE for probe in _of_nothing(kind, opset)),
    *(probe for dtype in ("float", "int64") for opset in SINCE for probe in _of_sequence(dtype, opset)),
    *(probe for kind in KINDS for opset in (18, 28) for probe in _plain(kind, opset)),
    *(probe for opset in (18, 28) for probe in _plain_sequence(opset)),
    *(probe for opset in (14, 16, 19, 21, 23, 24, 25) for probe in _same(opset)),
]

"""Elementwise operators of two and more operands."""

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers, scalar, weight

RANKS = tuple(range(8))


def pair(low: float = -1.0, high: float = 1.0) -> dict[str, Tensor]:
    """Return two operands of the same shape."""
    return {"A": data(2, 3, 4, low=low, high=high), "B": data(2, 3, 4, low=low, high=high)}


def broadcasts(low: float = -1.0, high: float = 1.0, first: str = "A", second: str = "B") -> list[Change]:
    """Return changes with every way of broadcasting two operands, with constants on either side."""
    def at(*shape: int) -> Tensor:
        return data(*shape, low=low, high=high)

    def fixed(*shape: int) -> Tensor:
        return weight(*shape, low=low, high=high)

    found: list[Change] = [
        {second: fixed(), first: at(2, 3, 4)},
        {second: fixed(1), first: at(2, 3, 4)},
        {second: fixed(1, 1, 1, 1), first: at(2, 3, 4, 5)},
        {second: fixed(), first: at(4)},
        {second: fixed(), first: at()},
        {second: fixed(), first: at(2, 4)},
        {second: fixed(), first: at(2, 3, 4, 5)},
        {second: fixed(), first: at(2, 3, 4, 5, 2)},
        {second: fixed(), first: at(2, 3, 4), "dims": "batch"},
        {second: fixed(), first: at(2, 3, 4), "dims": "dynamic"},
        {second: fixed(), first: at(2, 3, 4, 5), "dims": "dynamic"},
        {first: fixed(), second: at(2, 3, 4)},
        {first: fixed(), second: at(2, 3, 4), "dims": "batch"},
        {first: fixed(), second: at(2, 3, 4), "dims": "dynamic"},
        {first: fixed(), second: at()},
        {second: fixed(4), first: at(2, 3, 4)},
        {second: fixed(4), first: at(2, 4)},
        {second: fixed(4), first: at(2, 3, 4), "dims": "batch"},
        {second: fixed(4), first: at(2, 3, 4), "dims": "dynamic"},
        {first: fixed(4), second: at(2, 3, 4)},
        {first: fixed(4), second: at(2, 3, 4), "dims": "dynamic"},
        {second: fixed(3, 1, 1), first: at(2, 3, 4, 5)},
        {second: fixed(1, 3, 1, 1), first: at(2, 3, 4, 5)},
        {second: fixed(1, 3, 1, 1), first: at(2, 3, 4, 5), "dims": "batch"},
        {second: fixed(1, 3, 1, 1), first: at(2, 3, 4, 5), "dims": "dynamic"},
        {second: fixed(2, 3, 4), first: at(2, 3, 4)},
        {second: fixed(4, 2), first: at(2, 3, 4, 2)},
        {second: at(1, 3, 4), first: at(2, 3, 4)},
        {second: at(2, 3, 1), first: at(2, 3, 4)},
        {second: at(2, 3, 1, 1), first: at(2, 3, 4, 5), "dims": "dynamic"},
        {second: at(2, 3, 1, 1), first: at(2, 3, 4, 5), "dims": "batch"},
        {first: at(2, 3, 1, 1), second: at(2, 3, 4, 5), "dims": "batch"},
        {first: at(2, 3, 1), second: at(2, 3, 4)},
        {first: at(2, 3, 1), second: at(2, 1, 4)},
        {first: at(2, 3, 1), second: at(2, 1, 4), "dims": "batch"},
        {first: at(2, 3, 1), second: at(2, 1, 4), "dims": "dynamic"},
        {first: at(3, 1), second: at(4)},
        {first: at(3, 1), second: fixed(4)},
        {first: at(3, 1), second: fixed(4), "dims": "batch"},
        {first: at(3, 1), second: fixed(1, 4)},
        {first: at(4), second: at(2, 3, 4)},
        {first: at(4), second: at(2, 3, 4), "dims": "dynamic"},
        {first: at(4), second: at()},
        {first: at(3, 4), second: at(2, 3, 4)},
        {first: at(1, 3, 4), second: fixed(1, 3, 4)},
        {first: at(), second: at(2, 3, 4)},
        {first: at(1), second: at(1)},
        {first: at(1), second: fixed(1)},
        {first: at(0, 4), second: at(0, 4)},
        {first.strip(): at(2, 3, 4), second: at(2, 3, 4), f"{second}.dims": "dynamic"},
        {first.strip(): at(2, 3, 4), second: at(2, 3, 4), f"{first}.dims": "dynamic"},
        {first.strip(): at(2, 3, 4), second: at(2, 3, 4), f"{first}.dims": "batch"},
    ]
    return found


def integers(low: float, high: float, first: str = "A", second: str = "B", variable: str = "T") -> list[Change]:
    """Return the broadcasts that occur in integer arithmetic, in int64 and int32."""
    return [
        {**change, variable: dtype}
        for dtype in ("int64", "int32")
        for change in (
            {second: Tensor((), "constant", (2,))},
            {second: Tensor((1,), "constant", (2,)), first: data(2, 3, 4, low=low, high=high)},
            {second: Tensor((), "constant", (2,)), first: data(4, low=low, high=high)},
            {second: Tensor((), "constant", (2,)), first: data(low=low, high=high)},
            {first: data(low=low, high=high), second: data(low=low, high=high)},
            {first: data(4, low=low, high=high), second: data(4, low=low, high=high)},
            {first: data(1, low=low, high=high), second: data(1, low=low, high=high)},
            {first: Tensor((), "constant", (2,))},
            {second: Tensor((4,), "constant", (1, 2, 3, 4))},
            {first: data(3, 1, low=low, high=high), second: data(1, 4, low=low, high=high)},
            {"dims": "dynamic"},
            {"dims": "batch"},
        )
    ]


def binary(op: str, low: float = -1.0, high: float = 1.0, **more: object) -> Form:
    """An operator over two operands of one dtype."""
    own = more.pop("changes", [])
    changes = [*broadcasts(low, high), *integers(low, high), *own]  # type: ignore[misc]
    return Form(op, pair(low, high), changes=changes, ranks=RANKS, arithmetic=ARITHMETIC, **more)  # type: ignore[arg-type]


ARITHMETIC = {"B": numbers(2, 2, 2, 2)}


def logical(op: str) -> Form:
    """An operator over two booleans."""
    return Form(op, pair(), types={"T": "bool"}, changes=broadcasts(), ranks=RANKS, arithmetic={})


def bits(op: str) -> Form:
    """An operator over the bits of two integers."""
    changes = [*broadcasts(0, 9), *({"T": dtype, **more} for dtype in ("int64", "uint8") for more in
                                    ({"B": scalar(3)}, {"B": data(4, low=0, high=9)}, {"dims": "dynamic"}))]
    return Form(op, pair(0, 9), types={"T": "int32"}, ranks=RANKS, changes=changes, arithmetic=ARITHMETIC)


MANY: list[Change] = [
    {"data_0": [data(2, 3, 4)]},
    {"data_0": [data(2, 3, 4)] * 3},
    {"data_0": [data(2, 3, 4), weight()]},
    {"data_0": [data(2, 3, 4), weight()], "dims": "dynamic"},
    {"data_0": [data(2, 3, 4), weight()], "dims": "batch"},
    {"data_0": [weight(), data(2, 3, 4)]},
    {"data_0": [data(), weight()]},
    {"data_0": [data(), weight(1)]},
    {"data_0": [weight(), data()]},
    {"data_0": [data(), weight()], "T": "int64"},
    {"data_0": [data(), data()], "T": "int64"},
    {"data_0": [Tensor((), "shape", (3,)), Tensor((), "constant", (2,))], "T": "int64"},
    {"data_0": [Tensor((), "folded", (3,)), Tensor((), "constant", (2,))], "T": "int64"},
    {"data_0": [Tensor((), "shape", (3,)), Tensor((), "constant", (2,))], "T": "float32"},
    {"data_0": [data(2, 3, 4), weight(4)]},
    {"data_0": [data(2, 3, 4, 5), weight(1, 3, 1, 1)]},
    {"data_0": [data(2, 3, 1), data(2, 1, 4)]},
    {"data_0": [data(2, 3, 4), data(4)], "dims": "dynamic"},
    *({"data_0": [data(2, 3, 4)] * count, "dims": dims} for count in (1, 3) for dims in ("batch", "dynamic")),
    *({"data_0": [data(2, 3, 4)] * count, "T": dtype} for count in (1, 3) for dtype in ("float16", "float64", "int64", "int32",
        "int8", "uint8")),
    *({"data_0": [data(2, 3, 4), weight()], "T": dtype} for dtype in ("float16", "float64", "int64", "int32", "int8", "uint8")),
    *({"data_0": [data(*shape)] * count} for count in (1, 3) for shape in ((), (4,), (2, 4), (2, 3, 4, 5))),
    *({"data_0": [data(*a), data(*b)]} for a, b in (((2, 3, 4), (4,)), ((2, 3, 4), (1, 3, 1)), ((4,), (2, 3, 4)),
        ((3, 1), (4,)), ((1,), (2, 3, 4)), ((), (2, 3, 4)), ((2, 3, 4), (1,)))),
    {"data_0": [data(2, 3, 4), data(4), data(3, 1)]}, {"data_0": [data(1), data(3, 1), data(1, 4)]},
    {"data_0": [data(0, 3), data(0, 3)]}, {"data_0": [data(0, 3)]}, {"data_0": [data(0)]}, {"data_0": [data(0), weight()]},
]


def variadic(op: str) -> Form:
    """An operator over any number of operands."""
    return Form(op, {"data_0": [data(2, 3, 4), data(2, 3, 4)]}, changes=MANY, ranks=RANKS, arithmetic={})


WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
STRETCHED = [((2, 3, 4), (2, 3, 4), ()), ((2, 3, 4), (), (2, 3, 4)), ((2, 3, 4), (), ()), ((4,), (2, 3, 4), (2, 3, 4)),
             ((2, 1, 4), (2, 3, 4), (2, 3, 4)), ((2, 3, 4), (4,), (2, 3, 4)), ((2, 3, 4), (2, 3, 4), (4,)),
             ((2, 3, 4), (2, 1, 4), (2, 3, 1)), ((3, 1), (1, 4), (1,)), ((3, 4), (2, 3, 4), (1,)), ((), (2, 4), ()),
             ((1,), (1,), (4,)), ((2, 3, 4), (1,), (1,)), ((2, 4), (2, 1), (2, 4)), ((2, 3, 4, 5), (5,), (2, 3, 4, 5))]
PICKED: list[Change] = [
    {"X": scalar(1)}, {"Y": scalar(0)}, {"X": scalar(1), "Y": scalar(0)}, {"dims": "dynamic"},
    *({"condition": data(*shape), "X": data(*shape), "Y": data(*shape)} for shape in ((4,), ())),
]  # fmt: skip
CHOICE = {"condition": data(2, 3, 4), "X": data(2, 3, 4), "Y": data(2, 3, 4)}

FORMS = [
    binary("Add"),
    binary("Sub"),
    binary("Mul"),
    binary("Div", 1, 9, changes=[{"A": data(2, 3, 4, low=-9, high=-1), "T": "int64"}]),
    Form("Pow", {"X": data(2, 3, 4, low=1, high=3), "Y": scalar(2)}, ranks=RANKS,
         changes=[*broadcasts(1, 3, "X", "Y"), {"T1": "int64"}, {"T1": "int32"}, {"T": "int64", "T1": "float32"},
                  *({"X": data(*shape, low=1, high=3), "T1": power} for power in ("int64", "int32")
                      for shape in ((4,), (2, 4), (2, 3, 4, 5))),
                  *({"T": base, "T1": power, **more} for base in ("float32", "float16", "float64", "bfloat16", "int64", "int32")
                      for power in ("float32", "float16", "float64", "int64", "int32", "uint8", "uint32", "uint64")
                      for more in ({}, {"Y": data(2, 3, 4, low=1, high=3)})),
                  *({"X": data(*shape, low=1, high=3), "Y": given(*shape, low=1, high=3), "T": base, "T1": power}
                      for base in ("float32", "float16", "int64", "int32") for power in ("float32", "float16", "int64", "int32")
                      for shape in ((3,), (2, 4), (2, 3, 4), (2, 3, 4, 5)) for given in (data, weight)),
                  *({"Y": Tensor(shape, "constant", (value,) * (shape or (1,))[0]), **more} for shape in ((), (1,), (4,))
                      for value in (0, 1, 2, -1) for more in ({}, {"T1": "int64"}, {"dims": "batch"})),
                  *({"Y": Tensor((4,), "constant", values), "T1": power} for values in ((0, 1, 2, 3), (-1, 0, 1, 2))
                      for power in ("float32", "int64")),
                  *({"Y": given, "dims": dims} for given in (data(2, 3, 4, low=1, high=3), data(low=1, high=3))
                      for dims in ("batch", "dynamic")),
                  *({"T": base, "T1": power, "X": data(*shape, low=1, high=3), "Y": made(*shape[at:], low=1, high=3)}
                      for base, power in (("int64", "int64"), ("int32", "int32"), ("float16", "float16"), ("float32", "int64"),
                                          ("float32", "int32"), ("int64", "float32"), ("int32", "float32"))
                      for shape in ((4,), (2, 4), (2, 3, 4, 5)) for made in (data, weight) for at in (0, len(shape) - 1)),
                  {"Y": scalar(0.5)}, {"Y": scalar(3)}, {"Y": numbers(2)},
                  {"X": scalar(2), "Y": data(2, 3, 4, low=1, high=3)},
                  {"Y": numbers(2), "dims": "dynamic"}, {"Y": scalar(2), "X": data(2, 3, 4, 5, low=1, high=3),
                      "dims": "dynamic"}]),
    Form("Mod", pair(1, 9), ranks=RANKS, arithmetic=ARITHMETIC, attributes={"fmod": 1},
         changes=[*broadcasts(1, 9), *({"fmod": 0, "T": dtype, **more} for dtype in ("float32", "float16", "float64", "bfloat16")
                 for more in ({}, *each(rank=RANKS))),
             {"fmod": 0, "T": "int64"}, {"fmod": 0, "T": "int32"}, {"T": "int64"},
             *({"fmod": fmod, "T": dtype, **more} for fmod in (0, 1) for dtype in WHOLE
                 for more in ({}, {"B": scalar(3)}, {"rank": 1},
                              {"A": data(2, 3, 4, low=-9, high=9), "B": data(2, 3, 4, low=1, high=9)})),
             *({**change, "fmod": 0, "T": "int64"} for change in broadcasts(1, 9)[::2]),
             *({"fmod": 0, "T": "int64", "dims": dims} for dims in ("batch", "dynamic")),
             *({"fmod": 0, "T": dtype, "rank": rank} for dtype in ("int64", "int32") for rank in (0, 1, 2, 4)),
                  {"fmod": 0, "T": "int64", "arithmetic": "shape", "B": numbers(2, 2, 2, 2)}]),
    binary("Equal", changes=[{"arithmetic": source, "T": "int64", "B": numbers(-1, -1, -1, -1), **more} for source in ("shape",
        "fixed-shape", "folded", "cast-shape", "runtime") for more in ({}, {"since": 11})]),
    *(binary(op) for op in ("Greater", "GreaterOrEqual", "Less", "LessOrEqual")),
    *(logical(op) for op in ("And", "Or", "Xor")),
    *(variadic(op) for op in ("Max", "Min", "Sum", "Mean")),
    Form("PRelu", {"X": data(2, 3, 4, 5), "slope": weight(3, 1, 1)},
         changes=[{"slope": weight(1)}, {"slope": weight(1, 3, 1, 1)}, {"slope": weight(1, 1, 5)}, {"slope": weight(5)},
                  {"X": data(2, 4), "slope": weight(4)}, {"X": data(2, 4), "slope": weight(1)}, {"slope": weight(2, 3, 4, 5)},
                  {"X": data(2, 4), "slope": weight(4), "dims": "batch"}, {"X": data(2, 3, 4), "slope": weight(3, 1)},
                  {"X": data(2, 3, 4), "slope": weight(1)}, {"X": data(4), "slope": weight(1)},
                  {"slope": weight(1, 1, 5), "dims": "dynamic"}, {"slope": weight(1), "dims": "dynamic"},
                  *({"X": data(*shape), "slope": Tensor(shape, source)} for source in ("runtime", "constant")
                      for shape in ((), (4,), (2, 4), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 4, 2))),
                  *({"X": data(*shape), "slope": weight()} for shape in ((), (4,), (2, 3, 4), (2, 3, 4, 5))),
                  *({"X": data(*shape), "slope": weight(*(1,) * len(shape))} for shape in ((4,), (2, 3, 4), (2, 3, 2, 4, 2))),
                  *({"slope": weight(3, 1, 1), "dims": dims} for dims in ("batch", "dynamic")),
                  *({"slope": data(3, 1, 1), "X.dims": dims} for dims in ("batch", "dynamic")),
                  *({"X": data(2, 3, 4), "slope": given, "T": dtype} for dtype in ("int64", "int32", "float16", "float64")
                      for given in (scalar(0), scalar(2), weight(3, 1), data(4), numbers(-1), numbers(1)))]),
    Form("Where", CHOICE, types={"B": "bool"}, ranks=RANKS, arithmetic=None,
         changes=[*({"condition": data(*c), "X": data(*a), "Y": data(*b)} for c, a, b in STRETCHED),
             *({"condition": data(*c), "X": data(*a), "Y": data(*b), "dims": dims} for c, a, b in STRETCHED[:6]
                 for dims in ("batch", "dynamic")),
             *({"condition": data(*c), "X": weight(*a), "Y": data(*b)} for c, a, b in STRETCHED[:6]),
             *({"T": dtype, **more} for dtype in ("int64", "int32", "bool", "float16", "uint8", "string")
                 for more in PICKED),
             *({"condition": Tensor((4,), source, (1, 0, 1, 1)), "X": data(4), "Y": data(4), "T": dtype}
                 for source in ("constant", "folded", "shape", "cast-shape", "runtime") for dtype in ("int64", "float32")),
             *({"condition": Tensor((4,), source, (1, 0, 1, 1)), "X": Tensor((4,), source, (2, 3, 4, 5)),
                "Y": numbers(1, 1, 1, 1), "T": "int64"} for source in ("constant", "folded", "shape", "cast-shape")),
             {"condition": data(0, 4), "X": data(0, 4), "Y": data(0, 4)}, {"condition": data(0), "X": data(0), "Y": data(0)},
             {"condition": data(0, 4), "X": scalar(1.5), "Y": data(0, 4)},
             {"X": scalar(1.5)}, {"Y": scalar(1.5)}, {"X": scalar(1.5), "Y": scalar(0.5)},
             {"X": scalar(1), "T": "int64"},
                  {"Y": scalar(1.5), "dims": "dynamic"}, {"X": scalar(1.5), "dims": "dynamic"},
                  {"X": scalar(1.5), "dims": "batch"},
                  {"Y": scalar(1.5), "dims": "batch"}, {"condition": data(2, 3, 1)}, {"condition": data(4)},
                  {"condition": data(1, 3, 4)},
                  {"condition": weight(2, 3, 4)}, {"condition": Tensor((4,), "constant", (1, 1, 1, 1))},
                  {"condition": Tensor((4,), "constant", (0, 0, 0, 0))},
                  {"condition": scalar(True)}, {"condition": scalar(False)}, {"condition": scalar(True), "dims": "dynamic"},
                  {"condition": weight(3, 4)}, {"X": weight(3, 4)}, {"Y": weight(1, 1, 4)},
                  {"condition": weight(2, 3, 4), "X": scalar(1.5), "Y": data(2, 3, 4)}, {"X": data(3, 1), "Y": data(1, 4)},
                  {"condition": data(4), "X": scalar(1), "Y": data(4)},
                  {"condition": data(4), "X": scalar(1), "Y": data(4), "T": "int64"},
                  {"condition": data(4), "X": numbers(1, 2, 3, 4), "Y": data(4), "T": "int64"},
                  {"condition": data(1), "X": data(2, 3, 4), "Y": data(2, 3, 4)},
                  {"condition": data(), "X": data(2, 4), "Y": data(2, 4)},
                  {"condition": data(2, 1, 4, 4), "X": data(2, 3, 4, 4), "Y": scalar(-1e9)},
                  {"condition": data(2, 1, 4, 4), "X": data(2, 3, 4, 4), "Y": scalar(-1e9), "dims": "dynamic"}]),
    *(bits(op) for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")),
    Form("BitShift", {"X": data(2, 3, 4, low=0, high=3), "Y": data(2, 3, 4, low=0, high=3)}, {"direction": "LEFT"},
        types={"T": "uint8"}, ranks=RANKS,
         changes=[*each(direction=["RIGHT"]), *({"direction": "RIGHT", "rank": rank} for rank in RANKS),
                  *broadcasts(0, 3, "X", "Y"),
                  *({"direction": "RIGHT", **change} for change in broadcasts(0, 3, "X", "Y")[::3]),
                  *({"direction": way, "T": dtype, "Y": given} for way in ("LEFT", "RIGHT") for dtype in WHOLE
                      for given in (data(2, 3, 4, low=0, high=3), weight(2, 3, 4, low=0, high=3), scalar(2), data(2, 3, 4,
                      low=0, high=70))),
                  *({"direction": way, "T": dtype, "Y": given} for way in ("LEFT", "RIGHT") for dtype in WHOLE
                      for given in (scalar(0), scalar(1), weight(4, low=1, high=3)))]),
]  # fmt: skip

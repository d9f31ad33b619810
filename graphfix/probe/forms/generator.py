"""Random numbers and generated signals."""

from itertools import product

from graphfix.probe.form import Change, Form, Tensor, TextProbe, data, each, numbers, scalar, weight

RANKS = tuple(range(8))
FLOATS = (1, 10, 11, 16)
NUMBERS = (1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 16)
OPEN = ("batch", "spatial", "sequence", "dynamic")
WIDE: tuple[list[int], ...] = ([], [4], [2, 3], [2, 3, 4], [2, 3, 4, 5], [2, 1, 2, 1, 2], [2, 1, 2, 1, 2, 1], [2, 1, 2, 1, 2, 1,
    1])
SIZES: list[Change] = [
    *each(periodic=[0, 1], output_datatype=NUMBERS), {"size.from": "runtime"},
    *({"size": scalar(size), "periodic": periodic} for size in (0, 1, 8) for periodic in (0, 1)),
    *({"size": Tensor((), source, (8,)), "T1": kind, "periodic": periodic} for source in ("constant", "runtime", "folded",
        "shape")
      for kind in ("int64", "int32") for periodic in (0, 1)),
    *({"size": Tensor((), "runtime", (8,)), "output_datatype": kind} for kind in (1, 10, 11, 7)),
    {"size": numbers(8)}, {"size": numbers(1)}, {"size": scalar(1), "T1": "int32"},
]  # fmt: skip
BANDS = {"num_mel_bins": scalar(8), "dft_length": scalar(16), "sample_rate": scalar(8192),
         "lower_edge_hertz": scalar(0.0), "upper_edge_hertz": scalar(4096.0)}  # fmt: skip
LENGTHS: list[Change] = [
    *({"input": data(*shape), "axis": scalar(axis), "onesided": side, "dims": dims}
      for shape in ((8, 1), (2, 8, 1), (2, 8, 4, 1), (2, 4, 8, 2, 1))
      for axis in (0, 1, -2) if axis < len(shape) - 1
      for side in (0, 1) for dims in ("static", "dynamic")),
    *({"input": data(2, 8, 2), "axis": scalar(1), "inverse": inverse, "onesided": side, "dims": dims} for inverse in (0, 1)
      for side in (0, 1) for dims in ("static", "dynamic")),
    *({"input": data(2, 8, last), "axis": scalar(1), "dft_length": Tensor((), source, (size,)), "inverse": inverse,
        "onesided": side}
      for last in (1, 2) for source, size in (("constant", 8), ("constant", 4), ("constant", 16), ("runtime", 8), ("folded", 8))
      for inverse, side in ((0, 0), (0, 1), (1, 0))),
    *({"input": data(2, 8, last), "axis": scalar(1), "dft_length": scalar(1)} for last in (1, 2)),
    *({"input": data(2, 8, 1), "axis": Tensor((), source, (1,))} for source in ("runtime", "folded", "shape")),
    *({"input": data(2, 8, 1), "axis": scalar(1), "T1": kind} for kind in ("float16", "float64", "bfloat16")),
    *({"input": data(2, 8, 1), "axis": scalar(axis), "since": 17} for axis in (0, 1, -2)),
    *({"input": data(2, 8, last), "axis": scalar(1), "since": 17, "onesided": side, "inverse": inverse}
      for last in (1, 2) for side, inverse in ((0, 0), (1, 0), (0, 1))),
]  # fmt: skip
FRAMES: list[Change] = [
    *({"signal": data(*shape), "window": window, "frame_length": length, "onesided": side, "dims": dims}
      for shape in ((1, 64, 1), (2, 64, 1), (2, 64)) for window, length in ((numbers(*[0.5] * 16), scalar(16)), (None,
      scalar(16)),
      (numbers(*[0.5] * 16), None)) for side in (0, 1) for dims in ("static", "dynamic")),
    *({"signal": data(1, 64, 2), "onesided": 0, "window": window, "frame_length": length} for window, length in (
      (numbers(*[0.5] * 16), scalar(16)), (None, scalar(16)), (numbers(*[0.5] * 16), None))),
    *({"frame_step": Tensor((), a, (8,)), "frame_length": Tensor((), b, (16,)), "window": Tensor((16,), c, low=0, high=1)}
      for a in ("constant", "runtime") for b in ("constant", "runtime", "folded")
      for c in ("constant", "runtime")),
    *({"frame_step": Tensor((), a, (8,)), "frame_length": None, "window": Tensor((16,), c, low=0, high=1)}
      for a in ("constant", "runtime", "folded") for c in ("constant", "runtime", "folded")),
    *({"frame_step": Tensor((), a, (8,)), "frame_length": Tensor((), b, (16,)), "window": None}
      for a in ("constant", "runtime", "folded") for b in ("constant", "runtime", "folded")),
    *({"T1": kind, "onesided": side} for kind in ("float16", "float64", "bfloat16") for side in (0, 1)),
    *({"T2": "int32", "frame_length": length} for length in (scalar(16), None)),
    {"frame_step": scalar(1)}, {"frame_step": scalar(1), "window": None}, {"frame_step": scalar(1), "frame_length": None},
    {"frame_length": scalar(1), "window": numbers(0.5)}, {"frame_length": scalar(1), "window": None},
    {"frame_length": numbers(16)}, {"frame_step": numbers(8)},
]  # fmt: skip



def _transform(shape: tuple[int | str, ...], last: int, axis: int, side: int, inverse: int, since: int) -> TextProbe:
    """A DFT over one axis of data of this shape, whose last dim holds `last` numbers an element."""
    given = ",".join(map(str, (*shape, last)))
    marks = f"onesided = {side}, inverse = {inverse}"
    opset, made = (17, f"Y = DFT<axis = {axis}, {marks}>(X)") if since == 17 else (20, f"Y = DFT<{marks}>(X, , k)")
    body = f"[probe] {made}" if since == 17 else f"k = Constant<value = int64 {{{axis}}}>() [probe] {made}"
    text = f'<ir_version: 9, opset_import: ["": {opset}]> g (float[{given}] X) => (float[] Y) {{ {body} }}'
    return TextProbe("DFT", f"[{given}] axis={axis} onesided={side} inverse={inverse} since={since}", text, ("axis", "onesided"))


TRANSFORMED = [
    _transform(shape, last, axis, side, inverse, since)
    for shape in ((8,), (2, 8), (2, 4, 8), (2, 2, 4, 8), ("n", 4, 8))
    for last in (1, 2)
    for axis in dict.fromkeys((0, 1, len(shape) - 1, -2, -1 - len(shape)))
    for side, inverse in product((0, 1), (0, 1))
    for since in (17, 20)
    if axis < len(shape) and not (side and not inverse and last == 2)
]
"""Every axis of real and complex data of several ranks, in both directions, with half or all of the frequencies."""

NAMES = {"like": "drawn_Like", "like-first": "Like_drawn", "lower": "drawn_like"}
KINDS = ("float[2,3]", "float[n,3]", "float[2,3,4,5]", "float[4]", "float[1,n,m]", "double[2,3]", "float16[2,3]")
DRAWN = [
    TextProbe(
        op, f"called {word} from {kind} {more}",
        f'<ir_version: 8, opset_import: ["": 17]> g ({kind} X) => ({kind} Z) {{ {before} '
        f"[{name}] Y = {op}{more}({'H' if before else 'X'}) Z = Add(X, Y) }}",
        ("called", "foldable"),
        random=True,
    )
    for op in ("RandomNormalLike", "RandomUniformLike")
    for word, name in NAMES.items()
    for kind in KINDS
    for more in ("", "<dtype = 1>", "<seed = 1.0>")
    for before in (("", "H = Constant<value = float[2,3] {0, 0, 0, 0, 0, 0}>()") if kind == "float[2,3]" else ("",))
    if more != "<dtype = 1>" or "float[" in kind
] + [
    TextProbe(
        op, f"called {word} of a shape {more}",
        f'<ir_version: 8, opset_import: ["": 17]> g (float[2,3] X) => (float[2,3] Z) {{ '
        f"[{name}] Y = {op}<shape = [2, 3]{more}>() Z = Add(X, Y) }}",
        ("called",),
        random=True,
    )
    for op in ("RandomNormal", "RandomUniform")
    for word, name in NAMES.items()
    for more in ("", ", dtype = 1", ", seed = 1.0")
]  # fmt: skip
"""Nodes that draw random numbers under names that compilers may take for the operator."""

FORMS = [
    *TRANSFORMED,
    *(Form(op, {"input": data(2, 3)}, random=True, ranks=RANKS,
           changes=[*each(dtype=[*FLOATS, 6, 7], seed=[1.0]), *changes,
                    *({"since": 1, "foldable": fold, **more} for fold in (True, "fixed-shape") for more in ({}, {"dtype": 1})),
                    *({"T1": kind, "dtype": made} for kind in ("int64", "int32", "bool", "uint8", "int8", "float16", "float64")
                      for made in (1, 10, 11)), *({"dtype": made, "dims": dims} for made in (1, 10) for dims in OPEN)])
      for op, changes in (("RandomNormalLike", each(mean=[0.5], scale=[2.0])), ("RandomUniformLike", each(low=[-1.0],
      high=[2.0])))),
    *(Form(op, {}, {"shape": [2, 3]}, random=True, changes=[*each(seed=[1.0], dtype=FLOATS), *changes, *each(shape=WIDE),
                                                            *({"dtype": kind, "seed": 1.0} for kind in FLOATS)])
      for op, changes in (("RandomNormal", each(mean=[0.5], scale=[2.0])), ("RandomUniform", each(low=[-1.0], high=[2.0])))),
    Form("Bernoulli", {"input": data(2, 3, low=0, high=1)}, random=True, ranks=RANKS,
         changes=[*each(seed=[1.0], dtype=[*NUMBERS, 9]), *({"dtype": kind, "seed": 1.0} for kind in (1, 9, 11)),
                  *({"T1": kind, "dtype": made} for kind in ("float16", "float64", "bfloat16") for made in (1, 9, 11)),
                  *({"dtype": made, "dims": dims} for made in (1, 9) for dims in OPEN)]),
    Form("Multinomial", {"input": data(2, 3)}, {"sample_size": 4}, random=True,
         changes=[*each(dtype=[6, 7], seed=[1.0], sample_size=[1, 2, 9]),
                  *({"T1": kind, "dtype": made} for kind in ("float16", "float64") for made in (6, 7)),
                  *({"dtype": made, "dims": dims} for made in (6, 7) for dims in OPEN)]),
    *(Form(op, {"size": scalar(8)}, changes=SIZES) for op in ("HannWindow", "HammingWindow", "BlackmanWindow")),
    Form("MelWeightMatrix", BANDS, types={"T1": "int64"},
         changes=[*each(output_datatype=NUMBERS), {"T1": "int32"}, *({"T2": kind} for kind in ("float16", "float64")),
                  {f"{name}.from": "runtime" for name in BANDS}, {f"{name}.from": "folded" for name in BANDS},
                  {"num_mel_bins": scalar(1)}, *({name: scalar(1)} for name in ("dft_length", "sample_rate")),
                  *({name: Tensor((1,), "constant", (value,))} for name, value in (("num_mel_bins", 8), ("dft_length", 16)))]),
    Form("DFT", {"input": data(1, 8, 4, 1), "dft_length": None, "axis": scalar(1)},
         changes=[{"onesided": 1}, {"inverse": 1, "input": data(1, 8, 4, 2)}, {"axis": scalar(2)}, {"axis": None}, *LENGTHS]),
    Form("STFT", {"signal": data(1, 64, 1), "frame_step": scalar(8), "window": numbers(*[0.5] * 16),
                  "frame_length": scalar(16)},
         changes=[{"window": None}, {"frame_length": None}, {"onesided": 0}, *FRAMES, {"signal": weight(1, 64, 1)}]),
    *DRAWN,
]  # fmt: skip

"""Operators with weights, windows and normalisations."""

from __future__ import annotations

from graphfix.probe.aten.form import FLOATS, Change, Form, data, index, weight

IMAGE = data(2, 4, 8, 8)
BATCH = {"batch": (0,), "dynamic": (2,)}
FOLDED = {"source": "folded"}


def _convolution(spatial: int) -> Form:
    """Return the form of a convolution with so many spatial axes."""

    def each(size: int) -> list[int]:
        return [size] * spatial

    sizes = (8,) * spatial
    kernel = (3,) * spatial
    changes: list[Change] = [
        ("no bias", {"2": None}),
        ("stride", {"3": each(2)}),
        ("padding", {"4": each(1)}),
        ("dilation", {"5": each(2)}),
        ("depthwise", {"1": weight(4, 1, *kernel), "2": weight(4), "8": 4}),
        ("depthwise multiplied", {"1": weight(8, 1, *kernel), "2": weight(8), "8": 4}),
        ("grouped", {"1": weight(6, 2, *kernel), "8": 2}),
        ("point", {"1": weight(6, 4, *(1,) * spatial)}),
        ("runtime weight", {"1": data(6, 4, *kernel)}),
        ("runtime bias", {"2": data(6)}),
        ("transposed", {"1": weight(4, 6, *kernel), "6": True}),
        ("transposed stride", {"1": weight(4, 6, *kernel), "6": True, "3": each(2), "4": each(1), "7": each(1)}),
        ("transposed grouped", {"1": weight(4, 3, *kernel), "6": True, "8": 2}),
        ("transposed dilated", {"1": weight(4, 6, *kernel), "6": True, "5": each(2)}),
        ("large", {"1": weight(6, 4, *(7,) * spatial), "4": each(3)}),
    ]
    if spatial > 1:
        changes += [("uneven stride", {"3": [2, *each(1)[1:]]}), ("uneven padding", {"4": [1, *each(0)[1:]]})]
    return Form(
        "aten.convolution.default",
        (data(2, 4, *sizes), weight(6, 4, *kernel), weight(6), each(1), each(0), each(1), False, each(0), 1),
        dtypes=FLOATS, dims=BATCH, changes=changes,
    )  # fmt: skip


def _products() -> list[Form]:
    rows, columns = data(3, 4), weight(4, 5)
    return [
        Form(
            "aten.addmm.default",
            (weight(5), rows, weight(4, 5, **FOLDED)),
            dtypes=("float32", "float16", "float64", "int64"),
            dims={"dynamic": (0,)},
            changes=[
                ("plain weight", {"2": columns}),
                ("runtime weight", {"2": data(4, 5)}),
                ("runtime bias", {"0": data(5)}),
                ("matrix bias", {"0": data(3, 5)}),
                ("beta", {"beta": 2}),
                ("alpha", {"alpha": 2}),
                ("scalar bias", {"0": weight(1)}),
            ],
        ),
        Form(
            "aten.mm.default",
            (rows, weight(4, 5, **FOLDED)),
            dtypes=("float32", "float16", "float64", "int64"),
            dims={"dynamic": (0,)},
            changes=[
                ("plain weight", {"1": columns}),
                ("runtime weight", {"1": data(4, 5)}),
                ("first constant", {"0": weight(3, 4), "1": data(4, 5)}),
                ("open columns", {"1": data(4, 5, dynamic=(1,))}),
            ],
        ),
        Form(
            "aten.bmm.default",
            (data(2, 3, 4), data(2, 4, 5)),
            dtypes=("float32", "float16", "float64", "int64", "bfloat16"),
            dims={"batch": (0,), "dynamic": (0, 1, 2)},
            changes=[
                ("constant other", {"1": weight(2, 4, 5)}),
                ("open rows", {"0": data(2, 3, 4, dynamic=(1,))}),
                ("open columns", {"1": data(2, 4, 5, dynamic=(2,))}),
                ("open constant other", {"0": data(2, 3, 4, dynamic=(1,)), "1": weight(2, 4, 5)}),
            ],
        ),
        Form(
            "aten.linear.default",
            (data(3, 4), weight(5, 4), weight(5)),
            dtypes=FLOATS,
            dims={"batch": (0,)},
            changes=[
                ("no bias", {"2": None}),
                ("runtime weight", {"1": data(5, 4)}),
                ("runtime bias", {"2": data(5)}),
                ("sequence", {"0": data(2, 3, 4)}),
                ("image", {"0": data(2, 3, 2, 4)}),
                ("vector", {"0": data(4)}),
                ("open sequence", {"0": data(2, 3, 4, dynamic=(1,))}),
            ],
        ),
    ]


def _pools() -> list[Form]:
    return [
        Form(
            name,
            (IMAGE, [2, 2], [2, 2]),
            dtypes=("float32", "float16", "float64", "int64"),
            dims=BATCH,
            changes=[
                ("padding", {"3": [1, 1]}),
                ("dilation", {"3": [0, 0], "4": [2, 2]}),
                ("ceil", {"3": [0, 0], "4": [1, 1], "5": True}),
                ("gaps", {"2": [3, 3]}),
                ("overlap", {"1": [3, 3], "2": [1, 1]}),
                ("no stride", {"2": []}),
                ("unbatched", {"0": data(4, 8, 8)}),
                ("uneven", {"1": [3, 2]}),
                ("ceil even", {"1": [3, 3], "2": [2, 2], "3": [1, 1], "4": [1, 1], "5": True}),
            ],
        )
        for name in ("aten.max_pool2d_with_indices.default", "aten.max_pool2d.default")
    ] + [
        Form(
            "aten.avg_pool2d.default",
            (IMAGE, [2, 2], [2, 2]),
            dtypes=FLOATS,
            dims=BATCH,
            changes=[
                ("padding", {"3": [1, 1]}),
                ("padding not counted", {"3": [1, 1], "4": False, "5": False}),
                ("ceil", {"3": [0, 0], "4": True}),
                ("divisor", {"3": [0, 0], "4": False, "5": True, "6": 3}),
                ("own divisor", {"3": [0, 0], "4": False, "5": True, "6": 4}),
                ("gaps", {"2": [3, 3]}),
                ("no stride", {"2": []}),
                ("not counted", {"3": [0, 0], "4": False, "5": False}),
            ],
        ),
        Form("aten.avg_pool1d.default", (data(2, 4, 8), [2], [2]), dtypes=FLOATS, dims=BATCH),
        Form("aten.avg_pool3d.default", (data(1, 2, 4, 4, 4), [2, 2, 2], [2, 2, 2]), dtypes=FLOATS, dims=BATCH),
        Form("aten.max_pool3d_with_indices.default", (data(1, 2, 4, 4, 4), [2, 2, 2], [2, 2, 2]), dtypes=FLOATS, dims=BATCH),
        Form(
            "aten._adaptive_avg_pool2d.default",
            (IMAGE, [2, 2]),
            dtypes=FLOATS,
            dims=BATCH,
            changes=[("one", {"1": [1, 1]}), ("uneven", {"1": [3, 3]})],
        ),
        Form("aten._adaptive_avg_pool3d.default", (data(1, 2, 4, 4, 4), [2, 2, 2]), dtypes=FLOATS, dims=BATCH),
        Form("aten.adaptive_max_pool2d.default", (IMAGE, [2, 2]), dtypes=FLOATS, dims=BATCH),
    ]


def _norms() -> list[Form]:
    four = [weight(4), weight(4), weight(4), weight(4, low=0.5)]
    return [
        Form(
            "aten._native_batch_norm_legit_no_training.default",
            (IMAGE, *four, 0.1, 1e-5),
            dtypes=FLOATS,
            dims=BATCH,
            changes=[("no weight", {"1": None, "2": None}), ("sequence", {"0": data(2, 4, 8)}), ("matrix", {"0": data(2, 4)})],
        ),
        Form("aten._native_batch_norm_legit.no_stats", (IMAGE, weight(4), weight(4), True, 0.1, 1e-5), dtypes=FLOATS, dims=BATCH),
        Form(
            "aten.native_layer_norm.default",
            (data(2, 3, 4), [4], weight(4), weight(4), 1e-5),
            dtypes=FLOATS,
            changes=[
                ("no weight", {"2": None, "3": None}),
                ("no bias", {"3": None}),
                ("two axes", {"1": [3, 4], "2": weight(3, 4), "3": weight(3, 4)}),
                ("matrix", {"0": data(3, 4)}),
                ("image", {"0": data(2, 3, 4, 4)}),
            ],
        ),
        Form(
            "aten.native_group_norm.default",
            (IMAGE, weight(4), weight(4), 2, 4, 64, 2, 1e-5),
            dtypes=FLOATS,
            dims={},
            empty=False,
            changes=[("no weight", {"1": None, "2": None})],
        ),
        *(
            Form(
                f"aten.{name}.default",
                (data(2, 3, 4), -1, False),
                dtypes=FLOATS,
                ranks=(1, 2, 4),
                changes=[
                    ("first", {"1": 0}),
                    ("second", {"1": 1}),
                    ("counted", {"1": 2}),
                    ("channels", {"0": IMAGE, "1": 1}),
                ],
            )
            for name in ("_softmax", "_log_softmax")
        ),
        Form("aten.rms_norm.default", (data(2, 3, 4), [4], weight(4), 1e-5), dtypes=FLOATS),
        Form("aten.native_dropout.default", (data(2, 3, 4), 0.5, False), dtypes=("float32",)),
    ]


FORMS = [
    _convolution(1),
    _convolution(2),
    _convolution(3),
    *_products(),
    *_pools(),
    *_norms(),
    Form(
        "aten.embedding.default",
        (weight(10, 4), index(2, 3, most=9)),
        dtypes=FLOATS,
        changes=[
            ("int32", {"1": index(2, 3, most=9, dtype="int32")}),
            ("vector", {"1": index(3, most=9)}),
            ("padding", {"2": 0}),
            ("runtime weight", {"0": data(10, 4)}),
        ],
    ),
    Form(
        "aten._embedding_bag.default",
        (weight(10, 4), index(6, most=9), index(2, most=2)),
        dtypes=("float32",),
        dims={},
        empty=False,
    ),
    *(
        Form(
            f"aten.upsample_{name}.vec",
            (IMAGE, None, *more, [2.0, 2.0]),
            dtypes=FLOATS,
            dims=BATCH,
            changes=[
                ("size", {"1": [6, 6], f"{2 + len(more)}": None}),
                ("uneven", {f"{2 + len(more)}": [1.5, 2.0]}),
                *([("corners", {"2": True})] if more else []),
            ],
        )
        for name, more in (("nearest2d", ()), ("bilinear2d", (False,)), ("bicubic2d", (False,)))
    ),
    Form("aten.upsample_nearest1d.vec", (data(2, 4, 8), None, [2.0]), dtypes=FLOATS, dims=BATCH),
    Form("aten.upsample_linear1d.vec", (data(2, 4, 8), None, False, [2.0]), dtypes=FLOATS, dims=BATCH),
    Form("aten.upsample_nearest3d.vec", (data(1, 2, 4, 4, 4), None, [2.0, 2.0, 2.0]), dtypes=("float32",), dims=BATCH),
    Form(
        "aten.grid_sampler_2d.default",
        (IMAGE, data(2, 3, 3, 2, low=-1, high=1), 0, 0, False),
        dtypes=FLOATS,
        dims={},
        empty=False,
        changes=[
            ("nearest", {"2": 1}),
            ("border", {"3": 1}),
            ("corners", {"4": True}),
            ("reflected", {"3": 2}),
            ("bicubic", {"2": 2}),
        ],
    ),
    Form(
        "aten.grid_sampler_3d.default",
        (data(1, 2, 4, 4, 4), data(1, 2, 2, 2, 3, low=-1, high=1), 0, 0, False),
        dtypes=("float32",),
        dims={},
        empty=False,
    ),
    Form("aten.col2im.default", (data(1, 16, 16), [5, 5], [2, 2], [1, 1], [0, 0], [1, 1]), dtypes=FLOATS, dims={}, empty=False),
    Form("aten.im2col.default", (data(1, 4, 5, 5), [2, 2], [1, 1], [0, 0], [1, 1]), dtypes=("float32",), dims={}, empty=False),
    Form(
        "aten.scaled_dot_product_attention.default", (data(1, 2, 3, 4), data(1, 2, 3, 4), data(1, 2, 3, 4)), dtypes=("float32",)
    ),
    Form(
        "aten._cdist_forward.default", (data(3, 4), data(5, 4), 2.0, None), dtypes=("float32", "float64"), dims={"dynamic": (0,)}
    ),
    Form("aten._pdist_forward.default", (data(3, 4), 2.0), dtypes=("float32",)),
]

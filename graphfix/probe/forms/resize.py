"""Resizing and sampling images."""

from graphfix.probe.form import Change, Form, Tensor, aged, data, each, numbers, settled, weight

SCALED = {"scales": numbers(1.0, 1.0, 2.0, 2.0, dtype="float32"), "sizes": None}
SIZED = {"scales": None, "sizes": numbers(2, 3, 8, 10)}
MODES: list[Change] = [{"mode": mode, "coordinate_transformation_mode": where, **more}
    for mode in ("nearest", "linear", "cubic")
         for where in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "tf_half_pixel_for_nn",
             "half_pixel_symmetric")
         for more in ({}, SIZED, {"dims": "dynamic"})]  # fmt: skip
NEAREST: list[Change] = [{"mode": "nearest", "nearest_mode": how, "coordinate_transformation_mode": where}
    for how in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
           for where in ("asymmetric", "half_pixel", "align_corners")]  # fmt: skip
FLOORED = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
NO_ROI = numbers(dtype="float32")
NO_SCALES = numbers(dtype="float32")
SHAPES = {1: (5,), 2: (4, 5), 3: (2, 4, 5), 4: (2, 3, 4, 5), 5: (2, 3, 4, 2, 5), 6: (1, 2, 3, 2, 2, 5), 7: (1, 2, 1, 3, 2, 2, 5)}
KINDS: list[Change] = [
    *MODES, *NEAREST, {"roi": None}, {"roi": None, "dims": "dynamic"}, {"roi": None, **SIZED, "dims": "dynamic"},
    {"roi": None, "mode": "linear"}, {"roi": NO_ROI, **SIZED, "scales": NO_SCALES}, {"roi": None, **SIZED},
    {**SIZED, "dims": "batch"}, {**SIZED, "dims": "dynamic"},
    *({**FLOORED, "roi": roi, "dims": dims} for roi in (NO_ROI, None)
        for dims in ("static", "batch", "spatial", "sequence", "dynamic")),
        *({**FLOORED, "roi": NO_ROI, "scales.from": source} for source in ("node", "folded")),
    *({"scales": None, "sizes": Tensor((4,), source, (2, 3, 8, 10)), "mode": mode, "dims": dims}
        for source in ("folded", "fixed-shape", "shape", "runtime") for mode in ("nearest", "linear", "cubic")
        for dims in ("static", "batch", "spatial", "sequence", "dynamic")),
    *({"roi": NO_ROI, "scales": NO_SCALES, "sizes": Tensor((4,), source, (2, 3, 8, 10)), "mode": mode, "dims": dims}
        for source in ("constant", "folded", "shape") for mode in ("nearest", "linear", "cubic") for dims in ("static",
        "batch", "spatial", "sequence", "dynamic")),
    *({"scales": numbers(1.0, 1.0, up, up, dtype="float32"), "mode": mode} for up in (0.5, 1.5, 4.0, 1.0)
        for mode in ("nearest", "linear", "cubic")), {"scales": numbers(1.0, 1.0, 2.0, 3.0, dtype="float32")},
        {"scales": numbers(1.0, 2.0, 2.0, 2.0, dtype="float32")},
    *({"X": data(2, 3, 4), "scales": numbers(1.0, 1.0, 2.0, dtype="float32"), "mode": mode}
        for mode in ("nearest", "linear")), *({"X": data(2, 3, 4, 4, 4),
        "scales": numbers(1.0, 1.0, 2.0, 2.0, 2.0, dtype="float32"), "mode": mode} for mode in ("nearest", "linear")),
    {"X": data(4, 5), "scales": numbers(2.0, 2.0, dtype="float32")},
    {"X": data(2, 4, 5, 3), "scales": numbers(1.0, 2.0, 2.0, 1.0, dtype="float32"), "mode": "linear"},
    *each(antialias=[1], exclude_outside=[1], extrapolation_value=[1.0], cubic_coeff_a=[-0.5],
        keep_aspect_ratio_policy=["not_larger"]), {"mode": "linear", "antialias": 1}, {"mode": "cubic", "antialias": 1},
        {"mode": "cubic", "cubic_coeff_a": -0.5}, {"mode": "cubic", "exclude_outside": 1},
    {"axes": [2, 3], "scales": numbers(2.0, 2.0, dtype="float32")}, {"axes": [2, 3], "scales": None, "sizes": numbers(8, 10)},
    *({"sizes": Tensor((len(sizes),), source, sizes), "scales": None, "axes": axes, "keep_aspect_ratio_policy": policy,
        "mode": mode,
       "roi": None} for policy in ("stretch", "not_larger", "not_smaller") for sizes, axes in (((2, 3, 8, 9), None), ((8, 9),
           [2, 3]),
       ((9, 8), [3, 2]), ((8, 9), [-2, -1])) for mode in ("nearest", "linear", "cubic") for source in ("constant", "runtime")
       if source == "constant" or (mode, axes) == ("nearest", None)),
    *({"axes": axes, "scales": numbers(*ups, dtype="float32"), "mode": mode, "roi": None, "dims": dims} for axes, ups in (([2, 3],
       (2.0, 2.0)), ([3, 2], (2.0, 3.0)), ([-2, -1], (0.5, 0.5)), ([2], (2.0,)), ([0, 1, 2, 3], (1.0, 1.0, 2.0, 2.0)), ([1, 2],
           (1.0,
       2.0))) for mode in ("nearest", "linear", "cubic") for dims in ("static", "dynamic")
       if mode != "cubic" or axes == [2, 3]),
    *({"axes": axes, "scales": Tensor((2,), "runtime", (2.0, 1.5)), "mode": mode, "roi": None}
      for axes in ([2, 3], [3, 2], [-2, -1]) for mode in ("nearest", "linear", "cubic")),
    *({"axes": axes, "sizes": Tensor((2,), "runtime", (8, 9)), "scales": None, "mode": mode, "roi": None,
       "keep_aspect_ratio_policy": policy} for axes in ([2, 3], [3, 2], [-2, -1]) for mode in ("nearest", "linear", "cubic")
      for policy in (None, "not_larger", "not_smaller")),
    *({"axes": axes, "sizes": Tensor((2,), "runtime", (8, 9)), "scales": None, "mode": "linear",
       "coordinate_transformation_mode": "tf_crop_and_resize",
       "roi": Tensor((4,), "runtime", (0.25, 0.25, 0.75, 0.75), dtype="float32")} for axes in ([2, 3], [3, 2], [-2, -1])),
    *({"roi": Tensor((8,), source, (0, 0, 0.25, 0.25, 1, 1, 0.75, 0.75), dtype="float32"), "mode": mode, **size,
       "coordinate_transformation_mode": "tf_crop_and_resize", **more} for source in ("constant", "runtime")
           for mode in ("nearest", "linear", "cubic") for size in ({}, SIZED) for more in ({}, {"extrapolation_value": 1.0})),
    *({"roi": Tensor((4,), source, (0.25, 0.25, 0.75, 0.75), dtype="float32"), "mode": "linear", "axes": axes,
       "coordinate_transformation_mode": "tf_crop_and_resize", "scales": None, "sizes": numbers(8, 9)} for axes in ([2, 3], [3,
           2])
       for source in ("constant", "runtime")),
    *({"roi": Tensor((8,), source, (0, 0, 0, 0, 1, 1, 1, 1), dtype="float32"), "mode": mode} for source in ("constant", "runtime")
       for mode in ("nearest", "linear")),
    *({"mode": mode, "scales": Tensor((4,), source, (1.0, 1.0, 2.0, 2.0), dtype="float32"), "dims": dims, "roi": roi}
       for mode in ("nearest", "linear") for source in ("runtime", "folded", "shape") for dims in ("static", "dynamic")
       for roi in (None, NO_ROI) if mode != "cubic" or roi is None),
    *({"mode": mode, "antialias": 1, "scales": numbers(1.0, 1.0, up, up, dtype="float32"), "roi": None, **more}
        for mode in ("linear",
       "cubic") for up in (0.5, 2.0) for more in ({}, {"exclude_outside": 1}, {"dims": "dynamic"})),
    *({"mode": mode, "antialias": 1, **SIZED, "sizes": numbers(2, 3, 2, 3), "roi": None} for mode in ("linear", "cubic")),
    *({"mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1, "coordinate_transformation_mode": where, **size}
       for where in ("half_pixel", "asymmetric", "align_corners") for size in ({}, SIZED)),
    *({"X": data(*SHAPES[rank]), "scales": numbers(*[1.0] * (rank - 1), 2.0, dtype="float32"), "mode": mode, "roi": None}
       for rank in SHAPES for mode in ("nearest", "linear")),
    *({"X": data(*SHAPES[rank]), "scales": None, "sizes": numbers(*SHAPES[rank][:-1], 7), "mode": mode, "roi": None, "dims": dims}
       for rank in SHAPES for mode in ("nearest", "linear") for dims in (("static", "dynamic")
       if rank < 6 else ("static",))),
    *({"T1": dtype, "mode": mode, **size} for dtype in ("float16", "float64", "uint8", "int32") for mode in ("nearest", "linear")
       for size in ({}, SIZED)),
    *({"X": data(*shape), "mode": mode} for shape in ((0, 3, 4, 5), (2, 0, 4, 5)) for mode in ("nearest", "linear")),
    *({"mode": mode, "nearest_mode": how, "coordinate_transformation_mode": where, **SIZED} for mode in ("nearest",)
       for how in ("floor", "ceil", "round_prefer_ceil") for where in ("asymmetric", "half_pixel", "align_corners",
       "pytorch_half_pixel", "half_pixel_symmetric")),
    *({"mode": mode, "T2": kind, "roi": Tensor((0,), "constant", ())} for mode in ("nearest",) for kind in ("float16",
        "float64")),
    {"roi": numbers(0, 0, 0, 0, 1, 1, 1, 1, dtype="float32"), "coordinate_transformation_mode": "tf_crop_and_resize",
        "mode": "linear"},
    *({"roi": numbers(*[whole] * 8, dtype="float32"), "mode": mode, **size} for whole in (0.0, 1.0, 0.5)
      for mode in ("nearest", "linear") for size in ({}, SIZED)),
    *({"mode": mode, "nearest_mode": "floor", "coordinate_transformation_mode": where, **SIZED} for mode in ("linear", "cubic")
      for where in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")),
    *aged(11, 13, changes=[{"mode": "cubic", "coordinate_transformation_mode": where, **SIZED}
      for where in ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")]),
    *aged(11, 13, changes=[{"mode": "cubic", "coordinate_transformation_mode": "half_pixel", "cubic_coeff_a": -0.75, **SIZED,
        "nearest_mode": "floor", "sizes.from": source} for source in ("constant", "folded")]),
    *({"scales": numbers(*[1.0] * 4, dtype="float32"), "mode": mode, "dims": dims} for mode in ("nearest", "linear", "cubic")
      for dims in ("static", "dynamic")),
    *({"mode": mode, "nearest_mode": how, "coordinate_transformation_mode": where, **size, "dims": dims, "roi": None}
      for mode in ("linear", "cubic") for how in ("floor", "round_prefer_floor")
      for where in ("align_corners", "half_pixel", "pytorch_half_pixel", "asymmetric")
      for size in ({}, {**SIZED}, {**SIZED, "sizes.from": "shape"}) for dims in ("static", "batch", "spatial", "dynamic")
      if (mode == "linear" or (dims == "static" and how == "floor"))),
    *aged(11, 13, 18, changes=[{"mode": "linear", "nearest_mode": how, "coordinate_transformation_mode": "align_corners", **size}
      for how in ("floor", "round_prefer_floor") for size in ({}, {**SIZED}, {**SIZED, "roi": NO_ROI, "scales": NO_SCALES})]),
    *({"X": data(*shape), **SIZED, "sizes": numbers(*sizes), "mode": mode} for mode in ("nearest", "linear")
      for shape, sizes in (((1, 1, 4, 5), (1, 1, 1, 1)), ((1, 1, 1, 1), (1, 1, 1, 1)), ((1, 1, 1, 1), (1, 1, 6, 6)))),
]  # fmt: skip
HOW: list[Change] = [
    *({"mode": mode, **more} for mode in ("nearest", "linear", "cubic") for more in ({}, *each(coordinate_transformation_mode=[
        "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric"]), {"antialias": 1}, {"roi": None})),
    *({"mode": "nearest", "nearest_mode": how, "roi": None} for how in ("floor", "ceil", "round_prefer_ceil")),
    *({"mode": "cubic", "roi": None, **more} for more in ({"cubic_coeff_a": -0.5}, {"exclude_outside": 1})),
    *({"T1": dtype, "roi": None} for dtype in ("float16", "int32", "uint8")), {"since": 11, "roi": NO_ROI}, {"since": 13},
]  # fmt: skip
SETTLED: list[Change] = [
    *settled("sizes", changes=[{**how, **SIZED} for how in HOW]),
    *settled("sizes", changes=[{**SIZED, "roi": None, "mode": mode, "axes": [2, 3], "sizes": numbers(8, 10), **more}
        for mode in ("nearest", "linear", "cubic")
        for more in ({}, *each(keep_aspect_ratio_policy=["not_larger", "not_smaller"]))]),
    *settled("scales", changes=[*HOW, *({**how, "scales": numbers(1.0, 1.0, 0.6, 0.6, dtype="float32")} for how in HOW[:18])]),
    *settled("scales", changes=[{"roi": None, "mode": mode, "axes": [2, 3], "scales": numbers(2.0, 2.0, dtype="float32")}
        for mode in ("nearest", "linear", "cubic")]),
]  # fmt: skip

FORMS = [
    Form("Resize", {"X": data(2, 3, 4, 5), "roi": NO_ROI, **SCALED}, {"mode": "nearest"}, changes=[*KINDS, *SETTLED]),
    Form("Upsample", {"X": data(2, 3, 4, 5), "scales": numbers(1.0, 1.0, 2.0, 2.0)}, {"mode": "nearest"},
         changes=[{"mode": "linear"}, *settled("scales", changes=[{}, {"mode": "linear"}]),
             {"X": data(2, 3, 4), "scales": numbers(1.0, 1.0, 2.0)},
             {"mode": "linear", "dims": "dynamic"}, {"mode": "linear", "dims": "batch"},
             {"scales": numbers(1.0, 1.0, 1.0, 2.0)}, {"scales": numbers(1.0, 1.0, 1.0, 1.0)},
             *({"X": data(*SHAPES[rank]), "scales": numbers(*[1.0] * (rank - 1), 2.0), "mode": mode, "dims": dims}
                 for rank in SHAPES
               for mode in ("nearest", "linear") for dims in (("static", "dynamic") if rank < 6 else ("static",))),
             *({"scales.from": source, "mode": mode, "dims": dims} for source in ("runtime", "folded") for mode in ("nearest",
                 "linear")
               for dims in ("static", "dynamic")),
             *({"T": dtype, "mode": mode} for dtype in ("float16", "float64", "int32", "uint8") for mode in ("nearest",
                 "linear"))]),
    Form("GridSample", {"X": data(2, 3, 4, 5), "grid": data(2, 6, 6, 2)},
         changes=[*each(mode=["linear", "nearest", "cubic", "bilinear", "bicubic"],
             padding_mode=["zeros", "border", "reflection"], align_corners=[1]),
             {"X": data(1, 2, 3, 4, 5), "grid": data(1, 3, 3, 3, 3)},
             *({"X": data(*shape), "grid": data(*grid), "mode": mode, "padding_mode": padding, "align_corners": corners}
               for shape, grid in (((2, 3, 4, 5), (2, 6, 6, 2)), ((1, 2, 3, 4, 5), (1, 3, 3, 3, 3))) for mode in ("linear",
               "nearest",
               "cubic", "bilinear", "bicubic") for padding in ("zeros", "border", "reflection") for corners in (0, 1)
               if len(shape) == 4 or mode in ("linear", "nearest")),
             *({"X": data(*shape), "grid": data(*grid), "mode": mode, "dims": dims} for shape, grid in (((2, 3, 4, 5), (2, 6, 6,
                 2)),
               ((1, 2, 3, 4, 5), (1, 3, 3, 3, 3))) for mode in ("linear", "nearest") for dims in ("batch", "dynamic")),
             *aged(16, 20, changes=[{"mode": mode, "padding_mode": padding, "align_corners": corners} for mode in ("linear",
                 "bilinear", "nearest", "cubic", "bicubic") for padding in ("zeros", "border", "reflection")
                 for corners in (0, 1)]), *aged(16, changes=[{"mode": mode, "dims": dims} for mode in ("bilinear", "bicubic",
                 "nearest") for dims in ("batch", "dynamic")]),
             {"grid": weight(2, 6, 6, 2)}, *({"T1": dtype, "mode": mode} for dtype in ("float16", "float64", "int32")
                 for mode in (
             "linear", "nearest")), {"T1": "float16", "T2": "float16"}, {"X": data(2, 3, 4), "grid": data(2, 6, 1)}]),
    Form("AffineGrid", {"theta": data(2, 2, 3), "size": numbers(2, 3, 4, 5)},
        changes=[{"align_corners": 1}, {"theta": data(2, 3, 4), "size": numbers(2, 3, 4, 5, 6)},
                 *({"theta": data(*theta), "size": Tensor((len(size),), source, size), "align_corners": corners, "dims": dims}
                   for theta, size in (((2, 2, 3), (2, 3, 4, 5)), ((2, 3, 4), (2, 3, 4, 5, 6))) for source in ("constant",
                   "runtime",
                   "folded", "shape") for corners in (0, 1) for dims in ("static", "dynamic")),
                 *({"T1": dtype, "align_corners": corners} for dtype in ("float16", "float64") for corners in (0, 1)),
                 {"theta": data(1, 2, 3), "size": numbers(1, 1, 1, 1)},
                 *({"theta": data(1, 2, 3), "size": numbers(1, 1, 4, 5), "align_corners": corners} for corners in (0, 1))]),
    Form("RoiAlign", {"X": data(1, 2, 8, 8), "rois": data(3, 4, low=0, high=7), "batch_indices": numbers(0, 0, 0)},
        {"output_height": 2, "output_width": 2},
         changes=[*each(mode=["avg", "max"], coordinate_transformation_mode=["half_pixel", "output_half_pixel"],
             sampling_ratio=[2], spatial_scale=[0.5]), {"batch_indices.from": "runtime"},
                  *({"mode": mode, "coordinate_transformation_mode": where, "output_height": high, "output_width": wide,
                     "sampling_ratio": ratio, "spatial_scale": scale} for mode in ("avg", "max") for where in ("half_pixel",
                     "output_half_pixel") for high, wide in ((1, 1), (2, 2), (5, 5)) for ratio in (0, 2) for scale in (1.0, 0.5)
                     if ratio == 0 or (high, scale) == (5, 1.0)),
                  *({"mode": mode, "batch_indices.from": source, "dims": dims, "output_height": 5, "output_width": 5}
                      for mode in ("avg",
                     "max") for source in ("constant", "runtime", "folded") for dims in ("static", "dynamic")),
                  *({"batch_indices": numbers(*at), "X": data(3, 2, 8, 8)} for at in ((0, 1, 2), (1, 1, 1), (1, 2, 1))),
                  *aged(10, 16, changes=[{"mode": mode, "sampling_ratio": ratio, "dims": dims, "output_height": 5,
                      "output_width": 5} for mode in ("avg", "max") for ratio in (0, 2) for dims in ("static", "dynamic")]),
                  {"rois": weight(3, 4, low=0, high=7)}, {"sampling_ratio": 1}, {"sampling_ratio": 4}, {"rois": data(1, 4,
                      low=0, high=7),
                  "batch_indices": numbers(0)}, *({"T1": dtype, "mode": mode} for dtype in ("float16", "float64")
                      for mode in ("avg",
                  "max"))]),
    Form("NonMaxSuppression", {"boxes": data(1, 6, 4, low=0, high=1), "scores": data(1, 2, 6, low=0, high=1),
        "max_output_boxes_per_class": numbers(3), "iou_threshold": numbers(0.5), "score_threshold": numbers(0.0)},
         changes=[{"center_point_box": 1}, {"score_threshold": None},
             {"max_output_boxes_per_class": None, "iou_threshold": None, "score_threshold": None},
             {"max_output_boxes_per_class.from": "runtime"},
             {"boxes": data(2, 6, 4, low=0, high=1), "scores": data(2, 2, 6, low=0, high=1)},
                  *({"max_output_boxes_per_class": Tensor(shape, most, (count,)), "iou_threshold": Tensor(shape, limits, (0.5,)),
                     "score_threshold": Tensor(shape, limits, (0.0,)), "center_point_box": point, "dims": dims}
                         for shape in ((), (1,))
                    for most in ("constant", "runtime") for limits in ("constant", "runtime")
                    for count in (3, 1, 0)
                    for point in (0, 1) for dims in ("static", "dynamic")
                    if dims == "static" or (point == 0 and count == 3)
                    if point == 0 or most == limits),
                  *({name: Tensor((), source, (value,))} for source in ("constant", "runtime") for name, value in
                      (("max_output_boxes_per_class", 3), ("iou_threshold", 0.5), ("score_threshold", 0.0))),
                  {"iou_threshold": None, "score_threshold": None}, {"max_output_boxes_per_class": None},
                  {"iou_threshold": None}, {"boxes": weight(1, 6, 4, low=0, high=1)}, {"scores": weight(1, 2, 6, low=0, high=1)},
                  {"boxes": data(1, 0, 4), "scores": data(1, 2, 0)}]),
]  # fmt: skip

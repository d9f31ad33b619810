"""Resizing and sampling images."""

from graphfix.probe.form import Change, Form, Tensor, data, each, numbers

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
KINDS: list[Change] = [
    *MODES, *NEAREST, {"roi": None}, {"roi": None, "dims": "dynamic"}, {"roi": None, **SIZED, "dims": "dynamic"},
    {"roi": None, "mode": "linear"}, {"roi": NO_ROI, **SIZED, "scales": NO_SCALES}, {"roi": None, **SIZED},
    {**SIZED, "dims": "batch"}, {**SIZED, "dims": "dynamic"},
    *({**FLOORED, "roi": roi, "dims": dims} for roi in (NO_ROI, None)
        for dims in ("static", "batch", "spatial", "sequence", "dynamic")),
        *({**FLOORED, "roi": NO_ROI, "scales.from": source} for source in ("node", "folded")),
    *({"scales": None, "sizes": Tensor((4,), source, (2, 3, 8, 10)), "mode": mode, "dims": dims}
        for source in ("folded", "shape", "runtime") for mode in ("nearest", "linear") for dims in ("static", "batch",
        "spatial", "sequence", "dynamic")),
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
    {"roi": numbers(0, 0, 0, 0, 1, 1, 1, 1, dtype="float32"), "coordinate_transformation_mode": "tf_crop_and_resize",
        "mode": "linear"},
]  # fmt: skip

FORMS = [
    Form("Resize", {"X": data(2, 3, 4, 5), "roi": NO_ROI, **SCALED}, {"mode": "nearest"}, changes=KINDS),
    Form("Upsample", {"X": data(2, 3, 4, 5), "scales": numbers(1.0, 1.0, 2.0, 2.0)}, {"mode": "nearest"},
         changes=[{"mode": "linear"}, {"X": data(2, 3, 4), "scales": numbers(1.0, 1.0, 2.0)},
             {"mode": "linear", "dims": "dynamic"}, {"mode": "linear", "dims": "batch"},
             {"scales": numbers(1.0, 1.0, 1.0, 2.0)}]),
    Form("GridSample", {"X": data(2, 3, 4, 5), "grid": data(2, 6, 6, 2)},
         changes=[*each(mode=["linear", "nearest", "cubic", "bilinear", "bicubic"],
             padding_mode=["zeros", "border", "reflection"], align_corners=[1]),
             {"X": data(1, 2, 3, 4, 5), "grid": data(1, 3, 3, 3, 3)}]),
    Form("AffineGrid", {"theta": data(2, 2, 3), "size": numbers(2, 3, 4, 5)},
        changes=[{"align_corners": 1}, {"theta": data(2, 3, 4), "size": numbers(2, 3, 4, 5, 6)}]),
    Form("RoiAlign", {"X": data(1, 2, 8, 8), "rois": data(3, 4, low=0, high=7), "batch_indices": numbers(0, 0, 0)},
        {"output_height": 2, "output_width": 2},
         changes=[*each(mode=["avg", "max"], coordinate_transformation_mode=["half_pixel", "output_half_pixel"],
             sampling_ratio=[2], spatial_scale=[0.5]), {"batch_indices.from": "runtime"}]),
    Form("NonMaxSuppression", {"boxes": data(1, 6, 4, low=0, high=1), "scores": data(1, 2, 6, low=0, high=1),
        "max_output_boxes_per_class": numbers(3), "iou_threshold": numbers(0.5), "score_threshold": numbers(0.0)},
         changes=[{"center_point_box": 1}, {"score_threshold": None},
             {"max_output_boxes_per_class": None, "iou_threshold": None, "score_threshold": None},
             {"max_output_boxes_per_class.from": "runtime"},
             {"boxes": data(2, 6, 4, low=0, high=1), "scores": data(2, 2, 6, low=0, high=1)}]),
]  # fmt: skip

"""RoiAlign of regions whose number is dynamic, with the image of each given, zero, or picked together with the region."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

MAPS = ("1,3,16,16", "n,3,16,16", "2,3,16,16", "1,3,h,w", "n,3,h,w")
REGIONS = (("5,4", "5"), ("k,4", "k"), ("k,4", "m"))
VERSIONS = ((10, ""), (16, ', coordinate_transformation_mode = "half_pixel"'),
            (16, ', coordinate_transformation_mode = "output_half_pixel"'), (22, ""))  # fmt: skip
HELD = "int64[1] k = {3}, int64[1] zero = {0}, int64[1] one = {1}, float[1] none = {0}, int64[1] five = {5}"
BEHIND = {
    "zeros": ("float[k,4] R",
              "s = Shape(R) e = Slice(s, zero, one) r = Identity(R) i = ConstantOfShape<value = int64[1] {0}>(e)"),
    "TopK": ("float[k,4] R, float[k] S",
             "v, t = TopK(S, k) r = Gather(R, t) s = Shape(t) i = ConstantOfShape<value = int64[1] {0}>(s)"),
    "TopK of fixed": ("float[9,4] R, float[9] S", "v, t = TopK(S, k) r = Gather(R, t) i = Sub(t, t)"),
    "column": ("float[k,5] R",
               "c = Slice(R, zero, one, one) q = Squeeze(c, one) i = Cast<to = 7>(q) r = Slice(R, one, five, one)"),
    "column of fixed": ("float[6,5] R",
                        "c = Slice(R, zero, one, one) q = Squeeze(c, one) i = Cast<to = 7>(q) r = Slice(R, one, five, one)"),
    "NonZero": ("float[k,4] R, float[k] S",
                "g = Greater(S, none) z = NonZero(g) t = Squeeze(z, zero) r = Gather(R, t) i = Sub(t, t)"),
    "scaled": ("float[k,4] R, int64[k] I", "r = Mul(R, R) i = Identity(I)"),
}  # fmt: skip


def _given(
    image: str, regions: str, indices: str, version: tuple[int, str], size: int = 7, ratio: int = 2, mode: str = "avg"
) -> TextProbe:
    opset, how = version
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{image}] X, float[{regions}] R, int64[{indices}] I)'
        f" => (float[o0,3,{size},{size}] Y) {{ i = Sub(I, I) [probe] Y = RoiAlign<output_height = {size},"
        f' output_width = {size}, sampling_ratio = {ratio}, spatial_scale = 0.25, mode = "{mode}"{how}>(X, R, i) }}'
    )
    label = f"[{image}] in [{regions}] of [{indices}] to {size} {mode} ratio={ratio}{how} opset={opset}"
    return TextProbe("RoiAlign", label, text, ("X.dims", "rois.dims", AGAIN))


def _picked(image: str, how: str, size: int, ratio: int) -> TextProbe:
    inputs, body = BEHIND[how]
    text = (
        f'<ir_version: 8, opset_import: ["": 16]> g (float[{image}] X, {inputs}) => (float[o0,3,{size},{size}] Y) <{HELD}>'
        f" {{ {body} [probe] Y = RoiAlign<output_height = {size}, output_width = {size}, sampling_ratio = {ratio},"
        " spatial_scale = 0.25>(X, r, i) }"
    )
    label = f"[{image}] in regions by {how} to {size} ratio={ratio}"
    return TextProbe("RoiAlign", label, text, ("X.dims", "rois.dims", "rois.from", AGAIN))


FORMS = [
    *(_given(image, *regions, version) for image, regions, version in product(MAPS, REGIONS, VERSIONS)),
    *(_given(image, *REGIONS[1], VERSIONS[1], size, ratio, mode) for image, size, ratio, mode in product(
        ("1,3,16,16", "n,3,16,16"), (1, 14), (0, 2), ("avg", "max"))),
    *(_picked(image, how, size, ratio) for image, how, (size, ratio) in product(
        ("1,3,16,16", "1,3,h,w", "n,3,16,16"), BEHIND, ((7, 2), (14, 0)))),
]  # fmt: skip

"""GridSample of images of any size: at places that are given, or that a model computes from a flow or from positions."""

from itertools import product

from graphfix.probe.form import AGAIN, TextProbe

IMAGES = ("1,3,h,w", "n,3,h,w", "2,3,h,w", "1,3,6,w", "1,c,h,w", "n,c,h,w")
GRIDS = ("1,4,5,2", "n,4,5,2", "1,p,q,2", "n,p,q,2", "n,h,w,2", "1,h,w,2")
MODES = (("bilinear", 16), ("nearest", 16), ("linear", 20), ("linear", 22))
COMPUTED = {
    "Mul": "G = Mul(F, F)",
    "Transpose": "G = Transpose<perm = [0, 2, 3, 1]>(F)",
    "Concat": "a, b = Split<axis = 3>(F) c = Tanh(a) G = Concat<axis = 3>(c, b)",
    "Add": "G = Add(F, P)",
}


def _given(image: str, grid: str, mode: str, opset: int, padding: str = "zeros", corners: int = 0) -> TextProbe:
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{image}] X, float[{grid}] G) => (float[o0,o1,o2,o3] Y) {{'
        f' [probe] Y = GridSample<mode = "{mode}", padding_mode = "{padding}", align_corners = {corners}>(X, G) }}'
    )
    label = f"[{image}] at given [{grid}] {mode} {padding} corners={corners} opset={opset}"
    return TextProbe("GridSample", label, text, ("X.dims", "grid.dims", AGAIN))


def _computed(image: str, flow: str, how: str, mode: str, opset: int) -> TextProbe:
    places = flow.replace(",h,w,2", ",2,h,w").replace(",4,5,2", ",2,4,5") if how == "Transpose" else flow
    text = (
        f'<ir_version: 8, opset_import: ["": {opset}]> g (float[{image}] X, float[{places}] F) => (float[o0,o1,o2,o3] Y)'
        f" <float[1,1,1,2] P = {{0.1, -0.1}}> {{ {COMPUTED[how]}"
        f' [probe] Y = GridSample<mode = "{mode}", align_corners = 1>(X, G) }}'
    )
    label = f"[{image}] at [{places}] by {how} {mode} opset={opset}"
    return TextProbe("GridSample", label, text, ("X.dims", "grid.dims", "grid.from", AGAIN))


def _fits(image: str, grid: str) -> bool:
    """Whether the batches can be equal: a dynamic one is 2 when a probe runs."""
    first, second = image[0], grid[0]
    return first == second or {first, second} == {"2", "n"}


FORMS = [
    *(_given(image, grid, *mode) for image, grid, mode in product(IMAGES, GRIDS, MODES) if _fits(image, grid)),
    *(_given(image, grid, "bilinear", 16, padding, corners) for image, grid, padding, corners in product(
        IMAGES[:2], ("1,p,q,2", "n,h,w,2"), ("border", "reflection"), (0, 1))),
    *(_computed(image, flow, how, *mode) for image, flow, how, mode in product(
        ("1,3,h,w", "n,3,h,w", "1,3,6,7"), ("1,4,5,2", "n,h,w,2", "1,h,w,2"), COMPUTED, (MODES[0], MODES[2]))
      if _fits(image, flow)),
]  # fmt: skip

"""A decoder of boxes: negative, strided and ellipsis slices, index tensors, writes into slices."""

import torch
from torch import Tensor, nn

EXPORTERS = {"dynamo": True, "trace": True, "script": True}
SHAPES = ("x=NxAx6",)  # the dims that may be free


class BoxDecoder(nn.Module):
    """Turns raw anchors into boxes, in place, the way detectors are written."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(6, 6)
        self.register_buffer("order", torch.tensor([2, 0, 3, 1]))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps (N, A, 6) to boxes (N, A, 4), scores (N, A/2) and picked corners (N, 4)."""
        y = self.head(x)  # makes: MatMul, Add
        boxes = torch.zeros_like(y[..., :4])  # makes: Slice, Shape, ConstantOfShape, Expand
        # also makes: Range, Shape, Expand, Reshape, Where, Equal, Mul, Add, ConstantOfShape, Concat, Cast, Slice, Transpose
        boxes[..., 0] = y[..., 0] - y[..., 2] / 2  # makes: Gather, Div, Sub, Unsqueeze, ScatterND, ScatterElements
        # also makes: Range, Shape, Expand, Reshape, Where, Equal, Add, ConstantOfShape, Concat, Cast, Unsqueeze
        boxes[..., 1:3] = torch.sigmoid(y[..., 1:3]) * 2.0  # makes: Slice, Sigmoid, Mul, ScatterND, ScatterElements, Transpose
        # also makes: Range, Shape, Reshape, Where, Equal, Mul, Add, ConstantOfShape, Concat, Cast, Unsqueeze
        boxes[:, ::2, -1] = 1.0  # makes: Slice, ScatterND, ScatterElements, Transpose, Expand, Gather
        scores = y[:, 1::2, -1]  # makes: Slice, Gather, Squeeze
        picked = boxes[:, self.order[:2], :-1:2].flatten(1)  # makes: Slice, Gather, GatherND, Transpose, Flatten, Reshape
        last = boxes[:, -3:].mean(1)[:, self.order]  # makes: Slice, ReduceMean, Gather, GatherND, Transpose
        return boxes, scores, picked + last  # makes: Add


def example_inputs() -> tuple[Tensor, ...]:
    """Raw anchors, (2, 8, 6)."""
    return (torch.randn(2, 8, 6, generator=torch.Generator().manual_seed(1)),)


def make() -> BoxDecoder:
    """The seeded module."""
    torch.manual_seed(0)
    return BoxDecoder().eval()


make.example_inputs = example_inputs

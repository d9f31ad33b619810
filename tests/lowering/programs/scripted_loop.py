"""Refinement whose number of steps is an input: a loop in a function that `torch.jit.script` compiles."""

import torch
from torch import Tensor, nn

EXPORTERS = {
    "dynamo": False,  # torch.export cannot follow a loop whose count is data
    "trace": True,  # the decorated function is compiled by itself: its loop stays in the trace
    "script": True,
}
SHAPES = ("x=Nx5",)  # the dims that may be free


@torch.jit.script
def refine(x: Tensor, target: Tensor, weight: Tensor, steps: Tensor) -> Tensor:
    """Takes `steps` damped steps from x (N, F) towards target (N, F)."""
    rate = torch.full_like(target[:1, :1], 0.5)  # makes: Shape, ConstantOfShape, Expand, Slice
    for i in range(int(steps)):  # makes: Loop, Cast
        gradient = torch.matmul(x - target, weight)  # makes: Sub, MatMul
        x = x - rate * torch.tanh(gradient)  # makes: Tanh, Mul, Sub
        if i > 1:  # makes: Greater, If
            rate = rate * 0.9  # makes: Mul
    return x


class Solver(nn.Module):
    """Encodes, refines, decodes."""

    def __init__(self, features: int = 5, hidden: int = 8) -> None:
        super().__init__()
        self.encode = nn.Linear(features, hidden)
        self.decode = nn.Linear(hidden, 2)
        self.metric = nn.Parameter(torch.eye(hidden) + 0.1 * torch.randn(hidden, hidden))

    def forward(self, x: Tensor, steps: Tensor) -> Tensor:
        """Maps (N, features) and a count () int64 to (N, 2)."""
        h = torch.relu(self.encode(x))  # makes: Gemm, Relu
        h = refine(h, torch.ones_like(h), self.metric, steps)  # makes: ConstantOfShape, Expand, Shape
        return self.decode(h)  # makes: Gemm


def example_inputs() -> tuple[Tensor, ...]:
    """A batch (4, 5) and three steps."""
    return torch.randn(4, 5, generator=torch.Generator().manual_seed(1)), torch.tensor(3)


def other_inputs() -> tuple[Tensor, ...]:
    """The same batch and six steps."""
    return example_inputs()[0], torch.tensor(6)


def make() -> Solver:
    """The seeded module."""
    torch.manual_seed(0)
    return Solver().eval()


make.example_inputs = example_inputs

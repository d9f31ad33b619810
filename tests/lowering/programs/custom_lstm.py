"""An LSTM written by hand: normalised gates, a loop over time in Python."""

import torch
from torch import Tensor, nn

EXPORTERS = {
    "dynamo": "differs",  # the loop is unrolled: right, but for this many steps only
    "trace": "differs",  # the same
    "script": True,
}
SHAPES = ("x=NxTx5",)  # the dims that may be free


class NormalisedCell(nn.Module):
    """One step of an LSTM with layer norm on the gates and coupled input and forget gates."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.gates = nn.Linear(features + hidden, 3 * hidden)
        self.norm = nn.LayerNorm(3 * hidden)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, features), (N, hidden) and (N, hidden) to the next two states."""
        z = self.norm(self.gates(torch.cat([x, h], dim=1)))  # makes: Concat, Gemm, LayerNormalization
        i, o, g = z.chunk(3, dim=1)  # makes: Split, Slice
        i = torch.sigmoid(i)  # makes: Sigmoid
        c = c * (1 - i) + i * torch.tanh(g)  # makes: Sub, Mul, Tanh, Add
        return torch.sigmoid(o) * torch.tanh(c), c  # makes: Sigmoid, Tanh, Mul


class SpeechEncoder(nn.Module):
    """Runs the cell over time and reads the outputs out."""

    def __init__(self, features: int = 5, hidden: int = 8) -> None:
        super().__init__()
        self.hidden = hidden
        self.cell = NormalisedCell(features, hidden)
        self.out = nn.Linear(hidden, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, T, features) to log-probabilities (N, T, 3)."""
        h = x.new_zeros(x.size(0), self.hidden)  # makes: ConstantOfShape, Expand, Shape, Gather, Concat, Unsqueeze
        c = torch.zeros_like(h)  # makes: ConstantOfShape, Expand, Shape
        steps: list[Tensor] = []  # makes: SequenceEmpty
        for t in range(x.size(1)):  # makes: Loop, Shape, Gather
            h, c = self.cell(x[:, t], h, c)  # makes: Gather, Slice, Squeeze
            steps.append(h)  # makes: SequenceInsert
        y = torch.stack(steps, dim=1)  # makes: Unsqueeze, Concat, ConcatFromSequence, Reshape
        return torch.log_softmax(self.out(y), dim=-1)  # makes: MatMul, Add, Gemm, Reshape, LogSoftmax


def example_inputs() -> tuple[Tensor, ...]:
    """Frames, (2, 6, 5)."""
    return (torch.randn(2, 6, 5, generator=torch.Generator().manual_seed(1)),)


def other_inputs() -> tuple[Tensor, ...]:
    """More frames, (2, 9, 5)."""
    return (torch.randn(2, 9, 5, generator=torch.Generator().manual_seed(2)),)


def make() -> SpeechEncoder:
    """The seeded module."""
    torch.manual_seed(0)
    return SpeechEncoder().eval()


make.example_inputs = example_inputs

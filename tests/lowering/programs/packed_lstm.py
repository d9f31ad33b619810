"""A tagger over sentences of different lengths: a bidirectional LSTM on a packed batch."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

EXPORTERS = {
    "dynamo": False,  # pack_padded_sequence gives a batch size that torch.export cannot hold as a number
    "trace": True,
    "script": False,  # pack_padded_sequence asks isinstance(lengths, Tensor), for which there is no ONNX
}
SHAPES = ("x=NxTx6", "lengths=N")  # the dims that may be free


class Tagger(nn.Module):
    """Packs, runs the LSTM, unpacks, scores each step, and each sentence by its last state."""

    def __init__(self, features: int = 6, hidden: int = 8, tags: int = 4) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * hidden, tags)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, T, features) and lengths (N,), longest first, to (N, T, tags) and (N, tags)."""
        packed = pack_padded_sequence(x, lengths, batch_first=True)  # makes: Transpose, Cast
        out, (h, _) = self.lstm(packed)  # makes: LSTM, Transpose, Reshape, Concat, Slice, Unsqueeze, Squeeze, Expand, Cast
        steps, _ = pad_packed_sequence(out, batch_first=True)  # makes: Transpose
        last = torch.cat([h[0], h[1]], dim=-1)  # makes: Gather, Concat, Squeeze, Slice
        return self.score(steps), torch.tanh(self.score(last))  # makes: MatMul, Add, Gemm, Tanh


def example_inputs() -> tuple[Tensor, ...]:
    """A batch (3, 7, 6) and its lengths (3,) int64, longest first."""
    return torch.randn(3, 7, 6, generator=torch.Generator().manual_seed(1)), torch.tensor([7, 5, 2])


def make() -> Tagger:
    """The seeded module."""
    torch.manual_seed(0)
    return Tagger().eval()


make.example_inputs = example_inputs

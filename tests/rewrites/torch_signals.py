"""Fourier transforms of PyTorch, as its exporters write them: `torch_signals.py EXPORTER FOLDER` writes those it can."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

LENGTH, SIZE, HOP = 1024, 64, 16


class Signal(nn.Module):
    """A function of a signal."""

    def __init__(self, function: Any, *, spectrum: bool = False) -> None:
        super().__init__()
        self.function, self.spectrum = function, spectrum
        self.register_buffer("window", torch.hann_window(SIZE))

    def forward(self, x: Any) -> Any:
        return self.function(x, self.window)


def parts(x: Any) -> Any:
    return torch.view_as_real(x)


def spectrum(x: Any, window: Any, **more: Any) -> Any:
    return parts(torch.stft(x, SIZE, HOP, window=window, return_complex=True, **more))


def plain_spectrum(x: Any, window: Any, **more: Any) -> Any:
    return torch.stft(x, SIZE, HOP, window=window, return_complex=False, **more)


MODELS = {
    "stft": lambda x, w: spectrum(x, w, center=False),
    "stft_centred": lambda x, w: spectrum(x, w, center=True),
    "stft_both_sides": lambda x, w: spectrum(x, w, center=False, onesided=False),
    "stft_magnitude": lambda x, w: torch.stft(x, SIZE, HOP, window=w, return_complex=True).abs(),
    "stft_power": lambda x, w: plain_spectrum(x, w, center=False).pow(2).sum(-1),
    "stft_real": lambda x, w: plain_spectrum(x, w, center=True),
    "rfft": lambda x, w: parts(torch.fft.rfft(x)),
    "rfft_orthogonal": lambda x, w: parts(torch.fft.rfft(x.reshape(1, 16, 64), norm="ortho")),
    "irfft": lambda x, w: torch.fft.irfft(torch.fft.rfft(x) * 0.5),
    "fft": lambda x, w: parts(torch.fft.fft(x.reshape(1, 16, 64))),
    "rfft2": lambda x, w: parts(torch.fft.rfft2(x.reshape(1, 32, 32))),
    "istft_length": lambda x, w: torch.istft(
        torch.stft(x, SIZE, HOP, window=w, return_complex=True) * 0.5, SIZE, HOP, window=w, length=LENGTH - 24
    ),
    "istft": lambda x, w: torch.istft(torch.stft(x, SIZE, HOP, window=w, return_complex=True) * 0.5, SIZE, HOP, window=w),
}


def export(name: str, exporter: str, path: Path) -> None:
    """Export one model with a signal of fixed length."""
    model, x = Signal(MODELS[name]).eval(), torch.randn(1, LENGTH)
    if exporter == "dynamo":
        torch.onnx.export(model, (x,), path, input_names=["x"], output_names=["y"], dynamo=True, external_data=False)
    else:
        torch.onnx.export(model, (x,), path, input_names=["x"], output_names=["y"], dynamo=False, opset_version=17)


if __name__ == "__main__":
    for each in MODELS:
        try:
            export(each, sys.argv[1], Path(sys.argv[2]) / f"{each}.onnx")
        except Exception as error:
            print(f"{each}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)

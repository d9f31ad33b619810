"""The model files that the paths of a command line name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from graphfix.ir.urls import ModelPath, is_url, models_at
from graphfix.lowering.source import recognise_source


def models_in(paths: Sequence[str | Path]) -> Iterator[Path]:
    """The models that paths name: files as they are, folders searched for *.onnx, globs expanded; in order."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(item for item in path.rglob("*.onnx") if item.is_file())
        elif not path.exists() and any(mark in str(path) for mark in "*?["):
            root = Path(path.anchor) if path.is_absolute() else Path()
            yield from sorted(root.glob(str(path.relative_to(path.anchor) if path.is_absolute() else path)))
        else:
            yield path


def models_and_urls(texts: Sequence[str]) -> Iterator[ModelPath]:
    """The models that paths and URLs name, and sources in other frameworks, which are named as they are; in order."""
    for text in texts:
        if is_url(text):
            yield from models_at(text)
        elif recognise_source(text) is not None:
            yield Path(text)
        else:
            yield from models_in([text])

"""All conversion paths of one model: of an ONNX file as it is, or of a source that every exporter lowers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphfix.lowering.instructions import Instructions
from graphfix.lowering.lower import lower_source
from graphfix.lowering.paths.model import ConversionPaths, Start
from graphfix.lowering.paths.search import ReportProgress, SearchOptions, search_paths
from graphfix.lowering.paths.starts import start_as_given, starts_of
from graphfix.lowering.source import Source


def paths_of_onnx(file: Path, targets: Sequence[str], options: SearchOptions, progress: ReportProgress) -> ConversionPaths:
    """Return the paths of an ONNX file, called by the name in `options`."""
    return _searched("ONNX", "", [start_as_given(file)], targets, options, progress)


def paths_of_source(
    source: Source,
    wanted: Instructions,
    folder: Path,
    targets: Sequence[str],
    options: SearchOptions,
    progress: ReportProgress,
) -> ConversionPaths:
    """Return the paths of a source, lowered into `folder` by each exporter; ModelError when it cannot be opened."""
    lowered = lower_source(source, wanted, folder, values=options.values, every=True, progress=progress)
    if lowered.problem is not None:
        raise lowered.problem
    framework = " ".join(next(iter(lowered.versions.items()), ()))
    return _searched(source.title, framework, starts_of(lowered), targets, options, progress)


def _searched(
    title: str,
    by: str,
    starts: Sequence[Start],
    targets: Sequence[str],
    options: SearchOptions,
    progress: ReportProgress,
) -> ConversionPaths:
    found = tuple(search_paths(starts, targets, options, progress))
    return ConversionPaths(options.source, title, by, tuple(targets), tuple(starts), found)

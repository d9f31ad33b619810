"""All conversion paths of one model: of an ONNX file as it is, or of a source that every exporter lowers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from graphfix.errors import UsageError
from graphfix.lowering.instructions import Instructions
from graphfix.lowering.lower import lower_source
from graphfix.lowering.options import DIRECT_ONLY
from graphfix.lowering.paths.model import ConversionPaths, Start
from graphfix.lowering.paths.search import ReportProgress, SearchOptions, direct_path, search_paths
from graphfix.lowering.paths.starts import direct_starts, start_as_given, starts_of
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
    own = () if options.values else targets  # their converters bind no inputs to constants
    lowered = lower_source(source, wanted, folder, values=options.values, every=True, direct=own, progress=progress)
    if lowered.problem is not None:
        raise lowered.problem
    framework = " ".join(next(iter(lowered.versions.items()), ()))
    tabled = [target for target in targets if target not in DIRECT_ONLY]
    found = _searched(source.title, framework, starts_of(lowered), tabled, options, progress)
    direct = direct_starts(lowered)
    made = [direct_path(start, one, options) for start, one in zip(direct, lowered.conversions, strict=True)]
    for target in DIRECT_ONLY.intersection(targets).difference(path.target for path in made):
        said = f"no converter leads from {source.title}{f' of {framework}' if framework else ''} to {target}"
        raise UsageError(said, path=source.text, hint="leave it out of --target")
    return dataclasses.replace(found, targets=tuple(targets), starts=(*found.starts, *direct), paths=(*found.paths, *made))


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

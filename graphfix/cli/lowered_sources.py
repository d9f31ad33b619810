"""Lowering of the sources among the arguments of `graphfix lint`: models in another form than ONNX."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from graphfix.cli.run_settings import LoweringKey, ModelSettings
from graphfix.cli.verbosity import notice
from graphfix.errors import GraphfixError
from graphfix.ir.urls import ModelPath
from graphfix.tables.versions import starts_from_torch

if TYPE_CHECKING:
    from graphfix.lowering.bringing import LoweredSource
    from graphfix.lowering.source import Source


def lower_sources(
    stack: contextlib.ExitStack,
    given: argparse.Namespace,
    settings: Sequence[ModelSettings],
    sources: Mapping[ModelPath, Source],
) -> tuple[dict[LoweringKey, LoweredSource], dict[LoweringKey, str]]:
    """Lower the sources; returns the lowered models, and the errors of the others, which do not stop the run."""
    lowered: dict[LoweringKey, LoweredSource] = {}
    failures: dict[LoweringKey, str] = {}
    if not sources:
        return lowered, failures
    from graphfix.cli.progress import spinner
    from graphfix.lowering.instructions import parse_instructions

    parse_instructions(given, {})  # an error in the options concerns all sources, so it is raised here
    with spinner() as say:
        for one in settings:
            if one.model not in sources or one.key in lowered or one.key in failures:
                continue
            try:
                lowered[one.key] = stack.enter_context(_lowering(one, sources[one.model], given, say))
                notice(lowered[one.key].summary)
            except GraphfixError as error:
                error.path = error.path or str(one.model)
                failures[one.key] = error.line()
    return lowered, failures


def _lowering(
    one: ModelSettings, source: Source, given: argparse.Namespace, progress: Callable[[str], None]
) -> contextlib.AbstractContextManager[LoweredSource]:
    """Return the context that holds a source's ONNX model, or its program where the target starts from torch."""
    from graphfix.lowering.bringing import lower_for_command
    from graphfix.lowering.instructions import parse_instructions

    if starts_from_torch(one.targets[0]):
        from graphfix.lowering.programs import program_temporarily

        return program_temporarily(source, parse_instructions(given, one.shapes), one.targets[0], progress)
    return lower_for_command(source, given, targets=one.targets, shapes=one.shapes, values=one.values, progress=progress)
